/**
 * Owns the record that parsers fill and the engine reads: one per connection,
 * reused for every command. Never copies keys or values: it points into the
 * buffer that was parsed.
 *
 * @module
 */
import { Bytes } from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import { U64 } from "../base/u64.ts";
import * as errors from "./errors.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { KEY_BYTES_MAX, META_TOKENS_MAX } = limits;
const { ERROR_NONE } = errors;

// What a parser found.
/** The command is not complete: read more, parse again from the same place. */
export const NEED_MORE = 0;
/** A whole command that has no value. */
export const COMPLETE = 1;
/** A whole command line; `valueLength` bytes and CR LF follow at `next`. */
export const HAS_BODY = 2;
/** A refusal: answer `error`, throw away `swallow` bytes after `next`. */
export const REFUSED = 3;
/** Close the connection without a word. */
export const HANG_UP = 4;

const EMPTY = Bytes.allocate(0);

/** One parsed command. Offsets are into `input`, the key's into `key`. */
export class Command {
  /** One of the OP_ numbers, or a binary opcode. */
  op = 0;
  input: Bytes = EMPTY;
  /** Where the body, or else the next command, starts. */
  next = 0;
  /** Number of the error text (`errors.ts`), after REFUSED. */
  error = ERROR_NONE;
  /** Bytes of body to throw away before the refusal is answered. */
  swallow = 0;
  /** After REFUSED: the connection ends once the refusal is written. */
  closes = false;

  key: Bytes = EMPTY;
  keyAt = 0;
  keyLength = 0;
  /** The key was given in base64; `rawKeyAt` is what the client wrote. */
  isBinaryKey = false;
  rawKeyAt = 0;
  rawKeyLength = 0;
  /** Room for a key that was given in base64. */
  readonly decoded = Bytes.allocate(KEY_BYTES_MAX + 6);
  /** The keys of a get command: from here to the end of the line. */
  keysAt = 0;

  /** `noreply`, the meta flag q, or a quiet opcode. */
  quiet = false;
  /** uint32. */
  clientFlags = 0;
  /** As the client sent it: see `clock.ts`. */
  exptime = 0;
  valueAt = 0;
  valueLength = 0;

  /** CAS id to compare with. */
  hasCompare = false;
  readonly compare = new U64();
  /** CAS id to give the item (meta E). */
  hasCas = false;
  readonly cas = new U64();
  readonly delta = new U64();
  readonly initial = new U64();

  // Meta: the flags as they came, for the reply.
  flagCount = 0;
  /** The letter of each flag. */
  readonly flagLetter = new Uint8Array(META_TOKENS_MAX);
  /** Where each flag starts in `input`, letter included, and its length. */
  readonly flagAt = new Int32Array(META_TOKENS_MAX);
  readonly flagLength = new Int32Array(META_TOKENS_MAX);
  /** Bit `letter - 64` of the letters A..Z and (second word) a..z. */
  upperFlags = 0;
  lowerFlags = 0;
  /** Character after M, 0 without one. */
  mode = 0;
  /** Arguments of T, N and R, as the client sent them. */
  vivifyExptime = 0;
  recacheExptime = 0;

  // Binary.
  opaque = 0;
  extrasLength = 0;
}
