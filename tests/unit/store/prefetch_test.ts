/**
 * What is loaded ahead: the buckets and records of the keys that are asked
 * for, in their shards, and nothing changes by it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Bytes } from "../../../src/base/bytes.ts";
import { createStore } from "../../../src/store/store.ts";
import { hit, put } from "./snapshot_frames.ts";

const MIB = 1024 * 1024;

Deno.test("buckets and records are loaded, whatever keys are there", () => {
  const store = createStore({ limitBytes: 512 * MIB, hashSeed: 7 });
  assert(store.partitions.length > 1);
  const names = Array.from({ length: 60 }, (_, i) => `key-${i}`);
  const stored = names.filter((_, i) => i % 3 > 0);
  for (const name of stored) put(store, name, `${name} `.repeat(20));
  // A bucket in which nobody has hit anything begins with 0.
  assert(hit(store, "key-1"));
  let expected = 0;
  const buckets: Int32Array[] = [], records: Int32Array[] = [];
  const hashes = Int32Array.from(names, (name) => {
    const key = Bytes.fromLatin1(name);
    const hash = store.hash(key, 0, key.capacity);
    const { index, memory: { words } } = store.partitionOf(hash).shard;
    const bucket = index.bucketOf(hash);
    buckets.push(words.subarray(bucket, bucket + 16));
    expected ^= words[bucket];
    const record = index.find(hash, key, 0, key.capacity);
    if (record === 0) return hash;
    records.push(words.subarray(record, record + 40));
    expected ^= words[record] ^ words[record + 16] ^ words[record + 32];
    return hash;
  });
  assertEquals(records.length, stored.length);
  const before = [...buckets, ...records].map((words) => words.slice());
  const prefetch = store.prefetch(hashes.length);
  prefetch.fetch(hashes, hashes.length);
  assertEquals(prefetch.loaded, expected);
  assertEquals([...buckets, ...records], before);
});
