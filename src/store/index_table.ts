/**
 * Owns the tag-bucket index of a shard: from a key's hash to the reference of
 * its record. Never reads values and never frees a record.
 *
 * Linear hashing (W. Litwin, "Linear Hashing", VLDB 1980) over 64-byte
 * buckets of twelve slots with 8-bit tags; layout in `layout.ts`.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { Bytes } from "../base/bytes.ts";
import * as hash from "../base/hash.ts";
import { IndexGrowth } from "./index_growth.ts";
import * as layout from "./layout.ts";
import type { ShardMemory } from "./memory.ts";
import type { PagePool } from "./pages.ts";
import type { Records } from "./records.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { tagOf, TAIL_MASK } = hash;
const {
  BUCKET_BYTES_SHIFT,
  BUCKET_SLOTS,
  BUCKET_WORDS,
  BUCKET_WORDS_SHIFT,
  C_BUCKET_PAGES,
  C_BUCKETS,
  C_OVERFLOW_FREE,
  C_OVERFLOW_LAST,
  C_OVERFLOW_PAGES,
  C_OVERFLOW_USED,
  KEY_LENGTH_MASK,
  KIND_INDEX,
  LINKED,
  SLOT_WORDS,
  STRIPES,
  T_MERGES,
  T_SPLITS,
} = layout;

/** Longest chain walk: a reader without lock may meet words being changed. */
const HOPS_MAX = 64;
/** Entries that one chain may hold while it is split or merged. */
const CHAIN_ENTRIES_MAX = HOPS_MAX * BUCKET_SLOTS;
const LAST_SLOT = BUCKET_SLOTS - 1;

/** The index of one shard. Invariant: every live item that is linked has
 * exactly one slot, in the chain of its bucket, with its tag. */
export class IndexTable {
  readonly #memory: ShardMemory;
  readonly #pool: PagePool;
  readonly #words: Int32Array;
  readonly #control: Int32Array;
  readonly #bucketPages: Int32Array;
  readonly #overflowPages: Int32Array;
  readonly #pageBuckets: number;
  readonly #pageShift: number;
  readonly #records: Records;
  readonly growth: IndexGrowth;
  readonly #entries = new Int32Array(CHAIN_ENTRIES_MAX);
  readonly #entryBits = new Uint8Array(CHAIN_ENTRIES_MAX);

  /** Word offset of the slot that the last find or locate ended at. */
  slot = 0;
  /** Word offset of that slot's bucket. */
  bucket = 0;

