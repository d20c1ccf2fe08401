/**
 * What is loaded ahead: the buckets and records of the keys that are asked
 * for, in their shards, whatever stands there; and nothing changes by it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  attachStore,
  createSharedTable,
} from "../../../src/store/smp_store.ts";
import { createStore, type Store } from "../../../src/store/store.ts";
import { hit, keyOf, MIB, put } from "./snapshot_frames.ts";

const NAMES = Array.from({ length: 60 }, (_, i) => `key-${i}`);
const BUCKET_WORDS = 16;

const TABLES: Record<string, () => Store> = {
  "a plain table": () => createStore({ limitBytes: 1024 * MIB, hashSeed: 7 }),
  "a shared table": () =>
    attachStore(
      createSharedTable({ limitBytes: 128 * MIB, hashSeed: 7 }, 2, 1),
      { owner: 0 },
    ),
};

/** Two of three names stored and hit different numbers of times. */
function fill(store: Store): void {
  assert(store.partitions.length > 1);
  NAMES.forEach((name, i) => {
    if (i % 3 === 0) return;
    put(store, name, `${name} `.repeat(20));
    for (let n = i % 4; n > 0; n--) assert(hit(store, name));
  });
}

function hashesOf(store: Store): Int32Array {
  return Int32Array.from(NAMES, (name) => keyOf(store, name).hash);
}

for (const [name, create] of Object.entries(TABLES)) {
  Deno.test(`buckets and records of ${name} are loaded`, () => {
    const store = create();
    fill(store);
    let expected = 0, found = 0;
    const lines: Int32Array[] = [];
    for (const name of NAMES) {
      const { key, hash, partition: { shard } } = keyOf(store, name);
      const { index, memory: { words } } = shard;
      const bucket = index.bucketOf(hash);
      lines.push(words.subarray(bucket, bucket + BUCKET_WORDS));
      expected ^= words[bucket];
      const record = index.find(hash, key, 0, name.length);
      if (record === 0) continue;
      found++;
      lines.push(words.subarray(record, record + 40));
      expected ^= words[record] ^ words[record + 16] ^ words[record + 32];
    }
    assertEquals(found, 40);
    const before = lines.map((words) => words.slice());
    const prefetch = store.createPrefetch(NAMES.length);
    prefetch.fetch(hashesOf(store), NAMES.length);
    assertEquals(prefetch.loaded, expected);
    assertEquals(lines, before);
  });

  Deno.test(`references of ${name} that lead nowhere are left out`, () => {
    const store = create();
    fill(store);
    let expected = 0;
    for (const name of NAMES) {
      const { key, hash, partition: { shard } } = keyOf(store, name);
      const { index, memory: { words } } = shard;
      expected ^= words[index.bucketOf(hash)];
      if (index.find(hash, key, 0, name.length) === 0) continue;
      // As a reader without the lock may see them.
      words[index.slot] =
        [-5, words.length - 1, 0x7fffffff][Number(name.slice(4)) % 3];
    }
    const prefetch = store.createPrefetch(NAMES.length);
    prefetch.fetch(hashesOf(store), NAMES.length);
    assertEquals(prefetch.loaded, expected);
  });
}
