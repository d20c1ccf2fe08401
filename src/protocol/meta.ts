/**
 * Owns reading the meta commands: key, length and flags. No I/O, no clock, no
 * copies of values.
 *
 * Rules: memcached's doc/protocol.txt, "Meta Commands", and proto_parser.c's
 * behaviour on the wire (`../shared/reference/memcached.md`, 1.3).
 *
 * @module
 */
import * as limits from "../base/limits.ts";
import * as base64 from "./base64.ts";
import type { Command } from "./command.ts";
import * as command from "./command.ts";
import * as commands from "./commands.ts";
import * as errors from "./errors.ts";
import type { Line } from "./line.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const {
  ANNOUNCED_BYTES_MAX,
  KEY_BYTES_MAX,
  META_TOKENS_MAX,
  OPAQUE_BYTES_MAX,
} = limits;
const { decodeBase64 } = base64;
const { COMPLETE, HAS_BODY, REFUSED } = command;
const { OP_MA, OP_MD, OP_ME, OP_MG, OP_MS } = commands;
const {
  BAD_FORMAT,
  BAD_KEY_ENCODING,
  BAD_MA_FLAG,
  BAD_MA_MODE,
  BAD_MS_MODE,
  BAD_TOKEN,
  DUPLICATE_FLAG,
  ERROR_NONE,
  FLAGS_TOO_LONG,
  INVALID_FLAG,
  OPAQUE_TOO_LONG,
} = errors;

/** The bit of an upper-case flag letter in `Command.upperFlags`. */
export function upper(letter: string): number {
  return 1 << (letter.charCodeAt(0) - 64);
}

/** The bit of a lower-case flag letter in `Command.lowerFlags`. */
export function lower(letter: string): number {
  return 1 << (letter.charCodeAt(0) - 96);
}

const code = (letter: string) => letter.charCodeAt(0);
const B = code("b"), O = code("O"), T = code("T"), N = code("N");
const R = code("R"), C = code("C"), E = code("E"), F = code("F");
const M = code("M"), J = code("J"), D = code("D"), Q = lower("q");

const UPPER_KNOWN = [..."OPLNTRFCEMJDI"].map(upper).reduce((a, b) => a | b);
const LOWER_KNOWN = [..."bkstcfvhluqx"].map(lower).reduce((a, b) => a | b);

/** Modes of ms and ma, as the character after M. */
const MS_MODES = [..."EAPRS"].map(code);
const MA_MODES = [..."I+D-"].map(code);

/**
 * Reads the line of a meta command whose second letter is `letter`. Returns
 * COMPLETE, HAS_BODY or REFUSED; -1 if there is no such command.
 */
export function parseMeta(
  letter: number,
  line: Line,
  command: Command,
): number {
  switch (letter) {
    case 103: // g
      return parseFlagged(OP_MG, 2, line, command);
    case 115: // s
      return parseSet(line, command);
    case 100: // d
      return parseFlagged(OP_MD, 2, line, command);
    case 97: // a
      return parseArithmetic(line, command);
    case 101: // e
      return parseDebug(line, command);
  }
  return -1;
}

function refuse(command: Command, error: number): number {
  command.error = error;
  command.swallow = 0;
  return REFUSED;
}

function parseFlagged(
  op: number,
  firstFlag: number,
  line: Line,
  command: Command,
): number {
  command.op = op;
  if (line.count < 2 || !flagsAreLetters(firstFlag, line, command)) {
    return refuse(command, BAD_FORMAT);
  }
  const error = parseFlags(firstFlag, line, command);
  return error === ERROR_NONE ? COMPLETE : refuse(command, error);
}

function parseArithmetic(line: Line, command: Command): number {
  command.delta.set(0, 1);
  command.initial.set(0, 0);
  const status = parseFlagged(OP_MA, 2, line, command);
  if (status === REFUSED) {
    const isFlag = command.error !== BAD_FORMAT || line.count >= 2;
    return refuse(command, isFlag ? maError(command) : BAD_FORMAT);
  }
  if (command.mode !== 0 && !MA_MODES.includes(command.mode)) {
    return refuse(command, BAD_MA_MODE);
  }
  return COMPLETE;
}

// Whatever is wrong with a flag of ma, memcached says the same.
function maError(command: Command): number {
  return command.error === OPAQUE_TOO_LONG ? OPAQUE_TOO_LONG : BAD_MA_FLAG;
}

function parseSet(line: Line, command: Command): number {
  const u8 = command.input.u8;
  command.op = OP_MS;
  if (
    line.count < 3 || !flagsAreLetters(3, line, command) ||
    !line.readInt32(u8, 2)
  ) return refuse(command, BAD_FORMAT);
  const length = line.int32;
  if (length < 0 || length > ANNOUNCED_BYTES_MAX) {
    return refuse(command, BAD_FORMAT);
  }
  command.valueLength = length;
  let error = parseFlags(3, line, command);
  if (
    error === ERROR_NONE && command.mode !== 0 &&
    !MS_MODES.includes(command.mode)
  ) error = BAD_MS_MODE;
  if (error === ERROR_NONE) return HAS_BODY;
  refuse(command, error);
  command.swallow = length + 2;
  return REFUSED;
}

