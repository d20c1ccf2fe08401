/**
 * Owns what a shard counts about its items: by virtual slab class and in
 * total. Never changes an item.
 *
 * @module
 */
import * as layout from "./layout.ts";
import type { ShardMemory } from "./memory.ts";
import type { Records } from "./records.ts";
import type { SlabClasses } from "./slab_classes.ts";
import * as slabClasses from "./slab_classes.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const {
  C_ITEMS,
  CLASS_BYTES,
  CLASS_COLUMNS,
  CLASS_EVICTED,
  CLASS_EVICTED_AGE,
  CLASS_EVICTED_NONZERO,
  CLASS_EVICTED_UNFETCHED,
  CLASS_EXPIRED_UNFETCHED,
  CLASS_ITEMS,
  CLASS_OUT_OF_MEMORY,
  CLASS_RECLAIMED,
  FETCHED,
  LAST_ACCESS_SHIFT,
  T_EVICTED_ACTIVE,
  T_EVICTED_UNFETCHED,
  T_EVICTIONS,
  T_EXPIRED_UNFETCHED,
  T_RECLAIMED,
  T_TOTAL_ITEMS,
} = layout;
const { memcachedItemBytes } = slabClasses;

/** The counts of one shard. Invariant: CLASS_ITEMS sums to C_ITEMS. */
export class Ledger {
  readonly #records: Records;
  readonly #slabs: SlabClasses;
  readonly #classes: Float64Array;
  readonly #totals: Float64Array;
  readonly #control: Int32Array;
  readonly #useCas: boolean;

  constructor(
    memory: ShardMemory,
    records: Records,
    slabs: SlabClasses,
    useCas: boolean,
  ) {
    this.#records = records;
    this.#slabs = slabs;
    this.#classes = memory.classes;
    this.#totals = memory.totals;
    this.#control = memory.control;
    this.#useCas = useCas;
  }

  /** Bytes that memcached would count for this item. */
  itemBytes(reference: number): number {
    const records = this.#records;
    return memcachedItemBytes(
      records.keyLength(reference),
      records.valueLength(reference),
      records.clientFlags(reference),
      this.#useCas,
    );
  }

  /** Virtual slab class of an item. */
  classOf(reference: number): number {
    return this.#slabs.classOf(this.itemBytes(reference));
  }

  /** Virtual slab class of an item with these sizes. */
  classFor(keyLength: number, valueLength: number, flags: number): number {
    return this.#slabs.classOf(
      memcachedItemBytes(keyLength, valueLength, flags, this.#useCas),
    );
  }

  /** Counts an item that was stored. */
  add(reference: number): void {
    const bytes = this.itemBytes(reference);
    const row = this.#slabs.classOf(bytes) * CLASS_COLUMNS;
    this.#classes[row + CLASS_ITEMS]++;
    this.#classes[row + CLASS_BYTES] += bytes;
    this.#control[C_ITEMS]++;
    this.#totals[T_TOTAL_ITEMS]++;
  }

  /** Counts an item that was unlinked. */
  remove(reference: number): void {
    const bytes = this.itemBytes(reference);
    const row = this.#slabs.classOf(bytes) * CLASS_COLUMNS;
    this.#classes[row + CLASS_ITEMS]--;
    this.#classes[row + CLASS_BYTES] -= bytes;
    this.#control[C_ITEMS]--;
  }

  /** Counts an item that was stored in the place of one of the same size. */
  overwrite(): void {
    this.#totals[T_TOTAL_ITEMS]++;
  }

  /** Counts the eviction of an item that is still linked. */
  evict(reference: number, now: number): void {
    const row = this.classOf(reference) * CLASS_COLUMNS;
    const first = this.#records.words[reference];
    this.#totals[T_EVICTIONS]++;
    this.#classes[row + CLASS_EVICTED]++;
    this.#classes[row + CLASS_EVICTED_AGE] =
      (now - (first >>> LAST_ACCESS_SHIFT)) & 0xffff;
    if (this.#records.expiry(reference) !== 0) {
      this.#classes[row + CLASS_EVICTED_NONZERO]++;
    }
    if ((first & FETCHED) !== 0) this.#totals[T_EVICTED_ACTIVE]++;
    else {
      this.#totals[T_EVICTED_UNFETCHED]++;
      this.#classes[row + CLASS_EVICTED_UNFETCHED]++;
    }
  }

  /** Counts an expired or flushed item whose place is used again. */
  reclaim(reference: number): void {
    const row = this.classOf(reference) * CLASS_COLUMNS;
    this.#totals[T_RECLAIMED]++;
    this.#classes[row + CLASS_RECLAIMED]++;
    if ((this.#records.words[reference] & FETCHED) !== 0) return;
    this.#totals[T_EXPIRED_UNFETCHED]++;
    this.#classes[row + CLASS_EXPIRED_UNFETCHED]++;
  }

  /** Counts a store over an expired or flushed item that is gone already. */
  reclaimInto(itemBytes: number): void {
    const row = this.#slabs.classOf(itemBytes) * CLASS_COLUMNS;
    this.#totals[T_RECLAIMED]++;
    this.#classes[row + CLASS_RECLAIMED]++;
  }

  /** Counts a store that found no memory. */
  outOfMemory(itemBytes: number): void {
    const row = this.#slabs.classOf(itemBytes) * CLASS_COLUMNS;
    this.#classes[row + CLASS_OUT_OF_MEMORY]++;
  }

  /** Sets the counters back that `stats reset` sets back. */
  reset(): void {
    for (
      const total of [
        T_TOTAL_ITEMS,
        T_EVICTIONS,
        T_EVICTED_UNFETCHED,
        T_EVICTED_ACTIVE,
        T_EXPIRED_UNFETCHED,
        T_RECLAIMED,
      ]
    ) this.#totals[total] = 0;
    for (let i = 0; i < this.#classes.length; i++) {
      const column = i % CLASS_COLUMNS;
      if (column > CLASS_BYTES) this.#classes[i] = 0;
    }
  }
}
