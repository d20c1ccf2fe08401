/**
 * Owns the test that gaps behind uploads cost no more room than they take,
 * where nothing is evicted.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { checkShard } from "../../../src/store/invariants.ts";
import {
  createStore,
  SET,
  STORED,
  StoreRequest,
} from "../../../src/store/store.ts";
import { Random } from "../../support/random.ts";
import { keyOf, MIB, NOW } from "./snapshot_frames.ts";

/** Nine of them and their gaps fit a page of 16 KB. */
const VALUE_BYTES = 1700;
const CHANGES = 20_000;

/** How many items are left after a full table was churned. */
function itemsAfterChurn(hasGaps: boolean): number {
  const store = createStore({
    limitBytes: 4 * MIB,
    evicts: false,
    hashSeed: 7,
  });
  assertEquals(store.geometry.pageBytes, 16 * 1024);
  const random = new Random(9);
  const request = new StoreRequest();
  const put = (text: string) => {
    const { key, hash, partition } = keyOf(store, text);
    const length = text.length;
    Object.assign(request, { form: SET, hash, key, keyAt: 0 });
    Object.assign(request, { keyLength: length, valueLength: VALUE_BYTES });
    const reference = partition.uploads.begin(request, NOW);
    if (reference === 0) return false;
    if (hasGaps) partition.uploads.leaveGap();
    return partition.uploads.commit(request, reference, NOW) === STORED;
  };
  const remove = (text: string) => {
    const { key, hash, partition: { shard } } = keyOf(store, text);
    shard.lookup(hash, key, 0, text.length, NOW);
    if (shard.reference !== 0) shard.remove();
  };
  // As many as there is room for; then some go, and others take their place.
  const live: string[] = [];
  for (let i = 0, misses = 0; i < CHANGES; i++) {
    const text = `key ${i}`;
    if (put(text)) {
      live.push(text);
      misses = 0;
    } else if (++misses > 1) {
      for (let gone = 0; gone < 5; gone++) {
        const at = random.below(live.length);
        remove(live[at]);
        live[at] = live[live.length - 1];
        live.pop();
      }
    }
  }
  for (const { shard } of store.partitions) checkShard(shard);
  return store.itemCount();
}

Deno.test("without eviction gaps take their bytes and no more", () => {
  const plain = itemsAfterChurn(false), withGaps = itemsAfterChurn(true);
  assert(withGaps > 0.95 * plain, `${withGaps} of ${plain} items`);
});
