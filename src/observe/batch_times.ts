/**
 * Owns the histogram of how long batches took: buckets of powers of two
 * microseconds, counted without allocation. Never reads a clock.
 *
 * A batch is what one read brought, or up to four of a large value with native
 * I/O. Only a sample of them is timed.
 *
 * @module
 */

/** Bucket i counts times of at most 2^i microseconds; the last one counts all
 * that are longer than the one before it allows (4.2 s). */
export const BATCH_TIME_BUCKETS = 24;

/** One batch of so many is timed, a power of two. Reading the clock twice
 * costs 270 ns (Deno 2.9): 4 ns for each batch. */
export const BATCHES_PER_TIMED = 64;

const SUM = BATCH_TIME_BUCKETS;
/** Numbers that a histogram takes: the buckets and the sum. */
export const BATCH_TIMES_VALUES = BATCH_TIME_BUCKETS + 1;

/** Longer times fall into the last bucket. */
const LONGEST_MICROSECONDS = 2 ** (BATCH_TIME_BUCKETS - 2);

/** The bucket that counts a time. */
export function bucketOf(microseconds: number): number {
  if (microseconds <= 1) return 0;
  if (microseconds > LONGEST_MICROSECONDS) return BATCH_TIME_BUCKETS - 1;
  return 32 - Math.clz32(Math.ceil(microseconds) - 1);
}

/** A histogram of batch times. */
export class BatchTimes {
  /** The buckets, then the sum in microseconds. */
  readonly values: Float64Array;

  constructor(values = new Float64Array(BATCH_TIMES_VALUES)) {
    this.values = values;
  }

  count(microseconds: number): void {
    this.values[bucketOf(microseconds)]++;
    this.values[SUM] += microseconds;
  }

  get sumMicroseconds(): number {
    return this.values[SUM];
  }

  /** Batches that were timed. */
  get total(): number {
    let total = 0;
    for (let i = 0; i < BATCH_TIME_BUCKETS; i++) total += this.values[i];
    return total;
  }

  add(other: BatchTimes): void {
    for (let i = 0; i < BATCH_TIMES_VALUES; i++) {
      this.values[i] += other.values[i];
    }
  }

  subtract(other: BatchTimes): void {
    for (let i = 0; i < BATCH_TIMES_VALUES; i++) {
      this.values[i] -= other.values[i];
    }
  }

  reset(): void {
    this.values.fill(0);
  }

  /** What was counted since `earlier`; everything if it was reset between. */
  since(earlier: BatchTimes): BatchTimes {
    const times = new BatchTimes();
    const wasReset = this.total < earlier.total;
    for (let i = 0; i < BATCH_TIMES_VALUES; i++) {
      times.values[i] = this.values[i] - (wasReset ? 0 : earlier.values[i]);
    }
    return times;
  }

  /**
   * The time in microseconds that a share `q` (0..1) of the batches did not
   * exceed, spread evenly within its bucket as Prometheus does it
   * (histogram_quantile); NaN if nothing was timed.
   */
  quantile(q: number): number {
    const total = this.total;
    if (total === 0) return NaN;
    const rank = q * total;
    let seen = 0;
    for (let i = 0; i < BATCH_TIME_BUCKETS - 1; i++) {
      const here = this.values[i];
      if (here > 0 && seen + here >= rank) {
        const from = i === 0 ? 0 : 2 ** (i - 1);
        return from + (2 ** i - from) * ((rank - seen) / here);
      }
      seen += here;
    }
    return LONGEST_MICROSECONDS;
  }
}
