/**
 * Owns building and reading binary packets in tests, independently of
 * src/protocol/binary.ts.
 *
 * @module
 */
import { latin1, toLatin1 } from "../../src/base/bytes.ts";

/** The parts of a request. */
export interface Packet {
  opcode: number;
  key?: string;
  extras?: string;
  value?: string;
  opaque?: number;
  cas?: bigint;
}

/** A big-endian number of `bytes` bytes, as characters. */
export function bigEndian(value: bigint | number, bytes: number): string {
  let rest = BigInt(value);
  let text = "";
  for (let i = 0; i < bytes; i++) {
    text = String.fromCharCode(Number(rest & 0xffn)) + text;
    rest >>= 8n;
  }
  return text;
}

/** A request as characters, one a byte. */
export function packet(parts: Packet): string {
  const { opcode, key = "", extras = "", value = "" } = parts;
  return "\x80" + bigEndian(opcode, 1) + bigEndian(key.length, 2) +
    bigEndian(extras.length, 1) + "\0\0\0" +
    bigEndian(extras.length + key.length + value.length, 4) +
    bigEndian(parts.opaque ?? 0, 4) + bigEndian(parts.cas ?? 0n, 8) +
    extras + key + value;
}

/** One reply. */
export interface Reply {
  opcode: number;
  status: number;
  opaque: number;
  cas: bigint;
  extras: string;
  key: string;
  value: string;
}

/** Reads all replies in `text`; throws if it does not end with one. */
export function readReplies(text: string): Reply[] {
  const replies: Reply[] = [];
  const bytes = toLatin1(text);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] !== 0x81 || at + 24 > bytes.length) {
      throw new Error(`no reply at ${at} of ${JSON.stringify(text)}`);
    }
    const keyLength = view.getUint16(at + 2);
    const extrasLength = bytes[at + 4];
    const end = at + 24 + view.getUint32(at + 8);
    if (end > bytes.length) throw new Error("a reply is cut short");
    const keyAt = at + 24 + extrasLength;
    replies.push({
      opcode: bytes[at + 1],
      status: view.getUint16(at + 6),
      opaque: view.getUint32(at + 12),
      cas: view.getBigUint64(at + 16),
      extras: latin1(bytes, at + 24, keyAt),
      key: latin1(bytes, keyAt, keyAt + keyLength),
      value: latin1(bytes, keyAt + keyLength, end),
    });
    at = end;
  }
  return replies;
}
