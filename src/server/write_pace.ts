/**
 * Owns how many large outputs are on their way to the system at once, and who
 * waits for that. Never writes.
 *
 * The runtime says that a write is done only after it has told others that they
 * may read, so everybody who is ready would hold a large output at the same
 * time, each of which has left the caches when it is needed again. With a few at
 * a time they stay there: get of 100 KB 0.94 of its CPU (`bench/README.md`).
 *
 * @module
 */
import * as limits from "../base/limits.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { OUTPUT_PACED_BYTES_MIN, OUTPUT_UNDERWAY_BYTES_MAX } = limits;

/** When no write has ended for so long, it is clients who do not read that are
 * waited for: their writes count no more, and everybody goes on. */
const STUCK_MS = 5;
/** A write that does not count. */
export const UNPACED = -1;

/** The large outputs of one worker. Invariant: if somebody waits, there is a
 * write that counts, somebody who was let in a moment ago, or the timer. */
export class WritePace {
  #underwayBytes = 0;
  /** Rises when the writes so far count no more. */
  #round = 0;
  /** Writes that have ended. */
  #endedCount = 0;
  #waiting: (() => void)[] = [];
  #watching: ReturnType<typeof setTimeout> | null = null;

  /** Whether the next output should wait for its `turn`. */
  get isFull(): boolean {
    return this.#underwayBytes >= OUTPUT_UNDERWAY_BYTES_MAX;
  }

  /** Resolves when there is room, or nobody knows when there will be. Whoever
   * waits calls `letNextIn` when it has used its turn, or does not need it. */
  turn(): Promise<void> {
    if (this.#watching === null) this.#watch();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The write of so many bytes begins; returns what `ended` wants to know. */
  began(bytes: number): number {
    if (bytes < OUTPUT_PACED_BYTES_MIN) return UNPACED;
    this.#underwayBytes += bytes;
    return this.#round;
  }

  /** That write has ended, well or not. */
  ended(bytes: number, began: number): void {
    if (began === UNPACED) return;
    this.#endedCount++;
    if (began === this.#round) this.#underwayBytes -= bytes;
  }

  /** Lets the one that waits longest go on, if there is room. */
  letNextIn(): void {
    if (this.#waiting.length > 0 && !this.isFull) this.#waiting.shift()!();
  }

  #watch(): void {
    const endedBefore = this.#endedCount;
    this.#watching = setTimeout(() => {
      this.#watching = null;
      if (this.#waiting.length === 0) return;
      if (this.#endedCount === endedBefore) this.#letAllIn();
      else this.#watch();
    }, STUCK_MS);
  }

  #letAllIn(): void {
    this.#underwayBytes = 0;
    this.#round++;
    for (const letIn of this.#waiting.splice(0)) letIn();
  }
}