function parseDebug(line: Line, command: Command): number {
  command.op = OP_ME;
  if (line.count < 2 || line.length(1) > KEY_BYTES_MAX) {
    return refuse(command, BAD_FORMAT);
  }
  setKey(line, command);
  const u8 = command.input.u8;
  if (line.count > 2 && line.is(u8, 2, "b") && !decodeKey(command)) {
    return refuse(command, BAD_FORMAT);
  }
  return COMPLETE;
}

function setKey(line: Line, command: Command): void {
  command.key = command.input;
  command.keyAt = command.rawKeyAt = line.at[1];
  command.keyLength = command.rawKeyLength = line.length(1);
  command.isBinaryKey = false;
}

function decodeKey(command: Command): boolean {
  const from = command.rawKeyAt, to = from + command.rawKeyLength;
  const { decoded } = command;
  const length = decodeBase64(command.input.u8, from, to, decoded.u8);
  if (length <= 0) return false;
  command.key = decoded;
  command.keyAt = 0;
  command.keyLength = length;
  command.isBinaryKey = true;
  return true;
}

// The tokenizer of memcached refuses a line with any other flag.
function flagsAreLetters(
  first: number,
  line: Line,
  command: Command,
): boolean {
  const u8 = command.input.u8;
  for (let token = first; token < line.count; token++) {
    const letter = u8[line.at[token]];
    const isDigit = letter >= 48 && letter <= 57;
    if (!isDigit && (letter < 65 || letter > 122)) return false;
  }
  return true;
}

// Fills everything that the flags say; the number of an error, or none.
function parseFlags(first: number, line: Line, command: Command): number {
  const u8 = command.input.u8;
  setKey(line, command);
  command.quiet = false;
  command.mode = 0;
  command.clientFlags = 0;
  command.exptime = 0;
  command.hasCompare = command.hasCas = false;
  command.upperFlags = command.lowerFlags = 0;
  command.flagCount = 0;
  if (command.keyLength > KEY_BYTES_MAX) return BAD_FORMAT;
  if (line.count > META_TOKENS_MAX) return FLAGS_TOO_LONG;
  let error = ERROR_NONE;
  for (let token = first; token < line.count; token++) {
    const letter = u8[line.at[token]];
    const isUpper = letter < 96;
    const bit = 1 << (letter - (isUpper ? 64 : 96));
    const known = isUpper ? UPPER_KNOWN : LOWER_KNOWN;
    const seen = isUpper ? command.upperFlags : command.lowerFlags;
    if (letter >= 65 && (seen & bit) !== 0) return DUPLICATE_FLAG;
    if (letter < 65 || (known & bit) === 0) return INVALID_FLAG;
    if (isUpper) command.upperFlags |= bit;
    else command.lowerFlags |= bit;
    const index = command.flagCount++;
    command.flagLetter[index] = letter;
    command.flagAt[index] = line.at[token];
    command.flagLength[index] = line.length(token);
    const bad = parseArgument(letter, line, token, command);
    // A bad F keeps the error that was found before it.
    const keeps = letter === F && error !== ERROR_NONE;
    if (bad !== ERROR_NONE && !keeps) error = bad;
  }
  command.quiet = (command.lowerFlags & Q) !== 0;
  return error;
}

function parseArgument(
  letter: number,
  line: Line,
  token: number,
  command: Command,
): number {
  const u8 = command.input.u8;
  const at = line.at[token] + 1, end = line.end[token];
  switch (letter) {
    case B:
      return decodeKey(command) ? ERROR_NONE : BAD_KEY_ENCODING;
    case O:
      return end - at >= OPAQUE_BYTES_MAX ? OPAQUE_TOO_LONG : ERROR_NONE;
    case T:
    case N:
    case R:
      if (!line.readInt32At(u8, at, end)) return BAD_TOKEN;
      if (letter === T) command.exptime = line.int32;
      else if (letter === N) command.vivifyExptime = line.int32;
      else command.recacheExptime = line.int32;
      return ERROR_NONE;
    case F:
      if (!line.u64.parse(u8, at, end) || line.u64.high !== 0) {
        return BAD_FORMAT;
      }
      command.clientFlags = line.u64.low;
      return ERROR_NONE;
    case C:
      command.hasCompare = true;
      return command.compare.parse(u8, at, end) ? ERROR_NONE : BAD_TOKEN;
    case E:
      command.hasCas = true;
      return command.cas.parse(u8, at, end) ? ERROR_NONE : BAD_TOKEN;
    case J:
      return command.initial.parse(u8, at, end) ? ERROR_NONE : BAD_MA_FLAG;
    case D:
      return command.delta.parse(u8, at, end) ? ERROR_NONE : BAD_MA_FLAG;
    case M:
      // Only the first character counts; a bare M is no mode at all.
      command.mode = at < end ? u8[at] : 32;
  }
  return ERROR_NONE;
}
