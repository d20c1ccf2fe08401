/**
 * Owns the tests of the icon: the files that are committed are what the script
 * draws, and Windows can read them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { inflateSync } from "node:zlib";
import { ico, png, svg } from "../../../src/build/icon.ts";

const FOLDER = new URL("../../../src/build/", import.meta.url);

/** The images of an ICO file, by the width in its directory. */
function images(file: Uint8Array): Map<number, Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  assertEquals([view.getUint16(0, true), view.getUint16(2, true)], [0, 1]);
  const found = new Map<number, Uint8Array>();
  for (let i = 0; i < view.getUint16(4, true); i++) {
    const at = 6 + 16 * i;
    const length = view.getUint32(at + 8, true);
    const offset = view.getUint32(at + 12, true);
    found.set(file[at] || 256, file.subarray(offset, offset + length));
  }
  return found;
}

/** Edge and pixels of a PNG with a single IDAT. */
function pixels(image: Uint8Array): { edge: number; rows: Uint8Array } {
  const view = new DataView(image.buffer, image.byteOffset, image.length);
  assertEquals(view.getUint32(0), 0x89504e47);
  const length = view.getUint32(33);
  return {
    edge: view.getUint32(16),
    rows: new Uint8Array(inflateSync(image.subarray(41, 41 + length))),
  };
}

Deno.test("the committed icon is what the script draws", () => {
  assertEquals(
    Deno.readTextFileSync(new URL("denocached.svg", FOLDER))
      .replaceAll("\r\n", "\n"),
    svg(),
  );
  const committed = images(
    Deno.readFileSync(new URL("denocached.ico", FOLDER)),
  );
  const drawn = images(ico());
  assertEquals([...committed.keys()], [16, 32, 48, 256]);
  for (const [size, image] of committed) {
    // Pixels, not bytes: versions of zlib pack differently.
    assertEquals(pixels(image), pixels(drawn.get(size)!));
    assertEquals(pixels(image).edge, size);
  }
});

Deno.test("the corners are clear and the middle is not", () => {
  const { rows } = pixels(png(16));
  const alpha = (row: number, column: number) =>
    rows[row * (1 + 4 * 16) + 1 + 4 * column + 3];
  assertEquals([alpha(0, 0), alpha(15, 15)], [0, 0]);
  assertEquals(alpha(8, 8), 255);
});
