/**
 * Owns walking a table that nobody changes, to write its items down: which
 * of them, in which order, frame by frame. Bytes out; never touches a file.
 *
 * The order is that of eviction, the first to go first: probation before
 * main, old pages before young ones. Read back in this order, the items get
 * the same ages again, and a smaller table loses what it would have evicted.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import * as layout from "./layout.ts";
import type { Shard } from "./shard.ts";
import { ItemHead } from "./snapshot_items.ts";
import type { Store } from "./store.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const {
  BINARY_KEY,
  CAS_SEEN,
  DEAD,
  FETCHED,
  HAS_CAS,
  KIND_MAIN,
  KIND_PROBATION,
  LAST_ACCESS_SHIFT,
  PART,
  PENDING,
  STALE,
  TOKEN_SENT,
} = layout;

/** A page to be written, and its place among the others. */
interface PageTurn {
  shard: Shard;
  page: number;
  kind: number;
  /** 0..1: how young it is among the pages of its kind in its shard. */
  rank: number;
}

/** The pages with items, the first to be evicted first. */
function pagesInOrder(store: Store): PageTurn[] {
  const turns: PageTurn[] = [];
  for (const { shard } of store.partitions) {
    for (const kind of [KIND_PROBATION, KIND_MAIN]) {
      turns.push(...pagesOfKind(shard, kind));
    }
  }
  return turns.sort((a, b) => a.kind - b.kind || a.rank - b.rank);
}

function pagesOfKind(shard: Shard, kind: number): PageTurn[] {
  const columns = shard.memory.page;
  const pages: number[] = [];
  for (let page = 0; page < shard.pool.touchedPages(); page++) {
    if (columns.kind[page] !== kind || columns.liveRecords[page] === 0) {
      continue;
    }
    if (!shard.log.isFlushed(page)) pages.push(page);
  }
  // Open pages have no time of sealing yet: they are the youngest.
  const sealedAt = (page: number) => columns.sealedAt[page] || Infinity;
  pages.sort((a, b) =>
    sealedAt(a) === sealedAt(b) ? 0 : sealedAt(a) - sealedAt(b)
  );
  return pages.map((page, i) => ({
    shard,
    page,
    kind,
    rank: i / pages.length,
  }));
}

/** Writes the items of a table to frames. The table must not change while
 * this exists. */
export class Exporter {
  readonly #turns: PageTurn[];
  readonly #now: number;
  readonly #head = new ItemHead();
  #turn = 0;
  /** Byte offset in the page of the next record to look at. */
  #at = 0;
  /** The item to be written next, or whose value is half written. */
  #shard: Shard | null = null;
  #reference = 0;
  #written = 0;

  /** Bytes and items that the last `fill` wrote, and how many of the bytes
   * belong to the last item of the frame before. */
  length = 0;
  items = 0;
  carried = 0;

  /** @param now the current table second: expired items are left out */
  constructor(store: Store, now: number) {
    this.#turns = pagesInOrder(store);
    this.#now = now;
  }

  /**
   * Fills a frame, which must have room for the longest head; false when
   * there is nothing left to write. Only the value of an item that exceeds a
   * whole frame goes on in the next one.
   */
  fill(target: Bytes): boolean {
    this.length = this.items = this.carried = 0;
    if (this.#written > 0) {
      this.#writeValue(target);
      this.carried = this.length;
    }
    // After a value that goes on the frame is full.
    while (this.#written === 0 && this.#findItem()) {
      const bytes = this.#head.bytes + this.#head.valueLength;
      if (bytes > target.capacity - this.length && this.length > 0) break;
      this.length = this.#head.write(target, this.length);
      this.items++;
      this.#writeValue(target);
    }
    return this.length > 0;
  }

  // Writes what fits of the value from #written on.
  #writeValue(target: Bytes): void {
    const { valueLength } = this.#head;
    const count = Math.min(
      valueLength - this.#written,
      target.capacity - this.length,
    );
    const { records } = this.#shard!;
    if (count === valueLength) {
      records.copyValue(this.#reference, target, this.length);
    } else {
      records.copyRange(
        this.#reference,
        this.#written,
        count,
        target,
        this.length,
      );
    }
    this.length += count;
    this.#written += count;
    if (this.#written < valueLength) return;
    this.#written = 0;
    this.#reference = 0;
  }

  // Moves to the next item unless one is waiting; false at the end.
  #findItem(): boolean {
    while (this.#reference === 0) {
      if (this.#turn === this.#turns.length) return false;
      const { shard, page, kind } = this.#turns[this.#turn];
      if (this.#at >= shard.memory.page.used[page]) {
        this.#turn++;
        this.#at = 0;
        continue;
      }
      const reference = (page << shard.memory.pageShift) + (this.#at >>> 2);
      this.#at += shard.records.bytes(reference);
      if (!this.#isWanted(shard, reference)) continue;
      this.#shard = shard;
      this.#reference = reference;
      this.#describe(shard, reference, kind);
    }
    return true;
  }

  #isWanted(shard: Shard, reference: number): boolean {
    const second = shard.memory.words[reference + 1];
    if ((second & (DEAD | PART | PENDING)) !== 0) return false;
    const expiry = shard.records.expiry(reference);
    return expiry === 0 || expiry > this.#now;
  }

  #describe(shard: Shard, reference: number, kind: number): void {
    const head = this.#head;
    const { records, index } = shard;
    const first = shard.memory.words[reference];
    const second = shard.memory.words[reference + 1];
    head.key = records.data;
    head.keyAt = records.keyAt(reference);
    head.keyLength = records.keyLength(reference);
    head.valueLength = records.valueLength(reference);
    head.expiry = records.expiry(reference);
    head.clientFlags = records.clientFlags(reference);
    // A CAS id that nobody has seen can as well be a new one.
    head.hasCas = (first & CAS_SEEN) !== 0 || (second & HAS_CAS) !== 0;
    if (head.hasCas) records.cas(reference, head.cas);
    head.binaryKey = (second & BINARY_KEY) !== 0;
    head.fetched = (first & FETCHED) !== 0;
    head.stale = (first & STALE) !== 0;
    head.tokenSent = (first & TOKEN_SENT) !== 0;
    head.isMain = kind === KIND_MAIN;
    head.accessed = first >>> LAST_ACCESS_SHIFT;
    const isLinked = index.locate(records.hash(reference), reference);
    head.hits = isLinked ? index.accessBits() : 0;
  }
}
