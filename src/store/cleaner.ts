/**
 * Owns making room: which segment is cleaned next, and what becomes of each
 * record in it. Never stores an item for a client.
 *
 * Victims are chosen by age times a power of the mean item size; survivors of
 * probation move to main, as in S3-FIFO (Yang et al., SOSP 2023). Cleaning
 * advances in slices through a cursor, so that one set never waits for a
 * whole page (`storage.md`, 1.5).
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import * as layout from "./layout.ts";
import * as items from "./items.ts";
import type { PageColumns, ShardMemory } from "./memory.ts";
import * as modes from "./modes.ts";
import type { Mover } from "./mover.ts";
import type { PagePool } from "./pages.ts";
import type { Records } from "./records.ts";
import type { SegmentLog } from "./segments.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const {
  C_CLEAN_AT,
  C_CLEAN_MODE,
  C_CLEAN_PAGE,
  C_MAIN_PAGES,
  C_PROBATION_PAGES,
  DEAD,
  KIND_PROBATION,
  PART,
  SPAN,
  T_BYTE_CLOCK,
  T_CLEANED_PAGES,
  T_COMPACTED_PAGES,
  T_EXPIRED_PAGES,
} = layout;
const { SPAN_SHARE } = items;
const { MODE_COMPACT, MODE_DROP, MODE_MAIN, MODE_PROBATION } = modes;

/** Pages held back so that cleaning can always copy what survives. */
export const RESERVE_PAGES = 3;
/** Cleaning starts when fewer pages than this are free: two pages before it
 * must be done, so that it can go on at the pace of the sets. */
const CLEAN_BELOW_PAGES = RESERVE_PAGES + 2;
/** A segment with this share of dead bytes is compacted first. */
const GARBAGE_SHARE = 0.35;
/** With `-M` less garbage has to do: nothing else makes room. */
const GARBAGE_SHARE_WITHOUT_EVICTION = 1 / 16;
/** Probation may hold this share of the segments. */
const PROBATION_SHARE = 0.1;
/** Bytes cleaned per byte that a set appends; more when pages get scarce. */
const RATE = 1.25;
const RATE_LATE = 3;
/** Less than this is not worth a slice. */
const SLICE_BYTES_MIN = 1024;

/** Cleans the segments of one shard. */
export class Cleaner {
  readonly #pool: PagePool;
  readonly #log: SegmentLog;
  readonly #records: Records;
  readonly #mover: Mover;
  readonly #page: PageColumns;
  readonly #control: Int32Array;
  readonly #totals: Float64Array;
  readonly #words: Int32Array;
  readonly #pageBytes: number;
  readonly #pageShift: number;
  readonly #wholeMax: number;
  readonly #evicts: boolean;

  // Bytes that sets have earned and no slice has cleaned yet.
  #credit = 0;

  /** Rises with every slice of cleaning: records may have moved since. */
  slices = 0;

  // What the last look at all segments found.
  #dropPage = -1;
  #garbagePage = -1;
  #probationPage = -1;
  #mainPage = -1;

  /** @param evicts false for `-M`: live items are never dropped */
  constructor(
    memory: ShardMemory,
    pool: PagePool,
    log: SegmentLog,
    records: Records,
    mover: Mover,
    evicts: boolean,
  ) {
    this.#pool = pool;
    this.#log = log;
    this.#records = records;
    this.#mover = mover;
    this.#page = memory.page;
    this.#control = memory.control;
    this.#totals = memory.totals;
    this.#words = memory.words;
    this.#pageBytes = memory.pageBytes;
    this.#pageShift = memory.pageShift;
    this.#wholeMax = memory.pageBytes / SPAN_SHARE;
    this.#evicts = evicts;
  }

