/**
 * Owns the frame around requests and replies that come by UDP. Never sends
 * and never looks into the payload.
 *
 * Format: memcached's doc/protocol.txt, "UDP protocol": four 16-bit
 * big-endian numbers: request id, sequence number, datagrams of the message,
 * reserved.
 *
 * @module
 */
import * as limits from "../base/limits.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { UDP_DATAGRAM_BYTES_MAX } = limits;

export const UDP_HEADER_BYTES = 8;
/** Payload of a full datagram. */
export const UDP_PAYLOAD_BYTES = UDP_DATAGRAM_BYTES_MAX - UDP_HEADER_BYTES;
const TOTAL_MAX = 0xffff;

/**
 * The request id of a datagram of `length` bytes, 0..65535; -1 if it has no
 * payload or is one of several, which memcached ignores too.
 */
export function requestId(datagram: Uint8Array, length: number): number {
  if (length <= UDP_HEADER_BYTES) return -1;
  if (datagram[4] !== 0 || datagram[5] !== 1) return -1;
  return datagram[0] << 8 | datagram[1];
}

/** Datagrams that a reply of `length` bytes takes; 0 for an empty one. */
export function datagramCount(length: number): number {
  return Math.min(TOTAL_MAX, Math.ceil(length / UDP_PAYLOAD_BYTES));
}

/**
 * Fills `datagram` with number `sequence` of `total` parts of a reply;
 * returns how many bytes of it are used.
 */
export function fillDatagram(
  datagram: Uint8Array,
  id: number,
  sequence: number,
  total: number,
  reply: Uint8Array,
): number {
  put16(datagram, 0, id);
  put16(datagram, 2, sequence);
  put16(datagram, 4, total);
  put16(datagram, 6, 0);
  const from = sequence * UDP_PAYLOAD_BYTES;
  const part = reply.subarray(from, from + UDP_PAYLOAD_BYTES);
  datagram.set(part, UDP_HEADER_BYTES);
  return UDP_HEADER_BYTES + part.length;
}

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
}
