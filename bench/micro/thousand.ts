/**
 * Owns how the micro benchmarks measure: an iteration is a thousand
 * operations, so what `deno bench` prints in microseconds is nanoseconds for
 * one. Also what they share: keys, and a place for results.
 *
 * @module
 */
import { Bytes } from "../../src/base/bytes.ts";

export const OPERATIONS = 1000;

/** Keys "key:00000000" and on, one after the other. */
export const KEY_BYTES = 12;

/** The keys numbered 0..count-1 in one buffer. */
export function makeKeys(count: number): Bytes {
  const keys = Bytes.allocate(count * KEY_BYTES);
  for (let i = 0; i < count; i++) {
    const text = "key:" + String(i).padStart(8, "0");
    for (let j = 0; j < KEY_BYTES; j++) {
      keys.u8[i * KEY_BYTES + j] = text.charCodeAt(j);
    }
  }
  return keys;
}

/** The numbers 0..count-1 in an order that caches cannot guess. */
export function shuffled(count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  let random = 12345;
  for (let i = count - 1; i > 0; i--) {
    random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff;
    const j = random % (i + 1);
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}

/** Results end here, so that no work can be left out as useless. */
export const results = { last: 0 };

/** What may be said of a benchmark. */
export interface BenchOptions {
  /** The one that the others of its group are compared with. */
  baseline?: boolean;
  /** What each operation must return: a benchmark that measures something
   * else, such as misses instead of hits, fails. */
  each?: number;
}

/**
 * Declares a benchmark of `operation`, which gets 0, 1, 2 ... and returns a
 * number.
 */
export function benchThousand(
  group: string,
  name: string,
  operation: (i: number) => number,
  { baseline = false, each }: BenchOptions = {},
): void {
  const expected = each === undefined ? undefined : each * OPERATIONS;
  let next = 0;
  Deno.bench({
    name: `${group}: ${name}`,
    group,
    baseline,
    fn: () => {
      let sum = 0;
      const end = next + OPERATIONS;
      for (let i = next; i < end; i++) sum += operation(i);
      next = end;
      results.last = sum;
      if (expected !== undefined) demand(name, sum, expected);
    },
  });
}

/** Throws if a benchmark did not do what it says. */
export function demand(name: string, found: number, expected: number): void {
  if (found === expected) return;
  throw new Error(`${name}: the result is ${found}, not ${expected}`);
}
