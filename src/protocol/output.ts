/**
 * Owns the bytes on their way to one client: appending words, numbers and
 * values. Never writes to a socket.
 *
 * @module
 */
import { Bytes } from "../base/bytes.ts";
import * as bytes from "../base/bytes.ts";
import type { U64 } from "../base/u64.ts";
import * as u64 from "../base/u64.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { copyBytes, toLatin1 } = bytes;
const { writeDecimal } = u64;

const CAPACITY_MIN = 1024;
/** As a little-endian word. */
const CR_LF = 0x0a0d;

/** A growing run of output bytes. Invariant: `length` <= capacity; whoever
 * appends without `reserve` relies on a reserve made before. */
export class Output {
  bytes: Bytes;
  length = 0;

  constructor(capacity = CAPACITY_MIN) {
    this.bytes = Bytes.allocate(Math.max(capacity, CAPACITY_MIN));
  }

  /** Makes sure that `count` more bytes fit. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.bytes.capacity) this.#grow(needed);
  }

  #grow(needed: number): void {
    let capacity = this.bytes.capacity * 2;
    while (capacity < needed) capacity *= 2;
    const bytes = Bytes.allocate(capacity);
    bytes.u8.set(this.bytes.u8.subarray(0, this.length));
    this.bytes = bytes;
  }

  /** What has been appended, as a view. */
  filled(): Uint8Array<ArrayBuffer> {
    return this.bytes.u8.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  byte(value: number): void {
    this.bytes.u8[this.length++] = value;
  }

  /** Appends a prepared text; reserves its own room. */
  text(prepared: Bytes): void {
    const count = prepared.capacity;
    this.reserve(count);
    copyBytes(prepared, 0, this.bytes, this.length, count);
    this.length += count;
  }

  /** Appends the first `count` (1..4) characters of a little-endian word; the
   * room must be reserved. For the words of frequent replies: 1 to 4 % of the
   * CPU time of a pipelined get (`bench/README.md`). */
  word(letters: number, count: number): void {
    this.bytes.view.setInt32(this.length, letters, true);
    this.length += count;
  }

  /** Appends a run of bytes; the room must be reserved. */
  run(source: Bytes, from: number, count: number): void {
    copyBytes(source, from, this.bytes, this.length, count);
    this.length += count;
  }

  /** Appends a whole number 0..2^53-1 in decimal; the room must be reserved. */
  decimal(value: number): void {
    if (value < 10) return this.byte(48 + value);
    this.length = writeDecimal(this.bytes.u8, this.length, value);
  }

  /** Appends a 64-bit number in decimal; the room must be reserved. */
  decimal64(value: U64): void {
    this.length = value.write(this.bytes.u8, this.length);
  }

  /** Appends CR LF; the room must be reserved. */
  endLine(): void {
    this.bytes.view.setInt16(this.length, CR_LF, true);
    this.length += 2;
  }

  /** Appends the characters of `text`, for replies that are not frequent. */
  string(text: string): void {
    this.reserve(text.length);
    this.bytes.u8.set(toLatin1(text), this.length);
    this.length += text.length;
  }
}
