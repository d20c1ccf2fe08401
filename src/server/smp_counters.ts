/**
 * Owns the counters of all workers of the multi-core mode: where each one's
 * are, their sum, and how they are set back. Never counts.
 *
 * @module
 */
import { Counters, COUNTERS_BYTES } from "../observe/counters.ts";

/** Counters of `workers` workers, of those that are gone, and what is taken
 * off the sum since the last `stats reset`. */
export function allocateCounters(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer((workers + 2) * COUNTERS_BYTES);
}

/** The counters of all workers, as every thread sees them. A worker only ever
 * adds to its own: a reset by somebody else must not get in between, so it
 * notes what to take off instead. */
export class SmpCounters {
  readonly #rows: Counters[] = [];
  readonly #gone: Counters;
  readonly #base: Counters;

  constructor(buffer: SharedArrayBuffer, workers: number) {
    for (let i = 0; i < workers; i++) {
      this.#rows.push(new Counters(buffer, i * COUNTERS_BYTES));
    }
    this.#gone = new Counters(buffer, workers * COUNTERS_BYTES);
    this.#base = new Counters(buffer, (workers + 1) * COUNTERS_BYTES);
  }

  /** The counters that a worker adds to. */
  of(worker: number): Counters {
    return this.#rows[worker];
  }

  #all(): Counters {
    const sum = new Counters();
    for (const row of this.#rows) sum.add(row);
    sum.add(this.#gone);
    return sum;
  }

  /** The sum since the last reset. */
  sum(): Counters {
    const sum = this.#all();
    sum.subtract(this.#base);
    return sum;
  }

  /** What `stats reset` does. */
  reset(): void {
    const all = this.#all();
    all.clearGauges();
    this.#base.clear();
    this.#base.add(all);
  }

  /** Moves what a dead worker has counted aside; its gauges are over. */
  bury(worker: number): void {
    const row = this.#rows[worker];
    row.clearGauges();
    this.#gone.add(row);
    row.clear();
  }
}
