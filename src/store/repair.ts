/**
 * Owns putting a shared shard in order whose writer died in the middle of
 * something. What the writer had finished stays; what it was writing goes.
 * Never runs while anybody else holds the lock.
 *
 * The pages are the truth: every record that is not dead is an item. Index,
 * counts, free pages and pins are made again from them.
 *
 * @module
 */
import * as layout from "./layout.ts";
import type { PinList } from "./shared_pins.ts";
import type { SmpShard } from "./smp_shard.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const {
  BUCKET_BYTES_SHIFT,
  BUCKET_SLOTS,
  BUCKET_WORDS,
  C_BUCKET_PAGES,
  C_BUCKETS,
  C_CHANGING,
  C_CLEAN_PAGE,
  C_FREE_STACK,
  C_ITEMS,
  C_LIMBO_PAGES,
  C_MAIN_PAGES,
  C_OVERFLOW_FREE,
  C_OVERFLOW_LAST,
  C_OVERFLOW_PAGES,
  C_OVERFLOW_USED,
  C_PAGES_USED,
  C_PENDING_PAGES,
  C_PINNED_PAGES,
  C_PROBATION_PAGES,
  C_WRITING,
  CLASS_BYTES,
  CLASS_COLUMNS,
  CLASS_ITEMS,
  DEAD,
  KIND_FREE,
  KIND_INDEX,
  KIND_LIMBO,
  KIND_MAIN,
  KIND_PROBATION,
  LENGTH_MASK,
  OWNER_SHIFT,
  PART,
  PENDING,
  SLOT_WORDS,
  SPAN,
  T_LIVE_BYTES,
  T_TOTAL_ITEMS,
} = layout;

/** What is known of those who use the shard. */
export interface Survivors {
  /** Number of the thread that died. */
  dead: number;
  /** The pins of all threads that live. */
  pins: readonly PinList[];
}

/** Repairs one shard; the caller holds its lock. */
export class Repair {
  readonly #shard: SmpShard;
  readonly #survivors: Survivors;
  readonly #words: Int32Array;
  /** The record that was changed in place, and the one that was appended and
   * not linked; 0 for none. */
  readonly #changing: number;
  readonly #unfinished: number;

  constructor(shard: SmpShard, survivors: Survivors) {
    this.#shard = shard;
    this.#survivors = survivors;
    this.#words = shard.memory.words;
    const { control } = shard.memory;
    this.#changing = control[C_CHANGING];
    const last = control[C_WRITING];
    this.#unfinished = last === 0 || this.#isLinked(last) ? 0 : last;
  }

  run(): void {
    const { control, page } = this.#shard.memory;
    this.#shard.sharedStripes.beginAll();
    control[C_CLEAN_PAGE] = control[C_WRITING] = control[C_CHANGING] = 0;
    this.#clearIndex();
    this.#eachSegment((p) => this.#cutTail(p));
    this.#eachSegment((p) => this.#buryHeads(p));
    this.#eachSegment((p) => this.#buryParts(p));
    this.#clearCounts();
    page.pins.fill(0);
    this.#eachSegment((p) => this.#countPage(p));
    this.#shard.log.sealLeftOpen();
    this.#countPages();
    this.#relink();
    this.#pinAgain();
    this.#shard.sharedStripes.endAll();
  }

