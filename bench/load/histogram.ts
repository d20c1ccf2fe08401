/**
 * Owns a log-linear histogram of latencies in microseconds: 64 steps for each
 * power of two, so an error of 1.6 % at most. Never allocates after creation.
 *
 * @module
 */

const STEP_BITS = 6;
const STEPS = 1 << STEP_BITS;
/** Powers of two above the first 64 µs: up to 2^31 µs. */
const ROWS = 26;

/** Latencies of one run. */
export class Histogram {
  readonly #counts = new Float64Array(STEPS * (ROWS + 1));
  #total = 0;
  #maxUs = 0;

  /** Counts one latency. */
  add(us: number): void {
    const whole = us < 0 ? 0 : us | 0;
    if (whole > this.#maxUs) this.#maxUs = whole;
    this.#counts[bucketOf(whole)]++;
    this.#total++;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.#maxUs = 0;
  }

  get maxUs(): number {
    return this.#maxUs;
  }

  /** The latency that `share` (0..1) of all requests did not exceed. */
  percentileUs(share: number): number {
    const wanted = Math.max(1, Math.ceil(this.#total * share));
    let seen = 0;
    for (let i = 0; i < this.#counts.length; i++) {
      seen += this.#counts[i];
      if (seen >= wanted) return Math.min(upperUs(i), this.#maxUs);
    }
    return this.#maxUs;
  }
}

// Below 64 one bucket a microsecond; above, the row is the power of two.
function bucketOf(us: number): number {
  if (us < STEPS) return us;
  const row = 31 - Math.clz32(us) - STEP_BITS + 1;
  const bucket = row * STEPS + ((us >>> (row - 1)) - STEPS);
  return bucket;
}

/** The largest latency that falls into a bucket. */
function upperUs(bucket: number): number {
  if (bucket < STEPS) return bucket;
  const row = Math.floor(bucket / STEPS);
  const step = bucket % STEPS;
  return (STEPS + step + 1) * 2 ** (row - 1) - 1;
}
