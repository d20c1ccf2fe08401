/**
 * Owns the calls that send or receive several stretches of memory at once.
 * Never decides which.
 *
 * They are told addresses: that of a buffer is asked for once (1 us) and added
 * to. Buffers never move.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import { Stretches } from "../../base/stretches.ts";
import type { Source } from "../../engine/sink.ts";
import type { Output } from "../../protocol/output.ts";
import type { Libc } from "./libc.ts";
import * as libc from "./libc.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { addressOf, baseOf, MSG_NOSIGNAL, pointerOf, putAddress } = libc;

/** struct iovec: an address and a length of 64 bits each, in words. */
const VECTOR_WORDS = 4;
/** struct msghdr, and where it says what to send. */
const MESSAGE_WORDS = 14;
const MESSAGE_VECTORS_WORD = 4;
const MESSAGE_COUNT_WORD = 6;

/** The calls of one thread. */
export class Gather {
  /** What the next call is about. */
  readonly stretches = new Stretches();
  readonly #libc: Libc;
  readonly #vectors = new Uint32Array(Stretches.COUNT_MAX * VECTOR_WORDS);
  readonly #vectorsAt = pointerOf(this.#vectors);
  readonly #message = new Uint32Array(MESSAGE_WORDS);
  readonly #messageAt = pointerOf(this.#message);

  constructor(libc: Libc) {
    this.#libc = libc;
    const vectors = addressOf(this.#vectorsAt);
    putAddress(this.#message, MESSAGE_VECTORS_WORD, vectors);
  }

  /** The next call is about an output with a value in its place, of which
   * nothing went before. */
  addReply({ bytes, length }: Output, value: Source, gapAt: number): void {
    const { stretches } = this;
    stretches.clear();
    stretches.add(bytes, 0, gapAt);
    assert(value.addStretches!(stretches), "all of it went before");
    stretches.add(bytes, gapAt, length - gapAt);
  }

  // Writes where the stretches are, without their first `skipped` bytes; returns
  // how many they are.
  #fillVectors(skipped: number): number {
    const { stretches: { count, bytes, at, length } } = this;
    const vectors = this.#vectors;
    let word = 0;
    for (let i = 0; i < count; i++) {
      if (skipped >= length[i]) {
        skipped -= length[i];
        continue;
      }
      const address = baseOf(bytes[i]) + at[i] + skipped;
      putAddress(vectors, word, address);
      vectors[word + 2] = length[i] - skipped;
      word += VECTOR_WORDS;
      skipped = 0;
    }
    return word / VECTOR_WORDS;
  }

  /** Sends the stretches but for their first `sent` bytes: how many were taken,
   * or -errno. */
  send(fd: number, sent: number): number {
    this.#message[MESSAGE_COUNT_WORD] = this.#fillVectors(sent);
    const { calls } = this.#libc;
    const count = calls.sendmsg(fd, this.#messageAt, MSG_NOSIGNAL);
    return this.#libc.outcome(count);
  }

  /** Receives into the stretches, one after the other: the count, 0 at the end,
   * or -errno. */
  receive(fd: number): number {
    const count = this.#fillVectors(0);
    const { readv } = this.#libc.calls;
    return this.#libc.outcome(readv(fd, this.#vectorsAt, count));
  }
}
