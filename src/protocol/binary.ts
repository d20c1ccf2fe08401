/**
 * Owns the binary protocol's packets: reading requests, writing reply
 * headers. No I/O, no clock, no copies of keys or values.
 *
 * Format: memcached's protocol_binary.h and wiki, "BinaryProtocolRevamped";
 * behaviour on the wire: `../shared/reference/memcached.md`, 1.8.
 *
 * @module
 */
import { Bytes } from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import type { U64 } from "../base/u64.ts";
import type { Command } from "./command.ts";
import * as command from "./command.ts";
import * as commands from "./commands.ts";
import type { Output } from "./output.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { BINARY_BODY_BYTES_MAX, KEY_BYTES_MAX } = limits;
const { COMPLETE, HANG_UP, HAS_BODY, NEED_MORE, REFUSED } = command;
const {
  BIN_ADD,
  BIN_ADDQ,
  BIN_APPEND,
  BIN_APPENDQ,
  BIN_DECREMENT,
  BIN_DECREMENTQ,
  BIN_DELETE,
  BIN_DELETEQ,
  BIN_FLUSH,
  BIN_FLUSHQ,
  BIN_GAT,
  BIN_GATK,
  BIN_GATKQ,
  BIN_GATQ,
  BIN_GET,
  BIN_GETK,
  BIN_GETKQ,
  BIN_GETQ,
  BIN_INCREMENT,
  BIN_INCREMENTQ,
  BIN_NOOP,
  BIN_PREPEND,
  BIN_PREPENDQ,
  BIN_QUIT,
  BIN_QUITQ,
  BIN_REPLACE,
  BIN_REPLACEQ,
  BIN_SASL_AUTH,
  BIN_SASL_LIST,
  BIN_SASL_STEP,
  BIN_SET,
  BIN_SETQ,
  BIN_STAT,
  BIN_TOUCH,
  BIN_VERBOSITY,
  BIN_VERSION,
} = commands;

export const MAGIC_REQUEST = 0x80;
const MAGIC_REPLY = 0x81;
export const BINARY_HEADER_BYTES = 24;
/** Expiration that forbids incr and decr to create the item. */
export const DO_NOT_CREATE = 0xffffffff;

// Status codes.
export const STATUS_OK = 0x00;
export const STATUS_NOT_FOUND = 0x01;
export const STATUS_EXISTS = 0x02;
export const STATUS_TOO_LARGE = 0x03;
export const STATUS_INVALID = 0x04;
export const STATUS_NOT_STORED = 0x05;
export const STATUS_NON_NUMERIC = 0x06;
export const STATUS_AUTH_ERROR = 0x20;
export const STATUS_AUTH_CONTINUE = 0x21;
export const STATUS_UNKNOWN = 0x81;
export const STATUS_NO_MEMORY = 0x82;

const STATUS_TEXTS = new Map<number, Bytes>([
  [STATUS_NOT_FOUND, Bytes.fromLatin1("Not found")],
  [STATUS_EXISTS, Bytes.fromLatin1("Data exists for key.")],
  [STATUS_TOO_LARGE, Bytes.fromLatin1("Too large.")],
  [STATUS_INVALID, Bytes.fromLatin1("Invalid arguments")],
  [STATUS_NOT_STORED, Bytes.fromLatin1("Not stored.")],
  [
    STATUS_NON_NUMERIC,
    Bytes.fromLatin1("Non-numeric server-side value for incr or decr"),
  ],
  [STATUS_AUTH_ERROR, Bytes.fromLatin1("Auth failure.")],
  [STATUS_UNKNOWN, Bytes.fromLatin1("Unknown command")],
  [STATUS_NO_MEMORY, Bytes.fromLatin1("Out of memory")],
]);

// memcached words status 0x82 by what there was no memory for.
const NO_MEMORY_ITEM = Bytes.fromLatin1("Out of memory allocating item");
const NO_MEMORY_NUMBER = Bytes.fromLatin1("Out of memory incrementing value");
/** The text of status 0x82 when Increment or Decrement cannot create. */
export const NO_MEMORY_NEW = Bytes.fromLatin1(
  "Out of memory allocating new item",
);

