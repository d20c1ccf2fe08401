/**
 * Owns the table: its shards, which of them a key belongs to, and what is
 * asked of all of them at once. The only door to this folder. Never knows a
 * protocol, never reads a clock, never draws a random number.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import * as hash from "../base/hash.ts";
import { Arithmetic } from "./arithmetic.ts";
import type { Geometry } from "./geometry.ts";
import * as geometry from "./geometry.ts";
import * as layout from "./layout.ts";
import type { ShardBuffers } from "./memory.ts";
import * as memory from "./memory.ts";
import { Placer } from "./placer.ts";
import { Prefetch } from "./prefetch.ts";
import type { Shard, ShardOptions } from "./shard.ts";
import * as shard from "./shard.ts";
import { SlabClasses } from "./slab_classes.ts";
import * as slabClasses from "./slab_classes.ts";
import type { SlabOptions } from "./slab_classes.ts";
import { Uploads } from "./uploads.ts";
import { Writer } from "./writer.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { hashBytes } = hash;
const { computeGeometry, shardOf, usablePages } = geometry;
const {
  C_BUCKET_PAGES,
  C_ITEMS,
  C_OVERFLOW_PAGES,
  C_PAGES_USED,
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
  SLAB_CLASSES_MAX,
  T_EVICTED_ACTIVE,
  T_EVICTED_UNFETCHED,
  T_EVICTIONS,
  T_EXPIRED_UNFETCHED,
  T_LIMIT_BYTES,
  T_LIVE_BYTES,
  T_RECLAIMED,
  T_SEQUENCE,
  T_SWEPT_ITEMS,
  T_TOTAL_ITEMS,
  TOTALS,
} = layout;
const { allocateShard } = memory;
const { createShard } = shard;
const { SLAB_OPTIONS_DEFAULT } = slabClasses;

export * from "./results.ts";
export { FETCHED, STALE, TOKEN_SENT } from "./layout.ts";
export { Exporter } from "./exporter.ts";
export { type ImportCounts, Importer } from "./importer.ts";
export { ITEM_HEAD_BYTES_MAX, SnapshotError } from "./snapshot_items.ts";
export { StoreRequest } from "./writer.ts";
export { SLAB_OPTIONS_DEFAULT, SlabClasses } from "./slab_classes.ts";
export type { SlabOptions } from "./slab_classes.ts";
export type { ShardBuffers } from "./memory.ts";
export type { Prefetch } from "./prefetch.ts";

/** What a table is made from. */
export interface StoreOptions {
  /** Everything in the table together: items, index, ghost, page tables. */
  limitBytes: number;
  /** Largest value. */
  itemBytesMax: number;
  /** False for `-M`: when full, stores fail instead of evicting. */
  evicts: boolean;
  /** False for `-C`. */
  useCas: boolean;
  /** int32, drawn at random by whoever creates the table. */
  hashSeed: number;
  /** Whether to reserve address space so that the limit can be raised. */
  growable: boolean;
  /** 0..1, see `storage.md` 1.5; 0.5 unless the operator says otherwise. */
  sizeBias: number;
  slabs: SlabOptions;
}

export const STORE_OPTIONS_DEFAULT: StoreOptions = {
  limitBytes: 64 * 1024 * 1024,
  itemBytesMax: 1024 * 1024,
  evicts: true,
  useCas: true,
  hashSeed: 0,
  growable: true,
  sizeBias: 0.5,
  slabs: SLAB_OPTIONS_DEFAULT,
};

/** One shard with everything that works on it. */
export class Partition {
  readonly shard: Shard;
  readonly placer: Placer;
  readonly writer: Writer;
  readonly arithmetic: Arithmetic;
  readonly uploads: Uploads;

  constructor(shard: Shard, itemBytesMax: number, owner: number) {
    this.shard = shard;
    this.placer = new Placer(shard);
    this.writer = new Writer(shard, this.placer, itemBytesMax);
    this.arithmetic = new Arithmetic(shard, this.placer);
    this.uploads = new Uploads(shard, this.placer, this.writer, owner);
  }
}

/** Where a walk over all items stands. */
export interface WalkCursor {
  partition: number;
  bucket: number;
}

/** Sums over all shards. */
export interface StoreSummary {
  items: number;
  liveBytes: number;
  indexBytes: number;
  totalItems: number;
  evictions: number;
  evictedUnfetched: number;
  evictedActive: number;
  expiredUnfetched: number;
  reclaimed: number;
  sweptItems: number;
}

