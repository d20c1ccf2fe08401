/**
 * Owns when the index grows and shrinks, and which bucket is next. Never
 * touches a bucket.
 *
 * The order is that of linear hashing (W. Litwin, "Linear Hashing", VLDB
 * 1980): with b buckets and 2^l <= b < 2^(l+1), bucket b - 2^l is split next.
 *
 * @module
 */
import * as layout from "./layout.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { C_BUCKET_PAGES, C_BUCKETS, C_ITEMS, STRIPES } = layout;

/** Items per bucket before the next split, and below which buckets merge. */
const SPLIT_LOAD = 11.4;
const MERGE_LOAD = 0.55 * 11;

/** The growth of one shard's index. */
export class IndexGrowth {
  readonly #control: Int32Array;
  readonly #pageBuckets: number;

  /** @param pageBuckets buckets in a page, a power of two */
  constructor(control: Int32Array, pageBuckets: number) {
    this.#control = control;
    this.#pageBuckets = pageBuckets;
  }

  /** Whether a bucket should be split now. */
  wantsSplit(): boolean {
    return this.#control[C_ITEMS] > this.#control[C_BUCKETS] * SPLIT_LOAD;
  }

  /** Whether the next split needs a page. */
  splitNeedsPage(): boolean {
    return this.#control[C_BUCKETS] >=
      this.#control[C_BUCKET_PAGES] * this.#pageBuckets;
  }

  /** Whether two buckets should be merged now. */
  wantsMerge(): boolean {
    const buckets = this.#control[C_BUCKETS];
    return buckets > STRIPES && buckets > this.#pageBuckets &&
      this.#control[C_ITEMS] < buckets * MERGE_LOAD;
  }

  /** The bucket that the next split divides: its low bits are its stripe. */
  splitBucket(): number {
    const buckets = this.#control[C_BUCKETS];
    return buckets - (1 << (31 - Math.clz32(buckets)));
  }

  /** The bucket that the next merge adds to. */
  mergeBucket(): number {
    const last = this.#control[C_BUCKETS] - 1;
    return last - (1 << (31 - Math.clz32(last)));
  }
}
