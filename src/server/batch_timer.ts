/**
 * Owns timing a sample of the batches: one of so many, from the bytes being
 * there until the system has the reply, or it waits for the client.
 *
 * @module
 */
import * as batchTimes from "../observe/batch_times.ts";
import type { Counters } from "../observe/counters.ts";
import * as counters from "../observe/counters.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { BATCHES_PER_TIMED } = batchTimes;
const { BATCHES } = counters;

/** Counts a batch that begins; returns when that was (milliseconds) if it is
 * to be timed, else 0. */
export function beginBatch({ values }: Counters): number {
  const isTimed = (values[BATCHES]++ & (BATCHES_PER_TIMED - 1)) === 0;
  return isTimed ? performance.now() : 0;
}

/** Counts how long a batch took, if it is one that is timed. */
export function endBatch({ batchTimes }: Counters, beganMs: number): void {
  if (beganMs === 0) return;
  batchTimes.count((performance.now() - beganMs) * 1000);
}
