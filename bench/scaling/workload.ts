/**
 * Owns what the workers of the scaling benchmark ask for: keys, values, and
 * in which order. Never touches a table.
 *
 * @module
 */
import { KEY_BYTES, makeKeys } from "../micro/thousand.ts";

export { KEY_BYTES };
export const KEYS = 100_000;
export const VALUE_BYTES = 100;
/** Draws of each worker, used again and again. */
const DRAWS = 1 << 17;
/** Skew of the zipf rows, as in YCSB. */
const ZIPF_EXPONENT = 0.99;

export const keys = makeKeys(KEYS);

export type Popularity = "uniform" | "zipf" | "one key";

/** One row of the table that is printed. */
export interface Row {
  popularity: Popularity;
  readPercent: number;
}

/** All rows, by popularity. */
export const ROWS: readonly Row[] = (["uniform", "zipf", "one key"] as const)
  .flatMap((popularity) =>
    [100, 90, 50].map((readPercent) => ({ popularity, readPercent }))
  );

export function rowName({ popularity, readPercent }: Row): string {
  return `${popularity}, ${readPercent} % reads`;
}

/** xorshift32 (G. Marsaglia, "Xorshift RNGs", 2003), 0..1. */
export function randomSource(seed: number): () => number {
  let x = Math.imul(seed + 1, 0x9e3779b1) | 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 0x1_0000_0000;
  };
}

function zipfRanks(): Float64Array {
  const sums = new Float64Array(KEYS);
  let sum = 0;
  for (let i = 0; i < KEYS; i++) {
    sum += 1 / Math.pow(i + 1, ZIPF_EXPONENT);
    sums[i] = sum;
  }
  return sums.map((value) => value / sum);
}

function rankOf(ranks: Float64Array, share: number): number {
  let low = 0, high = KEYS - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranks[middle] < share) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The operations of one worker: the number of a key, and below zero (-1 - n)
 * if key n is to be stored. */
export function drawOperations(row: Row, worker: number): Int32Array {
  const random = randomSource(1000 + worker);
  const ranks = row.popularity === "zipf" ? zipfRanks() : null;
  const operations = new Int32Array(DRAWS);
  for (let i = 0; i < DRAWS; i++) {
    let key = 0;
    if (row.popularity === "uniform") key = Math.floor(random() * KEYS);
    else if (ranks !== null) {
      // Popular keys must not be neighbours.
      key = Math.imul(rankOf(ranks, random()), 7919) % KEYS;
    }
    operations[i] = random() * 100 < row.readPercent ? key : -1 - key;
  }
  return operations;
}