  constructor(memory: ShardMemory, pool: PagePool, records: Records) {
    this.#memory = memory;
    this.#pool = pool;
    this.#words = memory.words;
    this.#control = memory.control;
    this.#bucketPages = memory.bucketPages;
    this.#overflowPages = memory.overflowPages;
    this.#pageBuckets = memory.pageBytes >>> BUCKET_BYTES_SHIFT;
    this.#pageShift = 31 - Math.clz32(this.#pageBuckets);
    this.#records = records;
    this.growth = new IndexGrowth(this.#control, this.#pageBuckets);
  }

  /** Lays out the first buckets of an empty shard. */
  initialize(): void {
    const buckets = Math.max(STRIPES, this.#pageBuckets);
    while (
      this.#control[C_BUCKET_PAGES] * this.#pageBuckets < buckets
    ) this.#addBucketPage();
    this.#control[C_BUCKETS] = buckets;
  }

  // Word 0 of a bucket is the one word that readers of a shared table also
  // change (access bits); `SharedIndexTable` overrides these with Atomics.
  protected setBits(word: number, bits: number): void {
    this.#words[word] |= bits;
  }
  protected clearBits(word: number, bits: number): void {
    this.#words[word] &= ~bits;
  }
  /** May be lost if the word has changed: accuracy, not integrity. */
  protected replaceBits(word: number, _before: number, after: number): void {
    this.#words[word] = after;
  }

  #bucketAt(bucket: number): number {
    return this.#bucketPages[bucket >>> this.#pageShift] +
      ((bucket & (this.#pageBuckets - 1)) << BUCKET_WORDS_SHIFT);
  }

  #overflowAt(number: number): number {
    const index = number - 1;
    const page = index >>> this.#pageShift;
    // A reader without lock can meet any number here.
    if (page >= this.#overflowPages.length) return this.#bucketPages[0];
    return this.#overflowPages[page] +
      ((index & (this.#pageBuckets - 1)) << BUCKET_WORDS_SHIFT);
  }

  /** Word offset of the bucket where the chain of a hash starts. */
  bucketOf(hash: number): number {
    const buckets = this.#control[C_BUCKETS];
    const level = 1 << (31 - Math.clz32(buckets));
    const bucket = hash & (2 * level - 1);
    return this.#bucketAt(bucket >= buckets ? bucket & (level - 1) : bucket);
  }

  /**
   * The reference of the record with this key, 0 if there is none. Sets
   * {@linkcode slot} and {@linkcode bucket}. Safe without the lock: what it
   * returns then counts only if the version stripe did not change.
   */
  find(hash: number, key: Bytes, at: number, length: number): number {
    const words = this.#words;
    const pattern = Math.imul(tagOf(hash), 0x01010101);
    let bucket = this.bucketOf(hash);
    for (let hop = 0; hop < HOPS_MAX; hop++) {
      for (let group = 1; group <= 3; group++) {
        const x = words[bucket + group] ^ pattern;
        // Exactly the zero bytes of x get their top bit.
        let match = ~(((x & 0x7f7f7f7f) + 0x7f7f7f7f) | x | 0x7f7f7f7f);
        while (match !== 0) {
          const byte = (31 - Math.clz32(match & -match)) >> 3;
          match &= match - 1;
          const slot = bucket + (group << 2) + byte;
          const reference = words[slot];
          if (this.#hasKey(reference, key, at, length)) {
            this.slot = slot;
            this.bucket = bucket;
            return reference;
          }
        }
      }
      if ((words[bucket] & LINKED) === 0) return 0;
      bucket = this.#overflowAt(words[bucket + SLOT_WORDS + LAST_SLOT]);
    }
    return 0;
  }

  /** A reference in this one bucket whose tag is that of the hash, else 0;
   * for what looks ahead: it needs no lock and promises nothing. */
  likely(bucket: number, hash: number): number {
    const words = this.#words;
    const pattern = Math.imul(tagOf(hash), 0x01010101);
    for (let group = 1; group <= 3; group++) {
      const x = words[bucket + group] ^ pattern;
      const match = ~(((x & 0x7f7f7f7f) + 0x7f7f7f7f) | x | 0x7f7f7f7f);
      if (match === 0) continue;
      const byte = (31 - Math.clz32(match & -match)) >> 3;
      return words[bucket + (group << 2) + byte];
    }
    return 0;
  }

  #hasKey(
    reference: number,
    key: Bytes,
    at: number,
    length: number,
  ): boolean {
    const words = this.#words;
    if (reference <= 0 || reference >= words.length - 1) return false;
    if ((words[reference] & KEY_LENGTH_MASK) !== length) return false;
    let word = this.#records.keyWord(reference);
    if (word < 0 || word + ((length + 3) >>> 2) > words.length) return false;
    const view = key.view;
    for (const end = at + (length & ~3); at < end; at += 4) {
      if (words[word++] !== view.getInt32(at, true)) return false;
    }
    const tail = length & 3;
    return tail === 0 ||
      ((words[word] ^ view.getInt32(at, true)) & TAIL_MASK[tail]) === 0;
  }

  /** Sets {@linkcode slot} to the one that holds `reference`, by its hash. */
  locate(hash: number, reference: number): boolean {
    const words = this.#words;
    let bucket = this.bucketOf(hash);
    for (let hop = 0; hop < HOPS_MAX; hop++) {
      const linked = (words[bucket] & LINKED) !== 0;
      const first = bucket + SLOT_WORDS;
      const last = first + (linked ? LAST_SLOT - 1 : LAST_SLOT);
      for (let slot = first; slot <= last; slot++) {
        if (words[slot] === reference) {
          this.slot = slot;
          this.bucket = bucket;
          return true;
        }
      }
      if (!linked) return false;
      bucket = this.#overflowAt(words[first + LAST_SLOT]);
    }
    return false;
  }

  /** Hits (0..3) counted for the slot found last. */
  accessBits(): number {
    return this.#bitsOf(this.bucket, this.slot - this.bucket - SLOT_WORDS);
  }

  setAccessBits(bits: number): void {
    const shift = (this.slot - this.bucket - SLOT_WORDS) << 1;
    this.clearBits(this.bucket, 3 << shift);
    if (bits !== 0) this.setBits(this.bucket, bits << shift);
  }

  /** Counts a hit on the slot found last, unless it is saturated. */
  countAccess(): void {
    const shift = (this.slot - this.bucket - SLOT_WORDS) << 1;
    const before = this.#words[this.bucket];
    if (((before >>> shift) & 3) !== 3) {
      this.replaceBits(this.bucket, before, before + (1 << shift));
    }
  }

  #bitsOf(bucket: number, slot: number): number {
    return (this.#words[bucket] >>> (slot << 1)) & 3;
  }

  /** Points the slot found last at another record of the same key. */
  redirect(reference: number): void {
    this.#words[this.slot] = reference;
  }

  /** Adds a record; a page must be free if the chain has to grow. */
  link(hash: number, reference: number, bits: number): void {
    const words = this.#words;
    let bucket = this.bucketOf(hash);
    while ((words[bucket] & LINKED) !== 0) {
      const slot = this.#emptySlot(bucket, LAST_SLOT);
      if (slot >= 0) return this.#put(bucket, slot, hash, reference, bits);
      bucket = this.#overflowAt(words[bucket + SLOT_WORDS + LAST_SLOT]);
    }
    const slot = this.#emptySlot(bucket, BUCKET_SLOTS);
    if (slot >= 0) return this.#put(bucket, slot, hash, reference, bits);
    const number = this.#takeOverflow();
    const next = this.#overflowAt(number);
    // The last slot becomes the link; what it held moves on.
    this.#moveSlot(bucket, LAST_SLOT, next, 0);
    words[bucket + SLOT_WORDS + LAST_SLOT] = number;
    this.setBits(bucket, LINKED);
    this.#put(next, 1, hash, reference, bits);
  }

  #emptySlot(bucket: number, slots: number): number {
    const first = bucket + SLOT_WORDS;
    for (let slot = 0; slot < slots; slot++) {
      if (this.#words[first + slot] === 0) return slot;
    }
    return -1;
  }

  #put(
    bucket: number,
    slot: number,
    hash: number,
    reference: number,
    bits: number,
  ): void {
    this.clearBits(bucket, 3 << (slot << 1));
    if (bits !== 0) this.setBits(bucket, bits << (slot << 1));
    this.#setTag(bucket, slot, tagOf(hash));
    this.#words[bucket + SLOT_WORDS + slot] = reference;
    this.slot = bucket + SLOT_WORDS + slot;
    this.bucket = bucket;
  }

  #setTag(bucket: number, slot: number, tag: number): void {
    const word = bucket + 1 + (slot >> 2);
    const shift = (slot & 3) << 3;
    this.#words[word] = (this.#words[word] & ~(0xff << shift)) | (tag << shift);
  }

  #tagAt(bucket: number, slot: number): number {
    return (this.#words[bucket + 1 + (slot >> 2)] >>> ((slot & 3) << 3)) & 0xff;
  }

  #moveSlot(from: number, slot: number, to: number, target: number): void {
    const words = this.#words;
    const bits = this.#bitsOf(from, slot);
    this.clearBits(to, 3 << (target << 1));
    if (bits !== 0) this.setBits(to, bits << (target << 1));
    this.#setTag(to, target, this.#tagAt(from, slot));
    words[to + SLOT_WORDS + target] = words[from + SLOT_WORDS + slot];
    this.#clear(from, slot);
  }

  #clear(bucket: number, slot: number): void {
    this.#words[bucket + SLOT_WORDS + slot] = 0;
    this.#setTag(bucket, slot, 0);
    this.clearBits(bucket, 3 << (slot << 1));
  }

  /** Empties the slot found last; the last entry of the chain fills the hole,
   * so that overflow buckets come free again. */
  unlink(hash: number): void {
    const words = this.#words;
    const hole = this.slot - this.bucket - SLOT_WORDS;
    this.#clear(this.bucket, hole);
    let previous = 0, number = 0;
    let bucket = this.bucketOf(hash);
    while ((words[bucket] & LINKED) !== 0) {
      previous = bucket;
      number = words[bucket + SLOT_WORDS + LAST_SLOT];
      bucket = this.#overflowAt(number);
    }
    if (previous === 0) return;
    let last = this.#lastUsed(bucket);
    if (last >= 0 && bucket !== this.bucket) {
      this.#moveSlot(bucket, last, this.bucket, hole);
      last = this.#lastUsed(bucket);
    }
    if (last >= 0) return;
    words[previous + SLOT_WORDS + LAST_SLOT] = 0;
    this.clearBits(previous, LINKED);
    this.#freeOverflow(number);
  }

  #lastUsed(bucket: number): number {
    let slot = LAST_SLOT;
    while (slot >= 0 && this.#words[bucket + SLOT_WORDS + slot] === 0) slot--;
    return slot;
  }

  // ---- overflow buckets and index pages ----

  #addBucketPage(): void {
    this.#bucketPages[this.#control[C_BUCKET_PAGES]++] = this.#newIndexPage();
  }

  #newIndexPage(): number {
    const page = this.#pool.take(KIND_INDEX);
    const word = page << this.#memory.pageShift;
    this.#words.fill(0, word, word + (this.#memory.pageBytes >>> 2));
    return word;
  }

