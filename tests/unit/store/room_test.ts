/**
 * Owns tests of the room around values in a table: who has it, and that records
 * keep their size when a value is stored over in its place.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { ROOM_VALUE_BYTES_MIN } from "../../../src/base/limits.ts";
import { checkShard } from "../../../src/store/invariants.ts";
import { createStore } from "../../../src/store/store.ts";
import { scribbleRoom } from "../../support/room.ts";
import { keyOf, look, MIB, NOW, put } from "./snapshot_frames.ts";

const MIN = ROOM_VALUE_BYTES_MIN;
const LENGTHS = Array.from({ length: 9 }, (_, i) => MIN - 4 + i);

Deno.test("values have room from a length on", () => {
  const store = createStore({ limitBytes: 64 * MIB, hashSeed: 7 });
  for (const [length, hasRoom] of [[MIN - 1, 0], [MIN, 1], [MIN + 1, 1]]) {
    put(store, "k", "v".repeat(length));
    const { hash, key, partition: { shard } } = keyOf(store, "k");
    shard.lookup(hash, key, 0, 1, NOW);
    assertEquals(shard.records.hasRoom(shard.reference), hasRoom === 1);
    for (const { shard } of store.partitions) checkShard(shard);
  }
});

for (let keyLength = 1; keyLength <= 8; keyLength++) {
  Deno.test(`storing over a value keeps others whole, key of ${keyLength}`, () => {
    const key = "k".repeat(keyLength);
    for (const before of LENGTHS) {
      for (const after of LENGTHS) {
        const store = createStore({ limitBytes: 128 * MIB, growable: false });
        put(store, key, "b".repeat(before));
        put(store, "next", "n".repeat(MIN));
        put(store, key, "a".repeat(after));
        const found = keyOf(store, key);
        const { shard } = found.partition;
        shard.lookup(found.hash, found.key, 0, keyLength, NOW);
        scribbleRoom(shard.records, shard.reference);
        for (const { shard } of store.partitions) checkShard(shard);
        assertEquals(look(store, key)?.value, "a".repeat(after));
        assertEquals(look(store, "next")?.value, "n".repeat(MIN));
      }
    }
  });
}
