/**
 * Owns the log: which page is open for which kind, size and TTL class, and
 * the live counts of every page. Never looks into a record.
 *
 * @module
 */
import * as layout from "./layout.ts";
import type { PageColumns, ShardMemory } from "./memory.ts";
import type { PagePool } from "./pages.ts";
import type { Stripes } from "./stripes.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const {
  C_CLEAN_PAGE,
  C_EPOCH,
  C_MAIN_PAGES,
  C_PROBATION_PAGES,
  KIND_FREE,
  KIND_MAIN,
  KIND_PROBATION,
  NEVER_EXPIRES,
  SIZE_CLASSES,
  T_BYTE_CLOCK,
  T_LIVE_BYTES,
  T_SEQUENCE,
  TTL_CLASSES,
  TTL_NEVER,
} = layout;

/** Index bytes an item costs: part of its size when victims are chosen. */
const INDEX_BYTES_PER_ITEM = 8;

/** Size class of a record: <256 B, <1 KiB, <4 KiB, ... */
export function sizeClassOf(bytes: number): number {
  const size = (25 - Math.clz32(bytes)) >> 1;
  return size < 0 ? 0 : size >= SIZE_CLASSES ? SIZE_CLASSES - 1 : size;
}

/** TTL class of an expiry: <16 s, <64 s, <256 s, ..., never. */
export function ttlClassOf(expiry: number, now: number): number {
  if (expiry === 0) return TTL_NEVER;
  const seconds = expiry > now ? expiry - now : 1;
  const ttl = (29 - Math.clz32(seconds)) >> 1;
  return ttl < 0 ? 0 : ttl >= TTL_NEVER ? TTL_NEVER - 1 : ttl;
}

/** The segments of one shard. Invariant: an open page is in `openPage` under
 * its classes and has sealedAt 0; sealed pages are never appended to. */
export class SegmentLog {
  readonly #pool: PagePool;
  readonly #stripes: Stripes;
  readonly #page: PageColumns;
  readonly #control: Int32Array;
  readonly #totals: Float64Array;
  readonly #openPage: Int32Array;
  readonly #pageBytes: number;
  readonly #pageShift: number;
  readonly #sizeBias: number;

  /**
   * @param sizeBias 0..1: how strongly large items yield to small ones when
   * victims are chosen (`storage.md`, 1.5)
   */
  constructor(
    memory: ShardMemory,
    pool: PagePool,
    stripes: Stripes,
    sizeBias: number,
  ) {
    this.#pool = pool;
    this.#stripes = stripes;
    this.#page = memory.page;
    this.#control = memory.control;
    this.#totals = memory.totals;
    this.#openPage = memory.openPage;
    this.#pageBytes = memory.pageBytes;
    this.#pageShift = memory.pageShift;
    this.#sizeBias = sizeBias;
  }