// How a command's packet must look.
const FORM_NONE = 1; // nothing at all
const FORM_KEY = 2; // a key
const FORM_KEY_EXPIRY = 3; // expiration and key
const FORM_STORE = 4; // flags, expiration, key, value
const FORM_JOIN = 5; // key, value
const FORM_DELTA = 6; // delta, initial, expiration, key
const FORM_FLUSH = 7; // perhaps an expiration
const FORM_STAT = 8; // perhaps a key
const FORM_SASL = 9; // mechanism as key, data as value
const FORM_LEVEL = 10; // verbosity level

const FORMS = new Uint8Array(256);
const QUIET = new Uint8Array(256);

function declare(form: number, opcodes: number[], quiet: number[] = []): void {
  for (const opcode of opcodes) FORMS[opcode] = form;
  for (const opcode of quiet) {
    FORMS[opcode] = form;
    QUIET[opcode] = 1;
  }
}

declare(FORM_NONE, [BIN_NOOP, BIN_VERSION, BIN_QUIT, BIN_SASL_LIST], [
  BIN_QUITQ,
]);
declare(FORM_KEY, [BIN_GET, BIN_GETK, BIN_DELETE], [
  BIN_GETQ,
  BIN_GETKQ,
  BIN_DELETEQ,
]);
declare(FORM_KEY_EXPIRY, [BIN_TOUCH, BIN_GAT, BIN_GATK], [
  BIN_GATQ,
  BIN_GATKQ,
]);
declare(FORM_STORE, [BIN_SET, BIN_ADD, BIN_REPLACE], [
  BIN_SETQ,
  BIN_ADDQ,
  BIN_REPLACEQ,
]);
declare(FORM_JOIN, [BIN_APPEND, BIN_PREPEND], [BIN_APPENDQ, BIN_PREPENDQ]);
declare(FORM_DELTA, [BIN_INCREMENT, BIN_DECREMENT], [
  BIN_INCREMENTQ,
  BIN_DECREMENTQ,
]);
declare(FORM_FLUSH, [BIN_FLUSH], [BIN_FLUSHQ]);
declare(FORM_STAT, [BIN_STAT]);
declare(FORM_SASL, [BIN_SASL_AUTH, BIN_SASL_STEP]);
declare(FORM_LEVEL, [BIN_VERBOSITY]);

/** Whether a binary opcode is known. */
export function isBinaryOpcode(opcode: number): boolean {
  return FORMS[opcode] !== 0;
}

/**
 * Reads the packet that starts at `from` in the bytes up to `to`, and fills
 * `command`; `error` is a status code. With HAS_BODY the value, `valueLength`
 * bytes without CR LF, follows at `next`.
 */
export function parseBinary(
  input: Bytes,
  from: number,
  to: number,
  command: Command,
): number {
  if (to > from && input.u8[from] !== MAGIC_REQUEST) return HANG_UP;
  if (to - from < BINARY_HEADER_BYTES) return NEED_MORE;
  const view = input.view;
  const opcode = input.u8[from + 1];
  const keyLength = view.getUint16(from + 2);
  const extrasLength = input.u8[from + 4];
  const bodyLength = view.getUint32(from + 8);
  command.input = input;
  command.op = opcode;
  command.opaque = view.getUint32(from + 12);
  command.quiet = QUIET[opcode] === 1;
  command.next = from + BINARY_HEADER_BYTES;
  if (keyLength + extrasLength > bodyLength) {
    return hangUpWith(command, STATUS_UNKNOWN);
  }
  if (bodyLength > BINARY_BODY_BYTES_MAX || keyLength > KEY_BYTES_MAX) {
    return hangUpWith(command, STATUS_INVALID);
  }
  const form = FORMS[opcode];
  if (form === 0) {
    command.error = STATUS_UNKNOWN;
    command.swallow = bodyLength;
    command.closes = false;
    return REFUSED;
  }
  if (!hasForm(form, keyLength, extrasLength, bodyLength)) {
    return hangUpWith(command, STATUS_INVALID);
  }
  const head = BINARY_HEADER_BYTES + extrasLength + keyLength;
  if (to - from < head) return NEED_MORE;
  command.next = from + head;
  command.key = input;
  command.keyAt = from + BINARY_HEADER_BYTES + extrasLength;
  command.keyLength = keyLength;
  command.isBinaryKey = false;
  command.compare.set(view.getUint32(from + 16), view.getUint32(from + 20));
  command.hasCompare = !command.compare.isZero();
  command.hasCas = false;
  command.extrasLength = extrasLength;
  command.valueLength = bodyLength - extrasLength - keyLength;
  readExtras(form, view, from + BINARY_HEADER_BYTES, command);
  const hasBody = form === FORM_STORE || form === FORM_JOIN ||
    form === FORM_SASL;
  return hasBody ? HAS_BODY : COMPLETE;
}

