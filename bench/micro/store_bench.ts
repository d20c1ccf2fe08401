/**
 * Question: what does the table cost, without any protocol: finding and
 * copying a value, the ways to store one, and removing one? (µs printed = ns
 * for one; 100,000 keys of 12 B, values of 100 B, in random order.)
 *
 * @module
 */
import { Bytes } from "../../src/base/bytes.ts";
import { STORED } from "../../src/store/results.ts";
import {
  createStore,
  HIT,
  type Store,
  StoreRequest,
} from "../../src/store/store.ts";
import {
  benchThousand,
  demand,
  KEY_BYTES,
  makeKeys,
  shuffled,
} from "./thousand.ts";

const KEYS = 100_000;
const VALUE_BYTES = 100;
const NOW = 1000;
const MEGABYTE = 1024 * 1024;

const keys = makeKeys(KEYS);
const order = shuffled(KEYS);
const out = Bytes.allocate(2048);
const value = Bytes.allocate(2048);
const request = new StoreRequest();
request.key = keys;
request.keyLength = KEY_BYTES;
request.value = value;
request.valueLength = VALUE_BYTES;

/** Where the i-th key of the random order is. */
function keyAt(i: number): number {
  return order[i % KEYS] * KEY_BYTES;
}

function set(store: Store, at: number, valueBytes: number): number {
  request.hash = store.hash(keys, at, KEY_BYTES);
  request.keyAt = at;
  request.valueLength = valueBytes;
  const { writer } = store.partitionOf(request.hash);
  return writer.store(request, NOW);
}

function get(store: Store, at: number): number {
  const hash = store.hash(keys, at, KEY_BYTES);
  const { shard } = store.partitionOf(hash);
  if (shard.seek(hash, keys, at, KEY_BYTES, NOW, false) !== HIT) return 0;
  const length = shard.valueLength();
  shard.copyValue(out, 0);
  shard.finish(NOW, true);
  return length;
}

function remove(store: Store, at: number): number {
  const hash = store.hash(keys, at, KEY_BYTES);
  const { shard } = store.partitionOf(hash);
  if (shard.lookup(hash, keys, at, KEY_BYTES, NOW) !== HIT) return 0;
  shard.remove();
  shard.tidyIndex();
  return 1;
}

function filled(megabytes: number): Store {
  const store = createStore({
    limitBytes: megabytes * MEGABYTE,
    hashSeed: 1,
  });
  for (let i = 0; i < KEYS; i++) set(store, keyAt(i), VALUE_BYTES);
  return store;
}

// What each operation returns.
const HITS = { each: VALUE_BYTES };
const MISSES = { each: 0 };
const STORES = { each: STORED };

const roomy = filled(64);
demand("filled", roomy.itemCount(), KEYS);
benchThousand(
  "read",
  "hash only",
  (i) => roomy.hash(keys, keyAt(i), KEY_BYTES),
);
benchThousand("read", "get, hit", (i) => get(roomy, keyAt(i)), {
  ...HITS,
  baseline: true,
});
benchThousand("read", "get, one hot key", () => get(roomy, 0), HITS);

const empty = createStore({ limitBytes: 64 * MEGABYTE, hashSeed: 1 });
benchThousand(
  "read",
  "get, miss, empty table",
  (i) => get(empty, keyAt(i)),
  MISSES,
);

const overwritten = filled(64);
benchThousand(
  "store",
  "overwrite in place",
  (i) => set(overwritten, keyAt(i), VALUE_BYTES),
  { ...STORES, baseline: true },
);
const replaced = filled(64);
benchThousand(
  "store",
  "replace by another length",
  (i) => set(replaced, keyAt(i), VALUE_BYTES + (i / KEYS & 1 ? 8 : 16)),
  STORES,
);
// 4 MB hold a third of the keys: most sets are of a key that is gone.
const small = filled(4);
if (small.itemCount() > KEYS / 2) throw new Error("4 MB hold too many items");
benchThousand(
  "store",
  "set with eviction (4 MB)",
  (i) => set(small, keyAt(i), VALUE_BYTES),
  STORES,
);

const changing = filled(64);
benchThousand("remove", "delete and set again", (i) => {
  const at = keyAt(i);
  return remove(changing, at) + set(changing, at, VALUE_BYTES);
}, { each: 1 + STORED });
