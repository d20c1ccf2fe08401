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

/** A write counts for this long at most while somebody waits: one that takes
 * longer waits for its client, and nobody should wait for that. */
const COUNTS_MS = 2;
/** A write that does not count. */
export const UNPACED = -1;

/** The large outputs of one worker. Invariant: while somebody waits the timer
 * runs, and lets at least one in. */
export class WritePace {
  #underwayBytes = 0;
  /** Rises when the writes so far count no more. */
  #round = 0;
  readonly #waiting: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** Whether the next output should wait for its `turn`. */
  get isFull(): boolean {
    return this.#underwayBytes >= OUTPUT_UNDERWAY_BYTES_MAX;
  }

  /** Resolves when there is room. Whoever waits calls `letNextIn` when it has
   * used its turn, or does not need it. */
  turn(): Promise<void> {
    this.#timer ??= setTimeout(() => this.#forget(), COUNTS_MS);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The write of so many bytes begins; returns what `ended` wants to know. */
  began(bytes: number): number {
    if (bytes < OUTPUT_PACED_BYTES_MIN) return UNPACED;
    this.#underwayBytes += bytes;
    return this.#round;
  }

  /** The system has taken what it takes at once, or the write has failed. */
  ended(bytes: number, began: number): void {
    if (began === this.#round) this.#underwayBytes -= bytes;
  }

  /** Lets the one that waits longest go on, if there is room. */
  letNextIn(): void {
    if (this.#waiting.length > 0 && !this.isFull) this.#waiting.shift()!();
  }

  #forget(): void {
    this.#timer = null;
    if (this.#waiting.length === 0) return;
    this.#underwayBytes = 0;
    this.#round++;
    this.#timer = setTimeout(() => this.#forget(), COUNTS_MS);
    this.letNextIn();
  }
}
