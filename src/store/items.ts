/**
 * Owns writing records: laying a new one out, in one piece or in parts, and
 * marking one dead. Never links or unlinks a key.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { Bytes } from "../base/bytes.ts";
import * as bytes from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import { U64 } from "../base/u64.ts";
import * as layout from "./layout.ts";
import type { ShardMemory } from "./memory.ts";
import type { Records } from "./records.ts";
import * as records from "./records.ts";
import type { SegmentLog } from "./segments.ts";
import * as segments from "./segments.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { copyBytes } = bytes;
const { ROOM_VALUE_BYTES_MIN } = limits;
const {
  BINARY_KEY,
  CAS_SEEN,
  DEAD,
  HAS_CAS,
  HAS_EXPIRY,
  HAS_FLAGS,
  HEADER_BYTES,
  KIND_PROBATION,
  LAST_ACCESS_SHIFT,
  LENGTH_MASK,
  PART,
  ROOM_AFTER,
  ROOM_AFTER_BYTES,
  ROOM_BEFORE,
  SPAN,
  STATE_MASK,
} = layout;
const { roomBefore } = records;
const { sizeClassOf } = segments;

/** Items above this part of a page may be divided over pages. */
export const SPAN_SHARE = 8;
/** The least room at the end of a page that is worth a piece. */
const PIECE_BYTES_MIN = 64;

/** A record to be written: filled by the caller, reused for every item. */
export class Draft {
  /** Where the key is, and where a value in one piece may be. */
  key: Bytes = EMPTY;
  keyAt = 0;
  keyLength = 0;
  valueLength = 0;
  /** Table second, 0 for never. */
  expiry = 0;
  ttlClass = 0;
  /** uint32. */
  clientFlags = 0;
  /** State bits of word 0. */
  state = 0;
  binaryKey = false;
  hasCas = false;
  readonly cas = new U64();
  kind = KIND_PROBATION;
  /** Table second of the last access. */
  accessed = 0;
}

const EMPTY = Bytes.allocate(0);

/** A stretch of a spanning value: to be written, or a part that is kept. */
export interface Stretch {
  length: number;
  /** Reference of the part, 0 if the stretch is to be laid out. */
  part: number;
}

/** Writes the records of one shard. */
export class ItemWriter {
  readonly #records: Records;
  readonly #log: SegmentLog;
  readonly #words: Int32Array;
  readonly #data: Bytes;
  readonly #pageBytes: number;
  readonly #wholeMax: number;

  constructor(memory: ShardMemory, records: Records, log: SegmentLog) {
    this.#records = records;
    this.#log = log;
    this.#words = memory.words;
    this.#data = memory.data;
    this.#pageBytes = memory.pageBytes;
    this.#wholeMax = memory.pageBytes / SPAN_SHARE;
  }

  /** Bytes of a record in one piece, padded. */
  bytesFor(draft: Draft): number {
    return (optionalBytes(draft) + HEADER_BYTES + draft.keyLength +
      bytesBefore(draft) + draft.valueLength + bytesAfter(draft) + 3) & ~3;
  }

