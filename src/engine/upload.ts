/**
 * Owns one value on its way into the table: the command it belongs to, the
 * reserved record, how much has arrived. Never parses.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { Command } from "../protocol/command.ts";
import type { KeptCommand } from "./kept_commands.ts";
import type { Partition, StoreRequest } from "../store/store.ts";

/** Most bytes for one read into table memory. */
const TARGET_BYTES_MAX = 1024 * 1024;

/** A store whose value is still arriving. */
export class Upload {
  /** The command, on a copy of its line that nobody else uses. */
  readonly command: Command;
  readonly kept: KeptCommand;
  readonly partition: Partition;
  readonly reference: number;
  readonly hash: number;
  /** Table second, by the time at which the command line was read. */
  readonly expiry: number;
  readonly #length: number;
  #received = 0;
  /** Whether the last read target was table memory. */
  isTarget = false;
  #targetBytes = 0;

  constructor(
    kept: KeptCommand,
    partition: Partition,
    reference: number,
    hash: number,
    request: StoreRequest,
  ) {
    this.kept = kept;
    this.command = kept.command;
    this.partition = partition;
    this.reference = reference;
    this.hash = hash;
    this.expiry = request.expiry;
    this.#length = request.valueLength;
  }

  get isComplete(): boolean {
    return this.#received === this.#length;
  }

  /** A stretch of table memory to read into, null at the end. */
  target(): Uint8Array<ArrayBuffer> | null {
    if (this.isComplete) return null;
    const { records } = this.partition.shard;
    const run = records.runAt(this.reference, this.#received);
    const length = Math.min(run.length, TARGET_BYTES_MAX);
    this.isTarget = true;
    this.#targetBytes = length;
    return records.data.u8.subarray(run.at, run.at + length);
  }

  /** Whether the value ends where the last read target does. */
  get endsWithTarget(): boolean {
    return this.isTarget && this.#received + this.#targetBytes === this.#length;
  }

  /** Tells how many bytes were read into the target. */
  advance(count: number): void {
    this.isTarget = false;
    this.#received += count;
  }

  /** Takes what the input holds of the value; returns the new `from`. */
  take(input: Bytes, from: number, to: number): number {
    const count = Math.min(this.#length - this.#received, to - from);
    if (count <= 0) return from;
    const { records } = this.partition.shard;
    records.writeRange(this.reference, this.#received, count, input, from);
    this.#received += count;
    return from + count;
  }

  /** Gives the record up. */
  abort(): void {
    const { shard, uploads } = this.partition;
    shard.lock();
    uploads.abort(this.reference);
    shard.unlock();
  }
}
