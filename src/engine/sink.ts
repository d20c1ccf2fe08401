/**
 * Owns where replies go: the output of one connection, and what is too large
 * to be appended at once. Never writes to a socket.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { copyBytes } from "../base/bytes.ts";
import type { Output } from "../protocol/output.ts";
import type { Partition } from "../store/store.ts";

/** Output that is made on demand, piece by piece. */
export interface Source {
  /** Appends more; true when everything was appended. `most` bytes are
   * enough for one call. */
  pull(output: Output, most: number): boolean;
  /** The connection is gone. */
  cancel(): void;
}

/** Where the reply to a command goes. */
export interface Sink {
  output: Output;
  /** Follows what is in `output`; replies after it wait. */
  source: Source | null;
}

/** The value of a pinned item, and the bytes that follow it. */
export class ValueSource implements Source {
  readonly #partition: Partition;
  readonly #reference: number;
  readonly #length: number;
  readonly #tail: Bytes | null;
  #offset = 0;

  /** The item must be pinned; it is unpinned at the end. */
  constructor(
    partition: Partition,
    reference: number,
    length: number,
    tail: Bytes | null,
  ) {
    this.#partition = partition;
    this.#reference = reference;
    this.#length = length;
    this.#tail = tail;
  }

  pull(output: Output, most: number): boolean {
    const { records } = this.#partition.shard;
    const count = Math.min(this.#length - this.#offset, most);
    output.reserve(count);
    records.copyRange(
      this.#reference,
      this.#offset,
      count,
      output.bytes,
      output.length,
    );
    output.length += count;
    this.#offset += count;
    if (this.#offset < this.#length) return false;
    if (this.#tail !== null) {
      output.reserve(this.#tail.capacity);
      copyBytes(
        this.#tail,
        0,
        output.bytes,
        output.length,
        this.#tail.capacity,
      );
      output.length += this.#tail.capacity;
    }
    this.cancel();
    return true;
  }

  cancel(): void {
    const { shard } = this.#partition;
    shard.lock();
    shard.unpin(this.#reference);
    shard.unlock();
  }
}
