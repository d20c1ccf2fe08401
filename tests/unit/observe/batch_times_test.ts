/**
 * Owns the checks of the histogram of batch times.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  BATCH_TIME_BUCKETS,
  BATCHES_PER_TIMED,
  BatchTimes,
  bucketOf,
} from "../../../src/observe/batch_times.ts";
import { Counters, COUNTERS_BYTES } from "../../../src/observe/counters.ts";

Deno.test("a bucket counts what its bound allows, and no less", () => {
  for (let i = 1; i < BATCH_TIME_BUCKETS - 1; i++) {
    const bound = 2 ** i;
    assertEquals(bucketOf(bound), i);
    assertEquals(bucketOf(bound + 0.001), i + 1);
    assertEquals(bucketOf(bound - 0.001), i === 1 ? 1 : i);
  }
  assertEquals([0, 0.5, 1, 1.001].map(bucketOf), [0, 0, 0, 1]);
  assertEquals(bucketOf(1e12), BATCH_TIME_BUCKETS - 1);
});

Deno.test("quantiles are as near as a bucket is wide", () => {
  const times = new BatchTimes();
  assertEquals(times.quantile(0.5), NaN);
  for (let us = 1; us <= 1000; us++) times.count(us);
  assertEquals(times.total, 1000);
  assertEquals(times.sumMicroseconds, 500_500);
  assertAlmostEquals(times.quantile(0.5), 500, 12);
  assert(times.quantile(0.99) > 512 && times.quantile(0.99) <= 1024);
  times.reset();
  times.count(1e9);
  assertEquals(times.quantile(0.5), 2 ** 22);
});

Deno.test("what was counted since, also after a reset", () => {
  const times = new BatchTimes();
  times.count(10);
  times.count(10);
  const earlier = new BatchTimes();
  earlier.add(times);
  times.count(100);
  assertEquals(times.since(earlier).total, 1);
  assertEquals(times.since(earlier).sumMicroseconds, 100);
  times.reset();
  times.count(7);
  assertEquals(times.since(earlier).sumMicroseconds, 7);
});

Deno.test("batch times are part of the counters of a worker", () => {
  const shared = new SharedArrayBuffer(COUNTERS_BYTES * 2);
  const one = new Counters(shared, COUNTERS_BYTES);
  const same = new Counters(shared, COUNTERS_BYTES);
  const before = new Counters(shared, 0);
  one.batchTimes.count(3);
  assertEquals(same.batchTimes.total, 1);
  assertEquals(before.batchTimes.total, 0);
  const sum = new Counters();
  sum.add(one);
  sum.add(one);
  assertEquals(sum.batchTimes.total, 2);
  sum.reset();
  assertEquals(sum.batchTimes.total, 0);
});

Deno.test("the share of timed batches is a power of two", () => {
  assertEquals(BATCHES_PER_TIMED & (BATCHES_PER_TIMED - 1), 0);
});
