/**
 * Owns which batches are timed, a sample of one in so many, and counts how long
 * they took: from the bytes being there until the system has the reply, or it
 * waits for the client. Never reads a clock.
 *
 * @module
 */
import * as batchTimes from "../observe/batch_times.ts";
import type { Counters } from "../observe/counters.ts";
import * as counters from "../observe/counters.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { BATCHES_PER_TIMED } = batchTimes;
const { BATCHES } = counters;

/** Counts a batch that begins; returns whether it is to be timed. */
export function beginBatch({ values }: Counters): boolean {
  return (values[BATCHES]++ & (BATCHES_PER_TIMED - 1)) === 0;
}

/** Counts how long a batch took that was to be timed. */
export function endTimed({ batchTimes }: Counters, ms: number): void {
  batchTimes.count(ms * 1000);
}
