/**
 * Owns the tests of the archives of a release: what other programs find in
 * them, and that a build can be repeated byte for byte.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { unzipSync } from "npm:fflate@0.8.3";
import { parseTarGzip } from "npm:nanotar@0.3.0";
import {
  type ArchiveFile,
  checksumLine,
  tarGzip,
  zip,
} from "../../../src/build/archive.ts";

const BYTES = new Uint8Array(70_000).map((_, i) => (i * 31) & 0xff);
const FILES: ArchiveFile[] = [
  { name: "denocached", bytes: BYTES, isExecutable: true },
  {
    name: "LICENSE",
    bytes: new TextEncoder().encode("text\n"),
    isExecutable: false,
  },
];
const OPTIONS = { folder: "denocached-1", unixSeconds: 1_700_000_000 };

Deno.test("tarGzip() keeps names, bytes, modes and the time", async () => {
  const items = await parseTarGzip(tarGzip(FILES, OPTIONS));
  assertEquals(
    items.map(({ name, attrs }) => [
      name,
      parseInt(attrs!.mode!, 8),
      attrs!.mtime,
      attrs!.user,
    ]),
    [
      ["denocached-1/denocached", 0o755, 1_700_000_000, "root"],
      ["denocached-1/LICENSE", 0o644, 1_700_000_000, "root"],
    ],
  );
  assertEquals(items[0].data, BYTES);
  assertEquals(items[1].text, "text\n");
});

Deno.test("zip() keeps names and bytes", () => {
  const files = unzipSync(zip(FILES, OPTIONS));
  assertEquals(Object.keys(files), [
    "denocached-1/denocached",
    "denocached-1/LICENSE",
  ]);
  assertEquals(files["denocached-1/denocached"], BYTES);
});

Deno.test("archives of the same files are the same", () => {
  assertEquals(tarGzip(FILES, OPTIONS), tarGzip(FILES, OPTIONS));
  assertEquals(zip(FILES, OPTIONS), zip(FILES, OPTIONS));
});

Deno.test("zip() takes times before the format knows any", () => {
  zip(FILES, { ...OPTIONS, unixSeconds: 0 });
});

Deno.test("checksumLine() writes what sha256sum checks", async () => {
  const line = await checksumLine("x.zip", new TextEncoder().encode("abc"));
  // FIPS 180-2, appendix B.1.
  assertEquals(
    line,
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" +
      "  x.zip\n",
  );
  assertMatch(line, /^[0-9a-f]{64} {2}\S+\n$/);
});
