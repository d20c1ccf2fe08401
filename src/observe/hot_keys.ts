/**
 * Owns finding the keys that are asked for most, from a sample of all gets.
 * Never holds more than a fixed number of keys; never reads a clock.
 *
 * @module
 */
import * as limits from "../base/limits.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { HOT_KEYS_HALF_LIFE_SECONDS, HOT_KEYS_SHOWN, HOT_KEYS_TRACKED } = limits;

/** A key, its count, and by how much the count may be too high. */
export type CountedKey = [key: string, count: number, error: number];

/** Counts below this are forgotten when counts fade. */
const FORGET_BELOW = 0.5;

/**
 * Counts the most frequent of a stream of keys with a fixed number of
 * counters: Space-Saving (Metwally, Agrawal, El Abbadi: Efficient Computation
 * of Frequent and Top-k Elements in Data Streams, ICDT 2005). A key's count
 * is never too low; it is too high by at most the smallest count, which is at
 * most the stream's length divided by the number of counters.
 */
export class SpaceSaving {
  readonly #places = new Map<string, number>();
  readonly #keys: string[] = [];
  readonly #counts: Float64Array;
  readonly #errors: Float64Array;

  constructor(capacity: number) {
    this.#counts = new Float64Array(capacity);
    this.#errors = new Float64Array(capacity);
  }

  get size(): number {
    return this.#keys.length;
  }

  /** Counts a key once more. */
  count(key: string): void {
    const place = this.#places.get(key);
    if (place !== undefined) this.#counts[place]++;
    else if (this.size < this.#counts.length) this.#put(this.size, key, 0);
    else {
      const least = this.#least();
      this.#places.delete(this.#keys[least]);
      this.#put(least, key, this.#counts[least]);
    }
  }

  #put(place: number, key: string, error: number): void {
    this.#keys[place] = key;
    this.#places.set(key, place);
    this.#counts[place] = error + 1;
    this.#errors[place] = error;
  }

  // A search through all: only keys of the sample that are not counted yet
  // come here.
  #least(): number {
    let least = 0;
    for (let i = 1; i < this.size; i++) {
      if (this.#counts[i] < this.#counts[least]) least = i;
    }
    return least;
  }

  /** Multiplies all counts, so that the past weighs less than the present. */
  fade(factor: number): void {
    const kept = this.rows().filter(([, count]) =>
      count * factor >= FORGET_BELOW
    );
    this.#places.clear();
    this.#keys.length = 0;
    for (const [key, count, error] of kept) {
      const place = this.size;
      this.#put(place, key, 0);
      this.#counts[place] = count * factor;
      this.#errors[place] = error * factor;
    }
  }

  /** All counted keys, the most frequent first. */
  rows(): CountedKey[] {
    return this.#keys.map((key, i): CountedKey => [
      key,
      this.#counts[i],
      this.#errors[i],
    ]).sort((a, b) => b[1] - a[1]);
  }
}

/** What one worker knows of its hot keys; plain data, to be posted. */
export interface HotKeysReport {
  /** One of so many gets was looked at. */
  sampleOf: number;
  /** Seconds that the counts stand for, the past weighing less. */
  seconds: number;
  /** Keys as Latin-1. */
  rows: CountedKey[];
}

/** The hot keys of one worker. Counts halve every half-life, so that a key
 * that cooled down makes room. */
export class HotKeys {
  readonly #sampleOf: number;
  readonly #counted = new SpaceSaving(HOT_KEYS_TRACKED);
  #random: number;
  /** Gets to let pass before the next is looked at. */
  #left = 1;
  #since = 0;
  #seconds = 0;

  /**
   * @param sampleOf one of so many gets is looked at, on average
   * @param seed of the gaps between them, not 0
   */
  constructor(sampleOf: number, seed = 0x2545f491) {
    this.#sampleOf = sampleOf;
    this.#random = seed | 0;
  }

  /** To be asked at each get: whether this one is to be looked at. The gaps
   * vary, so that no client can walk in step with them. */
  isDue(): boolean {
    if (--this.#left > 0) return false;
    // xorshift32 (Marsaglia: Xorshift RNGs, 2003).
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    this.#left = 1 + (x >>> 0) % (2 * this.#sampleOf - 1);
    return true;
  }

  /** Counts a get that was due. @param now seconds of any clock */
  take(key: string, now: number): void {
    this.#advance(now);
    this.#counted.count(key);
  }

  #advance(now: number): void {
    if (this.#since === 0) this.#since = now;
    this.#seconds += now - this.#since;
    this.#since = now;
    const halfLives = Math.floor(this.#seconds / HOT_KEYS_HALF_LIFE_SECONDS);
    // The counts stand for one to two half-lives, then they are halved.
    if (halfLives < 2) return;
    const factor = 0.5 ** (halfLives - 1);
    this.#counted.fade(factor);
    this.#seconds = this.#seconds * factor;
  }

  /** What is known at `now`. */
  report(now: number): HotKeysReport {
    this.#advance(now);
    return {
      sampleOf: this.#sampleOf,
      seconds: this.#seconds,
      rows: this.#counted.rows(),
    };
  }
}

/** A hot key as it is shown. */
export interface HotKey {
  /** As Latin-1. */
  key: string;
  getsPerSecond: number;
  /** By how much this may be too high because of the counting; the sampling
   * errs on top of that. */
  errorPerSecond: number;
}

/**
 * The hottest keys of all workers together. Counts and errors of a key add up
 * (Agarwal et al.: Mergeable Summaries, PODS 2012).
 */
export function hottest(
  reports: HotKeysReport[],
  most = HOT_KEYS_SHOWN,
): HotKey[] {
  const sums = new Map<string, HotKey>();
  for (const { sampleOf, seconds, rows } of reports) {
    const perCount = sampleOf / Math.max(1, seconds);
    for (const [key, count, error] of rows) {
      const sum = sums.get(key) ?? { key, getsPerSecond: 0, errorPerSecond: 0 };
      sum.getsPerSecond += count * perCount;
      sum.errorPerSecond += error * perCount;
      sums.set(key, sum);
    }
  }
  return [...sums.values()]
    .sort((a, b) => b.getsPerSecond - a.getsPerSecond)
    .slice(0, most);
}
