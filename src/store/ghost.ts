/**
 * Owns the memory of keys that left probation lately: 16-bit fingerprints in
 * buckets of eight, first in first out. Never holds keys or values.
 *
 * The ghost queue is S3-FIFO's (Yang et al., SOSP 2023).
 *
 * @module
 */
import type { ShardMemory } from "./memory.ts";

const BUCKET_MARKS = 8;

/** The ghost of one shard. A fingerprint is never 0. */
export class Ghost {
  readonly #marks: Uint16Array;
  readonly #next: Uint8Array;
  readonly #mask: number;

  constructor(memory: ShardMemory) {
    this.#marks = memory.ghostMarks;
    this.#next = memory.ghostNext;
    this.#mask = memory.ghostBuckets - 1;
  }

  /** Remembers a key by its hash. */
  add(hash: number): void {
    const bucket = this.#bucketOf(hash);
    this.#marks[bucket * BUCKET_MARKS + this.#next[bucket]] = markOf(hash);
    this.#next[bucket] = (this.#next[bucket] + 1) & (BUCKET_MARKS - 1);
  }

  /** Forgets a key; true if it was remembered. */
  take(hash: number): boolean {
    const first = this.#bucketOf(hash) * BUCKET_MARKS;
    const mark = markOf(hash);
    for (let i = first; i < first + BUCKET_MARKS; i++) {
      if (this.#marks[i] === mark) {
        this.#marks[i] = 0;
        return true;
      }
    }
    return false;
  }

  #bucketOf(hash: number): number {
    return (Math.imul(hash, 0x9e3779b1 | 0) >>> 7) & this.#mask;
  }
}

function markOf(hash: number): number {
  // Not the plain top bits: they also choose the shard.
  return (Math.imul(hash, 0x85ebca77 | 0) >>> 16) | 1;
}
