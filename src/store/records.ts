/**
 * Owns reading records: lengths, optional fields, keys and values, also those
 * that go on in parts. Never allocates or frees table memory.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import * as bytes from "../base/bytes.ts";
import * as hash from "../base/hash.ts";
import type { Stretches } from "../base/stretches.ts";
import type { U64 } from "../base/u64.ts";
import * as layout from "./layout.ts";
import type { ShardMemory } from "./memory.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { copyBytes } = bytes;
const { hashWords } = hash;
const {
  HAS_CAS,
  HAS_EXPIRY,
  HAS_FLAGS,
  HEADER_BYTES,
  KEY_LENGTH_MASK,
  LENGTH_MASK,
  OPTIONAL_WORDS,
  PART,
  ROOM_AFTER,
  ROOM_AFTER_BYTES,
  ROOM_BEFORE,
  ROOM_BEFORE_BYTES,
  SPAN,
} = layout;

/** Page sequence numbers above this many bits make the high half of a CAS. */
const SEQUENCE_LOW = 1 << 14;
/** Implicit CAS ids: sequence of the page * 2^18 + word offset in it + 1. */
const CAS_OFFSET_BITS = 18;

/** Bytes between key and value, by word 1 of the record and its key's length. */
export function roomBefore(second: number, keyLength: number): number {
  return (second & ROOM_BEFORE) === 0 ? 0 : keyLength + ROOM_BEFORE_BYTES;
}

/** Reads the records of one shard. */
export class Records {
  readonly words: Int32Array;
  readonly data: Bytes;
  readonly #sequence: Float64Array;
  readonly #pageShift: number;
  readonly #seed: number;

  constructor(memory: ShardMemory, seed: number) {
    this.words = memory.words;
    this.data = memory.data;
    this.#sequence = memory.page.sequence;
    this.#pageShift = memory.pageShift;
    this.#seed = seed;
  }

  /** Word offset of the key; -1 if the words read make no sense, which only
   * a reader without the lock can meet. */
  keyWord(reference: number): number {
    const words = this.words;
    const second = words[reference + 1];
    const word = reference + 2 + OPTIONAL_WORDS[(second >>> 24) & 7];
    if ((second & SPAN) === 0) return word;
    if (word + 2 > words.length) return -1;
    return word + 2 + words[word + 1];
  }

  keyLength(reference: number): number {
    return this.words[reference] & KEY_LENGTH_MASK;
  }

  /** Byte offset of the key in the data buffer. */
  keyAt(reference: number): number {
    return this.keyWord(reference) << 2;
  }

  hash(reference: number): number {
    return hashWords(
      this.words,
      this.keyWord(reference),
      this.words[reference] & KEY_LENGTH_MASK,
      this.#seed,
    );
  }

  /** Bytes that the record takes in its page, parts elsewhere not counted. */
  bytes(reference: number): number {
    const second = this.words[reference + 1];
    const length = (second & LENGTH_MASK) +
      ((second & ROOM_AFTER) === 0 ? 0 : ROOM_AFTER_BYTES);
    if ((second & PART) !== 0) return (HEADER_BYTES + length + 3) & ~3;
    return (this.valueAt(reference) - (reference << 2) + length + 3) & ~3;
  }

  /** Length of the whole value. */
  valueLength(reference: number): number {
    const second = this.words[reference + 1];
    if ((second & SPAN) === 0) return second & LENGTH_MASK;
    return this.words[reference + 2 + OPTIONAL_WORDS[(second >>> 24) & 7]];
  }

  /** Byte offset of the value, or of its first piece. */
  valueAt(reference: number): number {
    const keyLength = this.words[reference] & KEY_LENGTH_MASK;
    return (this.keyWord(reference) << 2) + keyLength +
      roomBefore(this.words[reference + 1], keyLength);
  }

  /** Whether there is room for a reply's line before the value, and for its end
   * behind it. */
  hasRoom(reference: number): boolean {
    return (this.words[reference + 1] & ROOM_BEFORE) !== 0;
  }

  /** Table second at which the item ends, 0 for never. */
  expiry(reference: number): number {
    return (this.words[reference + 1] & HAS_EXPIRY) === 0
      ? 0
      : this.words[reference + 2];
  }

  clientFlags(reference: number): number {
    const second = this.words[reference + 1];
    if ((second & HAS_FLAGS) === 0) return 0;
    return this.words[reference + ((second & HAS_EXPIRY) === 0 ? 2 : 3)] >>> 0;
  }

