/**
 * Owns the version stripes of a shared shard: counters that are odd while
 * something with their hash changes. Never waits.
 *
 * There are several copies of them, which a writer changes all and of which a
 * reader checks only its own: the check takes the cache line away from other
 * cores, and one hot key would be read by one core at a time.
 *
 * A sequence lock whose readers check by an atomic read-modify-write, the form
 * that is sound in a memory model without fences (H. Boehm, "Can Seqlocks Get
 * Along With Programming Language Memory Models?", MSPC 2012).
 *
 * @module
 */
import { C_CHANGING, C_WRITING, STRIPES } from "./layout.ts";
import type { ShardMemory } from "./memory.ts";
import { Stripes } from "./stripes.ts";

/** The stripes of a shard that several threads use. Only the holder of the
 * shard's lock changes them. */
export class SharedStripes extends Stripes {
  readonly #versions: Int32Array;
  /** Where this thread's copy begins. */
  readonly #mine: number;
  readonly #control: Int32Array;
  /** The stripe that stays odd until the lock is released, or -1. */
  #held = -1;

  /** @param owner number of this thread */
  constructor(memory: ShardMemory, owner: number) {
    super();
    this.#versions = memory.stripes;
    const copies = memory.stripes.length / STRIPES;
    this.#mine = (owner % copies) * STRIPES;
    this.#control = memory.control;
  }

  #step(stripe: number): void {
    const versions = this.#versions;
    for (let at = stripe; at < versions.length; at += STRIPES) {
      Atomics.add(versions, at, 1);
    }
  }

  override begin(hash: number): void {
    const stripe = hash & (STRIPES - 1);
    if (stripe !== this.#held) this.#step(stripe);
  }

  override end(hash: number): void {
    const stripe = hash & (STRIPES - 1);
    if (stripe !== this.#held) this.#step(stripe);
  }

  override hold(hash: number): void {
    if (this.#held >= 0) return;
    this.begin(hash);
    this.#held = hash & (STRIPES - 1);
  }

  override beginInPlace(hash: number, reference: number): void {
    this.#control[C_CHANGING] = reference;
    this.begin(hash);
  }

  override writing(reference: number): void {
    this.#control[C_WRITING] = reference;
  }

  /** Nothing is half written any more: the lock is about to be released. */
  allDone(): void {
    if (this.#held >= 0) {
      const stripe = this.#held;
      this.#held = -1;
      this.end(stripe);
    }
    this.#control[C_WRITING] = 0;
    this.#control[C_CHANGING] = 0;
  }

  /** The version of a hash; odd while something changes. */
  version(hash: number): number {
    return Atomics.load(this.#versions, this.#mine + (hash & (STRIPES - 1)));
  }

  /** Whether nothing has changed since `version` was read. */
  isUnchanged(hash: number, version: number): boolean {
    const at = this.#mine + (hash & (STRIPES - 1));
    return Atomics.add(this.#versions, at, 0) === version;
  }

  /** Makes every version odd: readers must take the lock. */
  beginAll(): void {
    for (let i = 0; i < this.#versions.length; i++) {
      Atomics.store(this.#versions, i, this.#versions[i] | 1);
    }
  }

  /** Makes every version even again, and unlike any that was read before. */
  endAll(): void {
    this.#held = -1;
    for (let i = 0; i < this.#versions.length; i++) {
      Atomics.add(this.#versions, i, 1);
    }
  }
}
