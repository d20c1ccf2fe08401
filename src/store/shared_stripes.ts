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
import * as layout from "./layout.ts";
import type { AtomicSteps, SharedWords } from "./shared_atomics.ts";
import { Stripes } from "./stripes.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { C_CHANGING, C_WRITING, STRIPES } = layout;

/** Bytes of one copy. */
const COPY_BYTES = STRIPES * 4;

/** The stripes of a shard that several threads use. Only the holder of the
 * shard's lock changes them. */
export class SharedStripes extends Stripes {
  readonly #steps: AtomicSteps;
  /** Where the copies begin and end, and where this thread's begins, all in
   * bytes. */
  readonly #first: number;
  readonly #end: number;
  readonly #mine: number;
  readonly #control: Int32Array;
  /** The stripe that stays odd until the lock is released, or -1. */
  #held = -1;

  /**
   * @param firstWord number of the first copy's first word
   * @param owner number of this thread
   */
  constructor(
    shared: SharedWords,
    { firstWord, copies }: { firstWord: number; copies: number },
    control: Int32Array,
    owner: number,
  ) {
    super();
    this.#steps = shared.steps;
    this.#first = firstWord * 4;
    this.#end = this.#first + copies * COPY_BYTES;
    this.#mine = this.#first + (owner % copies) * COPY_BYTES;
    this.#control = control;
  }

  #step(stripe: number): void {
    this.#steps.count(this.#first + stripe * 4, this.#end, COPY_BYTES);
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
    return this.#steps.load(this.#mine + (hash & (STRIPES - 1)) * 4);
  }

  /** Whether nothing has changed since `version` was read. */
  isUnchanged(hash: number, version: number): boolean {
    const at = this.#mine + (hash & (STRIPES - 1)) * 4;
    return this.#steps.add(at, 0) === version;
  }

  /** Makes every version odd: readers must take the lock. */
  beginAll(): void {
    const steps = this.#steps;
    for (let at = this.#first; at < this.#end; at += 4) {
      steps.store(at, steps.load(at) | 1);
    }
  }

  /** Makes every version even again, and unlike any that was read before. */
  endAll(): void {
    this.#held = -1;
    for (let at = this.#first; at < this.#end; at += 4) {
      this.#steps.add(at, 1);
    }
  }
}
