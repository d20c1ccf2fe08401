/**
 * Owns the words of the classic and meta replies, prepared once. Never
 * decides which of them is due.
 *
 * @module
 */
import { Bytes } from "../base/bytes.ts";
import * as errors from "./errors.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { ERROR_TEXTS } = errors;

function line(text: string): Bytes {
  return Bytes.fromLatin1(text + "\r\n");
}

/** The protocol version that clients see: memcached's, because clients and
 * the exporter derive from it what a server can do. */
export const PROTOCOL_VERSION = "1.6.45";

export const REPLY_STORED = line("STORED");
export const REPLY_NOT_STORED = line("NOT_STORED");
export const REPLY_EXISTS = line("EXISTS");
export const REPLY_NOT_FOUND = line("NOT_FOUND");
export const REPLY_DELETED = line("DELETED");
export const REPLY_TOUCHED = line("TOUCHED");
export const REPLY_OK = line("OK");
export const REPLY_VERSION = line(`VERSION ${PROTOCOL_VERSION}`);
export const REPLY_MN = line("MN");
export const REPLY_EN = line("EN");
export const WORD_HD = Bytes.fromLatin1("HD");
export const WORD_EN = Bytes.fromLatin1("EN");
export const WORD_NF = Bytes.fromLatin1("NF");
export const WORD_NS = Bytes.fromLatin1("NS");
export const WORD_EX = Bytes.fromLatin1("EX");

/** The first four characters of a text as a little-endian word, for
 * `Output.word`. */
function letters(text: string): number {
  const code = (i: number) => i < text.length ? text.charCodeAt(i) : 0;
  return code(0) | code(1) << 8 | code(2) << 16 | code(3) << 24;
}

// Of the most frequent replies.
export const LETTERS_VA = letters("VA ");
export const LETTERS_VALU = letters("VALU");
export const LETTERS_E = letters("E ");
export const LETTERS_END = letters("END\r");

/** Error lines by the numbers of `errors.ts`. */
export const ERROR_LINES: readonly Bytes[] = ERROR_TEXTS.map(line);
