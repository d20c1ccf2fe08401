/**
 * Owns reading the classic text protocol: which command a line is and what
 * its arguments are. No I/O, no clock, no copies of keys or values.
 *
 * Rules and limits are those of memcached's doc/protocol.txt and of its
 * behaviour on the wire (`../shared/reference/memcached.md`, 1.1 and 1.2).
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import type { Command } from "./command.ts";
import * as command from "./command.ts";
import * as commands from "./commands.ts";
import * as errors from "./errors.ts";
import { Line } from "./line.ts";
import * as meta from "./meta.ts";
import { PlainLine } from "./plain_line.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const {
  ANNOUNCED_BYTES_MAX,
  KEY_BYTES_MAX,
  LEADING_SPACES_MAX,
  LINE_BYTES_MAX,
} = limits;
const { COMPLETE, HANG_UP, HAS_BODY, NEED_MORE, REFUSED } = command;
const {
  OP_ADD,
  OP_ADMIN,
  OP_APPEND,
  OP_CAS,
  OP_DECR,
  OP_DELETE,
  OP_GAT,
  OP_GATS,
  OP_GET,
  OP_GETS,
  OP_INCR,
  OP_MN,
  OP_PREPEND,
  OP_QUIT,
  OP_REPLACE,
  OP_SET,
  OP_TOUCH,
  OP_UNKNOWN,
  OP_VERSION,
} = commands;
const { BAD_DELTA, BAD_EXPTIME, BAD_FORMAT, ERROR, ERROR_NONE } = errors;
const { parseMeta } = meta;

const SPACE = 32, LF = 10, CR = 13;
/** Shortest line, its end included, that is looked at (proto_parser.c). */
const LINE_BYTES_MIN = 4;

const DELETE_TOKENS_MAX = 4;

/** The first four characters of a line as a little-endian word. */
export function word(text: string): number {
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8) |
    (text.charCodeAt(2) << 16) | (text.charCodeAt(3) << 24);
}

const GET_ = word("get "), GETS = word("gets"), SET_ = word("set ");
const MG_ = word("mg \0"), MG_MASK = 0xffffff;
const LETTER_M = 109;

/** Classic words that operators type: told apart by the engine. */
const ADMIN_WORDS: readonly string[] = [
  "stats",
  "flush_all",
  "verbosity",
  "shutdown",
  "cache_memlimit",
  "watch",
  "lru_crawler",
  "lru",
  "slabs",
  "extstore",
  "debugtime",
  "refresh_certs",
];

/** Reads classic and meta lines; one per worker. */
export class TextParser {
  readonly line = new Line();
  readonly #plain = new PlainLine();

