/**
 * Owns the checks of copying and converting bytes.
 *
 * @module
 */
import { assertEquals, assertNotEquals } from "@std/assert";
import {
  Bytes,
  bytesEqualText,
  copyBytes,
  latin1,
  SLACK_BYTES,
  toLatin1,
} from "../../../src/base/bytes.ts";
import { hashBytes, hashWords } from "../../../src/base/hash.ts";
import { Random } from "../../support/random.ts";

Deno.test("copyBytes() copies exactly the range, at every size and offset", () => {
  const random = new Random(7);
  const source = Bytes.from(random.bytes(1000));
  for (let length = 0; length < 420; length++) {
    const from = random.below(64), to = 20 + random.below(64);
    const target = Bytes.allocate(600);
    target.u8.fill(0xee);
    copyBytes(source, from, target, to, length);
    const expected = new Uint8Array(600 + SLACK_BYTES).fill(0xee);
    expected.set(source.u8.subarray(from, from + length), to);
    assertEquals(target.u8, expected, `length ${length}`);
  }
});

Deno.test("copyBytes() works on shared memory, however it is aligned", () => {
  const shared = new Bytes(new SharedArrayBuffer(1200));
  const other = new Bytes(new SharedArrayBuffer(1200));
  const plain = Bytes.from(new Random(2).bytes(1100));
  for (const length of [7, 300, 400, 1024]) {
    for (let from = 0; from < 9; from++) {
      for (let to = 0; to < 9; to++) {
        shared.u8.fill(0);
        other.u8.fill(0);
        copyBytes(plain, from, shared, to, length);
        // From shared to shared memory, as records are moved.
        copyBytes(shared, to, other, from + 3, length);
        const back = Bytes.allocate(1100);
        copyBytes(other, from + 3, back, from, length);
        const expected = new Uint8Array(back.u8.length);
        expected.set(plain.u8.subarray(from, from + length), from);
        assertEquals(back.u8, expected, `${length} from ${from} to ${to}`);
      }
    }
  }
});

Deno.test("copyBytes() reads and writes nothing beyond the range", () => {
  const source = Bytes.from(new Random(9).bytes(500));
  const end = source.u8.length;
  for (let length = 0; length < 420; length++) {
    const target = Bytes.allocate(length);
    const to = target.u8.length - length;
    copyBytes(source, end - length, target, to, length);
    assertEquals(target.u8.slice(to), source.u8.slice(end - length));
  }
});

Deno.test("latin1() and toLatin1() are each other's inverse", () => {
  const bytes = new Random(3).bytes(20000);
  assertEquals(toLatin1(latin1(bytes, 0, bytes.length)), bytes);
});

Deno.test("bytesEqualText() compares length and bytes", () => {
  const bytes = toLatin1("xgetsx");
  assertEquals(bytesEqualText(bytes, 1, 4, "gets"), true);
  assertEquals(bytesEqualText(bytes, 1, 4, "gett"), false);
  assertEquals(bytesEqualText(bytes, 1, 3, "gets"), false);
});

Deno.test("a key hashes alike in a buffer and in table memory", () => {
  const random = new Random(4);
  const words = new Int32Array(128);
  const table = new Uint8Array(words.buffer);
  for (let length = 0; length <= 250; length++) {
    const key = Bytes.from(random.bytes(length + 9));
    table.fill(random.uint32());
    table.set(key.u8.subarray(5, 5 + length), 8);
    assertEquals(
      hashBytes(key.view, 5, length, 99),
      hashWords(words, 2, length, 99),
    );
  }
});

Deno.test("the hash depends on every byte, the length and the seed", () => {
  const key = Bytes.fromLatin1("some-key-1234");
  const hash = hashBytes(key.view, 0, 13, 1);
  assertNotEquals(hashBytes(key.view, 0, 13, 2), hash);
  assertNotEquals(hashBytes(key.view, 0, 12, 1), hash);
  for (let i = 0; i < 13; i++) {
    key.u8[i] ^= 1;
    assertNotEquals(hashBytes(key.view, 0, 13, 1), hash);
    key.u8[i] ^= 1;
  }
});
