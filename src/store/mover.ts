/**
 * Owns what becomes of one live record when its page is cleaned: it expires,
 * leaves, or is copied on. Never chooses pages.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import * as bytes from "../base/bytes.ts";
import * as modes from "./modes.ts";
import type { Ghost } from "./ghost.ts";
import type { IndexTable } from "./index_table.ts";
import { Draft, type ItemWriter, type Stretch } from "./items.ts";
import * as layout from "./layout.ts";
import type { Ledger } from "./ledger.ts";
import type { PageColumns, ShardMemory } from "./memory.ts";
import type { PagePool } from "./pages.ts";
import type { Records } from "./records.ts";
import type { SegmentLog } from "./segments.ts";
import type { Stripes } from "./stripes.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { copyBytes } = bytes;
const { MODE_COMPACT, MODE_DROP, MODE_MAIN, MODE_PROBATION } = modes;
const {
  CAS_SEEN,
  HAS_CAS,
  KIND_MAIN,
  LENGTH_MASK,
  PART,
  T_COPIED_BYTES,
  T_SWEPT_ITEMS,
} = layout;

/** A spanning item above this many pages keeps the parts that fill a page. */
const WHOLE_COPY_PAGES = 4;

/** Pages that copying may take beyond the limit: they are paid back before the
 * cleaning that borrowed them ends (`geometry.ts` reserves the addresses). */
const OVERDRAFT_PAGES = 4;

/** Called with the reference of an item about to be evicted. */
export type EvictionListener = (reference: number, now: number) => void;

/** Moves and drops the records of one shard. */
export class Mover {
  readonly #memory: ShardMemory;
  readonly #pool: PagePool;
  readonly #log: SegmentLog;
  readonly #records: Records;
  readonly #items: ItemWriter;
  readonly #index: IndexTable;
  readonly #ghost: Ghost;
  readonly #ledger: Ledger;
  readonly #stripes: Stripes;
  readonly #page: PageColumns;
  readonly #words: Int32Array;
  readonly #draft = new Draft();

  /** Set while somebody watches evictions. */
  onEviction: EvictionListener | null = null;

  constructor(parts: {
    memory: ShardMemory;
    pool: PagePool;
    log: SegmentLog;
    records: Records;
    items: ItemWriter;
    index: IndexTable;
    ghost: Ghost;
    ledger: Ledger;
    stripes: Stripes;
  }) {
    this.#memory = parts.memory;
    this.#pool = parts.pool;
    this.#log = parts.log;
    this.#records = parts.records;
    this.#items = parts.items;
    this.#index = parts.index;
    this.#ghost = parts.ghost;
    this.#ledger = parts.ledger;
    this.#stripes = parts.stripes;
    this.#page = parts.memory.page;
    this.#words = parts.memory.words;
  }

  /** Unlinks and kills an item whose slot was just found. */
  remove(reference: number, hash: number): void {
    this.#ledger.remove(reference);
    this.#stripes.begin(hash);
    this.#index.unlink(hash);
    this.#items.kill(reference);
    this.#stripes.end(hash);
  }

  /** Decides about a record in one piece; never keeps the page. */
  dispose(
    reference: number,
    page: number,
    mode: number,
    now: number,
  ): false {
    const hash = this.#records.hash(reference);
    assert(this.#index.locate(hash, reference), "The index lost an item");
    const kind = this.#nextKind(reference, page, mode, now, hash);
    if (kind !== 0) this.#move(reference, page, kind, mode, hash);
    return false;
  }

  /**
   * Decides about a spanning item by the record of it that lies in `page`;
   * true if that record fills the page and stays where it is.
   */
  disposeSpanning(
    record: number,
    page: number,
    mode: number,
    now: number,
  ): boolean {
    const isPart = (this.#words[record + 1] & PART) !== 0;
    const reference = isPart ? this.#words[record] : record;
    const hash = this.#records.hash(reference);
    assert(this.#index.locate(hash, reference), "The index lost a large item");
    const kind = this.#nextKind(reference, page, mode, now, hash);
    if (kind === 0) return false;
    if (!this.#moveSpanning(reference, kind, mode, hash)) {
      this.#evict(reference, mode, now, hash);
      return false;
    }
    return this.#page.liveRecords[page] > 0 && isPart &&
      this.#items.isWholePage(record);
  }

  // The kind of page the item moves to, 0 if it was dropped.
  #nextKind(
    reference: number,
    page: number,
    mode: number,
    now: number,
    hash: number,
  ): number {
    const expiry = this.#records.expiry(reference);
    if ((expiry !== 0 && expiry <= now) || this.#log.isFlushed(page)) {
      this.#ledger.reclaim(reference);
      if (mode === MODE_DROP) this.#memory.totals[T_SWEPT_ITEMS]++;
      this.remove(reference, hash);
      return 0;
    }
    // A touch can outdate the reason for dropping a page: then keep.
    if (mode === MODE_COMPACT || mode === MODE_DROP) {
      return this.#page.kind[page];
    }
    if (this.#index.accessBits() !== 0) return KIND_MAIN;
    this.#evict(reference, mode, now, hash);
    return 0;
  }

  #evict(reference: number, mode: number, now: number, hash: number): void {
    if (mode === MODE_PROBATION) this.#ghost.add(hash);
    if (this.onEviction !== null) this.onEviction(reference, now);
    this.#ledger.evict(reference, now);
    this.remove(reference, hash);
  }

  #nextBits(mode: number): number {
    const bits = this.#index.accessBits();
    if (mode === MODE_PROBATION) return 0;
    return mode === MODE_MAIN ? bits - 1 : bits;
  }

  #move(
    reference: number,
    page: number,
    kind: number,
    mode: number,
    hash: number,
  ): void {
    const second = this.#words[reference + 1];
    const losesCas = (this.#words[reference] & CAS_SEEN) !== 0 &&
      (second & HAS_CAS) === 0;
    const bytes = this.#records.bytes(reference);
    const size = this.#page.sizeClass[page], ttl = this.#page.ttlClass[page];
    const divides = this.#items.maySpan(bytes) &&
      bytes > this.#log.room(kind, size, ttl);
    let copy;
    if (losesCas || divides) {
      copy = this.#rewrite(reference, page, kind);
    } else {
      copy = this.#log.append(
        kind,
        size,
        ttl,
        bytes,
        this.#records.expiry(reference),
      );
      this.#copyRecord(reference, copy, bytes);
    }
    this.#memory.totals[T_COPIED_BYTES] += bytes;
    this.#redirect(copy, mode, hash);
    this.#items.killRecord(reference);
  }