  /**
   * Reads the command that starts at `from` in the bytes up to `to`, and
   * fills `command`. Returns NEED_MORE, COMPLETE, HAS_BODY, REFUSED or
   * HANG_UP.
   */
  parse(input: Bytes, from: number, to: number, command: Command): number {
    command.input = input;
    if (to - from > 5) {
      const first = input.view.getInt32(from, true);
      if (first === GET_) {
        return this.#parseGet(OP_GET, input, from, from + 4, to, command);
      }
      if (first === GETS && input.u8[from + 4] === SPACE) {
        return this.#parseGet(OP_GETS, input, from, from + 5, to, command);
      }
      // Lines as clients write them, in one go; all others the long way.
      if (first === SET_) {
        if (this.#plain.set(input, from + 4, to, command)) return HAS_BODY;
      } else if ((first & MG_MASK) === MG_) {
        if (this.#plain.metaGet(input, from + 3, to, command)) return COMPLETE;
      }
    }
    const next = this.line.scan(input.u8, from, to);
    command.op = OP_UNKNOWN;
    if (next < 0) return incomplete(input.u8, from, to);
    command.next = next;
    command.quiet = false;
    if (next - from < LINE_BYTES_MIN) return refuse(command, BAD_FORMAT);
    return this.#parseLine(input, from, command);
  }

  // A get line may be of any length; its end is looked for only once.
  #parseGet(
    op: number,
    input: Bytes,
    from: number,
    at: number,
    to: number,
    command: Command,
  ): number {
    const u8 = input.u8;
    command.op = op;
    command.quiet = false;
    while (at < to && u8[at] === SPACE) at++;
    const start = at;
    while (at < to && u8[at] !== SPACE && u8[at] !== LF) at++;
    let end = at;
    if (at < to && u8[at] === SPACE) end = u8.indexOf(LF, at);
    if (end < 0 || end >= to) {
      command.next = from;
      command.keysAt = start;
      return NEED_MORE;
    }
    command.next = end + 1;
    const empty = end === start || (end === start + 1 && u8[start] === CR);
    if (empty) return refuse(command, BAD_FORMAT);
    command.keysAt = start;
    return COMPLETE;
  }

  #parseLine(input: Bytes, from: number, command: Command): number {
    const u8 = input.u8;
    const { line } = this;
    // A leading space hides every data command, but no operator's command.
    if (u8[from] === SPACE || line.count === 0) {
      return this.#parseOther(u8, from, command);
    }
    if (line.end[0] - from === 2 && u8[from] === LETTER_M) {
      return this.#parseMeta(u8, from, command);
    }
    switch (line.end[0] - from) {
      case 3:
        if (line.is(u8, 0, "set")) return this.#store(OP_SET, command);
        if (line.is(u8, 0, "add")) return this.#store(OP_ADD, command);
        if (line.is(u8, 0, "cas")) return this.#store(OP_CAS, command);
        if (line.is(u8, 0, "gat")) return this.#parseGat(OP_GAT, command);
        if (line.is(u8, 0, "get")) return refuse(command, BAD_FORMAT);
        break;
      case 4:
        if (line.is(u8, 0, "incr")) return this.#delta(OP_INCR, command);
        if (line.is(u8, 0, "decr")) return this.#delta(OP_DECR, command);
        if (line.is(u8, 0, "gats")) return this.#parseGat(OP_GATS, command);
        if (line.is(u8, 0, "gets")) return refuse(command, BAD_FORMAT);
        if (line.is(u8, 0, "quit")) return complete(OP_QUIT, command);
        break;
      case 5:
        if (line.is(u8, 0, "touch")) return this.#touch(command);
        break;
      case 6:
        if (line.is(u8, 0, "delete")) return this.#delete(command);
        if (line.is(u8, 0, "append")) return this.#store(OP_APPEND, command);
        break;
      case 7:
        if (line.is(u8, 0, "replace")) return this.#store(OP_REPLACE, command);
        if (line.is(u8, 0, "prepend")) return this.#store(OP_PREPEND, command);
        if (line.is(u8, 0, "version")) return complete(OP_VERSION, command);
        break;
    }
    return this.#parseOther(u8, from, command);
  }

