/**
 * Owns the tests of pages whose items were all replaced: they are used again
 * before memory is touched that was never used.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Bytes } from "../../../src/base/bytes.ts";
import { checkShard } from "../../../src/store/invariants.ts";
import {
  attachStore,
  createSharedTable,
} from "../../../src/store/smp_store.ts";
import {
  createStore,
  HIT,
  type Store,
  STORED,
  StoreRequest,
} from "../../../src/store/store.ts";

const MIB = 1024 * 1024;
const NOW = 1000;
const KEYS = 50;
const SETS = 5000;
const OPTIONS = { limitBytes: 64 * MIB, hashSeed: 7 };

/** Sets keys in turn, each time with another length; 100 MB in all. */
function replaceAgainAndAgain(store: Store): void {
  const request = new StoreRequest();
  request.value = Bytes.allocate(30_000);
  for (let i = 0; i < SETS; i++) {
    const key = Bytes.fromLatin1(`key ${i % KEYS}`);
    request.key = key;
    request.keyLength = key.capacity;
    request.valueLength = 20_000 + i;
    request.hash = store.hash(key, 0, key.capacity);
    const { shard, writer } = store.partitionOf(request.hash);
    shard.lock();
    assertEquals(writer.store(request, NOW), STORED);
    shard.unlock();
  }
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
      const key = Bytes.fromLatin1(`key ${i % KEYS}`);
      const hash = store.hash(key, 0, key.capacity);
      const { shard } = store.partitionOf(hash);
      assertEquals(shard.lookup(hash, key, 0, key.capacity, NOW), HIT);
      assertEquals(shard.valueLength(), 20_000 + i);
    }
  });
}
