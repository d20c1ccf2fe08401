/**
 * Owns the output buffers that are not in use, and how many bytes are waiting
 * for slow readers. Never writes.
 *
 * @module
 */
import * as limits from "../base/limits.ts";
import type { Engine } from "../engine/engine.ts";
import * as counters from "../observe/counters.ts";
import { Output } from "../protocol/output.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { OUTPUT_HIGH_WATER_BYTES, OUTPUT_LOW_WATER_BYTES, OUTPUT_TOTAL_BYTES } =
  limits;
const { OUTPUT_BYTES } = counters;

const CAPACITY = 16 * 1024;
/** Bytes of buffers that are kept for the next batches, and the largest of
 * them; others are left to the collector. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024;
const KEPT_CAPACITY_MAX = 2 * OUTPUT_HIGH_WATER_BYTES;

/** The output buffers of one worker. */
export class OutputPool {
  readonly #free: Output[] = [];
  #keptBytes = 0;
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** An empty buffer, to be given back with {@linkcode release}. */
  acquire(): Output {
    const output = this.#free.pop();
    if (output === undefined) return new Output(CAPACITY);
    this.#keptBytes -= output.bytes.capacity;
    return output;
  }

  release(output: Output): void {
    output.clear();
    const { capacity } = output.bytes;
    if (capacity > KEPT_CAPACITY_MAX) return;
    if (this.#keptBytes + capacity > KEPT_BYTES_MAX) return;
    this.#keptBytes += capacity;
    this.#free.push(output);
  }

  /** Counts bytes whose write has not finished. While there are too many,
   * every connection gets to produce less at a time. */
  countWaiting(bytes: number): void {
    const { values } = this.#engine.context.counters;
    values[OUTPUT_BYTES] += bytes;
    this.#engine.highWaterBytes = values[OUTPUT_BYTES] > OUTPUT_TOTAL_BYTES
      ? OUTPUT_LOW_WATER_BYTES
      : OUTPUT_HIGH_WATER_BYTES;
  }
}
