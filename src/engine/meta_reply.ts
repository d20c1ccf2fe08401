/**
 * Owns how meta replies are put together: status word, return flags in the
 * order they were asked for, then Z, X and W. Never changes an item.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { U64 } from "../base/u64.ts";
import * as base64 from "../protocol/base64.ts";
import type { Command } from "../protocol/command.ts";
import type { Output } from "../protocol/output.ts";
import * as reply from "../protocol/reply.ts";
import type { Partition } from "../store/store.ts";
import * as store from "../store/store.ts";
import type { Context } from "./context.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { base64Length, encodeBase64 } = base64;
const { LETTERS_VA, WORD_HD } = reply;
const { FETCHED, STALE, TOKEN_SENT } = store;

type Shard = Partition["shard"];

/** Room for everything in a meta reply but the value: two keys in base64 and
 * twenty flags. */
export const META_LINE_BYTES = 1536;

const code = (letter: string) => letter.charCodeAt(0);
const C = code("c"), F = code("f"), H = code("h"), K = code("k");
const L = code("l"), O = code("O"), S = code("s"), T = code("t");
const SET_TTL = code("T"), VIVIFY = code("N");
const W = code("W"), X = code("X"), Z = code("Z");

/** Writes the meta replies of one worker. */
export class MetaReply {
  readonly #context: Context;
  readonly #cas = new U64();

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * The line that answers mg for the item found: `VA <length>` or `HD`, the
   * flags in their order (a TTL shows what the flags before it have set), and
   * with `wins` the W. Room must be reserved.
   */
  hit(
    command: Command,
    output: Output,
    shard: Shard,
    sendsValue: boolean,
    length: number,
    wins: boolean,
    created: boolean,
  ): void {
    if (sendsValue) {
      output.word(LETTERS_VA, 3);
      output.decimal(length);
    } else output.run(WORD_HD, 0, 2);
    const { flagCount, flagLetter } = command;
    let expiry = created ? 0 : shard.expiry();
    for (let i = 0; i < flagCount; i++) {
      const letter = flagLetter[i];
      if (letter === SET_TTL) {
        expiry = this.#context.expiry(command.exptime);
      } else if (letter === VIVIFY) {
        if (created) {
          expiry = this.#context.expiry(command.vivifyExptime);
        }
      } else this.#flag(letter, i, command, output, shard, length, expiry);
    }
    this.#state(output, shard.state(), wins);
    output.endLine();
  }

