/**
 * Owns where replies go: the output of one connection, and what is too large
 * to be appended at once. Never writes to a socket.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { Bytes } from "../base/bytes.ts";
import * as bytes from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import type { Stretches } from "../base/stretches.ts";
import type { Output } from "../protocol/output.ts";
import type { Partition } from "../store/store.ts";
import type { Context } from "./context.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { copyBytes } = bytes;
const {
  COPIED_VALUES_BYTES_MAX,
  STRETCH_BYTES_PER_CALL_MAX,
  STRETCHES_PER_CALL_MAX,
} = limits;

/** What a driver writes from where it lies, instead of having it copied; where
 * even small values go out in pieces, any pinned value is long enough. */
export interface DirectLimits {
  /** Bytes of the whole value, at least. */
  valueBytesMin: number;
  /** Bytes of a stretch, at least. */
  stretchBytesMin: number;
  /** Bytes of a value, at least, whose reply is written with its line and its
   * end, if that is all there is to write; none is if left out. */
  wholeBytesMin?: number;
}

/** A `wholeBytesMin` that no value has. */
export const NEVER_WHOLE = 0x7fffffff;

/** Output that is made on demand, piece by piece. */
export interface Source {
  /** Appends more; true when everything was appended. `most` bytes are
   * enough for one call. */
  pull(output: Output, most: number): boolean;
  /** The end of the reply to a get, `END`, is part of it. */
  readonly endsReply?: boolean;
  /** Whether the next bytes may be written to the socket from where they lie,
   * as `stretch`, instead of being pulled. */
  isDirect?(valueBytesMin: number, stretchBytesMin: number): boolean;
  /** Where the next bytes lie. */
  stretch?(): Uint8Array<ArrayBuffer>;
  /** Appends all stretches that are left, if they may go out by one call; else
   * false, and the list means nothing. If they may, only few bytes may follow,
   * which `pullEnd` appends, and it is to be canceled when all is written; until
   * then it may be asked again. */
  addStretches?(stretches: Stretches): boolean;
  pullEnd?(output: Output): void;
  /** Tells how many bytes of the stretch were written. */
  advance?(count: number): void;
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
class PinnedValue implements Source {
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

