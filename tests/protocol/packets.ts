/**
 * Owns writing binary packets as text, one character a byte, for transcripts.
 * Never reads one.
 *
 * @module
 */

/** The parts of a packet that are not as usual. */
export interface PacketParts {
  key?: string;
  extras?: string;
  value?: string;
  /** Status of a reply, vbucket of a request. */
  status?: number;
  opaque?: number;
  /** Eight bytes, or the notation for them: {cas8:name}. */
  cas?: string;
  /** What the header says, if that is not the truth. */
  keyLength?: number;
  extrasLength?: number;
  bodyLength?: number;
  datatype?: number;
}

/** Big-endian numbers of one, two, four and eight bytes. */
export function u8(value: number): string {
  return String.fromCharCode(value & 0xff);
}
export function u16(value: number): string {
  return u8(value >>> 8) + u8(value);
}
export function u32(value: number): string {
  return u16(value >>> 16) + u16(value);
}
export function u64(value: bigint): string {
  return u32(Number(value >> 32n)) + u32(Number(value & 0xffffffffn));
}

const NO_CAS = "\0".repeat(8);
const OPAQUE = 0xdeadbeef;

function packet(magic: number, opcode: number, parts: PacketParts): string {
  const { key = "", extras = "", value = "" } = parts;
  const length = extras.length + key.length + value.length;
  return u8(magic) + u8(opcode) + u16(parts.keyLength ?? key.length) +
    u8(parts.extrasLength ?? extras.length) + u8(parts.datatype ?? 0) +
    u16(parts.status ?? 0) + u32(parts.bodyLength ?? length) +
    u32(parts.opaque ?? OPAQUE) + (parts.cas ?? NO_CAS) + extras + key + value;
}

/** A request. */
export function ask(opcode: number, parts: PacketParts = {}): string {
  return packet(0x80, opcode, parts);
}

/** A reply. */
export function answer(opcode: number, parts: PacketParts = {}): string {
  return packet(0x81, opcode, parts);
}

/** Opcodes. */
export const OP = {
  get: 0x00,
  set: 0x01,
  add: 0x02,
  replace: 0x03,
  delete: 0x04,
  increment: 0x05,
  decrement: 0x06,
  quit: 0x07,
  flush: 0x08,
  getQ: 0x09,
  noop: 0x0a,
  version: 0x0b,
  getK: 0x0c,
  getKQ: 0x0d,
  append: 0x0e,
  prepend: 0x0f,
  stat: 0x10,
  setQ: 0x11,
  addQ: 0x12,
  replaceQ: 0x13,
  deleteQ: 0x14,
  incrementQ: 0x15,
  decrementQ: 0x16,
  quitQ: 0x17,
  flushQ: 0x18,
  appendQ: 0x19,
  prependQ: 0x1a,
  verbosity: 0x1b,
  touch: 0x1c,
  gat: 0x1d,
  gatQ: 0x1e,
  saslList: 0x20,
  saslAuth: 0x21,
  saslStep: 0x22,
  gatK: 0x23,
  gatKQ: 0x24,
} as const;

// Status codes of error replies.
export const NOT_FOUND = 0x01;
export const EXISTS = 0x02;
export const TOO_LARGE = 0x03;
export const INVALID = 0x04;
export const NOT_STORED = 0x05;
export const NON_NUMERIC = 0x06;
export const AUTH_ERROR = 0x20;
export const UNKNOWN = 0x81;
export const NO_MEMORY = 0x82;

const TEXTS = new Map<number, string>([
  [NOT_FOUND, "Not found"],
  [EXISTS, "Data exists for key."],
  [TOO_LARGE, "Too large."],
  [INVALID, "Invalid arguments"],
  [NOT_STORED, "Not stored."],
  [NON_NUMERIC, "Non-numeric server-side value for incr or decr"],
  [AUTH_ERROR, "Auth failure."],
  [UNKNOWN, "Unknown command"],
]);

/** A reply that is an error, with the text that belongs to it. */
export function refusal(opcode: number, status: number): string {
  return answer(opcode, { status, value: TEXTS.get(status) });
}

/** A packet of Set, Add or Replace, or of their quiet forms. */
export function askStore(
  opcode: number,
  key: string,
  value: string,
  parts: PacketParts & { flags?: number; exptime?: number } = {},
): string {
  const extras = u32(parts.flags ?? 0) + u32(parts.exptime ?? 0);
  return ask(opcode, { extras, key, value, ...parts });
}

/** A packet of Increment or Decrement, or of their quiet forms. */
export function askDelta(
  opcode: number,
  key: string,
  delta: bigint,
  parts: PacketParts & { initial?: bigint; exptime?: number } = {},
): string {
  const extras = u64(delta) + u64(parts.initial ?? 0n) +
    u32(parts.exptime ?? 0);
  return ask(opcode, { extras, key, ...parts });
}

/** A reply with a value: of the Get and GAT family. */
export function answerValue(
  opcode: number,
  flags: number,
  value: string,
  parts: PacketParts = {},
): string {
  return answer(opcode, { extras: u32(flags), value, ...parts });
}

/** One statistic. */
export function answerStat(name: string, value: string): string {
  return answer(OP.stat, { key: name, value });
}

/** Noop, and what answers it. */
export const ASK_NOOP = ask(OP.noop);
export const NOOP = answer(OP.noop);

/** The packet after the last statistic. */
export const STATS_END = answer(OP.stat);