  /**
   * Makes sure that `pages` can be taken beyond the reserve; false if there
   * is nothing left to clean. `bytes` is what is about to be appended: the
   * slice of cleaning done now is proportional to it.
   */
  makeRoom(pages: number, bytes: number, now: number): boolean {
    const free = this.#pool.freePages();
    if (
      free >= CLEAN_BELOW_PAGES + pages && this.#control[C_CLEAN_PAGE] === 0
    ) return true;
    const isLate = free <= RESERVE_PAGES + pages;
    this.#credit += bytes * (isLate ? RATE_LATE : RATE);
    if (this.#credit >= SLICE_BYTES_MIN) this.#spend(pages, now);
    while (this.#pool.freePages() < RESERVE_PAGES + pages) {
      if (this.#control[C_CLEAN_PAGE] === 0 && !this.#startOne(now)) {
        return false;
      }
      this.#advance(Infinity, Infinity, now);
    }
    return true;
  }

  // Cleans as many bytes as the sets since the last slice have earned.
  #spend(pages: number, now: number): void {
    while (this.#credit > 0) {
      if (this.#control[C_CLEAN_PAGE] === 0) {
        const isEnough = this.#pool.freePages() >= CLEAN_BELOW_PAGES + pages;
        if (isEnough || !this.#startOne(now)) {
          this.#credit = 0;
          return;
        }
      }
      const page = this.#control[C_CLEAN_PAGE] - 1;
      const before = this.#control[C_CLEAN_AT];
      this.#advance(1, this.#credit, now);
      const isDone = this.#control[C_CLEAN_PAGE] !== page + 1;
      const after = isDone ? this.#page.used[page] : this.#control[C_CLEAN_AT];
      this.#credit -= Math.max(1, after - before);
    }
  }

