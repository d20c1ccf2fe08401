/**
 * Owns one value on its way into the table: the command it belongs to, the
 * reserved record, how much has arrived. Never parses.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import * as bytes from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import type { Stretches } from "../base/stretches.ts";
import type { Command } from "../protocol/command.ts";
import type { KeptCommand } from "./kept_commands.ts";
import type { Partition, StoreRequest } from "../store/store.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { copyBytes } = bytes;
const { STRETCH_BYTES_PER_CALL_MAX, STRETCHES_PER_CALL_MAX } = limits;

/** CR LF, and two more, so that the read is not filled. */
const END_BYTES_ASKED = 4;

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
  /** Bytes behind the value that are read with it. */
  readonly #endBytes: number;
  #received = 0;
  /** Whether the last read target was table memory. */
  isTarget = false;
  #targetBytes = 0;
  /** The last read did not fill its target: bytes come one by one, and one
   * stretch at a time is enough. */
  #isSlow = false;

  constructor(
    kept: KeptCommand,
    partition: Partition,
    reference: number,
    hash: number,
    request: StoreRequest,
    readsEnds: boolean,
  ) {
    this.kept = kept;
    this.command = kept.command;
    this.partition = partition;
    this.reference = reference;
    this.hash = hash;
    this.expiry = request.expiry;
    this.#length = request.valueLength;
    const hasRoom = partition.shard.records.hasRoom(reference);
    this.#endBytes = readsEnds && hasRoom ? END_BYTES_ASKED : 0;
  }

  get isComplete(): boolean {
    return this.#received === this.#length;
  }

  /** A stretch of table memory to read into; nothing may be complete yet. It
   * goes on beyond the value, if it may, so that the end of the line comes by
   * the same read: 5 % of the CPU time of a set of 100 KB by Deno's sockets.
   * Such a read, if nothing more was sent, brings less than was asked for, which
   * tells tokio that the socket is empty (`src/README.md`). */
  target(): Uint8Array<ArrayBuffer> {
    const { records } = this.partition.shard;
    const { at, length } = records.runAt(
      this.reference,
      this.#received,
      STRETCH_BYTES_PER_CALL_MAX,
    );
    const isLast = this.#received + length === this.#length;
    const end = at + length + (isLast ? this.#endBytes : 0);
    this.isTarget = true;
    this.#targetBytes = length;
    return records.data.u8.subarray(at, end);
  }

  /** Appends the table memory that one call may read into; nothing may be
   * complete yet. */
  addTargets(stretches: Stretches): void {
    const { records } = this.partition.shard;
    const left = this.#length - this.#received;
    this.isTarget = true;
    this.#targetBytes = records.addStretches(
      this.reference,
      this.#received,
      Math.min(left, STRETCH_BYTES_PER_CALL_MAX),
      this.#isSlow ? 1 : STRETCHES_PER_CALL_MAX,
      stretches,
    );
  }

  /** Bytes of the value in the last target. */
  get targetBytes(): number {
    return this.#targetBytes;
  }

  /** Whether the value ends where the last read target does. */
  get endsWithTarget(): boolean {
    return this.isTarget && this.#received + this.#targetBytes === this.#length;
  }

  /** Tells how many bytes were read into the target. Those behind the value,
   * four at most, are put at the beginning of `input`; returns how many. */
  advance(count: number, input: Bytes): number {
    this.isTarget = false;
    this.#isSlow = count < this.#targetBytes;
    const beyond = this.#received + count - this.#length;
    if (beyond <= 0) {
      this.#received += count;
      return 0;
    }
    const { records } = this.partition.shard;
    const last = this.#length - 1;
    const { at } = records.runAt(this.reference, last, 1);
    copyBytes(records.data, at + 1, input, 0, beyond);
    this.#received = this.#length;
    return beyond;
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
