/**
 * Owns reading the decimal number that a stored value holds, by C's rules for
 * strtoull as memcached applies them. Never writes.
 *
 * @module
 */
import type { U64 } from "../base/u64.ts";

function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

/**
 * Reads `from`..`to` as an unsigned number: white space and a plus sign may
 * stand before the digits, white space must follow them or nothing. False for
 * anything else, a negative number, or one above 2^64-1.
 */
export function parseStored(
  bytes: Uint8Array,
  from: number,
  to: number,
  out: U64,
): boolean {
  while (from < to && isSpace(bytes[from])) from++;
  if (from < to && bytes[from] === 43) from++;
  let end = from;
  while (end < to && bytes[end] >= 48 && bytes[end] <= 57) end++;
  if (end < to && !isSpace(bytes[end])) return false;
  return out.parse(bytes, from, end);
}
