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
/** Buffers kept for the next batch; larger ones are left to the collector. */
const KEPT_MAX = 64;

/** The output buffers of one worker. */
export class OutputPool {
  readonly #free: Output[] = [];
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** An empty buffer, to be given back with {@linkcode release}. */
  acquire(): Output {
    return this.#free.pop() ?? new Output(CAPACITY);
  }

  release(output: Output): void {
    output.clear();
    const isSmall = output.bytes.capacity <= 2 * OUTPUT_HIGH_WATER_BYTES;
    if (isSmall && this.#free.length < KEPT_MAX) this.#free.push(output);
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