  // Z: somebody has the token. X: stale. W: you have it now.
  #state(output: Output, state: number, wins: boolean): void {
    if ((state & TOKEN_SENT) !== 0) this.#letter(output, Z);
    if ((state & STALE) !== 0) this.#letter(output, X);
    if (wins) this.#letter(output, W);
  }

  #letter(output: Output, letter: number): void {
    output.byte(32);
    output.byte(letter);
  }

  #flag(
    letter: number,
    index: number,
    command: Command,
    output: Output,
    shard: Shard,
    length: number,
    expiry: number,
  ): void {
    switch (letter) {
      case T:
        return this.remaining(output, expiry);
      case C:
        this.#letter(output, C);
        return output.decimal64(shard.cas(this.#cas));
      case F:
        this.#letter(output, F);
        return output.decimal(shard.clientFlags());
      case S:
        this.#letter(output, S);
        return output.decimal(length);
      case H:
        this.#letter(output, H);
        return output.byte((shard.state() & FETCHED) !== 0 ? 49 : 48);
      case L:
        this.#letter(output, L);
        return output.decimal(shard.idleSeconds(this.#context.now));
      case K:
        return this.#key(command, output, shard.hasBinaryKey());
      case O:
        return this.#token(command, output, index);
    }
  }

  /** The seconds left, as ` t<seconds>`, or ` t-1` without an end. */
  remaining(output: Output, expiry: number): void {
    this.#letter(output, T);
    if (expiry === 0) {
      output.byte(45);
      output.byte(49);
    } else output.decimal(Math.max(0, expiry - this.#context.now));
  }

  #token(command: Command, output: Output, index: number): void {
    output.byte(32);
    output.run(
      command.input,
      command.flagAt[index],
      command.flagLength[index],
    );
  }

  // A binary key goes out in base64, and says so.
  #key(command: Command, output: Output, isBinary: boolean): void {
    this.#letter(output, K);
    const { key, keyAt, keyLength } = command;
    if (!isBinary) return output.run(key, keyAt, keyLength);
    output.length = encodeBase64(
      key.u8,
      keyAt,
      keyAt + keyLength,
      output.bytes.u8,
      output.length,
    );
    this.#letter(output, 98);
  }

  /** A line of a status word and the flags that need no item: k and O. */
  line(command: Command, output: Output, word: Bytes): void {
    output.reserve(META_LINE_BYTES);
    output.run(word, 0, 2);
    for (let i = 0; i < command.flagCount; i++) {
      const letter = command.flagLetter[i];
      if (letter === K) this.#key(command, output, command.isBinaryKey);
      else if (letter === O) this.#token(command, output, i);
    }
    output.endLine();
  }

  /** The line that answers ms: c and s are of the item as it is now. */
  stored(
    command: Command,
    output: Output,
    word: Bytes,
    cas: U64,
    length: number,
  ): void {
    output.reserve(META_LINE_BYTES);
    output.run(word, 0, 2);
    for (let i = 0; i < command.flagCount; i++) {
      const letter = command.flagLetter[i];
      if (letter === K) this.#key(command, output, command.isBinaryKey);
      else if (letter === O) this.#token(command, output, i);
      else if (letter === C) {
        this.#letter(output, C);
        output.decimal64(cas);
      } else if (letter === S) {
        this.#letter(output, S);
        output.decimal(length);
      }
    }
    output.endLine();
  }

  /** The line and value that answer ma for the item found. */
  number(
    command: Command,
    output: Output,
    shard: Shard,
    number: U64,
    sendsValue: boolean,
    created: boolean,
  ): void {
    output.reserve(META_LINE_BYTES);
    const digits = SCRATCH.subarray(0, number.write(SCRATCH, 0));
    if (sendsValue) {
      output.word(LETTERS_VA, 3);
      output.decimal(digits.length);
    } else output.run(WORD_HD, 0, 2);
    let expiry = created ? 0 : shard.expiry();
    for (let i = 0; i < command.flagCount; i++) {
      const letter = command.flagLetter[i];
      if (letter === SET_TTL) expiry = this.#context.expiry(command.exptime);
      else if (letter === VIVIFY) {
        if (created) {
          expiry = this.#context.expiry(command.vivifyExptime);
        }
      } else if (letter === K) {
        this.#key(command, output, command.isBinaryKey);
      } else if (letter === T || letter === C || letter === O) {
        this.#flag(letter, i, command, output, shard, 0, expiry);
      }
    }
    output.endLine();
    if (!sendsValue) return;
    output.bytes.u8.set(digits, output.length);
    output.length += digits.length;
    output.endLine();
  }

  /** The line that answers me. */
  debug(command: Command, output: Output, shard: Shard, now: number): void {
    output.reserve(META_LINE_BYTES);
    output.string("ME ");
    const { key, keyAt, keyLength } = command;
    if (shard.hasBinaryKey()) {
      output.reserve(base64Length(keyLength) + META_LINE_BYTES);
      const to = output.bytes.u8;
      const end = keyAt + keyLength;
      output.length = encodeBase64(key.u8, keyAt, end, to, output.length);
    } else output.run(key, keyAt, keyLength);
    const expiry = shard.expiry();
    const cas = shard.cas(this.#cas);
    const casText = SCRATCH.subarray(0, cas.write(SCRATCH, 0));
    const size = shard.ledger.itemBytes(shard.reference);
    output.string(
      ` exp=${expiry === 0 ? -1 : expiry - now}` +
        ` la=${shard.idleSeconds(now)} cas=`,
    );
    output.bytes.u8.set(casText, output.length);
    output.length += casText.length;
    const fetched = (shard.state() & FETCHED) !== 0 ? "yes" : "no";
    output.string(
      ` fetch=${fetched} cls=${shard.slabClass()} size=${size}\r\n`,
    );
  }
}

const SCRATCH = new Uint8Array(24);
