/**
 * Owns reading `set` and `mg` lines of the plain form that clients write, in
 * one pass and without tokens. Never refuses a line: what is not plain is left
 * to `text.ts`, which gives the same result for every plain line, at twice the
 * cost (`bench/README.md`).
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import type { Command } from "./command.ts";
import * as commands from "./commands.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { ANNOUNCED_BYTES_MAX, KEY_BYTES_MAX } = limits;
const { OP_MG, OP_SET } = commands;

const SPACE = 32, LF = 10, CR = 13, ZERO = 48;
const LETTER_A = 97, LETTER_B = 98, LETTER_X = 120;

/** Digits of a number that surely fits an int32. */
const DIGITS_MAX = 9;

const bit = (letter: string) => 1 << (letter.charCodeAt(0) - 96);
/** Flags of mg that are known and take no argument; b changes the key. */
const FLAGS_ALONE = [..."cfhklqstuvx"].map(bit).reduce((a, b) => a | b);
const QUIET = bit("q");

/** Reads plain lines; one per parser. */
export class PlainLine {
  /** The number read last. */
  #number = 0;

  /** Fills `command` from `<key> <flags> <exptime> <bytes>\r\n` at `from`;
   * false, with the command undefined, if the line is not that plain. */
  set(input: Bytes, from: number, to: number, command: Command): boolean {
    const { u8 } = input;
    let at = this.#key(input, from, to, command);
    if (at < 0) return false;
    at = this.#digits(u8, at, to);
    if (at < 0 || u8[at] !== SPACE) return false;
    command.clientFlags = this.#number;
    at = this.#digits(u8, at + 1, to);
    if (at < 0 || u8[at] !== SPACE) return false;
    command.exptime = this.#number;
    at = this.#digits(u8, at + 1, to);
    if (at < 0 || at + 1 >= to) return false;
    if (u8[at] !== CR || u8[at + 1] !== LF) return false;
    if (this.#number > ANNOUNCED_BYTES_MAX) return false;
    command.op = OP_SET;
    command.valueLength = this.#number;
    command.quiet = false;
    command.hasCas = false;
    command.hasCompare = false;
    command.next = at + 2;
    return true;
  }

  /** Fills `command` from `<key> <letter>*\r\n` at `from`; false, with the
   * command undefined, if the line is not that plain. */
  metaGet(input: Bytes, from: number, to: number, command: Command): boolean {
    const { u8 } = input;
    let at = this.#key(input, from, to, command);
    if (at < 0) return false;
    let seen = 0, count = 0;
    // At the first letter of a flag; its end is looked at, too.
    while (at + 2 <= to) {
      const letter = u8[at];
      if (letter < LETTER_A || letter > LETTER_X || letter === LETTER_B) {
        return false;
      }
      const flag = 1 << (letter - 96);
      // None twice, so no more than there are letters.
      if ((FLAGS_ALONE & flag) === 0 || (seen & flag) !== 0) return false;
      seen |= flag;
      command.flagLetter[count] = letter;
      command.flagAt[count] = at;
      command.flagLength[count++] = 1;
      if (u8[at + 1] !== SPACE) break;
      at += 2;
    }
    if (at + 3 > to || u8[at + 1] !== CR || u8[at + 2] !== LF) return false;
    command.flagCount = count;
    command.lowerFlags = seen;
    command.next = at + 3;
    this.#metaDefaults(command);
    return true;
  }

  #metaDefaults(command: Command): void {
    command.op = OP_MG;
    command.quiet = (command.lowerFlags & QUIET) !== 0;
    command.rawKeyAt = command.keyAt;
    command.rawKeyLength = command.keyLength;
    command.upperFlags = 0;
    command.mode = 0;
    command.clientFlags = 0;
    command.exptime = 0;
    command.hasCompare = command.hasCas = false;
  }

  // The key and the space after it; returns what follows, -1 if not plain.
  #key(input: Bytes, from: number, to: number, command: Command): number {
    const { u8 } = input;
    let at = from;
    while (at < to && u8[at] > SPACE) at++;
    const length = at - from;
    if (at >= to || length === 0 || length > KEY_BYTES_MAX) return -1;
    if (u8[at] !== SPACE) return -1;
    command.key = input;
    command.keyAt = from;
    command.keyLength = length;
    command.isBinaryKey = false;
    return at + 1;
  }

  // Reads digits into #number; returns where they end, -1 if there is none,
  // there are too many, or the input ends with them.
  #digits(u8: Uint8Array, from: number, to: number): number {
    let number = 0, at = from;
    for (; at < to; at++) {
      const digit = u8[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
    }
    if (at >= to || at === from || at - from > DIGITS_MAX) return -1;
    this.#number = number;
    return at;
  }
}
