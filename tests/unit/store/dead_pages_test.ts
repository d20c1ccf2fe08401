/**
 * Owns the tests of pages whose items were all replaced: they are used again
 * before memory is touched that was never used.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { checkShard } from "../../../src/store/invariants.ts";
import {
  attachStore,
  createSharedTable,
} from "../../../src/store/smp_store.ts";
import { createStore, type Store } from "../../../src/store/store.ts";
import { look, MIB, put } from "./snapshot_frames.ts";

const KEYS = 50;
const SETS = 5000;
const OPTIONS = { limitBytes: 64 * MIB, hashSeed: 7 };

/** The value of the i-th set, each of another length. */
function valueOf(i: number): string {
  return String(i).padEnd(20_000 + i, "x");
}

/** Sets keys in turn; 100 MB in all. */
function replaceAgainAndAgain(store: Store): void {
  for (let i = 0; i < SETS; i++) put(store, `key ${i % KEYS}`, valueOf(i));
}

for (
  const [name, make] of [
    ["plain", () => createStore(OPTIONS)],
    [
      "shared",
      () => attachStore(createSharedTable(OPTIONS, 2, 1), { owner: 0 }),
    ],
  ] as const
) {
  Deno.test(`replaced values leave no memory behind (${name})`, () => {
    const store = make();
    replaceAgainAndAgain(store);
    let touched = 0;
    for (const { shard } of store.partitions) {
      checkShard(shard);
      touched += shard.pool.touchedPages() * shard.memory.pageBytes;
    }
    // 50 values of at most 25 KB; most of the rest is what is still open.
    assert(touched < 8 * MIB, `${touched} bytes were touched`);
    assertEquals(store.itemCount(), KEYS);
    for (let i = SETS - KEYS; i < SETS; i++) {
      assertEquals(look(store, `key ${i % KEYS}`)?.value, valueOf(i));
    }
  });
}
