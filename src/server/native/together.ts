/**
 * Owns the calls that connections served together make at the same time: who
 * asked for them, and what came of them. Never knows how they are made.
 *
 * @module
 */
import type { Bytes } from "../../base/bytes.ts";
import type { Counters } from "../../observe/counters.ts";
import * as counters from "../../observe/counters.ts";
import type { CallBatch } from "./calls.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { BYTES_READ, BYTES_WRITTEN } = counters;

/** Somebody who asks for calls, for one at a time. */
export interface Caller {
  /** So much is in `target`: 0 at the end, or -errno. */
  received(result: number, target: Bytes): void;
  /** So much was taken, or -errno. */
  sent(result: number): void;
  /** One of the above has thrown. */
  failed(error: unknown): void;
}

/** So much may be received and sent for some of those who are served together
 * while replies to others wait: 2 ms if all of it is short gets. */
const MOVED_BYTES_MAX = 64 * 1024;

/** The calls of those who are served together. */
export class Together {
  readonly #calls: CallBatch;
  readonly #callers: Caller[] = [];
  readonly #targets: Bytes[] = [];
  #count = 0;
  readonly #counters: Counters;
  /** Bytes that had been moved when replies left last. */
  #movedBytes = 0;

  /** @param counters of the bytes that the thread receives and sends */
  constructor(calls: CallBatch, counters: Counters) {
    this.#calls = calls;
    this.#counters = counters;
  }

  #countMoved(): number {
    const { values } = this.#counters;
    return values[BYTES_READ] + values[BYTES_WRITTEN];
  }

  /** Whether replies have waited for so much that they are to leave before the
   * next turn. */
  get isLate(): boolean {
    return this.#countMoved() - this.#movedBytes > MOVED_BYTES_MAX;
  }

  /** Asks for a call whose result comes with `finishReceiving`. */
  receive(caller: Caller, fd: number, target: Bytes, count: number): void {
    const i = this.#count;
    this.#callers[i] = caller;
    this.#targets[i] = target;
    this.#calls.receive(i, fd, target, count);
    this.#count++;
  }

  /** Asks for a call whose result comes with `finishSending`; until then the
   * bytes stay as they are. */
  send(caller: Caller, fd: number, bytes: Bytes, count: number): void {
    const i = this.#count;
    this.#callers[i] = caller;
    this.#calls.send(i, fd, bytes, count);
    this.#count++;
  }

  /** Tells all who asked what they have received; their turns come next. */
  finishReceiving(): void {
    this.#movedBytes = this.#countMoved();
    const count = this.#make();
    for (let i = 0; i < count; i++) {
      const caller = this.#callers[i];
      try {
        caller.received(this.#calls.result(i), this.#targets[i]);
      } catch (error) {
        caller.failed(error);
      }
    }
  }

  /** Tells all who asked what of theirs was sent. */
  finishSending(): void {
    const count = this.#make();
    for (let i = 0; i < count; i++) {
      const caller = this.#callers[i];
      try {
        caller.sent(this.#calls.result(i));
      } catch (error) {
        caller.failed(error);
      }
    }
    this.#movedBytes = this.#countMoved();
  }

  #make(): number {
    const count = this.#count;
    this.#count = 0;
    if (count > 0) this.#calls.make(count);
    return count;
  }
}