  /**
   * Gives up pages after the limit was lowered, looking at up to `maxRecords`
   * records; true if there is more to give up.
   */
  shrink(maxRecords: number, now: number): boolean {
    while (maxRecords > 0 && this.#pool.freePages() < RESERVE_PAGES) {
      if (this.#control[C_CLEAN_PAGE] === 0 && !this.#startOne(now)) {
        return false;
      }
      maxRecords -= Math.max(1, this.#advance(maxRecords, 0, now));
    }
    return this.#pool.freePages() < RESERVE_PAGES;
  }

  /**
   * Frees segments that only hold expired or flushed items, looking at up to
   * `maxRecords` records; true if there may be more of them.
   */
  sweep(maxRecords: number, now: number): boolean {
    this.#sealExpired(now);
    while (maxRecords > 0) {
      if (this.#control[C_CLEAN_PAGE] === 0) {
        const page = this.#findDroppable(now);
        if (page < 0) return false;
        this.#start(page, MODE_DROP);
      }
      maxRecords -= Math.max(1, this.#advance(maxRecords, 0, now));
    }
    return true;
  }

  #sealExpired(now: number): void {
    for (let i = 0; i < this.#log.openSegments; i++) {
      const page = this.#log.openPageAt(i);
      if (page < 0 || this.#page.pins[page] > 0) continue;
      if (this.#isDroppable(page, now)) this.#log.sealOpen(i);
    }
  }

  #findDroppable(now: number): number {
    const end = this.#pool.touchedPages();
    for (let page = 0; page < end; page++) {
      if (this.#log.isVictim(page) && this.#isDroppable(page, now)) return page;
    }
    return -1;
  }

  #isDroppable(page: number, now: number): boolean {
    return this.#page.liveRecords[page] === 0 ||
      this.#page.maxExpiry[page] <= now || this.#log.isFlushed(page);
  }

  #start(page: number, mode: number): void {
    this.#control[C_CLEAN_PAGE] = page + 1;
    this.#control[C_CLEAN_AT] = 0;
    this.#control[C_CLEAN_MODE] = mode;
    if (mode === MODE_DROP) this.#totals[T_EXPIRED_PAGES]++;
    else if (mode === MODE_COMPACT) this.#totals[T_COMPACTED_PAGES]++;
    else this.#totals[T_CLEANED_PAGES]++;
  }

  // Chooses the next segment and points the cursor at it.
  #startOne(now: number): boolean {
    for (;;) {
      this.#survey(now);
      if (this.#dropPage >= 0) this.#start(this.#dropPage, MODE_DROP);
      else if (this.#garbagePage >= 0) {
        this.#start(this.#garbagePage, MODE_COMPACT);
      } else if (this.#evicts && this.#fromProbation()) {
        this.#start(this.#probationPage, MODE_PROBATION);
      } else if (this.#evicts && this.#mainPage >= 0) {
        this.#start(this.#mainPage, MODE_MAIN);
      } else if (this.#sealOne()) continue;
      else return false;
      return true;
    }
  }

  #fromProbation(): boolean {
    if (this.#probationPage < 0) return false;
    const probation = this.#control[C_PROBATION_PAGES];
    const all = probation + this.#control[C_MAIN_PAGES];
    return this.#mainPage < 0 || probation > PROBATION_SHARE * all;
  }

  // Nothing sealed is left to clean: an open segment must serve.
  #sealOne(): boolean {
    for (let i = 0; i < this.#log.openSegments; i++) {
      const page = this.#log.openPageAt(i);
      if (page < 0 || this.#page.pins[page] > 0) continue;
      const hasGarbage = this.#page.live[page] < this.#page.used[page];
      if (this.#evicts || hasGarbage) return this.#log.sealOpen(i);
    }
    return false;
  }

  #survey(now: number): void {
    const columns = this.#page;
    const clock = this.#totals[T_BYTE_CLOCK];
    let most = GARBAGE_SHARE * this.#pageBytes;
    let probationScore = -1, mainScore = -1;
    this.#dropPage = this.#garbagePage = -1;
    this.#probationPage = this.#mainPage = -1;
    if (!this.#evicts) most = GARBAGE_SHARE_WITHOUT_EVICTION * this.#pageBytes;
    const end = this.#pool.touchedPages();
    for (let page = 0; page < end; page++) {
      if (!this.#log.isVictim(page)) continue;
      if (this.#isDroppable(page, now)) {
        this.#dropPage = page;
        return;
      }
      const dead = columns.used[page] - columns.live[page];
      if (
        dead >= most &&
        columns.used[page] <= columns.records[page] * this.#wholeMax
      ) {
        most = dead;
        this.#garbagePage = page;
      }
      const age = clock - columns.sealedAt[page] + this.#pageBytes;
      const score = age * columns.weight[page];
      if (columns.kind[page] === KIND_PROBATION) {
        if (score > probationScore) {
          probationScore = score;
          this.#probationPage = page;
        }
      } else if (score > mainScore) {
        mainScore = score;
        this.#mainPage = page;
      }
    }
  }

  // Moves the cursor on; returns how many records were looked at.
  #advance(maxRecords: number, maxBytes: number, now: number): number {
    const page = this.#control[C_CLEAN_PAGE] - 1;
    if (page < 0) return 0;
    this.slices++;
    const mode = this.#control[C_CLEAN_MODE];
    const end = this.#page.used[page];
    const first = page << this.#pageShift;
    const start = this.#control[C_CLEAN_AT];
    let at = start, count = 0;
    while (at < end && (count < maxRecords || at - start < maxBytes)) {
      const reference = first + (at >>> 2);
      at += this.#records.bytes(reference);
      this.#control[C_CLEAN_AT] = at;
      count++;
      const second = this.#words[reference + 1];
      if ((second & DEAD) !== 0) continue;
      const keptPage = (second & (SPAN | PART)) !== 0
        ? this.#mover.disposeSpanning(reference, page, mode, now)
        : this.#mover.dispose(reference, page, mode, now);
      if (keptPage) {
        this.#control[C_CLEAN_PAGE] = 0;
        return count;
      }
    }
    if (at >= end) this.#finish(page);
    return count;
  }

  #finish(page: number): void {
    this.#control[C_CLEAN_PAGE] = 0;
    assert(
      this.#page.liveRecords[page] === 0,
      "A cleaned page still holds live records",
    );
    // Pinned meanwhile: it is empty now, so it goes as soon as it is unpinned.
    if (this.#page.pins[page] === 0) this.#log.release(page);
  }
}
