/**
 * Owns tests of how often the charts' samples are taken. Never looks at what
 * is in a row.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Sampler } from "../../../src/admin/sampler.ts";
import {
  HISTORY_INTERVAL_SECONDS,
  HISTORY_POINTS,
} from "../../../src/base/limits.ts";
import { MemoryServer } from "../../support/memory_server.ts";

const INTERVAL_MS = HISTORY_INTERVAL_SECONDS * 1000;

function rowsOf(sampler: Sampler): number {
  return sampler.history.since(0).columns.time.length;
}

Deno.test("a sample is taken at every interval, until the end", () => {
  using time = new FakeTime(1_800_000_000_000);
  const sampler = new Sampler(new MemoryServer().view);
  time.tick(INTERVAL_MS - 1);
  assertEquals(rowsOf(sampler), 0);
  time.tick(1);
  assertEquals(rowsOf(sampler), 1);
  time.tick(9 * INTERVAL_MS);
  assertEquals(rowsOf(sampler), 10);
  sampler.stop();
  time.tick(9 * INTERVAL_MS);
  assertEquals(rowsOf(sampler), 10);
});

Deno.test("an hour of samples is kept, no more", () => {
  using time = new FakeTime(1_800_000_000_000);
  const sampler = new Sampler(new MemoryServer().view);
  time.tick((HISTORY_POINTS - 1) * INTERVAL_MS);
  assertEquals(rowsOf(sampler), HISTORY_POINTS - 1);
  time.tick(INTERVAL_MS);
  assertEquals(rowsOf(sampler), HISTORY_POINTS);
  time.tick(INTERVAL_MS);
  assertEquals(rowsOf(sampler), HISTORY_POINTS);
  sampler.stop();
});