  #eachSegment(visit: (page: number) => void): void {
    const kinds = this.#shard.memory.page.kind;
    for (let p = 0; p < this.#shard.pool.touchedPages(); p++) {
      if (kinds[p] === KIND_PROBATION || kinds[p] === KIND_MAIN) visit(p);
    }
  }

  #eachRecord(page: number, visit: (reference: number) => void): void {
    const { memory, records } = this.#shard;
    const first = page << memory.pageShift;
    for (let at = 0; at < memory.page.used[page];) {
      const reference = first + (at >>> 2);
      at += records.bytes(reference);
      visit(reference);
    }
  }

  // Whether some slot names the record: then it was complete.
  #isLinked(reference: number): boolean {
    const { memory, pool } = this.#shard;
    const pageWords = 1 << memory.pageShift;
    for (let p = 0; p < pool.touchedPages(); p++) {
      if (memory.page.kind[p] !== KIND_INDEX) continue;
      const first = p << memory.pageShift;
      for (let b = 0; b < pageWords; b += BUCKET_WORDS) {
        for (let s = 0; s < BUCKET_SLOTS; s++) {
          if (this.#words[first + b + SLOT_WORDS + s] === reference) {
            return true;
          }
        }
      }
    }
    return false;
  }

  // The number of buckets stays; index pages beyond them wait in limbo, since
  // readers may still look there.
  #clearIndex(): void {
    const { memory, pool } = this.#shard;
    const { control, bucketPages, page: { kind } } = memory;
    const pageBuckets = memory.pageBytes >>> BUCKET_BYTES_SHIFT;
    control[C_BUCKET_PAGES] = Math.ceil(control[C_BUCKETS] / pageBuckets);
    const kept = new Set<number>();
    for (let i = 0; i < control[C_BUCKET_PAGES]; i++) {
      kept.add(bucketPages[i] >>> memory.pageShift);
      const end = bucketPages[i] + (1 << memory.pageShift);
      this.#words.fill(0, bucketPages[i], end);
    }
    for (let p = 0; p < pool.touchedPages(); p++) {
      if (kind[p] === KIND_INDEX && !kept.has(p)) kind[p] = KIND_LIMBO;
    }
    memory.overflowPages.fill(0);
    for (
      const word of [
        C_OVERFLOW_PAGES,
        C_OVERFLOW_LAST,
        C_OVERFLOW_FREE,
        C_OVERFLOW_USED,
      ]
    ) control[word] = 0;
  }

  // The unfinished record is the last one of its page, and what its header says
  // is not to be trusted.
  #cutTail(page: number): void {
    const { memory: { pageShift, page: { used } } } = this.#shard;
    if (this.#unfinished >>> pageShift !== page || page === 0) return;
    this.#buryOwner(this.#unfinished);
    used[page] = (this.#unfinished - (page << pageShift)) << 2;
  }

  // An item whose last part was being written is incomplete.
  #buryOwner(record: number): void {
    if ((this.#words[record + 1] & PART) === 0) return;
    const owner = this.#words[record];
    if (owner <= 0 || owner >= this.#words.length - 1) return;
    const isOwner = (this.#words[owner + 1] & (SPAN | DEAD)) === SPAN &&
      this.#hasPart(owner, record);
    if (isOwner) this.#words[owner + 1] |= DEAD;
  }

  #buryHeads(page: number): void {
    this.#eachRecord(page, (reference) => {
      const second = this.#words[reference + 1];
      if ((second & (DEAD | PART)) !== 0) return;
      const isOrphan = (second & PENDING) !== 0 &&
        ((this.#words[reference] >>> OWNER_SHIFT) & 0xff) ===
          this.#survivors.dead;
      if (
        isOrphan || reference === this.#changing || !this.#isWhole(reference)
      ) this.#words[reference + 1] |= DEAD;
    });
  }

  #isWhole(reference: number): boolean {
    const { records, memory } = this.#shard;
    if ((this.#words[reference + 1] & SPAN) === 0) return true;
    let length = this.#words[reference + 1] & LENGTH_MASK;
    for (let i = 0; i < records.partCount(reference); i++) {
      const part = records.part(reference, i);
      if (part === 0) continue;
      const at = (part - ((part >>> memory.pageShift) << memory.pageShift)) <<
        2;
      const isInside = at < memory.page.used[part >>> memory.pageShift];
      const second = this.#words[part + 1];
      if (
        !isInside || (second & (PART | DEAD)) !== PART ||
        this.#words[part] !== reference
      ) return false;
      length += second & LENGTH_MASK;
    }
    return length === records.valueLength(reference);
  }

  #buryParts(page: number): void {
    this.#eachRecord(page, (reference) => {
      const second = this.#words[reference + 1];
      if ((second & (DEAD | PART)) !== PART) return;
      const owner = this.#words[reference];
      const isOwned = owner > 0 &&
        (this.#words[owner + 1] & (DEAD | SPAN)) === SPAN &&
        this.#hasPart(owner, reference);
      if (!isOwned) this.#words[reference + 1] |= DEAD;
    });
  }

  #hasPart(owner: number, part: number): boolean {
    const { records } = this.#shard;
    for (let i = 0; i < records.partCount(owner); i++) {
      if (records.part(owner, i) === part) return true;
    }
    return false;
  }

  #clearCounts(): void {
    const { control, totals, classes } = this.#shard.memory;
    totals[T_LIVE_BYTES] = 0;
    control[C_ITEMS] = control[C_PENDING_PAGES] = control[C_PINNED_PAGES] = 0;
    for (let at = 0; at < classes.length; at += CLASS_COLUMNS) {
      classes[at + CLASS_ITEMS] = classes[at + CLASS_BYTES] = 0;
    }
  }

  #countPage(p: number): void {
    const { memory: { page, totals }, records } = this.#shard;
    page.live[p] = page.liveRecords[p] = page.records[p] = 0;
    this.#eachRecord(p, (reference) => {
      page.records[p]++;
      if ((this.#words[reference + 1] & DEAD) !== 0) return;
      const bytes = records.bytes(reference);
      page.live[p] += bytes;
      page.liveRecords[p]++;
      totals[T_LIVE_BYTES] += bytes;
    });
  }

  #countPages(): void {
    const { memory, pool } = this.#shard;
    const { control, freeStack, page: { kind } } = memory;
    for (
      const word of [
        C_FREE_STACK,
        C_PAGES_USED,
        C_PROBATION_PAGES,
        C_MAIN_PAGES,
        C_LIMBO_PAGES,
      ]
    ) control[word] = 0;
    for (let p = 0; p < pool.touchedPages(); p++) {
      if (kind[p] === KIND_FREE) {
        freeStack[control[C_FREE_STACK]++] = p;
        continue;
      }
      control[C_PAGES_USED]++;
      if (kind[p] === KIND_PROBATION) control[C_PROBATION_PAGES]++;
      else if (kind[p] === KIND_MAIN) control[C_MAIN_PAGES]++;
      else if (kind[p] === KIND_LIMBO) control[C_LIMBO_PAGES]++;
    }
  }

  #relink(): void {
    const shard = this.#shard;
    const total = shard.memory.totals[T_TOTAL_ITEMS];
    this.#eachSegment((page) => {
      this.#eachRecord(page, (reference) => {
        const second = this.#words[reference + 1];
        if ((second & (DEAD | PART | PENDING)) !== 0) return;
        this.#relinkItem(reference);
      });
    });
    shard.memory.totals[T_TOTAL_ITEMS] = total;
  }

  // Of two copies of an item the one written later stays.
  #relinkItem(reference: number): void {
    const { index, records, memory, ledger, items } = this.#shard;
    const hash = records.hash(reference);
    const at = records.keyAt(reference), length = records.keyLength(reference);
    const other = index.find(hash, memory.data, at, length);
    if (other === 0) {
      index.link(hash, reference, 0);
      return ledger.add(reference);
    }
    if (!this.#isLater(reference, other)) return items.kill(reference);
    ledger.remove(other);
    index.redirect(reference);
    items.kill(other);
    ledger.add(reference);
  }

  #isLater(a: number, b: number): boolean {
    const { pageShift, page: { sequence } } = this.#shard.memory;
    const pageA = a >>> pageShift, pageB = b >>> pageShift;
    return pageA === pageB ? a > b : sequence[pageA] > sequence[pageB];
  }

  #pinAgain(): void {
    const shard = this.#shard;
    for (const pins of this.#survivors.pins) {
      pins.forEach(shard.partition, (reference) => shard.pinRecord(reference));
    }
    this.#eachSegment((page) => {
      this.#eachRecord(page, (reference) => {
        const second = this.#words[reference + 1];
        if ((second & (DEAD | PART | PENDING)) !== PENDING) return;
        shard.pinRecord(reference);
        shard.memory.control[C_PENDING_PAGES] += 1 +
          shard.records.partCount(reference);
      });
    });
  }
}
