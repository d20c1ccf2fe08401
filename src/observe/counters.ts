/**
 * Owns the counters of one worker: names, places and sums. Never formats.
 *
 * Counters are float64 in one array, so that a worker's counters can live in
 * shared memory and be summed by any other.
 *
 * @module
 */

import { BatchTimes } from "./batch_times.ts";
import * as batchTimes from "./batch_times.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { BATCH_TIMES_VALUES } = batchTimes;

export const CMD_GET = 0;
export const CMD_FLUSH = 1;
export const CMD_TOUCH = 2;
export const CMD_META = 3;
export const GET_MISSES = 4;
export const GET_EXPIRED = 5;
export const GET_FLUSHED = 6;
export const DELETE_MISSES = 7;
export const INCR_MISSES = 8;
export const DECR_MISSES = 9;
export const CAS_MISSES = 10;
export const TOUCH_MISSES = 11;
export const STORE_TOO_LARGE = 12;
export const STORE_NO_MEMORY = 13;
export const AUTH_CMDS = 14;
export const AUTH_ERRORS = 15;
export const BYTES_READ = 16;
export const BYTES_WRITTEN = 17;
export const CONN_YIELDS = 18;
export const IDLE_KICKS = 19;
export const TOTAL_CONNECTIONS = 20;
export const REJECTED_CONNECTIONS = 21;
export const RESPONSE_OOM = 22;
export const LISTEN_DISABLED = 23;
export const LISTEN_DISABLED_US = 24;
export const WATCH_SKIPPED = 25;
export const WATCH_SENT = 26;
/** Gauges: not set back by `stats reset`. */
export const CURR_CONNECTIONS = 27;
export const OUTPUT_BYTES = 28;
export const READ_BUFFER_BYTES = 29;
export const BATCHES = 30;
export const COMMANDS_RUN = 31;
export const TLS_HANDSHAKE_ERRORS = 37;
export const TLS_PROTOCOL_ERRORS = 38;
export const TLS_NEW_SESSIONS = 39;
const COUNTERS = 40;

/** Those of the counters that `stats reset` leaves alone. */
const GAUGES = new Set([CURR_CONNECTIONS, OUTPUT_BYTES, READ_BUFFER_BYTES]);

// Counted per slab class.
export const CLASS_GET_HITS = 0;
export const CLASS_CMD_SET = 1;
export const CLASS_DELETE_HITS = 2;
export const CLASS_INCR_HITS = 3;
export const CLASS_DECR_HITS = 4;
export const CLASS_CAS_HITS = 5;
export const CLASS_CAS_BADVAL = 6;
export const CLASS_TOUCH_HITS = 7;
export const CLASS_COUNTERS = 8;
const CLASSES = 64;

/** Bytes that the counters of one worker take. */
export const COUNTERS_BYTES =
  (COUNTERS + CLASSES * CLASS_COUNTERS + BATCH_TIMES_VALUES) * 8;

/** The counters of one worker. */
export class Counters {
  readonly values: Float64Array;
  /** Row = slab class, column = one of the CLASS_ names. */
  readonly classes: Float64Array;
  /** How long sampled batches took. */
  readonly batchTimes: BatchTimes;

  constructor(
    buffer: ArrayBufferLike = new ArrayBuffer(COUNTERS_BYTES),
    offset = 0,
  ) {
    const plain = buffer as ArrayBuffer;
    this.values = new Float64Array(plain, offset, COUNTERS);
    this.classes = new Float64Array(
      plain,
      offset + COUNTERS * 8,
      CLASSES * CLASS_COUNTERS,
    );
    this.batchTimes = new BatchTimes(
      new Float64Array(
        plain,
        offset + (COUNTERS + CLASSES * CLASS_COUNTERS) * 8,
        BATCH_TIMES_VALUES,
      ),
    );
  }

  /** Counts one more of a command that was about an item of this class. */
  countClass(slabClass: number, column: number): void {
    this.classes[slabClass * CLASS_COUNTERS + column]++;
  }

  /** A column summed over all classes. */
  sumOfClasses(column: number): number {
    let sum = 0;
    for (let i = column; i < this.classes.length; i += CLASS_COUNTERS) {
      sum += this.classes[i];
    }
    return sum;
  }

  /** Adds another worker's counters to these. */
  add(other: Counters): void {
    for (let i = 0; i < COUNTERS; i++) this.values[i] += other.values[i];
    for (let i = 0; i < this.classes.length; i++) {
      this.classes[i] += other.classes[i];
    }
    this.batchTimes.add(other.batchTimes);
  }

  /** Takes other counters off these. */
  subtract(other: Counters): void {
    for (let i = 0; i < COUNTERS; i++) this.values[i] -= other.values[i];
    for (let i = 0; i < this.classes.length; i++) {
      this.classes[i] -= other.classes[i];
    }
    this.batchTimes.subtract(other.batchTimes);
  }

  /** What `stats reset` does. */
  reset(): void {
    for (let i = 0; i < COUNTERS; i++) {
      if (!GAUGES.has(i)) this.values[i] = 0;
    }
    this.classes.fill(0);
    this.batchTimes.reset();
  }

  /** Sets back what `reset` leaves alone. */
  clearGauges(): void {
    for (const gauge of GAUGES) this.values[gauge] = 0;
  }

  clear(): void {
    this.reset();
    this.clearGauges();
  }
}