  #openIndex(kind: number, size: number, ttl: number): number {
    return ((kind - KIND_PROBATION) * TTL_CLASSES + ttl) * SIZE_CLASSES + size;
  }

  /** Bytes left in the open segment of these classes. */
  room(kind: number, size: number, ttl: number): number {
    const open = this.#openPage[this.#openIndex(kind, size, ttl)];
    return open === 0 ? 0 : this.#pageBytes - this.#page.used[open - 1];
  }

  /**
   * Appends `bytes` (a multiple of 4, at most a page) to the open segment of
   * these classes and returns the reference; takes a page when it must, and
   * one must be free.
   */
  append(
    kind: number,
    size: number,
    ttl: number,
    bytes: number,
    expiry: number,
  ): number {
    const index = this.#openIndex(kind, size, ttl);
    const columns = this.#page;
    let page = this.#openPage[index] - 1;
    if (page < 0 || columns.used[page] + bytes > this.#pageBytes) {
      if (page >= 0) this.#seal(page);
      page = this.#open(kind, size, ttl);
      this.#openPage[index] = page + 1;
    }
    const at = (page << this.#pageShift) + (columns.used[page] >>> 2);
    this.#stripes.writing(at);
    columns.used[page] += bytes;
    columns.live[page] += bytes;
    columns.liveRecords[page]++;
    columns.records[page]++;
    this.#totals[T_LIVE_BYTES] += bytes;
    this.raiseExpiry(page, expiry);
    return at;
  }

  /** Records that a page holds an item with this expiry. */
  raiseExpiry(page: number, expiry: number): void {
    const last = expiry === 0 ? NEVER_EXPIRES : expiry;
    if (last > this.#page.maxExpiry[page]) this.#page.maxExpiry[page] = last;
  }

  /** Page that the next record of these classes goes to, -1 if a new one. */
  nextPage(kind: number, size: number, ttl: number, bytes: number): number {
    const page = this.#openPage[this.#openIndex(kind, size, ttl)] - 1;
    if (page < 0) return -1;
    return this.#page.used[page] + bytes > this.#pageBytes ? -1 : page;
  }

  /** A fresh sequence number: CAS ids made from it are new to every key. */
  drawSequence(): number {
    return ++this.#totals[T_SEQUENCE];
  }

  #open(kind: number, size: number, ttl: number): number {
    if (this.#pool.takesFresh) this.#releaseDead();
    const page = this.#pool.take(kind);
    const columns = this.#page;
    columns.sizeClass[page] = size;
    columns.ttlClass[page] = ttl;
    columns.used[page] = 0;
    columns.live[page] = 0;
    columns.liveRecords[page] = 0;
    columns.records[page] = 0;
    columns.maxExpiry[page] = 0;
    columns.sealedAt[page] = 0;
    columns.pins[page] = 0;
    columns.epoch[page] = this.#control[C_EPOCH];
    columns.sequence[page] = this.drawSequence();
    this.#countKind(kind, 1);
    return page;
  }

  // Gives back a page whose records are all dead, if there is one: a page that
  // was never used is taken from the system, which has to clear it. 100 MB
  // that are set again and again keep 0.3 GB so, and not all of `-m`.
  #releaseDead(): void {
    const { liveRecords } = this.#page;
    const cleaned = this.#control[C_CLEAN_PAGE] - 1;
    const end = this.#pool.touchedPages();
    for (let page = 0; page < end; page++) {
      if (liveRecords[page] !== 0 || page === cleaned) continue;
      if (this.isVictim(page)) return this.release(page);
    }
  }

  #countKind(kind: number, change: number): void {
    const word = kind === KIND_PROBATION ? C_PROBATION_PAGES : C_MAIN_PAGES;
    this.#control[word] += change;
  }

  #seal(page: number): void {
    const columns = this.#page;
    columns.sealedAt[page] = this.#totals[T_BYTE_CLOCK] + 1;
    const mean = columns.used[page] / columns.records[page];
    columns.weight[page] = Math.pow(
      mean + INDEX_BYTES_PER_ITEM,
      this.#sizeBias,
    );
  }

  /** Seals every open segment. */
  sealAll(): void {
    for (let i = 0; i < this.#openPage.length; i++) this.sealOpen(i);
  }

  /** Seals every page that is open, listed or not, and frees those that hold
   * nothing: for a shard whose writer died (`repair.ts`). */
  sealLeftOpen(): void {
    this.#openPage.fill(0);
    const end = this.#pool.touchedPages();
    for (let page = 0; page < end; page++) {
      const kind = this.#page.kind[page];
      if (kind !== KIND_PROBATION && kind !== KIND_MAIN) continue;
      if (this.#page.records[page] === 0) this.#page.kind[page] = KIND_FREE;
      else if (this.#page.sealedAt[page] === 0) this.#seal(page);
    }
  }

  /** Seals the open segment at `index` of the open table; true if one was. */
  sealOpen(index: number): boolean {
    const page = this.#openPage[index] - 1;
    if (page < 0) return false;
    this.#seal(page);
    this.#openPage[index] = 0;
    return true;
  }

  get openSegments(): number {
    return this.#openPage.length;
  }

  /** Page of the open segment at `index`, -1 for none. */
  openPageAt(index: number): number {
    return this.#openPage[index] - 1;
  }

  /** Takes a dead record off its page's live counts. */
  forget(reference: number, bytes: number): void {
    const page = reference >>> this.#pageShift;
    this.#page.live[page] -= bytes;
    this.#page.liveRecords[page]--;
    this.#totals[T_LIVE_BYTES] -= bytes;
  }

  /** Whether a page is a sealed segment that nobody needs to stay. */
  isVictim(page: number): boolean {
    const { kind, pins, sealedAt } = this.#page;
    return (kind[page] === KIND_PROBATION || kind[page] === KIND_MAIN) &&
      sealedAt[page] !== 0 && pins[page] === 0;
  }

  /** Gives a cleaned segment back. */
  release(page: number): void {
    this.#countKind(this.#page.kind[page], -1);
    this.#pool.release(page);
  }

  /** Makes a full page the youngest of `kind` without copying it. */
  rejuvenate(page: number, kind: number): void {
    const columns = this.#page;
    const index = this.#openIndex(
      columns.kind[page],
      columns.sizeClass[page],
      columns.ttlClass[page],
    );
    // A full page stays open until the next append finds it full.
    if (this.#openPage[index] === page + 1) this.#openPage[index] = 0;
    this.#countKind(columns.kind[page], -1);
    this.#countKind(kind, 1);
    columns.kind[page] = kind;
    this.#seal(page);
  }

  /** Whether items in this page were flushed. */
  isFlushed(page: number): boolean {
    return this.#page.epoch[page] !== this.#control[C_EPOCH];
  }

  get pageShift(): number {
    return this.#pageShift;
  }
}
