/**
 * Owns the seeded random numbers of the tests. Never uses Math.random: a seed
 * replays exactly.
 *
 * @module
 */

/** xorshift32 (G. Marsaglia, "Xorshift RNGs", 2003). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) | 0) || 1;
    for (let i = 0; i < 4; i++) this.uint32();
  }

  uint32(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** 0..limit-1. */
  below(limit: number): number {
    return Math.floor(this.uint32() / 0x1_0000_0000 * limit);
  }

  /** from..to, both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.uint32();
    return bytes;
  }
}

/** The seed of this run: DENOCACHED_SEED, or `fallback`. */
export function seedFromEnvironment(fallback: number): number {
  const text = Deno.env.get("DENOCACHED_SEED");
  return text === undefined ? fallback : Number(text);
}

/** How many times as long as in CI this run should be: DENOCACHED_LONG. */
export function lengthFactor(): number {
  return Number(Deno.env.get("DENOCACHED_LONG") ?? "1");
}