  /** The CAS id: the explicit one, or the one the place implies. */
  cas(reference: number, out: U64): U64 {
    const second = this.words[reference + 1];
    if ((second & HAS_CAS) !== 0) {
      const word = reference + 2 + OPTIONAL_WORDS[(second >>> 24) & 3];
      return out.set(this.words[word + 1], this.words[word]);
    }
    const sequence = this.#sequence[reference >>> this.#pageShift];
    const offset = reference & ((1 << this.#pageShift) - 1);
    // Not by `%`, which V8 does by a call of fmod for such numbers.
    const high = Math.floor(sequence / SEQUENCE_LOW);
    const low = sequence - high * SEQUENCE_LOW;
    return out.set(high, (low << CAS_OFFSET_BITS) | (offset + 1));
  }

  // ---- parts of spanning items ----

  /** Word offset of the list of part references; the count precedes it. */
  #partList(reference: number): number {
    const second = this.words[reference + 1];
    return reference + 4 + OPTIONAL_WORDS[(second >>> 24) & 7];
  }

  partCount(reference: number): number {
    if ((this.words[reference + 1] & SPAN) === 0) return 0;
    return this.words[this.#partList(reference) - 1];
  }

  /** Reference of part `index`, 0 for an unused place in the list. */
  part(reference: number, index: number): number {
    return this.words[this.#partList(reference) + index];
  }

  setPart(reference: number, index: number, part: number): void {
    this.words[this.#partList(reference) + index] = part;
  }

  // ---- values ----

  /** Copies the whole value to `target`; the space must be there. */
  copyValue(reference: number, target: Bytes, at: number): void {
    const second = this.words[reference + 1];
    const length = second & LENGTH_MASK;
    copyBytes(this.data, this.valueAt(reference), target, at, length);
    if ((second & SPAN) === 0) return;
    at += length;
    const count = this.partCount(reference);
    for (let i = 0; i < count; i++) {
      const part = this.part(reference, i);
      if (part === 0) continue;
      const here = this.words[part + 1] & LENGTH_MASK;
      copyBytes(this.data, (part << 2) + HEADER_BYTES, target, at, here);
      at += here;
    }
  }

  // Piece 0 is the value in the head, piece i the one in part i - 1.
  #pieceAt(reference: number, piece: number): number {
    return piece === 0
      ? this.valueAt(reference)
      : (this.part(reference, piece - 1) << 2) + HEADER_BYTES;
  }

  #pieceLength(reference: number, piece: number): number {
    const record = piece === 0 ? reference : this.part(reference, piece - 1);
    return record === 0 ? 0 : this.words[record + 1] & LENGTH_MASK;
  }

  /** Copies `length` value bytes from `offset` on to `target`. */
  copyRange(
    reference: number,
    offset: number,
    length: number,
    target: Bytes,
    at: number,
  ): void {
    for (let done = 0; done < length;) {
      const run = this.runAt(reference, offset + done, length - done);
      copyBytes(this.data, run.at, target, at + done, run.length);
      done += run.length;
    }
  }

  /** Writes value bytes at `offset`; the record must not be linked. */
  writeRange(
    reference: number,
    offset: number,
    length: number,
    source: Bytes,
    at: number,
  ): void {
    for (let done = 0; done < length;) {
      const run = this.runAt(reference, offset + done, length - done);
      copyBytes(source, at + done, this.data, run.at, run.length);
      done += run.length;
    }
  }

  /** The longest run of value bytes at `offset`, at most `bytesMax`, where it
   * lies. */
  stretchAt(
    reference: number,
    offset: number,
    bytesMax: number,
  ): Uint8Array<ArrayBuffer> {
    const { at, length } = this.runAt(reference, offset, bytesMax);
    return this.data.u8.subarray(at, at + length);
  }

  /** Appends `length` value bytes from `offset` on to `stretches`, as far as
   * `countMax` runs go; returns how many bytes that are. */
  addStretches(
    reference: number,
    offset: number,
    length: number,
    countMax: number,
    stretches: Stretches,
  ): number {
    let added = 0;
    for (let i = 0; i < countMax && added < length; i++) {
      const run = this.runAt(reference, offset + added, length - added);
      stretches.add(this.data, run.at, run.length);
      added += run.length;
    }
    return added;
  }

  /** Byte offset and count of the longest run of value bytes at `offset`, at
   * most `bytesMax`. */
  runAt(
    reference: number,
    offset: number,
    bytesMax: number,
  ): { at: number; length: number } {
    for (let piece = 0;; piece++) {
      const here = this.#pieceLength(reference, piece);
      if (offset < here) {
        return {
          at: this.#pieceAt(reference, piece) + offset,
          length: Math.min(here - offset, bytesMax),
        };
      }
      offset -= here;
    }
  }
}