  #copyRecord(from: number, to: number, bytes: number): void {
    copyBytes(
      this.#memory.data,
      from << 2,
      this.#memory.data,
      to << 2,
      bytes,
    );
  }

  #redirect(reference: number, mode: number, hash: number): void {
    const bits = this.#nextBits(mode);
    this.#stripes.begin(hash);
    this.#index.redirect(reference);
    this.#index.setAccessBits(bits);
    this.#stripes.end(hash);
  }

  // A copy that is laid out anew: it may be divided, and it carries in its own
  // field the CAS that its place implied.
  #rewrite(reference: number, page: number, kind: number): number {
    const draft = this.#items.describe(reference, this.#draft);
    draft.kind = kind;
    draft.ttlClass = this.#page.ttlClass[page];
    const copy = this.#items.create(draft);
    this.#items.copyValue(reference, copy, 0);
    return copy;
  }

  // False if there is no room for the pieces that have to be copied.
  #moveSpanning(
    reference: number,
    kind: number,
    mode: number,
    hash: number,
  ): boolean {
    const draft = this.#items.describe(reference, this.#draft);
    draft.kind = kind;
    const page = reference >>> this.#log.pageShift;
    draft.ttlClass = this.#page.ttlClass[page];
    const bytes = this.#items.bytesFor(draft);
    const keeps = bytes > WHOLE_COPY_PAGES * this.#memory.pageBytes;
    const stretches = this.#stretches(reference, keeps);
    const pages = this.#pool.freePages() + OVERDRAFT_PAGES;
    if (this.#pagesToCopy(stretches) > pages) return false;
    const copy = this.#items.createSpanning(draft, stretches);
    this.#copyStretches(reference, copy, stretches);
    this.#redirect(copy, mode, hash);
    this.#killOld(reference, stretches);
    for (const stretch of stretches) {
      if (stretch.part === 0) continue;
      this.#log.rejuvenate(stretch.part >>> this.#log.pageShift, kind);
    }
    return true;
  }

  // The value as stretches to copy and whole-page parts to keep.
  #stretches(reference: number, keeps: boolean): Stretch[] {
    const records = this.#records;
    const first = this.#words[reference + 1] & LENGTH_MASK;
    const stretches: Stretch[] = [{ length: first, part: 0 }];
    const parts = records.partCount(reference);
    for (let i = 0; i < parts; i++) {
      const part = records.part(reference, i);
      if (part === 0) continue;
      const length = this.#words[part + 1] & LENGTH_MASK;
      const last = stretches[stretches.length - 1];
      if (keeps && this.#items.isWholePage(part)) {
        stretches.push({ length, part });
      } else if (last.part === 0) last.length += length;
      else stretches.push({ length, part: 0 });
    }
    return stretches;
  }

  #pagesToCopy(stretches: Stretch[]): number {
    let pages = 0;
    for (const stretch of stretches) {
      if (stretch.part !== 0) continue;
      pages += Math.ceil(stretch.length / (this.#memory.pageBytes - 8));
    }
    return pages;
  }

  #copyStretches(from: number, to: number, stretches: Stretch[]): void {
    const data = this.#memory.data;
    let offset = 0;
    for (const stretch of stretches) {
      const end = offset + stretch.length;
      while (stretch.part === 0 && offset < end) {
        const { at, length } = this.#records.runAt(from, offset, end - offset);
        this.#records.writeRange(to, offset, length, data, at);
        this.#memory.totals[T_COPIED_BYTES] += length;
        offset += length;
      }
      offset = end;
    }
  }

  #killOld(reference: number, stretches: Stretch[]): void {
    const parts = this.#records.partCount(reference);
    for (let i = 0; i < parts; i++) {
      const part = this.#records.part(reference, i);
      if (part === 0 || stretches.some((s) => s.part === part)) continue;
      this.#items.killRecord(part);
    }
    this.#items.killRecord(reference);
  }
}
