/**
 * Owns base64 (RFC 4648, section 4) between byte buffers. Reading is as
 * tolerant as memcached's: other characters are skipped, padding must be
 * complete. Never allocates.
 *
 * @module
 */

const ALPHABET =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PADDING = 61;
const CODES = new Uint8Array(64);
const VALUES = new Int8Array(256).fill(-1);
for (let i = 0; i < 64; i++) {
  CODES[i] = ALPHABET.charCodeAt(i);
  VALUES[CODES[i]] = i;
}

/** Decodes `from`..`to` to `target`; returns the length, -1 if malformed. */
export function decodeBase64(
  source: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
): number {
  let characters = 0;
  for (let i = from; i < to; i++) {
    if (VALUES[source[i]] >= 0 || source[i] === PADDING) characters++;
  }
  if (characters === 0 || characters % 4 !== 0) return -1;
  let at = 0, group = 0, count = 0, padding = 0;
  for (let i = from; i < to && padding === 0; i++) {
    // A group with padding is the last one, whatever follows it.
    for (; i < to && count < 4; i++) {
      const isPadding = source[i] === PADDING;
      if (!isPadding && VALUES[source[i]] < 0) continue;
      if (isPadding) padding++;
      group = (group << 6) | (isPadding ? 0 : VALUES[source[i]]);
      count++;
    }
    i--;
    if (count < 4) break;
    target[at] = group >>> 16;
    target[at + 1] = group >>> 8;
    target[at + 2] = group;
    at += 3;
    group = count = 0;
  }
  return padding > 2 ? -1 : at - padding;
}

/** Length of the base64 form of `length` bytes. */
export function base64Length(length: number): number {
  return Math.ceil(length / 3) * 4;
}

/** Encodes `from`..`to` at `at`; returns the end. */
export function encodeBase64(
  source: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  at: number,
): number {
  for (let i = from; i < to; i += 3) {
    const rest = to - i;
    const b = rest > 1 ? source[i + 1] : 0;
    const c = rest > 2 ? source[i + 2] : 0;
    target[at++] = CODES[source[i] >> 2];
    target[at++] = CODES[((source[i] & 3) << 4) | (b >> 4)];
    target[at++] = rest > 1 ? CODES[((b & 15) << 2) | (c >> 6)] : PADDING;
    target[at++] = rest > 2 ? CODES[c & 63] : PADDING;
  }
  return at;
}