  #parseMeta(u8: Uint8Array, from: number, command: Command): number {
    const letter = u8[from + 1];
    if (letter === 110) return complete(OP_MN, command);
    const status = parseMeta(letter, this.line, command);
    return status < 0 ? this.#parseOther(u8, from, command) : status;
  }

  #parseOther(u8: Uint8Array, from: number, command: Command): number {
    const { line } = this;
    command.quiet = line.endsInNoreply(u8);
    if (line.count === 0) return refuse(command, ERROR);
    for (const name of ADMIN_WORDS) {
      if (!line.is(u8, 0, name)) continue;
      // These two are data commands in this: a leading space hides them, and
      // they know no noreply.
      if (name === "stats" || name === "watch") {
        command.quiet = false;
        if (line.at[0] !== from) break;
      }
      return complete(OP_ADMIN, command);
    }
    const last = line.count - 1;
    const at = line.at[last];
    if (
      last > 0 && line.length(last) >= 5 &&
      u8[at] === 72 && u8[at + 1] === 84 && u8[at + 2] === 84 &&
      u8[at + 3] === 80 && u8[at + 4] === 47
    ) return HANG_UP;
    command.op = OP_UNKNOWN;
    return refuse(command, ERROR);
  }

  #key(token: number, command: Command): boolean {
    command.key = command.input;
    command.keyAt = this.line.at[token];
    command.keyLength = this.line.length(token);
    command.isBinaryKey = false;
    return command.keyLength <= KEY_BYTES_MAX;
  }

  #parseGat(op: number, command: Command): number {
    const { line } = this;
    command.op = op;
    if (line.count < 3) return refuse(command, BAD_FORMAT);
    if (!line.readInt32(command.input.u8, 1)) {
      return refuse(command, BAD_EXPTIME);
    }
    command.exptime = line.int32;
    command.keysAt = line.at[2];
    return COMPLETE;
  }

  // set add replace append prepend cas <key> <flags> <exptime> <bytes>
  #store(op: number, command: Command): number {
    const u8 = command.input.u8;
    const { line } = this;
    command.op = op;
    // Without a length nobody knows what would have to be thrown away.
    if (line.count < 5 || !line.readInt32(u8, 4)) {
      return refuse(command, BAD_FORMAT);
    }
    const length = line.int32;
    if (length < 0 || length > ANNOUNCED_BYTES_MAX) {
      return refuse(command, BAD_FORMAT);
    }
    command.quiet = line.endsInNoreply(u8);
    command.valueLength = length;
    command.hasCas = false;
    command.hasCompare = false;
    const fits = this.#key(1, command) && line.readFlags(u8, 2);
    command.clientFlags = line.u64.low;
    if (!fits || !line.readLong(u8, 3)) return refuseBody(command);
    command.exptime = line.int32;
    if (op === OP_CAS) {
      if (!line.readU64(u8, 5)) return refuseBody(command);
      command.hasCompare = true;
      command.compare.copy(line.u64);
    }
    return HAS_BODY;
  }

  #delta(op: number, command: Command): number {
    const u8 = command.input.u8;
    command.op = op;
    if (this.line.count < 3) return refuse(command, BAD_FORMAT);
    command.quiet = this.line.endsInNoreply(u8);
    if (!this.#key(1, command)) return refuse(command, BAD_FORMAT);
    if (!this.line.readU64(u8, 2)) return refuse(command, BAD_DELTA);
    command.delta.copy(this.line.u64);
    return COMPLETE;
  }

  #touch(command: Command): number {
    const u8 = command.input.u8;
    command.op = OP_TOUCH;
    if (this.line.count < 3) return refuse(command, BAD_FORMAT);
    command.quiet = this.line.endsInNoreply(u8);
    if (!this.#key(1, command)) return refuse(command, BAD_FORMAT);
    if (!this.line.readInt32(u8, 2)) return refuse(command, BAD_EXPTIME);
    command.exptime = this.line.int32;
    return COMPLETE;
  }

  #delete(command: Command): number {
    command.op = OP_DELETE;
    if (this.line.count < 2) return refuse(command, BAD_FORMAT);
    command.quiet = this.line.endsInNoreply(command.input.u8);
    // Old clients send a time, `delete <key> 0 noreply`: more is an error, as
    // it was until 1.6.18 and as memccapable demands.
    if (this.line.count > DELETE_TOKENS_MAX || !this.#key(1, command)) {
      return refuse(command, BAD_FORMAT);
    }
    return COMPLETE;
  }
}

function complete(op: number, command: Command): number {
  command.op = op;
  return COMPLETE;
}

function refuse(command: Command, error: number): number {
  command.error = command.quiet ? ERROR_NONE : error;
  command.swallow = 0;
  return REFUSED;
}

function refuseBody(command: Command): number {
  refuse(command, BAD_FORMAT);
  command.swallow = command.valueLength + 2;
  return REFUSED;
}

// A line that does not end is waited for up to a limit; a get line for ever.
function incomplete(u8: Uint8Array, from: number, to: number): number {
  if (to - from <= LINE_BYTES_MAX) return NEED_MORE;
  let at = from;
  while (at < to && u8[at] === SPACE) at++;
  if (at - from > LEADING_SPACES_MAX) return HANG_UP;
  const isGet = u8[at] === 103 && u8[at + 1] === 101 && u8[at + 2] === 116 &&
    (u8[at + 3] === SPACE || (u8[at + 3] === 115 && u8[at + 4] === SPACE));
  return isGet ? NEED_MORE : HANG_UP;
}

// What `nextKey` found.
export const KEY = 1;
export const KEYS_END = 2;
export const KEY_TOO_LONG = 3;

/**
 * Finds the next key of a get line at or after `at`, puts it into `command`
 * and its end into `command.keysAt`. KEYS_END sets `next` instead. NEED_MORE
 * only if the line does not end before `to`.
 */
export function nextKey(
  input: Bytes,
  at: number,
  to: number,
  command: Command,
): number {
  const u8 = input.u8;
  while (at < to && u8[at] === SPACE) at++;
  const start = at;
  while (at < to && u8[at] !== SPACE && u8[at] !== LF) at++;
  if (at >= to) {
    // One more than the limit may still be a CR.
    return at - start > KEY_BYTES_MAX + 1 ? KEY_TOO_LONG : NEED_MORE;
  }
  const end = u8[at] === LF && at > start && u8[at - 1] === CR ? at - 1 : at;
  if (end === start) {
    command.next = at + 1;
    return KEYS_END;
  }
  command.key = input;
  command.keyAt = start;
  command.keyLength = end - start;
  command.keysAt = at;
  return end - start > KEY_BYTES_MAX ? KEY_TOO_LONG : KEY;
}