/** Sums over all shards for one virtual slab class. */
export interface ClassSummary {
  slabClass: number;
  chunkBytes: number;
  chunksPerPage: number;
  items: number;
  bytes: number;
  evicted: number;
  evictedNonzero: number;
  /** Seconds since the last access of the item evicted last. */
  evictedAge: number;
  evictedUnfetched: number;
  expiredUnfetched: number;
  reclaimed: number;
  outOfMemory: number;
}

/** Sums by the names of `layout.ts`. */
export interface RawTotals {
  items: number;
  liveBytes: number;
  indexBytes: number;
  totals: Float64Array;
  classes: Float64Array;
}

/** The table. */
export class Store {
  readonly options: StoreOptions;
  readonly geometry: Geometry;
  readonly slabs: SlabClasses;
  readonly partitions: readonly Partition[];
  readonly #shift: number;
  readonly #seed: number;

  /** Builds a table over partitions made by {@linkcode createStore}. */
  constructor(
    options: StoreOptions,
    geometry: Geometry,
    slabs: SlabClasses,
    partitions: readonly Partition[],
  ) {
    this.options = options;
    this.geometry = geometry;
    this.slabs = slabs;
    this.partitions = partitions;
    this.#shift = Math.clz32(partitions.length);
    this.#seed = options.hashSeed;
  }

