/**
 * Owns dividing a command line into tokens, and the numbers in them. Never
 * knows what a token means.
 *
 * @module
 */
import * as bytes from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import { U64 } from "../base/u64.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { bytesEqualText } = bytes;
const { CLASSIC_TOKENS_MAX } = limits;

const SPACE = 32, LF = 10, CR = 13, MINUS = 45, PLUS = 43;

/** The tokens of one line; reused for every line of a worker. */
export class Line {
  /** Tokens found, at most CLASSIC_TOKENS_MAX; more are ignored. */
  count = 0;
  readonly at = new Int32Array(CLASSIC_TOKENS_MAX);
  readonly end = new Int32Array(CLASSIC_TOKENS_MAX);
  /** The number read last by {@linkcode readInt32}. */
  int32 = 0;
  /** The number read last by {@linkcode readU64}. */
  readonly u64 = new U64();

  /**
   * Divides the line that starts at `from`; it ends in LF or CR LF. Returns
   * where the next line starts, or -1 if this one does not end before `to`.
   */
  scan(u8: Uint8Array, from: number, to: number): number {
    let at = from, count = 0;
    for (;;) {
      while (at < to && u8[at] === SPACE) at++;
      const start = at;
      while (at < to && u8[at] !== SPACE && u8[at] !== LF) at++;
      if (at >= to) return -1;
      const atEnd = u8[at] === LF;
      const end = atEnd && at > start && u8[at - 1] === CR ? at - 1 : at;
      if (end > start && count < CLASSIC_TOKENS_MAX) {
        this.at[count] = start;
        this.end[count] = end;
        count++;
      }
      if (atEnd) {
        this.count = count;
        return at + 1;
      }
    }
  }

  length(token: number): number {
    return this.end[token] - this.at[token];
  }

  /** Whether a token is exactly `text`. */
  is(u8: Uint8Array, token: number, text: string): boolean {
    const at = this.at[token];
    return bytesEqualText(u8, at, this.end[token] - at, text);
  }

  /** Whether the last token is `noreply`. */
  endsInNoreply(u8: Uint8Array): boolean {
    return this.count > 0 && this.is(u8, this.count - 1, "noreply");
  }

  /** Reads a token as strict int32 into {@linkcode int32}. */
  readInt32(u8: Uint8Array, token: number): boolean {
    if (token >= this.count) return false;
    return this.readInt32At(u8, this.at[token], this.end[token]);
  }

  /** Reads `from`..`to`: an optional minus and digits, nothing else. */
  readInt32At(u8: Uint8Array, from: number, to: number): boolean {
    const negative = from < to && u8[from] === MINUS;
    if (!this.u64.parse(u8, negative ? from + 1 : from, to)) return false;
    const { high, low } = this.u64;
    if (high !== 0 || low > (negative ? 0x80000000 : 0x7fffffff)) return false;
    this.int32 = (negative ? -low : low) | 0;
    return true;
  }

  /** Reads a token as strict unsigned 64 bit into {@linkcode u64}. */
  readU64(u8: Uint8Array, token: number): boolean {
    return token < this.count &&
      this.u64.parse(u8, this.at[token], this.end[token]);
  }

  /** Reads a token as strict uint32; -1 if it is none. */
  readU32(u8: Uint8Array, token: number): number {
    return this.readU64(u8, token) && this.u64.high === 0 ? this.u64.low : -1;
  }

  /**
   * Reads a token as C's strtoul does, cut down to 32 bits as memcached
   * stores client flags: a plus sign is fine, a minus is not.
   */
  readFlags(u8: Uint8Array, token: number): boolean {
    const from = this.at[token];
    const at = u8[from] === PLUS ? from + 1 : from;
    return this.u64.parse(u8, at, this.end[token]);
  }

  /** Reads a token as C's strtol does, cut down to int32. */
  readLong(u8: Uint8Array, token: number): boolean {
    const from = this.at[token];
    const negative = u8[from] === MINUS;
    const at = negative || u8[from] === PLUS ? from + 1 : from;
    if (!this.u64.parse(u8, at, this.end[token])) return false;
    const { high, low } = this.u64;
    if (high > 0x7fffffff && !(negative && high === 0x80000000 && low === 0)) {
      return false;
    }
    this.int32 = (negative ? -low : low) | 0;
    return true;
  }
}
