/**
 * Owns how an item lies in a snapshot: its fields, their order, their limits.
 * Bytes in, bytes out; never touches a table or a file.
 *
 *     0   key length, 1..250
 *     1   marks
 *     2   last access, table seconds mod 65536, uint16
 *     4   value length, uint32
 *     8   hits counted, 0..3
 *     9   [expiry, table second, uint32] [client flags, uint32]
 *         [CAS id: low, high, uint32 each], as the marks say
 *     ..  key, value
 *
 * All numbers are little-endian and unaligned.
 *
 * @module
 */
import { Bytes } from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import { U64 } from "../base/u64.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { ITEM_BYTES_MAX, KEY_BYTES_MAX } = limits;

const MARK_EXPIRY = 1;
const MARK_FLAGS = 2;
const MARK_CAS = 4;
const MARK_BINARY_KEY = 8;
const MARK_FETCHED = 16;
const MARK_STALE = 32;
const MARK_TOKEN_SENT = 64;
const MARK_MAIN = 128;

const FIXED_BYTES = 9;
const HITS_MAX = 3;

/** Longest head: fixed and optional fields, and the key. */
export const ITEM_HEAD_BYTES_MAX = FIXED_BYTES + 16 + KEY_BYTES_MAX;

/** The bytes are no items of a snapshot. */
export class SnapshotError extends Error {
  override name = "SnapshotError";
}

/** Everything of an item but its value; reused for every item. */
export class ItemHead {
  key: Bytes = NOTHING;
  keyAt = 0;
  keyLength = 0;
  valueLength = 0;
  /** Table second, 0 for never. */
  expiry = 0;
  /** uint32. */
  clientFlags = 0;
  hasCas = false;
  readonly cas = new U64();
  binaryKey = false;
  fetched = false;
  stale = false;
  tokenSent = false;
  /** Of a main segment, not of a probation one. */
  isMain = false;
  /** Table second of the last access, modulo 65536. */
  accessed = 0;
  /** Hits counted since it was written or last spared, 0..3. */
  hits = 0;

  /** Bytes that the head takes in a snapshot. */
  get bytes(): number {
    return FIXED_BYTES + (this.expiry !== 0 ? 4 : 0) +
      (this.clientFlags !== 0 ? 4 : 0) + (this.hasCas ? 8 : 0) +
      this.keyLength;
  }

  #marks(): number {
    return (this.expiry !== 0 ? MARK_EXPIRY : 0) |
      (this.clientFlags !== 0 ? MARK_FLAGS : 0) |
      (this.hasCas ? MARK_CAS : 0) |
      (this.binaryKey ? MARK_BINARY_KEY : 0) |
      (this.fetched ? MARK_FETCHED : 0) |
      (this.stale ? MARK_STALE : 0) |
      (this.tokenSent ? MARK_TOKEN_SENT : 0) |
      (this.isMain ? MARK_MAIN : 0);
  }

  /** Writes the head; returns where the value goes. */
  write(target: Bytes, at: number): number {
    const { view } = target;
    view.setUint8(at, this.keyLength);
    view.setUint8(at + 1, this.#marks());
    view.setUint16(at + 2, this.accessed, true);
    view.setUint32(at + 4, this.valueLength, true);
    view.setUint8(at + 8, this.hits);
    at += FIXED_BYTES;
    if (this.expiry !== 0) {
      view.setUint32(at, this.expiry, true);
      at += 4;
    }
    if (this.clientFlags !== 0) {
      view.setUint32(at, this.clientFlags, true);
      at += 4;
    }
    if (this.hasCas) {
      view.setInt32(at, this.cas.low, true);
      view.setInt32(at + 4, this.cas.high, true);
      at += 8;
    }
    const key = this.key.u8.subarray(this.keyAt, this.keyAt + this.keyLength);
    target.u8.set(key, at);
    return at + this.keyLength;
  }

  /**
   * Reads the head at `at`; returns where the value starts. The key stays in
   * `source`. Throws SnapshotError if the bytes up to `end` are no head.
   */
  read(source: Bytes, at: number, end: number): number {
    const { view } = source;
    if (at + FIXED_BYTES > end) throw new SnapshotError("an item is cut off");
    const marks = view.getUint8(at + 1);
    this.keyLength = view.getUint8(at);
    this.accessed = view.getUint16(at + 2, true);
    this.valueLength = view.getUint32(at + 4, true);
    this.hits = view.getUint8(at + 8);
    this.hasCas = (marks & MARK_CAS) !== 0;
    this.binaryKey = (marks & MARK_BINARY_KEY) !== 0;
    this.fetched = (marks & MARK_FETCHED) !== 0;
    this.stale = (marks & MARK_STALE) !== 0;
    this.tokenSent = (marks & MARK_TOKEN_SENT) !== 0;
    this.isMain = (marks & MARK_MAIN) !== 0;
    // The buffer has slack, but not this much: look before reading on.
    const optional = ((marks & MARK_EXPIRY) !== 0 ? 4 : 0) +
      ((marks & MARK_FLAGS) !== 0 ? 4 : 0) + (this.hasCas ? 8 : 0);
    at += FIXED_BYTES;
    if (
      this.keyLength < 1 || this.keyLength > KEY_BYTES_MAX ||
      this.valueLength > ITEM_BYTES_MAX || this.hits > HITS_MAX
    ) throw new SnapshotError("an item has impossible lengths");
    if (at + optional + this.keyLength > end) {
      throw new SnapshotError("an item is cut off");
    }
    this.#readOptional(view, at, marks);
    this.key = source;
    this.keyAt = at + optional;
    return this.keyAt + this.keyLength;
  }

  #readOptional(view: DataView, at: number, marks: number): void {
    this.expiry = 0;
    this.clientFlags = 0;
    if ((marks & MARK_EXPIRY) !== 0) {
      this.expiry = view.getUint32(at, true);
      at += 4;
    }
    if ((marks & MARK_FLAGS) !== 0) {
      this.clientFlags = view.getUint32(at, true);
      at += 4;
    }
    if ((marks & MARK_CAS) !== 0) {
      this.cas.set(view.getInt32(at + 4, true), view.getInt32(at, true));
    }
  }
}

const NOTHING = Bytes.allocate(0);
