/**
 * Owns reading what clients log in with: the token of `-Y` and the message of
 * SASL PLAIN. Never judges a password.
 *
 * Formats: memcached's doc/protocol.txt, "Authentication"; RFC 4616.
 *
 * @module
 */
import * as bytes from "../base/bytes.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { latin1 } = bytes;

/** Who somebody claims to be; one character a byte. */
export interface Claim {
  user: string;
  password: string;
}

const NUL = 0, SPACE = 32;

/** Reads `user password`, the bytes `from`..`to`; null without a space. */
export function readToken(
  u8: Uint8Array,
  from: number,
  to: number,
): Claim | null {
  const at = indexOf(u8, SPACE, from, to);
  if (at < 0) return null;
  return { user: latin1(u8, from, at), password: latin1(u8, at + 1, to) };
}

/**
 * Reads `[authorization id] NUL user NUL password`, the bytes `from`..`to`;
 * null if it is not of that form. The authorization id is not used, as
 * memcached does not use it.
 */
export function readPlain(
  u8: Uint8Array,
  from: number,
  to: number,
): Claim | null {
  const first = indexOf(u8, NUL, from, to);
  if (first < 0) return null;
  const second = indexOf(u8, NUL, first + 1, to);
  if (second < 0 || indexOf(u8, NUL, second + 1, to) >= 0) return null;
  if (second === first + 1) return null;
  return {
    user: latin1(u8, first + 1, second),
    password: latin1(u8, second + 1, to),
  };
}

function indexOf(
  u8: Uint8Array,
  byte: number,
  from: number,
  to: number,
): number {
  for (let i = from; i < to; i++) if (u8[i] === byte) return i;
  return -1;
}
