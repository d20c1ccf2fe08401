/**
 * Owns the writers' lock of one shared shard: who holds it, and how to wait
 * for it. Never knows what it protects.
 *
 * @module
 */
import { C_LOCK } from "./layout.ts";

/** Looks at a lock that is held before the thread goes to sleep. */
const SPINS = 64;
/** Sleep between looks: least and most. Nobody is woken, since a wake-up
 * costs the holder more than a late look costs the sleeper
 * (`../../shared/reference/deno.md`, section 1). */
const SLEEP_MS_MIN = 0.05;
const SLEEP_MS_MAX = 1;

/** The lock word holds 0, or the number of the holder + 1. */
export class ShardLock {
  readonly #control: Int32Array;
  readonly #mark: number;

  /** @param owner number of this thread, 0..255 */
  constructor(control: Int32Array, owner: number) {
    this.#control = control;
    this.#mark = owner + 1;
  }

  acquire(): void {
    if (!this.tryAcquire()) this.#wait();
  }

  tryAcquire(): boolean {
    return Atomics.compareExchange(this.#control, C_LOCK, 0, this.#mark) === 0;
  }

  release(): void {
    Atomics.store(this.#control, C_LOCK, 0);
  }

  get isMine(): boolean {
    return this.isHeldBy(this.#mark - 1);
  }

  /** Whether thread `owner` holds it. */
  isHeldBy(owner: number): boolean {
    return Atomics.load(this.#control, C_LOCK) === owner + 1;
  }

  /** Takes the lock over from a holder that is dead. */
  seize(): void {
    Atomics.store(this.#control, C_LOCK, this.#mark);
  }

  #wait(): void {
    for (let sleepMs = SLEEP_MS_MIN;;) {
      for (let i = 0; i < SPINS; i++) {
        if (Atomics.load(this.#control, C_LOCK) === 0 && this.tryAcquire()) {
          return;
        }
        // 80 ns: a look 36. Together they wait longer than most changes last.
        Atomics.pause();
      }
      const holder = Atomics.load(this.#control, C_LOCK);
      if (holder !== 0) Atomics.wait(this.#control, C_LOCK, holder, sleepMs);
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
