/**
 * Owns a list of runs of memory that belong together, for calls that move them
 * all at once. Never makes views of them: to make one, and to ask it for its
 * buffer, took 1 to 2 % of the CPU time of a set of 100 KB.
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import * as limits from "./limits.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { STRETCHES_PER_CALL_MAX } = limits;

/** What may stand before the stretches of a value, and after them. */
const AROUND = 2;

/** Runs of memory in their order; used again and again. */
export class Stretches {
  static readonly COUNT_MAX = STRETCHES_PER_CALL_MAX + AROUND;
  /** How many there are; what the arrays hold beyond that means nothing. */
  count = 0;
  readonly bytes: Bytes[] = [];
  /** Offset of each in its bytes, and its length. */
  readonly at = new Int32Array(Stretches.COUNT_MAX);
  readonly length = new Int32Array(Stretches.COUNT_MAX);
  /** Bytes of all of them. */
  total = 0;

  clear(): void {
    this.count = 0;
    this.total = 0;
  }

  /** Appends a run, unless it is empty. Throws RangeError if there are too
   * many. */
  add(bytes: Bytes, at: number, length: number): void {
    if (length === 0) return;
    if (this.count === Stretches.COUNT_MAX) {
      throw new RangeError("too many stretches");
    }
    const i = this.count++;
    this.bytes[i] = bytes;
    this.at[i] = at;
    this.length[i] = length;
    this.total += length;
  }
}