function hangUpWith(command: Command, status: number): number {
  command.error = status;
  command.swallow = 0;
  command.closes = true;
  return REFUSED;
}

function hasForm(
  form: number,
  key: number,
  extras: number,
  body: number,
): boolean {
  const exact = body === key + extras;
  switch (form) {
    case FORM_NONE:
      return body === 0;
    case FORM_KEY:
      return extras === 0 && key > 0 && exact;
    case FORM_KEY_EXPIRY:
      return extras === 4 && key > 0 && exact;
    case FORM_STORE:
      return extras === 8 && key > 0;
    case FORM_JOIN:
    case FORM_SASL:
      return extras === 0 && key > 0;
    case FORM_DELTA:
      return extras === 20 && key > 0 && exact;
    case FORM_FLUSH:
      return key === 0 && exact && (extras === 0 || extras === 4);
    case FORM_LEVEL:
      return key === 0 && exact && extras === 4;
    default:
      return extras === 0 && exact;
  }
}

function readExtras(
  form: number,
  view: DataView,
  at: number,
  command: Command,
): void {
  command.exptime = 0;
  command.clientFlags = 0;
  switch (form) {
    case FORM_STORE:
      command.clientFlags = view.getUint32(at);
      command.exptime = view.getUint32(at + 4);
      return;
    case FORM_DELTA:
      command.delta.set(view.getUint32(at), view.getUint32(at + 4));
      command.initial.set(view.getUint32(at + 8), view.getUint32(at + 12));
      command.exptime = view.getUint32(at + 16);
      return;
    case FORM_KEY_EXPIRY:
    case FORM_LEVEL:
      command.exptime = view.getUint32(at);
      return;
    case FORM_FLUSH:
      if (command.extrasLength === 4) command.exptime = view.getUint32(at);
  }
}

/**
 * Appends the header of a reply to `command`; extras, key and value follow.
 * The room must be reserved.
 */
export function putHeader(
  output: Output,
  command: Command,
  status: number,
  extrasLength: number,
  keyLength: number,
  valueLength: number,
  cas: U64 | null,
): void {
  const view = output.bytes.view;
  const at = output.length;
  view.setInt32(at, (MAGIC_REPLY << 24) | (command.op << 16) | keyLength);
  view.setInt32(at + 4, (extrasLength << 24) | status);
  view.setUint32(at + 8, extrasLength + keyLength + valueLength);
  view.setUint32(at + 12, command.opaque);
  view.setUint32(at + 16, cas === null ? 0 : cas.high);
  view.setUint32(at + 20, cas === null ? 0 : cas.low);
  output.length = at + BINARY_HEADER_BYTES;
}

/** Appends a reply that carries the text of an error status. */
export function putStatus(
  output: Output,
  command: Command,
  status: number,
  text = statusText(status, command.op),
): void {
  const length = text === undefined ? 0 : text.capacity;
  output.reserve(BINARY_HEADER_BYTES + length);
  putHeader(output, command, status, 0, 0, length, null);
  if (text !== undefined) output.text(text);
}

function statusText(status: number, op: number): Bytes | undefined {
  if (status === STATUS_NO_MEMORY) {
    const form = FORMS[op];
    if (form === FORM_STORE || form === FORM_JOIN) return NO_MEMORY_ITEM;
    if (form === FORM_DELTA) return NO_MEMORY_NUMBER;
  }
  return STATUS_TEXTS.get(status);
}

/** Appends an empty success. */
export function putSuccess(
  output: Output,
  command: Command,
  cas: U64 | null,
): void {
  output.reserve(BINARY_HEADER_BYTES);
  putHeader(output, command, STATUS_OK, 0, 0, 0, cas);
}