  #takeOverflow(): number {
    const control = this.#control;
    control[C_OVERFLOW_USED]++;
    const free = control[C_OVERFLOW_FREE];
    if (free !== 0) {
      const word = this.#overflowAt(free);
      control[C_OVERFLOW_FREE] = this.#words[word + SLOT_WORDS];
      this.#words.fill(0, word, word + BUCKET_WORDS);
      return free;
    }
    if ((control[C_OVERFLOW_LAST] & (this.#pageBuckets - 1)) === 0) {
      this.#overflowPages[control[C_OVERFLOW_PAGES]++] = this.#newIndexPage();
    }
    return ++control[C_OVERFLOW_LAST];
  }

  // A free overflow bucket keeps the next free number in its first slot.
  #freeOverflow(number: number): void {
    const word = this.#overflowAt(number);
    this.#words.fill(0, word, word + BUCKET_WORDS);
    this.#words[word + SLOT_WORDS] = this.#control[C_OVERFLOW_FREE];
    this.#control[C_OVERFLOW_FREE] = number;
    this.#control[C_OVERFLOW_USED]--;
    if (this.#control[C_OVERFLOW_USED] === 0) this.#dropOverflowPages();
  }

  #dropOverflowPages(): void {
    const control = this.#control;
    for (let i = 0; i < control[C_OVERFLOW_PAGES]; i++) {
      this.#pool.releaseIndexPage(
        this.#overflowPages[i] >>> this.#memory.pageShift,
      );
      this.#overflowPages[i] = 0;
    }
    control[C_OVERFLOW_PAGES] = 0;
    control[C_OVERFLOW_LAST] = 0;
    control[C_OVERFLOW_FREE] = 0;
  }

  // ---- growing and shrinking ----

  /** Divides one bucket into two. */
  split(): void {
    if (this.growth.splitNeedsPage()) this.#addBucketPage();
    const count = this.#drain(this.#bucketAt(this.growth.splitBucket()), 0);
    this.#control[C_BUCKETS]++;
    this.#relink(count);
    this.#memory.totals[T_SPLITS]++;
  }

  /** Joins the last bucket with the one it was split from. */
  merge(): void {
    const last = this.#control[C_BUCKETS] - 1;
    let count = this.#drain(this.#bucketAt(last), 0);
    count = this.#drain(this.#bucketAt(this.growth.mergeBucket()), count);
    this.#control[C_BUCKETS] = last;
    this.#relink(count);
    if ((last & (this.#pageBuckets - 1)) === 0) {
      const index = --this.#control[C_BUCKET_PAGES];
      const word = this.#bucketPages[index];
      // Readers without lock may still look here: the number stays in bounds.
      this.#bucketPages[index] = 0;
      this.#pool.releaseIndexPage(word >>> this.#memory.pageShift);
    }
    this.#memory.totals[T_MERGES]++;
  }

  /** Free overflow buckets and room in new pages that a merge may need. */
  mergeNeedsPage(): boolean {
    return this.#control[C_OVERFLOW_FREE] === 0;
  }

  // Empties a chain into #entries from `count` on; returns the new count.
  #drain(bucket: number, count: number): number {
    const words = this.#words;
    let number = 0;
    for (;;) {
      const linked = (words[bucket] & LINKED) !== 0;
      const slots = linked ? LAST_SLOT : BUCKET_SLOTS;
      for (let slot = 0; slot < slots; slot++) {
        const reference = words[bucket + SLOT_WORDS + slot];
        if (reference === 0) continue;
        assert(count < CHAIN_ENTRIES_MAX, "An index chain is too long");
        this.#entryBits[count] = this.#bitsOf(bucket, slot);
        this.#entries[count++] = reference;
      }
      const next = linked ? words[bucket + SLOT_WORDS + LAST_SLOT] : 0;
      if (number !== 0) this.#freeOverflow(number);
      else {
        words.fill(0, bucket + 1, bucket + BUCKET_WORDS);
        this.clearBits(bucket, -1);
      }
      if (!linked) return count;
      number = next;
      bucket = this.#overflowAt(number);
    }
  }

  #relink(count: number): void {
    for (let i = 0; i < count; i++) {
      const reference = this.#entries[i];
      this.link(this.#records.hash(reference), reference, this.#entryBits[i]);
    }
  }

  bucketCount(): number {
    return this.#control[C_BUCKETS];
  }

  /** Calls `visit` with each reference in the chains of buckets from..to-1. */
  forEach(
    from: number,
    to: number,
    visit: (reference: number) => void,
  ): void {
    const words = this.#words;
    for (let b = from; b < to && b < this.#control[C_BUCKETS]; b++) {
      let bucket = this.#bucketAt(b);
      for (;;) {
        const linked = (words[bucket] & LINKED) !== 0;
        const slots = linked ? LAST_SLOT : BUCKET_SLOTS;
        for (let slot = 0; slot < slots; slot++) {
          const reference = words[bucket + SLOT_WORDS + slot];
          if (reference !== 0) visit(reference);
        }
        if (!linked) break;
        bucket = this.#overflowAt(words[bucket + SLOT_WORDS + LAST_SLOT]);
      }
    }
  }
}
