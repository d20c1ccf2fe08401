/**
 * Owns the arithmetic that turns `-m` and its neighbours into shards, pages
 * and table sizes. Never allocates.
 *
 * @module
 */
import * as layout from "./layout.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const {
  CLASS_COLUMNS,
  CONTROL_WORDS,
  OPEN_SEGMENTS,
  SLAB_CLASSES_MAX,
  STRIPE_COPIES_MAX,
  STRIPES,
  TOTALS,
} = layout;

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const PAGE_BYTES_MIN = 16 * 1024;
const PAGE_BYTES_MAX = MIB;
/** A page is this part of its shard. */
const PAGES_PER_SHARD = 1024;
/** The ghost gets this part of a shard. */
const GHOST_SHARE = 128;
/** One ghost bucket: eight 16-bit fingerprints and a position byte. */
export const GHOST_BUCKET_BYTES = 17;
/** What a shard is given by `-m`, at most, but for a large `-I`... */
const SHARD_BYTES_MAX = GIB;
const LARGE_ITEM_BYTES = 256 * MIB;
/** ...and what it may grow to: still within int32 byte offsets. */
const SHARD_ADDRESSES_MAX = 2 * GIB;
/** A shard holds at least this many of the largest items, if -m allows. */
const LARGEST_ITEMS_PER_SHARD = 4;
/** With more, fewer threads want the same lock; with fewer, more of what all
 * requests use stays in the caches (`bench/README.md`). */
const SHARDS_PER_THREAD = 2;
/** Address space is reserved for this much growth by `cache_memlimit`... */
const GROWTH = 4;
/** ...but growth alone never reserves more than this. */
const GROWTH_BYTES_MAX = 16 * GIB;

/** Address space beyond the usable pages, for a moment's overdraft: an index
 * that must grow never has to fail. */
const SPARE_PAGES = 8;

/** While a snapshot is loaded, changed keys are remembered in one bit for
 * this many bytes of a shard: about a bit for every item. */
const BYTES_PER_CHANGE_MARK = 64;

/** Words of a shard's change marks, a power of two. They are touched only
 * while a snapshot is loaded, and are not charged to the limit. */
export function changeMarkWords(geometry: Geometry): number {
  const bits = geometry.pagesUsable * geometry.pageBytes /
    BYTES_PER_CHANGE_MARK;
  let words = 1;
  while (words * 2 * 32 <= bits) words *= 2;
  return words;
}

/** Bytes of page-table columns per page (see `memory.ts`). */
export const PAGE_COLUMN_BYTES = 3 + 10 * 4 + 3 * 8;

/** What the geometry is computed from. */
export interface GeometryInput {
  /** The limit for all of it: items, index, ghost, tables. */
  limitBytes: number;
  /** Largest value (`-I`). */
  itemBytesMax: number;
  /** Threads that will write; 1 in the single-threaded mode. */
  threads: number;
  /** Whether address space for growth may be reserved. */
  growable: boolean;
}

/** The sizes of every shard; all shards are equal. */
export interface Geometry {
  shardCount: number;
  pageBytes: number;
  /** Pages a shard may use now, within `limitBytes`. */
  pagesUsable: number;
  /** Pages a shard has address space for. */
  pagesMax: number;
  ghostBuckets: number;
  /** Copies of the version stripes, see `shared_stripes.ts`. */
  stripeCopies: number;
  limitBytes: number;
}

function powerOfTwoAtLeast(value: number): number {
  let power = 1;
  while (power < value) power *= 2;
  return power;
}

/** The lock of a shard has a cache line of its own. */
export const LOCK_LINE_WORDS = 16;

/** Words that threads synchronize by, for each shard: the line of its lock,
 * then the copies of its stripes. */
export function threadWords(stripeCopies: number): number {
  return LOCK_LINE_WORDS + STRIPES * stripeCopies;
}

/** Fixed bytes of a shard's tables, ghost and page columns aside. */
export function fixedTableBytes(stripeCopies: number): number {
  return (CONTROL_WORDS + OPEN_SEGMENTS + threadWords(stripeCopies)) * 4 +
    (TOTALS + SLAB_CLASSES_MAX * CLASS_COLUMNS) * 8;
}

function shardCountFor(input: GeometryInput, reserve: number): number {
  const shardMax = input.itemBytesMax > LARGE_ITEM_BYTES
    ? SHARD_ADDRESSES_MAX
    : SHARD_BYTES_MAX;
  const least = powerOfTwoAtLeast(input.limitBytes / shardMax);
  let count = Math.max(least, powerOfTwoAtLeast(reserve / SHARD_ADDRESSES_MAX));
  if (input.threads > 1) {
    const wanted = Math.min(
      SHARDS_PER_THREAD * input.threads,
      Math.max(1, Math.floor(input.limitBytes / (64 * MIB))),
    );
    count = Math.max(count, powerOfTwoAtLeast(wanted));
  }
  const roomy = input.itemBytesMax * LARGEST_ITEMS_PER_SHARD;
  while (count > least && input.limitBytes / count < roomy) count /= 2;
  return count;
}

/** Pages that fit `shardBytes` together with their tables. */
export function usablePages(
  shardBytes: number,
  pageBytes: number,
  ghostBuckets: number,
  stripeCopies: number,
): number {
  const rest = shardBytes - fixedTableBytes(stripeCopies) -
    ghostBuckets * GHOST_BUCKET_BYTES;
  return Math.floor(rest / (pageBytes + PAGE_COLUMN_BYTES));
}

/**
 * The number of the shard that a hash belongs to, by its top bits.
 *
 * @param shift `Math.clz32` of the number of shards
 */
export function shardOf(hash: number, shift: number): number {
  // By two shifts, because `>>> 32` is `>>> 0`.
  return (hash >>> 1) >>> shift;
}

/** Lays out a table; see `../../shared/design/storage.md`, section 1.1. */
export function computeGeometry(input: GeometryInput): Geometry {
  const growth = input.growable ? GROWTH : 1;
  const reserve = Math.max(
    input.limitBytes,
    Math.min(input.limitBytes * growth, GROWTH_BYTES_MAX),
  );
  const shardCount = shardCountFor(input, reserve);
  const shardBytes = input.limitBytes / shardCount;
  let pageBytes = PAGE_BYTES_MIN;
  while (
    pageBytes < PAGE_BYTES_MAX && pageBytes * 2 * PAGES_PER_SHARD <= shardBytes
  ) pageBytes *= 2;
  let ghostBuckets = 1;
  while (ghostBuckets * 2 * GHOST_BUCKET_BYTES <= shardBytes / GHOST_SHARE) {
    ghostBuckets *= 2;
  }
  const stripeCopies = Math.min(input.threads, STRIPE_COPIES_MAX);
  const pagesUsable = usablePages(
    shardBytes,
    pageBytes,
    ghostBuckets,
    stripeCopies,
  );
  const addresses = Math.min(reserve / shardCount, SHARD_ADDRESSES_MAX);
  const pagesMax = Math.max(
    pagesUsable + SPARE_PAGES,
    Math.floor(addresses / pageBytes),
  );
  return {
    shardCount,
    pageBytes,
    pagesUsable,
    pagesMax,
    ghostBuckets,
    stripeCopies,
    limitBytes: input.limitBytes,
  };
}
