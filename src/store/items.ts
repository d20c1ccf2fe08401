/**
 * Owns writing records: laying a new one out, in one piece or in parts, and
 * marking one dead. Never links or unlinks a key.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { Bytes } from "../base/bytes.ts";
import * as bytes from "../base/bytes.ts";
import { U64 } from "../base/u64.ts";
import * as layout from "./layout.ts";
import type { ShardMemory } from "./memory.ts";
import type { Records } from "./records.ts";
import type { SegmentLog } from "./segments.ts";
import * as segments from "./segments.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { copyBytes } = bytes;
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
  SPAN,
  STATE_MASK,
} = layout;
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
      draft.valueLength + 3) & ~3;
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
    const { kind, ttlClass: ttl, expiry } = draft;
    const size = sizeClassOf(this.bytesFor(draft));
    const capacity = this.#partsMax(stretches);
    const fixed = HEADER_BYTES + optionalBytes(draft) + 8 + 4 * capacity +
      draft.keyLength;
    assert(fixed + PIECE_BYTES_MIN < this.#pageBytes, "A head exceeds a page");
    let room = log.room(kind, size, ttl);
    if (room < fixed + PIECE_BYTES_MIN) room = this.#pageBytes;
    const first = Math.min(room - fixed, stretches[0].length);
    const head = log.append(
      kind,
      size,
      ttl,
      (fixed + first + 3) & ~3,
      expiry,
    );
    let word = this.#writeHeader(head, draft, first);
    this.#words[head + 1] |= SPAN;
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
        const length = this.#partLength(log.room(kind, size, ttl), left);
        const bytes = (HEADER_BYTES + length + 3) & ~3;
        const part = log.append(kind, size, ttl, bytes, expiry);
        this.#words[part] = head;
        this.#words[part + 1] = PART | length;
        this.#records.setPart(head, count++, part);
        left -= length;
      }
    }
    return head;
  }

  // Bytes of the next part: what fits the open segment, or a fresh page.
  #partLength(room: number, left: number): number {
    const least = Math.min(left, PIECE_BYTES_MIN) + HEADER_BYTES;
    const space = room < least ? this.#pageBytes : room;
    return Math.min(space - HEADER_BYTES, left);
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
    return ((HEADER_BYTES + (this.#words[part + 1] & LENGTH_MASK) + 3) & ~3) ===
      this.#pageBytes;
  }
}

function optionalBytes(draft: Draft): number {
  return (draft.expiry === 0 ? 0 : 4) + (draft.clientFlags === 0 ? 0 : 4) +
    (draft.hasCas ? 8 : 0);
}
