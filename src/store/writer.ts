/**
 * Owns every store of a client's value: set, its conditional forms, append
 * and prepend. Works under the shard's lock. Never knows a protocol and never
 * reads a clock.
 *
 * @module
 */
import { Bytes } from "../base/bytes.ts";
import * as bytes from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import { U64 } from "../base/u64.ts";
import { Draft } from "./items.ts";
import * as layout from "./layout.ts";
import type { Placer } from "./placer.ts";
import * as results from "./results.ts";
import * as segments from "./segments.ts";
import type { Shard } from "./shard.ts";
import * as slabClasses from "./slab_classes.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { copyBytes } = bytes;
const { ROOM_VALUE_BYTES_MIN } = limits;
const {
  BINARY_KEY,
  CAS_SEEN,
  HAS_CAS,
  HAS_EXPIRY,
  HAS_FLAGS,
  LAST_ACCESS_SHIFT,
  LENGTH_MASK,
  ROOM_BEFORE,
  SPAN,
  STALE,
  T_BYTE_CLOCK,
  TOKEN_SENT,
} = layout;
const {
  ADD,
  APPEND,
  CAS,
  EXISTS,
  EXPIRED,
  FLUSHED,
  HIT,
  MISS,
  NO_MEMORY,
  NOT_FOUND,
  NOT_STORED,
  PREPEND,
  REPLACE,
  SET,
  STORED,
  TOO_LARGE,
} = results;
const { ttlClassOf } = segments;
const { memcachedItemBytes } = slabClasses;

const NOTHING = Bytes.allocate(0);
/** What to store; one object per worker, filled anew for each request. */
export class StoreRequest {
  form = SET;
  hash = 0;
  key: Bytes = NOTHING;
  keyAt = 0;
  keyLength = 0;
  value: Bytes = NOTHING;
  valueAt = 0;
  valueLength = 0;
  /** uint32. */
  clientFlags = 0;
  /** Table second, 0 for never. */
  expiry = 0;
  binaryKey = false;
  /** CAS id to compare with; 0 compares with nothing. */
  readonly compare = new U64();
  /** With CAS: an older id may store, but the item is then stale. */
  allowsStale = false;
  /** APPEND and PREPEND create a missing item. */
  createsMissing = false;
  /** The new CAS id, if `hasCas`. */
  hasCas = false;
  readonly cas = new U64();
}

/** The writing half of a shard. */
export class Writer {
  readonly #shard: Shard;
  readonly #placer: Placer;
  readonly #words: Int32Array;
  readonly #draft = new Draft();
  readonly #oldCas = new U64();
  readonly #itemBytesMax: number;

  /** What the look for the key found: MISS, HIT, FLUSHED or EXPIRED. */
  found = MISS;
  /** Value length of the item that was there, after a HIT. */
  foundLength = 0;
  #foundFlags = 0;
  #foundKeyLength = 0;

  constructor(shard: Shard, placer: Placer, itemBytesMax: number) {
    this.#shard = shard;
    this.#placer = placer;
    this.#words = shard.memory.words;
    this.#itemBytesMax = itemBytesMax;
  }

