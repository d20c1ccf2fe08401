/**
 * Owns finding the keys of the commands that wait in the input, ahead of
 * their turn and without reading the commands: so that what their keys lead
 * to can be fetched together. Never refuses anything; a key that is missed,
 * or found where there is none, costs time and nothing else. Only what
 * `isPlainGet` says is relied on.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import * as binary from "./binary.ts";
import * as text from "./text.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { KEY_BYTES_MAX } = limits;
const { BINARY_HEADER_BYTES, MAGIC_REQUEST } = binary;
const { word } = text;

const SPACE = 32, CR = 13, LF = 10, ZERO = 48;

const GET = word("get "), SET = word("set "), ADD = word("add ");
const INCR = word("incr"), TOUCH = word("touc"), DELETE = word("dele");
const META_MASK = 0xffffff;
const META_GET = word("mg \0"), META_SET = word("ms \0");
const META_DELETE = word("md \0"), META_ARITHMETIC = word("ma \0");

/** Which token of a store is the length of its value. */
const LENGTH_TOKEN_CLASSIC = 3, LENGTH_TOKEN_META = 1;
/** No command that has a key is shorter. */
const COMMAND_BYTES_MIN = 6;

/** Where a plain get has its key. */
export const PLAIN_GET_KEY_AT = 4;

/** Most keys found in one go. A core has fewer loads from memory under way at
 * the same time, but waits for the first of them in each go: 32 took 1.11
 * times the CPU time for a get of 50 keys (`bench/README.md`). */
export const SCOUT_KEYS_MAX = 64;

/** The keys ahead; one for a worker. */
export class KeyScout {
  /** Keys found: `at` and `length` of each in the input. */
  count = 0;
  readonly at = new Int32Array(SCOUT_KEYS_MAX);
  readonly length = new Int32Array(SCOUT_KEYS_MAX);
  /** The first byte that was not looked at. */
  until = 0;

  /**
   * Looks at classic and meta commands from `from` on, or, with `inKeys`, at
   * the further keys of a get line and then at the commands after it.
   */
  text(input: Bytes, from: number, to: number, inKeys: boolean): void {
    const { u8, view } = input;
    this.count = 0;
    let at = inKeys ? this.#keys(u8, from, to) : from;
    while (at + COMMAND_BYTES_MIN <= to && this.count < SCOUT_KEYS_MAX) {
      const first = view.getInt32(at, true);
      const meta = first & META_MASK;
      if (first === GET) at = this.#keys(u8, at + 4, to);
      else if (first === SET || first === ADD) {
        at = this.#store(u8, at + 4, to, LENGTH_TOKEN_CLASSIC);
      } else if (meta === META_SET) {
        at = this.#store(u8, at + 3, to, LENGTH_TOKEN_META);
      } else if (
        meta === META_GET || meta === META_DELETE || meta === META_ARITHMETIC
      ) at = this.#line(u8, at + 3, to);
      else if (first === INCR) at = this.#line(u8, at + 5, to);
      else if (first === TOUCH) at = this.#line(u8, at + 6, to);
      else if (first === DELETE) at = this.#line(u8, at + 7, to);
      // Something else: nothing is known about what follows it.
      else break;
    }
    // At least one byte is done with, or the same would be tried for ever.
    this.until = Math.max(at, from + 1);
  }

  /** After `text`: whether the first `to` bytes of `input` are `get `, the one
   * key that was found, and a line end. */
  isPlainGet({ u8, view }: Bytes, to: number): boolean {
    if (this.count !== 1 || this.at[0] !== PLAIN_GET_KEY_AT) return false;
    if (view.getInt32(0, true) !== GET) return false;
    const length = this.length[0];
    const end = PLAIN_GET_KEY_AT + length;
    return length <= KEY_BYTES_MAX && end + 2 === to && u8[end] === CR &&
      u8[end + 1] === LF;
  }

  // A key up to its end, which is returned.
  #key(u8: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to && u8[at] > SPACE) at++;
    if (at === from) return at;
    this.at[this.count] = from;
    this.length[this.count++] = at - from;
    return at;
  }

  // Keys of a get line; returns where the next command, or key, starts.
  #keys(u8: Uint8Array, at: number, to: number): number {
    while (this.count < SCOUT_KEYS_MAX) {
      while (at < to && u8[at] === SPACE) at++;
      at = this.#key(u8, at, to);
      if (at >= to || u8[at] !== SPACE) return lineEnd(u8, at, to);
    }
    return at;
  }

  #line(u8: Uint8Array, at: number, to: number): number {
    return lineEnd(u8, this.#key(u8, at, to), to);
  }

  // A store: its value is skipped, too.
  #store(
    u8: Uint8Array,
    from: number,
    to: number,
    lengthToken: number,
  ): number {
    let at = this.#key(u8, from, to);
    let token = 0, length = 0;
    for (; at < to && u8[at] !== LF; at++) {
      const digit = u8[at] - ZERO;
      if (u8[at] === SPACE) token++;
      else if (token === lengthToken && digit >= 0 && digit <= 9) {
        length = Math.min(length * 10 + digit, to);
      }
    }
    return at + 1 + length + 2;
  }

  /** Looks at binary packets from `from` on. */
  binary(input: Bytes, from: number, to: number): void {
    const { u8, view } = input;
    this.count = 0;
    let at = from;
    while (
      at + BINARY_HEADER_BYTES <= to && this.count < SCOUT_KEYS_MAX &&
      u8[at] === MAGIC_REQUEST
    ) {
      const length = view.getUint16(at + 2);
      const key = at + BINARY_HEADER_BYTES + u8[at + 4];
      if (length > 0 && key + length <= to) {
        this.at[this.count] = key;
        this.length[this.count++] = length;
      }
      at = Math.min(to, at + BINARY_HEADER_BYTES + view.getUint32(at + 8));
    }
    this.until = Math.max(at, from + 1);
  }
}

function lineEnd(u8: Uint8Array, at: number, to: number): number {
  while (at < to && u8[at] !== LF) at++;
  return at + 1;
}