  isDirect(valueBytesMin: number, stretchBytesMin: number): boolean {
    const left = this.#length - this.#offset;
    if (this.#length < valueBytesMin || left === 0) return false;
    const { records } = this.#partition.shard;
    const { length } = records.runAt(this.#reference, this.#offset, left);
    return length >= stretchBytesMin;
  }

  stretch(): Uint8Array<ArrayBuffer> {
    const { records } = this.#partition.shard;
    return records.stretchAt(
      this.#reference,
      this.#offset,
      STRETCH_BYTES_PER_CALL_MAX,
    );
  }

  addStretches(stretches: Stretches): boolean {
    const { records } = this.#partition.shard;
    const left = this.#length - this.#offset;
    return left <= STRETCH_BYTES_PER_CALL_MAX && left === records.addStretches(
          this.#reference,
          this.#offset,
          left,
          STRETCHES_PER_CALL_MAX,
          stretches,
        );
  }

  pullEnd(output: Output): void {
    if (this.#tail !== null) output.text(this.#tail);
  }

  advance(count: number): void {
    this.#offset += count;
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
    this.pullEnd(output);
    this.cancel();
    return true;
  }

  cancel(): void {
    unpin(this.#partition, this.#reference);
  }
}

const REPLY_END = Bytes.fromLatin1("\r\nEND\r\n");

/** The whole reply to a get of one key: a pinned value with its line before it
 * and its end behind it, where the table has room for them. */
class PinnedReply implements Source {
  readonly endsReply = true;
  readonly #partition: Partition;
  readonly #reference: number;
  readonly #lineBytes: number;
  readonly #length: number;
  #offset = 0;

  /** The item must be pinned and have room; it is unpinned at the end. */
  constructor(
    partition: Partition,
    reference: number,
    length: number,
    line: Output,
  ) {
    this.#partition = partition;
    this.#reference = reference;
    this.#lineBytes = line.length;
    this.#length = length;
    const { records } = partition.shard;
    const at = records.valueAt(reference) - line.length;
    copyBytes(line.bytes, 0, records.data, at, line.length);
    const end = records.runAt(reference, length - 1, 1).at + 1;
    copyBytes(REPLY_END, 0, records.data, end, REPLY_END.capacity);
  }

  get #left(): number {
    return this.#lineBytes + this.#length + REPLY_END.capacity - this.#offset;
  }

  isDirect(): boolean {
    return this.#left > 0;
  }

  stretch(): Uint8Array<ArrayBuffer> {
    const { at, length } = this.#run();
    const { u8 } = this.#partition.shard.records.data;
    return u8.subarray(at, at + length);
  }

  // Line and end lie beside the first and the last byte of the value.
  #run(): { at: number; length: number } {
    const { records } = this.#partition.shard;
    const place = this.#offset - this.#lineBytes;
    const offset = Math.max(0, Math.min(place, this.#length - 1));
    const run = records.runAt(this.#reference, offset, this.#length);
    const isLast = offset + run.length === this.#length;
    const end = run.at + run.length + (isLast ? REPLY_END.capacity : 0);
    const at = run.at + place - offset;
    return { at, length: end - at };
  }

  advance(count: number): void {
    this.#offset += count;
  }

  pull(): boolean {
    assert(false, "a whole reply is written from where it lies");
    return false;
  }

  cancel(): void {
    unpin(this.#partition, this.#reference);
  }
}

function unpin({ shard }: Partition, reference: number): void {
  shard.lock();
  shard.unpin(reference);
  shard.unlock();
}

/** A value that was copied because too much of the table is pinned. */
class CopiedValue implements Source {
  readonly #context: Context;
  readonly #bytes: Bytes;
  #offset = 0;

  constructor(context: Context, bytes: Bytes) {
    this.#context = context;
    this.#bytes = bytes;
    context.copiedBytes += bytes.capacity;
  }

  pull(output: Output, most: number): boolean {
    const count = Math.min(this.#bytes.capacity - this.#offset, most);
    output.reserve(count);
    output.run(this.#bytes, this.#offset, count);
    this.#offset += count;
    if (this.#offset < this.#bytes.capacity) return false;
    this.cancel();
    return true;
  }

  cancel(): void {
    this.#context.copiedBytes -= this.#bytes.capacity;
  }
}

/**
 * A source of the reply to a get of one key, that of the item found last, which
 * is `length` bytes; under the lock. `line` holds the reply's line, of which a
 * copy is made. Null if there is no room around the value or if readers hold too
 * many pages.
 */
export function holdReply(
  partition: Partition,
  length: number,
  line: Output,
): Source | null {
  const { shard } = partition;
  const { reference } = shard;
  if (!shard.records.hasRoom(reference) || !shard.pin()) return null;
  return new PinnedReply(partition, reference, length, line);
}

/**
 * A source of the value of the item found last, which is `length` bytes, with
 * `tail` after it; under the lock. The value stays readable whatever happens
 * to the item: its pages are pinned, or it is copied while readers hold too
 * many pages. Null if there is no memory for that either.
 */
export function holdValue(
  context: Context,
  partition: Partition,
  length: number,
  tail: Bytes | null,
): Source | null {
  const { shard } = partition;
  if (shard.pin()) {
    return new PinnedValue(partition, shard.reference, length, tail);
  }
  const tailBytes = tail === null ? 0 : tail.capacity;
  const copyBytesAll = length + tailBytes;
  if (context.copiedBytes + copyBytesAll > COPIED_VALUES_BYTES_MAX) return null;
  const copy = Bytes.allocate(copyBytesAll);
  shard.copyValue(copy, 0);
  if (tail !== null) copyBytes(tail, 0, copy, length, tailBytes);
  return new CopiedValue(context, copy);
}
