/**
 * Owns one shard: finding a key, what a hit changes, removing and retiming an
 * item, pins and the flush. Never knows a protocol and never reads a clock.
 *
 * One thread: `seek`, read the fields, `finish`. To change something: `lock`,
 * `lookup`, change, `unlock`. In this class locks, stripes and `finish` are
 * empty; `smp_shard.ts` fills them in for the shared table.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import type { U64 } from "../base/u64.ts";
import { ChangeMarks } from "./change_marks.ts";
import { Cleaner } from "./cleaner.ts";
import * as cleaner from "./cleaner.ts";
import type { Geometry } from "./geometry.ts";
import { Ghost } from "./ghost.ts";
import { IndexTable } from "./index_table.ts";
import { ItemWriter } from "./items.ts";
import * as layout from "./layout.ts";
import { Ledger } from "./ledger.ts";
import { type ShardBuffers, ShardMemory } from "./memory.ts";
import { Mover } from "./mover.ts";
import { PagePool } from "./pages.ts";
import { Records } from "./records.ts";
import * as results from "./results.ts";
import { SegmentLog } from "./segments.ts";
import * as segments from "./segments.ts";
import type { SlabClasses } from "./slab_classes.ts";
import { Stripes } from "./stripes.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { PINNED_PAGES_SHARE } = limits;
const { RESERVE_PAGES } = cleaner;
const {
  BINARY_KEY,
  C_EPOCH,
  C_PAGES_USABLE,
  C_PENDING_PAGES,
  C_PINNED_PAGES,
  CAS_SEEN,
  FETCHED,
  HAS_EXPIRY,
  LAST_ACCESS_SHIFT,
  SPAN,
} = layout;
const { EXPIRED, FLUSHED, HIT, MISS } = results;
const { ttlClassOf } = segments;

/** Index merges done by one tidy-up: about as much work as one set. */
const MERGES_PER_CALL = 2;

/** What every shard of a table has in common. */
export interface ShardOptions {
  geometry: Geometry;
  slabs: SlabClasses;
  /** Drawn at random per table, so that keys cannot be made to collide. */
  hashSeed: number;
  /** False for `-M`. */
  evicts: boolean;
  /** False for `-C`: every CAS id is 0. */
  useCas: boolean;
  /** `-o size_bias`, 0..1. */
  sizeBias: number;
}

/** The parts of a shard; `smp_shard.ts` passes its own index and stripes. */
export interface ShardParts {
  memory: ShardMemory;
  pool: PagePool;
  records: Records;
  log: SegmentLog;
  items: ItemWriter;
  index: IndexTable;
  stripes: Stripes;
}

/** One shard of the table. Invariant: between `lock` and `unlock` nobody else
 * changes it, and `reference` names the item found last. */
export class Shard {
  readonly options: ShardOptions;
  readonly memory: ShardMemory;
  readonly pool: PagePool;
  readonly records: Records;
  readonly log: SegmentLog;
  readonly items: ItemWriter;
  readonly index: IndexTable;
  readonly ghost: Ghost;
  readonly ledger: Ledger;
  readonly mover: Mover;
  readonly cleaner: Cleaner;
  readonly changeMarks: ChangeMarks;
  readonly stripes: Stripes;
  protected readonly words: Int32Array;
  protected readonly control: Int32Array;

  /** The item found last; 0 after a miss. */
  reference = 0;
  /** Hash and key of the last `lookup`, for looking again after cleaning. */
  hash = 0;
  protected key: Bytes | null = null;
  protected keyAt = 0;
  protected keyLength = 0;

  constructor(options: ShardOptions, parts: ShardParts) {
    this.options = options;
    this.memory = parts.memory;
    this.pool = parts.pool;
    this.records = parts.records;
    this.log = parts.log;
    this.items = parts.items;
    this.index = parts.index;
    this.stripes = parts.stripes;
    this.words = parts.memory.words;
    this.control = parts.memory.control;
    this.ghost = new Ghost(parts.memory);
    this.changeMarks = new ChangeMarks(parts.memory);
    this.ledger = new Ledger(
      parts.memory,
      parts.records,
      options.slabs,
      options.useCas,
    );
    this.mover = new Mover({
      ...parts,
      ghost: this.ghost,
      ledger: this.ledger,
    });
    this.cleaner = new Cleaner(
      parts.memory,
      parts.pool,
      parts.log,
      parts.records,
      this.mover,
      options.evicts,
    );
  }

  /** Lays out the empty table; done once, before anything else. */
  initialize(): void {
    this.control[C_PAGES_USABLE] = this.options.geometry.pagesUsable;
    this.index.initialize();
  }

  // ---- locks: empty here ----

  lock(): void {}
  unlock(): void {}

  // ---- finding ----

  /**
   * Looks for a key to read it: MISS, HIT, FLUSHED or EXPIRED. After a HIT
   * the fields may be read until {@linkcode finish}.
   *
   * @param showsCas whether the reply will contain the CAS id
   */
  seek(
    hash: number,
    key: Bytes,
    at: number,
    length: number,
    now: number,
    showsCas: boolean,
  ): number {
    // What is only read is not looked for again. To store the key of every get
    // in this object, which is older, told the collector of it each time.
    this.hash = hash;
    this.key = null;
    const status = this.#found(this.index.find(hash, key, at, length), now);
    if (status === HIT && showsCas) this.markCasSeen();
    return status;
  }