  /** Slab class of the item that was there, after a HIT. */
  get foundClass(): number {
    return this.#shard.ledger.classFor(
      this.#foundKeyLength,
      this.foundLength,
      this.#foundFlags,
    );
  }

  /** Stores a value that is in the request. */
  store(request: StoreRequest, now: number): number {
    const shard = this.#shard;
    if (request.valueLength > this.#itemBytesMax) return TOO_LARGE;
    const result = this.#decide(request, now);
    if (result !== STORED) return result;
    shard.noteChange();
    if (shard.reference !== 0) {
      if (request.form === APPEND || request.form === PREPEND) {
        return this.#concatenate(request, 0, now);
      }
      if (this.#overwrite(request, now)) return STORED;
    }
    const draft = this.#draftFor(request, now);
    if (!this.#placer.makeRoom(draft, now)) return this.#noMemory(request);
    draft.kind = this.#placer.kindFor();
    this.#placer.renewCas(draft, request.hasCas ? request.cas : null);
    const reference = shard.items.create(draft);
    this.#writeValue(reference, 0, request);
    this.#placer.place(reference);
    return STORED;
  }

  /**
   * Stores the record that an upload has filled; it is linked or killed. Its
   * pages stay pinned until this returns.
   */
  storeRecord(request: StoreRequest, record: number, now: number): number {
    const shard = this.#shard;
    const result = this.#decide(request, now);
    if (result !== STORED) {
      shard.items.kill(record);
      return result;
    }
    shard.noteChange();
    const joins = shard.reference !== 0 &&
      (request.form === APPEND || request.form === PREPEND);
    if (joins) {
      const outcome = this.#concatenate(request, record, now);
      shard.items.kill(record);
      return outcome;
    }
    const page = record >>> shard.memory.pageShift;
    const differs = shard.log.isFlushed(page) || request.hasCas ||
      request.expiry !== shard.records.expiry(record) ||
      this.#staleState !== 0 ||
      (shard.reference !== 0 && this.#placer.wasSeen(shard.reference));
    if (!differs) {
      this.#placer.place(record);
      return STORED;
    }
    // Flushed while it arrived, or its fields changed: it needs a new copy.
    const draft = this.#draftFor(request, now);
    const hasRoom = this.#placer.makeRoom(draft, now);
    if (hasRoom) {
      draft.kind = this.#placer.kindFor();
      this.#placer.renewCas(draft, request.hasCas ? request.cas : null);
      const copy = shard.items.create(draft);
      shard.items.copyValue(record, copy, 0);
      this.#placer.place(copy);
    }
    shard.items.kill(record);
    return hasRoom ? STORED : this.#noMemory(request);
  }

  // STORED if the request may store; with `reference` 0 it creates the item.
  #decide(request: StoreRequest, now: number): number {
    const shard = this.#shard;
    const { key, keyAt, keyLength } = request;
    this.found = shard.lookup(request.hash, key, keyAt, keyLength, now);
    this.#staleState = 0;
    if (this.found !== HIT) return this.#decideMissing(request);
    this.foundLength = shard.valueLength();
    this.#foundFlags = shard.clientFlags();
    this.#foundKeyLength = keyLength;
    switch (request.form) {
      case ADD:
        shard.countTouch(now);
        return NOT_STORED;
      case CAS:
        return this.#decideCas(request);
      case APPEND:
      case PREPEND: {
        if (request.compare.isZero()) return STORED;
        return shard.cas(this.#oldCas).equals(request.compare)
          ? STORED
          : EXISTS;
      }
      default:
        return STORED;
    }
  }

  #decideMissing(request: StoreRequest): number {
    if (this.found === FLUSHED || this.found === EXPIRED) {
      this.#shard.ledger.reclaimInto(this.#itemBytes(request));
    }
    switch (request.form) {
      case CAS:
        return NOT_FOUND;
      case REPLACE:
        return NOT_STORED;
      case APPEND:
      case PREPEND:
        return request.createsMissing ? STORED : NOT_STORED;
      default:
        return STORED;
    }
  }

  // State bits that a stale store takes over from the item it replaces.
  #staleState = 0;

  #decideCas(request: StoreRequest): number {
    const shard = this.#shard;
    const old = shard.cas(this.#oldCas);
    if (request.compare.isZero()) return EXISTS;
    if (request.compare.equals(old)) return STORED;
    if (!request.allowsStale || !request.compare.isBelow(old)) return EXISTS;
    this.#staleState = STALE | (shard.state() & TOKEN_SENT);
    request.expiry = shard.expiry();
    return STORED;
  }

  #itemBytes(request: StoreRequest): number {
    return memcachedItemBytes(
      request.keyLength,
      request.valueLength,
      request.clientFlags,
      this.#shard.options.useCas,
    );
  }

  #noMemory(request: StoreRequest): number {
    this.#shard.ledger.outOfMemory(this.#itemBytes(request));
    return NO_MEMORY;
  }

  #draftFor(request: StoreRequest, now: number): Draft {
    const draft = this.#draft;
    draft.key = request.key;
    draft.keyAt = request.keyAt;
    draft.keyLength = request.keyLength;
    draft.valueLength = request.valueLength;
    draft.expiry = request.expiry;
    draft.ttlClass = ttlClassOf(request.expiry, now);
    draft.clientFlags = request.clientFlags;
    draft.state = this.#staleState;
    draft.binaryKey = request.binaryKey;
    draft.accessed = now & 0xffff;
    // Only so that room for the field is made; `renewCas` decides.
    draft.hasCas = request.hasCas;
    return draft;
  }

  #writeValue(
    reference: number,
    offset: number,
    request: StoreRequest,
  ): void {
    const shard = this.#shard;
    const length = request.valueLength;
    if (
      offset === 0 && (this.#words[reference + 1] & SPAN) === 0
    ) {
      const to = shard.records.valueAt(reference);
      copyBytes(request.value, request.valueAt, shard.memory.data, to, length);
      return;
    }
    shard.records.writeRange(
      reference,
      offset,
      length,
      request.value,
      request.valueAt,
    );
  }

  // Overwrites the item found where it is, if its record has the same form
  // and nobody has seen its CAS id.
  #overwrite(request: StoreRequest, now: number): boolean {
    const shard = this.#shard;
    const reference = shard.reference;
    const words = this.#words;
    const second = words[reference + 1];
    if (
      (words[reference] & CAS_SEEN) !== 0 || request.hasCas ||
      (second & (SPAN | HAS_CAS)) !== 0 || this.#staleState !== 0 ||
      ((second & HAS_EXPIRY) !== 0) !== (request.expiry !== 0) ||
      ((second & HAS_FLAGS) !== 0) !== (request.clientFlags !== 0) ||
      ((second & BINARY_KEY) !== 0) !== request.binaryKey ||
      ((second & ROOM_BEFORE) !== 0) !==
        (request.valueLength >= ROOM_VALUE_BYTES_MIN)
    ) return false;
    const length = second & LENGTH_MASK;
    // What lies around the value stays as long: so its end tells the size.
    const to = shard.records.valueAt(reference);
    if (
      ((to + length + 3) & ~3) !== ((to + request.valueLength + 3) & ~3)
    ) return false;
    const page = reference >>> shard.memory.pageShift;
    if (
      ttlClassOf(request.expiry, now) !== shard.memory.page.ttlClass[page] ||
      shard.isPinned(reference)
    ) return false;
    const keepsSize = length === request.valueLength;
    if (!keepsSize) shard.ledger.remove(reference);
    shard.stripes.beginInPlace(shard.hash, reference);
    words[reference] = (words[reference] & 0xff) | (now << LAST_ACCESS_SHIFT);
    words[reference + 1] = (second & ~LENGTH_MASK) | request.valueLength;
    let word = reference + 2;
    if (request.expiry !== 0) words[word++] = request.expiry;
    if (request.clientFlags !== 0) words[word++] = request.clientFlags;
    const { value, valueAt, valueLength } = request;
    copyBytes(value, valueAt, shard.memory.data, to, valueLength);
    shard.stripes.end(shard.hash);
    shard.log.raiseExpiry(page, request.expiry);
    shard.index.countAccess();
    shard.memory.totals[T_BYTE_CLOCK] += shard.records.bytes(reference);
    if (keepsSize) shard.ledger.overwrite();
    else shard.ledger.add(reference);
    return true;
  }

  // Appends or prepends the request's value, or that of `record`, to the item
  // found.
  #concatenate(request: StoreRequest, record: number, now: number): number {
    const shard = this.#shard;
    const added = request.valueLength;
    const draft = shard.items.describe(shard.reference, this.#draft);
    const total = draft.valueLength + added;
    if (total > this.#itemBytesMax) return NOT_STORED;
    draft.valueLength = total;
    if (!this.#placer.makeRoom(draft, now)) return NOT_STORED;
    if (shard.reference === 0) return NOT_STORED;
    const old = shard.reference;
    shard.items.describe(old, draft);
    const before = draft.valueLength;
    draft.valueLength = total;
    draft.state = 0;
    draft.accessed = now & 0xffff;
    draft.ttlClass = ttlClassOf(draft.expiry, now);
    draft.kind = this.#placer.kindFor();
    this.#placer.renewCas(draft, request.hasCas ? request.cas : null);
    const copy = shard.items.create(draft);
    const isAppend = request.form === APPEND;
    shard.items.copyValue(old, copy, isAppend ? 0 : added);
    const offset = isAppend ? before : 0;
    if (record !== 0) shard.items.copyValue(record, copy, offset);
    else {
      shard.records.writeRange(
        copy,
        offset,
        added,
        request.value,
        request.valueAt,
      );
    }
    this.#placer.place(copy);
    return STORED;
  }
}