  /** Pages that `create` may take for a record of `bytes`. */
  pagesFor(bytes: number): number {
    if (bytes <= this.#wholeMax) return 1;
    return Math.ceil(bytes / (this.#pageBytes - HEADER_BYTES));
  }

  /** Whether records of this size may be divided over pages. */
  maySpan(bytes: number): boolean {
    return bytes > this.#wholeMax;
  }

  /**
   * Appends a record with header and key; its value is garbage until the
   * caller writes it. Pages must be free, see {@linkcode pagesFor}.
   */
  create(draft: Draft): number {
    const bytes = this.bytesFor(draft);
    const size = sizeClassOf(bytes);
    if (
      bytes > this.#wholeMax &&
      bytes > this.#log.room(draft.kind, size, draft.ttlClass)
    ) {
      return this.createSpanning(draft, [{
        length: draft.valueLength,
        part: 0,
      }]);
    }
    const reference = this.#log.append(
      draft.kind,
      size,
      draft.ttlClass,
      bytes,
      draft.expiry,
    );
    const word = this.#writeHeader(reference, draft, draft.valueLength);
    if (hasRoom(draft)) this.#words[reference + 1] |= ROOM_BEFORE | ROOM_AFTER;
    copyBytes(draft.key, draft.keyAt, this.#data, word << 2, draft.keyLength);
    return reference;
  }

  // Writes words 0, 1 and the optional ones; returns the next word offset.
  #writeHeader(reference: number, draft: Draft, length: number): number {
    const words = this.#words;
    words[reference] = draft.keyLength | (draft.state & STATE_MASK) |
      (draft.accessed << LAST_ACCESS_SHIFT);
    let second = length;
    let word = reference + 2;
    if (draft.expiry !== 0) {
      second |= HAS_EXPIRY;
      words[word++] = draft.expiry;
    }
    if (draft.clientFlags !== 0) {
      second |= HAS_FLAGS;
      words[word++] = draft.clientFlags;
    }
    if (draft.hasCas) {
      second |= HAS_CAS;
      words[word++] = draft.cas.low;
      words[word++] = draft.cas.high;
    }
    if (draft.binaryKey) second |= BINARY_KEY;
    words[reference + 1] = second;
    return word;
  }

  /**
   * Appends a record whose value is divided over pages: first as much as fits
   * the open segment, then part by part. Kept parts become the new record's.
   */
  createSpanning(draft: Draft, stretches: Stretch[]): number {
    const log = this.#log;
    const { kind, ttlClass: ttl } = draft;
    const size = sizeClassOf(this.bytesFor(draft));
    const capacity = this.#partsMax(stretches);
    const fixed = HEADER_BYTES + optionalBytes(draft) + 8 + 4 * capacity +
      draft.keyLength + bytesBefore(draft);
    assert(fixed + PIECE_BYTES_MIN < this.#pageBytes, "A head exceeds a page");
    let room = log.room(kind, size, ttl);
    if (room < fixed + PIECE_BYTES_MIN) room = this.#pageBytes;
    const last = stretches.length - 1;
    const all = stretches[0].length;
    const after = last === 0 ? bytesAfter(draft) : 0;
    const first = pieceLength(room - fixed, all, after);
    const bytes = fixed + first + (first === all ? after : 0);
    const head = log.append(kind, size, ttl, (bytes + 3) & ~3, draft.expiry);
    let word = this.#writeHeader(head, draft, first);
    this.#words[head + 1] |= SPAN | (hasRoom(draft) ? ROOM_BEFORE : 0) |
      (first === all && after > 0 ? ROOM_AFTER : 0);
    this.#words[word++] = draft.valueLength;
    this.#words[word++] = capacity;
    // Not by `fill`, a call out of optimized code for three words as a rule.
    for (const end = word + capacity; word < end; word++) this.#words[word] = 0;
    copyBytes(draft.key, draft.keyAt, this.#data, word << 2, draft.keyLength);
    let count = 0;
    for (let i = 0; i < stretches.length; i++) {
      const stretch = stretches[i];
      if (stretch.part !== 0) {
        this.#words[stretch.part] = head;
        this.#records.setPart(head, count++, stretch.part);
        continue;
      }
      let left = stretch.length - (i === 0 ? first : 0);
      while (left > 0) {
        const part = this.#appendPart(draft, size, head, left, i === last);
        this.#records.setPart(head, count++, part);
        left -= this.#words[part + 1] & LENGTH_MASK;
      }
    }
    return head;
  }

  // Appends the next part: what fits the open segment, or a fresh page. `left`
  // bytes are to be divided, with which the value ends if `isLast`.
  #appendPart(
    draft: Draft,
    size: number,
    head: number,
    left: number,
    isLast: boolean,
  ): number {
    const { kind, ttlClass, expiry } = draft;
    const after = isLast ? bytesAfter(draft) : 0;
    const room = this.#log.room(kind, size, ttlClass);
    const least = HEADER_BYTES + Math.min(left + after, PIECE_BYTES_MIN);
    const space = room < least ? this.#pageBytes : room;
    const length = pieceLength(space - HEADER_BYTES, left, after);
    const bytes = HEADER_BYTES + length + (length === left ? after : 0);
    const part = this.#log.append(
      kind,
      size,
      ttlClass,
      (bytes + 3) & ~3,
      expiry,
    );
    this.#words[part] = head;
    this.#words[part + 1] = PART | length |
      (length === left && after > 0 ? ROOM_AFTER : 0);
    return part;
  }

  #partsMax(stretches: Stretch[]): number {
    let parts = 0;
    for (const stretch of stretches) {
      parts += stretch.part !== 0
        ? 1
        : Math.ceil(stretch.length / (this.#pageBytes - HEADER_BYTES)) + 2;
    }
    return parts;
  }

  /** Fills `draft` with everything of an existing record but its kind and
   * TTL class. A CAS id that somebody has seen becomes an explicit one. */
  describe(reference: number, draft: Draft): Draft {
    const records = this.#records;
    const first = this.#words[reference];
    const second = this.#words[reference + 1];
    draft.key = this.#data;
    draft.keyAt = records.keyAt(reference);
    draft.keyLength = records.keyLength(reference);
    draft.valueLength = records.valueLength(reference);
    draft.expiry = records.expiry(reference);
    draft.clientFlags = records.clientFlags(reference);
    draft.state = first & STATE_MASK;
    draft.accessed = first >>> LAST_ACCESS_SHIFT;
    draft.binaryKey = (second & BINARY_KEY) !== 0;
    draft.hasCas = (first & CAS_SEEN) !== 0 || (second & HAS_CAS) !== 0;
    if (draft.hasCas) records.cas(reference, draft.cas);
    return draft;
  }

  /** Copies the value of one record into another, from `offset` on. */
  copyValue(from: number, to: number, offset: number): void {
    const length = this.#records.valueLength(from);
    for (let done = 0; done < length;) {
      const run = this.#records.runAt(from, done, length - done);
      this.#records.writeRange(
        to,
        offset + done,
        run.length,
        this.#data,
        run.at,
      );
      done += run.length;
    }
  }

  /** Marks a record and its parts dead; the key must be unlinked already. */
  kill(reference: number): void {
    const parts = this.#records.partCount(reference);
    for (let i = 0; i < parts; i++) {
      const part = this.#records.part(reference, i);
      if (part !== 0) this.killRecord(part);
    }
    this.killRecord(reference);
  }

  /** Marks one record dead, leaving its parts alone. */
  killRecord(reference: number): void {
    this.#words[reference + 1] |= DEAD;
    this.#log.forget(reference, this.#records.bytes(reference));
  }

  /** Whether a part fills its page, so that it can be kept without a copy. */
  isWholePage(part: number): boolean {
    return this.#records.bytes(part) === this.#pageBytes;
  }
}

// Whether the bytes around the value are reserved, too.
function hasRoom(draft: Draft): boolean {
  return draft.valueLength >= ROOM_VALUE_BYTES_MIN;
}

function bytesBefore(draft: Draft): number {
  return roomBefore(hasRoom(draft) ? ROOM_BEFORE : 0, draft.keyLength);
}

function bytesAfter(draft: Draft): number {
  return hasRoom(draft) ? ROOM_AFTER_BYTES : 0;
}

// Bytes of a piece that gets up to `left` bytes of a value, and `after` behind
// its last one: the end of a value and what is behind it are never divided.
function pieceLength(space: number, left: number, after: number): number {
  return left + after <= space ? left : Math.min(space, left - 1);
}

function optionalBytes(draft: Draft): number {
  return (draft.expiry === 0 ? 0 : 4) + (draft.clientFlags === 0 ? 0 : 4) +
    (draft.hasCas ? 8 : 0);
}
