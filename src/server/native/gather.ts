/**
 * Owns the calls that send or receive several stretches of memory at once.
 * Never decides which.
 *
 * They are told addresses: that of a buffer is asked for once (1 us) and added
 * to. Buffers never move.
 *
 * @module
 */
import * as limits from "../../base/limits.ts";
import type { Libc } from "./libc.ts";
import * as libc from "./libc.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { STRETCHES_PER_CALL_MAX } = limits;
const { MSG_NOSIGNAL } = libc;

/** struct iovec: an address and a length of 64 bits each, in words. */
const VECTOR_WORDS = 4;
/** What stands before the stretches, and after them. */
const VECTORS = STRETCHES_PER_CALL_MAX + 2;
/** struct msghdr, and where it says what to send. */
const MESSAGE_WORDS = 14;
const MESSAGE_VECTORS_WORD = 4;
const MESSAGE_COUNT_WORD = 6;
const WORD = 2 ** 32;

type View = Uint8Array<ArrayBuffer>;

/** The calls of one thread. */
export class Gather {
  readonly #libc: Libc;
  // Numbers: addresses of processes have 56 bits at most, mostly 47.
  readonly #addresses = new WeakMap<ArrayBufferLike, number>();
  readonly #vectors = new Uint32Array(VECTORS * VECTOR_WORDS);
  readonly #message = new Uint32Array(MESSAGE_WORDS);
  #count = 0;

  constructor(libc: Libc) {
    this.#libc = libc;
    const vectors = this.#addressOf(new Uint8Array(this.#vectors.buffer));
    putAddress(this.#message, MESSAGE_VECTORS_WORD, vectors);
  }

  #addressOf(view: View): number {
    let address = this.#addresses.get(view.buffer);
    if (address === undefined) {
      const whole = new Uint8Array(view.buffer);
      address = Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(whole)));
      this.#addresses.set(view.buffer, address);
    }
    return address + view.byteOffset;
  }

  // One more stretch for the call: bytes `from` to `to` of a view.
  #put(view: View, from: number, to: number): void {
    if (from >= to) return;
    if (this.#count === VECTORS) throw new RangeError("too many stretches");
    const at = this.#count++ * VECTOR_WORDS;
    putAddress(this.#vectors, at, this.#addressOf(view) + from);
    this.#vectors[at + 2] = to - from;
  }

  /**
   * Sends the first `length` bytes of a buffer with `stretches` put in at
   * `gapAt`: how many were taken, or -1. The first `sent` bytes of all that are
   * left out.
   */
  send(
    fd: number,
    buffer: View,
    length: number,
    stretches: readonly View[],
    gapAt: number,
    sent: number,
  ): number {
    this.#count = 0;
    this.#put(buffer, sent, gapAt);
    let left = sent - gapAt;
    for (const stretch of stretches) {
      this.#put(stretch, Math.max(0, left), stretch.length);
      left -= stretch.length;
    }
    this.#put(buffer, gapAt + Math.max(0, left), length);
    this.#message[MESSAGE_COUNT_WORD] = this.#count;
    return this.#libc.calls.sendmsg(fd, this.#message, MSG_NOSIGNAL);
  }

  /** Receives into `first`, then into the others: the count, 0 at the end, or
   * -1. */
  receive(fd: number, first: View, others: readonly View[]): number {
    this.#count = 0;
    this.#put(first, 0, first.length);
    for (const other of others) this.#put(other, 0, other.length);
    return this.#libc.calls.readv(fd, this.#vectors, this.#count);
  }
}

function putAddress(words: Uint32Array, at: number, address: number): void {
  words[at] = address % WORD;
  words[at + 1] = Math.floor(address / WORD);
}