  /** The hash of a key. */
  hash(key: Bytes, at: number, length: number): number {
    return hashBytes(key.view, at, length, this.#seed);
  }

  /** The partition of a key, by its hash. */
  partitionOf(hash: number): Partition {
    return this.partitions[shardOf(hash, this.#shift)];
  }

  /** Makes what loads ahead for up to `keysMax` keys of this table. */
  createPrefetch(keysMax: number): Prefetch {
    return new Prefetch(this.partitions.map(({ shard }) => shard), keysMax);
  }

  get limitBytes(): number {
    return this.partitions[0].shard.memory.totals[T_LIMIT_BYTES];
  }

  /** Invalidates every item that is stored now. */
  flush(): void {
    for (const { shard } of this.partitions) {
      shard.lock();
      shard.flush();
      shard.unlock();
    }
  }

  /**
   * Background work, at most `maxRecords` records of each shard; true if
   * there may be more to do.
   */
  sweep(maxRecords: number, now: number): boolean {
    let more = false;
    for (const { shard } of this.partitions) {
      shard.lock();
      if (shard.sweep(maxRecords, now)) more = true;
      shard.unlock();
    }
    return more;
  }

  /**
   * Changes the limit; false if there is no address space for it, or not
   * even a few pages would be left.
   */
  setLimit(limitBytes: number): boolean {
    const { geometry } = this;
    const pages = usablePages(
      limitBytes / geometry.shardCount,
      geometry.pageBytes,
      geometry.ghostBuckets,
      geometry.stripeCopies,
    );
    if (pages > geometry.pagesMax || pages < 16) return false;
    this.partitions[0].shard.memory.totals[T_LIMIT_BYTES] = limitBytes;
    for (const { shard } of this.partitions) {
      shard.lock();
      shard.setUsablePages(pages);
      shard.unlock();
    }
    return true;
  }

  /** Visits the items of up to `buckets` index buckets; false at the end. */
  walk(
    cursor: WalkCursor,
    buckets: number,
    visit: (shard: Shard, reference: number) => void,
  ): boolean {
    if (cursor.partition >= this.partitions.length) return false;
    const { shard } = this.partitions[cursor.partition];
    shard.lock();
    const end = cursor.bucket + buckets;
    shard.index.forEach(cursor.bucket, end, (reference) => {
      visit(shard, reference);
    });
    cursor.bucket = end;
    if (end >= shard.index.bucketCount()) {
      cursor.bucket = 0;
      cursor.partition++;
    }
    shard.unlock();
    return cursor.partition < this.partitions.length;
  }

  /** The number from which the newest CAS ids of the table were made. */
  sequence(): number {
    return Math.max(
      ...this.partitions.map(({ shard }) => shard.memory.totals[T_SEQUENCE]),
    );
  }

  /** From now on CAS ids are above those made up to this number. */
  raiseSequence(sequence: number): void {
    for (const { shard } of this.partitions) {
      shard.lock();
      const { totals } = shard.memory;
      totals[T_SEQUENCE] = Math.max(totals[T_SEQUENCE], sequence);
      shard.unlock();
    }
  }

  /** Items in the table, expired ones that nobody met included. */
  itemCount(): number {
    let items = 0;
    for (const { shard } of this.partitions) {
      items += shard.memory.control[C_ITEMS];
    }
    return items;
  }

  /** The counts of all shards, summed. */
  summary(): StoreSummary {
    const sums = this.rawTotals();
    const { totals } = sums;
    return {
      items: sums.items,
      liveBytes: sums.liveBytes,
      indexBytes: sums.indexBytes,
      totalItems: totals[T_TOTAL_ITEMS],
      evictions: totals[T_EVICTIONS],
      evictedUnfetched: totals[T_EVICTED_UNFETCHED],
      evictedActive: totals[T_EVICTED_ACTIVE],
      expiredUnfetched: totals[T_EXPIRED_UNFETCHED],
      reclaimed: totals[T_RECLAIMED],
      sweptItems: totals[T_SWEPT_ITEMS],
    };
  }

  /** The counts of every virtual slab class, summed over all shards. */
  classSummary(): ClassSummary[] {
    const { classes } = this.rawTotals();
    const list: ClassSummary[] = [];
    for (let slabClass = 1; slabClass <= this.slabs.largest; slabClass++) {
      const row = slabClass * CLASS_COLUMNS;
      list.push({
        slabClass,
        chunkBytes: this.slabs.chunkBytes[slabClass],
        chunksPerPage: this.slabs.chunksPerPage(slabClass),
        items: classes[row + CLASS_ITEMS],
        bytes: classes[row + CLASS_BYTES],
        evicted: classes[row + CLASS_EVICTED],
        evictedNonzero: classes[row + CLASS_EVICTED_NONZERO],
        evictedAge: classes[row + CLASS_EVICTED_AGE],
        evictedUnfetched: classes[row + CLASS_EVICTED_UNFETCHED],
        expiredUnfetched: classes[row + CLASS_EXPIRED_UNFETCHED],
        reclaimed: classes[row + CLASS_RECLAIMED],
        outOfMemory: classes[row + CLASS_OUT_OF_MEMORY],
      });
    }
    return list;
  }

  /** The totals and class rows by the names of `layout.ts`, for benches. */
  rawTotals(): RawTotals {
    const sums: RawTotals = {
      items: 0,
      liveBytes: 0,
      indexBytes: 0,
      totals: new Float64Array(TOTALS),
      classes: new Float64Array(SLAB_CLASSES_MAX * CLASS_COLUMNS),
    };
    for (const { shard } of this.partitions) {
      const { control, totals, classes, pageBytes } = shard.memory;
      sums.items += control[C_ITEMS];
      sums.liveBytes += totals[T_LIVE_BYTES];
      sums.indexBytes += pageBytes *
        (control[C_BUCKET_PAGES] + control[C_OVERFLOW_PAGES]);
      for (let i = 0; i < TOTALS; i++) sums.totals[i] += totals[i];
      for (let i = 0; i < classes.length; i++) sums.classes[i] += classes[i];
    }
    return sums;
  }

  /** Pages in use, index included. */
  pagesUsed(): number {
    let pages = 0;
    for (const { shard } of this.partitions) {
      pages += shard.memory.control[C_PAGES_USED];
    }
    return pages;
  }

  /** Sets back what `stats reset` sets back. */
  resetCounters(): void {
    for (const { shard } of this.partitions) {
      shard.lock();
      shard.ledger.reset();
      shard.unlock();
    }
  }
}

/** The options that every shard of a table shares. */
export function shardOptions(
  options: StoreOptions,
  geometry: Geometry,
  slabs: SlabClasses,
): ShardOptions {
  return {
    geometry,
    slabs,
    hashSeed: options.hashSeed,
    evicts: options.evicts,
    useCas: options.useCas,
    sizeBias: options.sizeBias,
  };
}

/** Creates an empty table for one thread: plain buffers, no locks. */
export function createStore(given: Partial<StoreOptions> = {}): Store {
  const options = { ...STORE_OPTIONS_DEFAULT, ...given };
  const geometry = computeGeometry({
    limitBytes: options.limitBytes,
    itemBytesMax: options.itemBytesMax,
    threads: 1,
    growable: options.growable,
  });
  const slabs = new SlabClasses(options.slabs);
  const partitions: Partition[] = [];
  for (let i = 0; i < geometry.shardCount; i++) {
    const buffers: ShardBuffers = allocateShard(geometry, false);
    const shard = createShard(shardOptions(options, geometry, slabs), buffers);
    shard.initialize();
    partitions.push(new Partition(shard, options.itemBytesMax, 0));
  }
  setFirstLimit(partitions, options.limitBytes);
  return new Store(options, geometry, slabs, partitions);
}

/** Notes the limit of a table that was just laid out. */
export function setFirstLimit(
  partitions: readonly Partition[],
  limitBytes: number,
): void {
  partitions[0].shard.memory.totals[T_LIMIT_BYTES] = limitBytes;
}
