/**
 * Owns the tests of the output buffers that are kept for the next batches.
 *
 * @module
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { OUTPUT_HIGH_WATER_BYTES } from "../../../src/base/limits.ts";
import { Output } from "../../../src/protocol/output.ts";
import { OutputPool } from "../../../src/server/output_pool.ts";
import { MemoryServer } from "../../support/memory_server.ts";

function makePool(): OutputPool {
  return new OutputPool(new MemoryServer().engine);
}

/** How many of the outputs the pool gives out again. */
function kept(pool: OutputPool, outputs: Output[]): number {
  const known = new Set(outputs);
  let count = 0;
  while (known.has(pool.acquire())) count++;
  return count;
}

Deno.test("the output released last comes first, and is empty", () => {
  const pool = makePool();
  const [one, two] = [pool.acquire(), pool.acquire()];
  assert(one !== two);
  two.string("reply");
  pool.release(one);
  pool.release(two);
  assertStrictEquals(pool.acquire(), two);
  assertEquals(two.length, 0);
  assertStrictEquals(pool.acquire(), one);
});

Deno.test("outputs above twice the high water are not kept", () => {
  for (const [extra, count] of [[-1, 1], [0, 1], [1, 0]]) {
    const pool = makePool();
    const output = new Output(2 * OUTPUT_HIGH_WATER_BYTES + extra);
    pool.release(output);
    assertEquals(kept(pool, [output]), count);
  }
});

Deno.test("8 MB of outputs are kept, again and again", () => {
  const pool = makePool();
  const capacity = 2 * OUTPUT_HIGH_WATER_BYTES;
  const fits = 8 * 1024 * 1024 / capacity;
  for (const made of [fits - 1, fits, fits + 1]) {
    const outputs = Array.from({ length: made }, () => new Output(capacity));
    for (const output of outputs) pool.release(output);
    assertEquals(kept(pool, outputs), Math.min(made, fits));
  }
});