  /**
   * Ends a `seek`. False if what was read since cannot be trusted and must be
   * thrown away: seek again. Counts the hit if `counts`.
   */
  finish(now: number, counts: boolean): boolean {
    if (counts && this.reference !== 0) this.countHit(now);
    return true;
  }

  /** Looks for a key under the lock; expired and flushed items go at once. */
  lookup(
    hash: number,
    key: Bytes,
    at: number,
    length: number,
    now: number,
  ): number {
    this.hash = hash;
    this.key = key;
    this.keyAt = at;
    this.keyLength = length;
    return this.#found(this.index.find(hash, key, at, length), now);
  }

  // What the index found, 0 for nothing.
  #found(reference: number, now: number): number {
    this.reference = reference;
    if (reference === 0) return MISS;
    if (this.log.isFlushed(reference >>> this.memory.pageShift)) {
      return this.#discard(FLUSHED);
    }
    if ((this.words[reference + 1] & HAS_EXPIRY) === 0) return HIT;
    const expiry = this.words[reference + 2];
    if (expiry === 0 || expiry > now) return HIT;
    return this.#discard(EXPIRED);
  }

  #discard(status: number): number {
    this.remove();
    this.tidyIndex();
    return status;
  }

  /** Finds the key of the last `lookup` again: cleaning may have moved it. */
  refind(): void {
    if (this.key === null) return;
    this.reference = this.index.find(
      this.hash,
      this.key,
      this.keyAt,
      this.keyLength,
    );
  }

  /** Tells that a client has changed or deleted the key of the last look,
   * found or not: no older value of it may be loaded any more. */
  noteChange(): void {
    this.changeMarks.note(this.hash);
  }

  // ---- fields of the item found last ----

  valueLength(): number {
    return this.records.valueLength(this.reference);
  }
  clientFlags(): number {
    return this.records.clientFlags(this.reference);
  }
  expiry(): number {
    return this.records.expiry(this.reference);
  }
  /** State bits of word 0: FETCHED, STALE, TOKEN_SENT. */
  state(): number {
    return this.words[this.reference];
  }
  hasBinaryKey(): boolean {
    return (this.words[this.reference + 1] & BINARY_KEY) !== 0;
  }
  /** Seconds since the last access, modulo 18 hours. */
  idleSeconds(now: number): number {
    return (now - (this.words[this.reference] >>> LAST_ACCESS_SHIFT)) & 0xffff;
  }
  cas(out: U64): U64 {
    return this.options.useCas
      ? this.records.cas(this.reference, out)
      : out.set(0, 0);
  }
  slabClass(): number {
    return this.ledger.classOf(this.reference);
  }
  /** The same, of an item with these sizes. */
  slabClassFor(keyLength: number, length: number, flags: number): number {
    return this.ledger.classFor(keyLength, length, flags);
  }
  copyValue(target: Bytes, at: number): void {
    this.records.copyValue(this.reference, target, at);
  }

  // ---- small changes to the item found last, under the lock ----

  /** From here to `unlock`, readers see all changes of this item at once. */
  beginChange(): void {
    this.stripes.hold(this.hash);
  }

  /** Counts a hit: access bits, fetched, last access. */
  countHit(now: number): void {
    this.index.countAccess();
    const first = this.words[this.reference];
    const next = (first & 0xffff) | FETCHED | (now << LAST_ACCESS_SHIFT);
    if (next !== first) this.words[this.reference] = next;
  }

  /** Counts an access that is no fetch, such as a refused `add`. */
  countTouch(now: number): void {
    this.index.countAccess();
    this.words[this.reference] = (this.words[this.reference] & 0xffff) |
      (now << LAST_ACCESS_SHIFT);
  }

  /** From now on this item's CAS id survives moves. */
  markCasSeen(): void {
    const first = this.words[this.reference];
    if ((first & CAS_SEEN) === 0) {
      this.words[this.reference] = first | CAS_SEEN;
    }
  }

  /** Sets and clears state bits of word 0. */
  changeState(set: number, clear: number): void {
    const first = this.words[this.reference];
    this.words[this.reference] = (first & ~clear) | set;
  }

  /** Unlinks the item found last. */
  remove(): void {
    this.mover.remove(this.reference, this.hash);
    this.reference = 0;
  }

  /** Whether the expiry can be changed where it is. */
  canRetimeInPlace(expiry: number, now: number): boolean {
    const second = this.words[this.reference + 1];
    if (expiry === this.expiry()) return true;
    if ((second & HAS_EXPIRY) === 0) return false;
    if ((second & SPAN) !== 0) return true;
    if (expiry === 0) return false;
    const page = this.reference >>> this.memory.pageShift;
    return expiry <= now ||
      ttlClassOf(expiry, now) === this.memory.page.ttlClass[page];
  }

  /** Changes the expiry where it is; see {@linkcode canRetimeInPlace}. */
  retimeInPlace(expiry: number): void {
    if (expiry === this.expiry()) return;
    const shift = this.memory.pageShift;
    this.stripes.begin(this.hash);
    this.words[this.reference + 2] = expiry;
    this.stripes.end(this.hash);
    this.log.raiseExpiry(this.reference >>> shift, expiry);
    const parts = this.records.partCount(this.reference);
    for (let i = 0; i < parts; i++) {
      const part = this.records.part(this.reference, i);
      if (part !== 0) this.log.raiseExpiry(part >>> shift, expiry);
    }
  }

  // ---- pins ----

  /**
   * Pins every page of the item found last, so that its bytes stay readable
   * whatever happens to the item; false if too many pages are pinned. One
   * item may always be pinned, or the largest could not be read.
   */
  pin(): boolean {
    const held = this.control[C_PINNED_PAGES] - this.control[C_PENDING_PAGES];
    const more = this.#unpinnedPages(this.reference);
    const most = this.control[C_PAGES_USABLE] / PINNED_PAGES_SHARE;
    if (held > 0 && more > 0 && held + more > most) return false;
    this.pinRecord(this.reference);
    return true;
  }

  #unpinnedPages(reference: number): number {
    const { pageShift, page: { pins } } = this.memory;
    let count = pins[reference >>> pageShift] === 0 ? 1 : 0;
    const parts = this.records.partCount(reference);
    for (let i = 0; i < parts; i++) {
      const part = this.records.part(reference, i);
      if (part !== 0 && pins[part >>> pageShift] === 0) count++;
    }
    return count;
  }

  /** Pins every page of a record. */
  pinRecord(reference: number): void {
    this.#changePins(reference, 1);
  }

  /** Undoes {@linkcode pinRecord}. */
  unpinRecord(reference: number): void {
    this.#changePins(reference, -1);
  }

  /** Undoes {@linkcode pin}. */
  unpin(reference: number): void {
    this.unpinRecord(reference);
  }

  #changePins(reference: number, change: number): void {
    this.changePagePins(reference >>> this.memory.pageShift, change);
    const parts = this.records.partCount(reference);
    for (let i = 0; i < parts; i++) {
      const part = this.records.part(reference, i);
      if (part === 0) continue;
      this.changePagePins(part >>> this.memory.pageShift, change);
    }
  }

  /** Adds to the pins of a page, keeping the number of pinned pages. */
  changePagePins(page: number, change: number): void {
    const pins = this.memory.page.pins;
    const before = pins[page];
    pins[page] = before + change;
    if (before === 0) this.control[C_PINNED_PAGES]++;
    else if (pins[page] === 0) this.control[C_PINNED_PAGES]--;
  }

  /** Whether some reader or upload needs the bytes of this record's page. */
  isPinned(reference: number): boolean {
    return this.memory.page.pins[reference >>> this.memory.pageShift] > 0;
  }

  // ---- the whole shard ----

  /** Invalidates every item written so far, without looking at any. */
  flush(): void {
    this.log.sealAll();
    this.control[C_EPOCH]++;
  }

  /** Splits or merges index buckets if the item count asks for it. */
  tidyIndex(): void {
    const index = this.index;
    while (index.growth.wantsSplit()) {
      if (index.growth.splitNeedsPage() && this.pool.freePages() <= 1) break;
      const stripe = index.growth.splitBucket();
      this.stripes.begin(stripe);
      index.split();
      this.stripes.end(stripe);
    }
    for (let i = 0; i < MERGES_PER_CALL && index.growth.wantsMerge(); i++) {
      if (index.mergeNeedsPage() && this.pool.freePages() <= RESERVE_PAGES) {
        break;
      }
      const stripe = index.growth.mergeBucket();
      this.stripes.begin(stripe);
      index.merge();
      this.stripes.end(stripe);
    }
  }

  /**
   * Background work: frees expired and flushed segments and gives pages back
   * after the limit was lowered. True if there may be more to do.
   */
  sweep(maxRecords: number, now: number): boolean {
    const expired = this.cleaner.sweep(maxRecords, now);
    const over = this.cleaner.shrink(maxRecords, now);
    this.tidyIndex();
    return expired || over || this.index.growth.wantsMerge();
  }

  /** Changes how many pages may be used. */
  setUsablePages(pages: number): void {
    this.control[C_PAGES_USABLE] = pages;
  }
}

/** Builds an unshared shard over `buffers`. */
export function createShard(
  options: ShardOptions,
  buffers: ShardBuffers,
): Shard {
  const memory = new ShardMemory(options.geometry, buffers);
  const pool = new PagePool(memory, false);
  const records = new Records(memory, options.hashSeed);
  const stripes = new Stripes();
  const log = new SegmentLog(memory, pool, stripes, options.sizeBias);
  const items = new ItemWriter(memory, records, log);
  const index = new IndexTable(memory, pool, records);
  return new Shard(options, {
    memory,
    pool,
    records,
    log,
    items,
    index,
    stripes,
  });
}
