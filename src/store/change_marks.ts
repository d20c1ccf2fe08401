/**
 * Owns what a shard remembers while a snapshot is loaded into it: which keys
 * clients have changed or deleted meanwhile, and whether all was flushed.
 * Never looks at items.
 *
 * One bit a hash: keys that share a bit with a changed one are not loaded,
 * which costs a cache its item and nobody a wrong value.
 *
 * @module
 */
import * as layout from "./layout.ts";
import type { ShardMemory } from "./memory.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { C_EPOCH, C_LOADING } = layout;

/** The keys of one shard that changed during a load. */
export class ChangeMarks {
  readonly #control: Int32Array;
  readonly #marks: Int32Array;
  /** Bits less one; their number is a power of two. */
  readonly #mask: number;
  #epoch = 0;

  constructor(memory: ShardMemory) {
    this.#control = memory.control;
    this.#marks = memory.changeMarks;
    this.#mask = memory.changeMarks.length * 32 - 1;
  }

  /** From now on changes are remembered, by whichever thread makes them. */
  open(): void {
    this.#marks.fill(0);
    this.#epoch = this.#control[C_EPOCH];
    this.#control[C_LOADING] = 1;
  }

  /** The load has ended. */
  close(): void {
    this.#control[C_LOADING] = 0;
  }

  /** Remembers a changed key while a load is under way. */
  note(hash: number): void {
    if (this.#control[C_LOADING] === 0) return;
    const bit = hash & this.#mask;
    this.#marks[bit >>> 5] |= 1 << (bit & 31);
  }

  /** Whether a key with this hash may have changed since `open`. */
  has(hash: number): boolean {
    const bit = hash & this.#mask;
    return (this.#marks[bit >>> 5] & (1 << (bit & 31))) !== 0;
  }

  /** Takes back a note of somebody who had seen that there was none. */
  forget(hash: number): void {
    const bit = hash & this.#mask;
    this.#marks[bit >>> 5] &= ~(1 << (bit & 31));
  }

  /** Whether the shard was flushed since `open`. */
  get wasFlushed(): boolean {
    return this.#control[C_EPOCH] !== this.#epoch;
  }
}
