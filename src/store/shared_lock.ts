/**
 * Owns the writers' lock of one shared shard: who holds it, and how to wait
 * for it. Never knows what it protects.
 *
 * @module
 */
import type { AtomicSteps, SharedWords } from "./shared_atomics.ts";

/** Looks at a lock that is held before the thread goes to sleep. */
const SPINS = 64;
/** Sleep between looks: least and most. Nobody is woken, since a wake-up
 * costs the holder more than a late look costs the sleeper
 * (`../../shared/reference/deno.md`, section 1). */
const SLEEP_MS_MIN = 0.05;
const SLEEP_MS_MAX = 1;

/** The lock word holds 0, or the number of the holder + 1. */
export class ShardLock {
  readonly #words: Int32Array;
  readonly #steps: AtomicSteps;
  /** Where the word is, in bytes. */
  readonly #at: number;
  readonly #mark: number;

  /**
   * @param word number of the lock's word
   * @param owner number of this thread, 0..255
   */
  constructor(shared: SharedWords, word: number, owner: number) {
    this.#words = shared.words;
    this.#steps = shared.steps;
    this.#at = word * 4;
    this.#mark = owner + 1;
  }

  acquire(): void {
    if (!this.tryAcquire()) this.#wait();
  }

  tryAcquire(): boolean {
    return this.#steps.claim(this.#at, this.#mark) === 0;
  }

  release(): void {
    this.#steps.store(this.#at, 0);
  }

  get isMine(): boolean {
    return this.isHeldBy(this.#mark - 1);
  }

  /** Whether thread `owner` holds it. */
  isHeldBy(owner: number): boolean {
    return this.#steps.load(this.#at) === owner + 1;
  }

  /** Takes the lock over from a holder that is dead. */
  seize(): void {
    this.#steps.store(this.#at, this.#mark);
  }

  #wait(): void {
    for (let sleepMs = SLEEP_MS_MIN;;) {
      for (let i = 0; i < SPINS; i++) {
        if (this.#steps.load(this.#at) === 0 && this.tryAcquire()) return;
        // 80 ns. All looks together take longer than most changes last.
        Atomics.pause();
      }
      const holder = this.#steps.load(this.#at);
      if (holder !== 0) {
        Atomics.wait(this.#words, this.#at >>> 2, holder, sleepMs);
      }
      sleepMs = Math.min(sleepMs * 2, SLEEP_MS_MAX);
    }
  }
}

/** A lock that excludes nobody: what the tests of linearizability must
 * notice. */
export class BrokenLock extends ShardLock {
  override acquire(): void {}
  override tryAcquire(): boolean {
    return true;
  }
  override release(): void {}
}
