/**
 * Owns tests of reading and writing values that lie in many pages. Never uses
 * an engine's commands but to store one.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Bytes } from "../../../src/base/bytes.ts";
import { Stretches } from "../../../src/base/stretches.ts";
import { Random } from "../../support/random.ts";
import { smallPages, viewsOf } from "../../support/stretches.ts";

const LENGTH = 100_000;

/** A value in pages of 16 KB: its bytes, and where they are. */
async function stored() {
  const server = smallPages();
  const random = new Random(1);
  const bytes = Uint8Array.from({ length: LENGTH }, () => random.below(256));
  const client = server.connect();
  const line = new TextEncoder().encode(`set k 0 0 ${LENGTH}\r\n`);
  const end = new TextEncoder().encode("\r\n");
  const request = new Uint8Array([...line, ...bytes, ...end]);
  assertEquals((await client.sendBytes(request)).length, "STORED\r\n".length);
  const key = Bytes.fromLatin1("k");
  const hash = server.store.hash(key, 0, 1);
  const { shard } = server.store.partitionOf(hash);
  shard.lookup(hash, key, 0, 1, 0);
  assert(shard.reference > 0);
  return { records: shard.records, reference: shard.reference, bytes };
}

Deno.test("the stretches of a value end where as many as asked for do", async () => {
  const { records, reference, bytes } = await stored();
  const stretches = new Stretches();
  const add = (offset: number, length: number, countMax: number) => {
    stretches.clear();
    const added = records.addStretches(
      reference,
      offset,
      length,
      countMax,
      stretches,
    );
    assertEquals(stretches.total, added);
    const found = viewsOf(stretches).flatMap((view) => [...view]);
    assertEquals(found, [...bytes.slice(offset, offset + added)]);
    return added;
  };
  assertEquals(add(0, LENGTH, Infinity), LENGTH);
  const all = stretches.count;
  assert(all >= LENGTH / (16 * 1024));
  assert(add(0, LENGTH, all - 1) < LENGTH);
  assertEquals(stretches.count, all - 1);
  for (const countMax of [all, all + 1]) {
    assertEquals(add(0, LENGTH, countMax), LENGTH);
    assertEquals(stretches.count, all);
  }
  const random = new Random(2);
  for (let i = 0; i < 50; i++) {
    const offset = random.below(LENGTH);
    const length = random.below(LENGTH - offset + 1);
    assertEquals(add(offset, length, all), length);
  }
});

Deno.test("any part of a value is copied, and written", async () => {
  const { records, reference, bytes } = await stored();
  const random = new Random(3);
  const copy = Bytes.allocate(LENGTH);
  for (let i = 0; i < 100; i++) {
    const offset = random.below(LENGTH);
    const length = random.below(LENGTH - offset + 1);
    const at = random.below(LENGTH - length + 1);
    if (random.oneIn(2)) {
      const source = Bytes.from(
        Uint8Array.from({ length: at + length }, () => random.below(256)),
      );
      records.writeRange(reference, offset, length, source, at);
      bytes.set(source.u8.subarray(at, at + length), offset);
    }
    copy.u8.fill(0);
    records.copyRange(reference, offset, length, copy, at);
    const expected = new Uint8Array(copy.u8.length);
    expected.set(bytes.subarray(offset, offset + length), at);
    assert(copy.u8.every((byte, i) => byte === expected[i]));
  }
  records.copyValue(reference, copy, 0);
  assert(bytes.every((byte, i) => byte === copy.u8[i]));
});
