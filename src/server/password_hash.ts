/**
 * Owns hashed passwords: reading their text form and comparing with a
 * password, away from the event loop. Never knows whose they are.
 *
 * Formats: `$scrypt$ln=<log2 N>,r=<r>,p=<p>$<salt>$<hash>`, the PHC string
 * format (https://github.com/P-H-C/phc-string-format) with RFC 7914's
 * parameters, and `$pbkdf2-sha256$<rounds>$<salt>$<hash>` (also -sha512) as
 * passlib writes it; both in base64 without padding, where passlib's "." is
 * a "+".
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { pbkdf2, scrypt, timingSafeEqual } from "node:crypto";
import {
  PASSWORD_HASH_MEMORY_BYTES_MAX,
  PASSWORD_HASH_ROUNDS_MAX,
} from "../base/limits.ts";

const SCRYPT = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/;
const PBKDF2 = /^\$pbkdf2-(sha256|sha512)\$(\d+)\$([^$]+)\$([^$]+)$/;
const BASE64 = /^[A-Za-z0-9+/.]+$/;
const HASH_BYTES_MIN = 16;
const HASH_BYTES_MAX = 64;
const PARALLEL_MAX = 16;

/** Compares passwords with one hash. */
export interface PasswordHash {
  /** Whether `password` has this hash; takes as long either way. */
  matches(password: Uint8Array): Promise<boolean>;
}

/** Whether a text wants to be a hash. */
export function looksHashed(text: string): boolean {
  return /^\$(scrypt|pbkdf2-)/.test(text);
}

function decode(text: string): Buffer | null {
  if (!BASE64.test(text)) return null;
  return Buffer.from(text.replaceAll(".", "+"), "base64");
}

/** The hash that a text describes; null if it is not of one of the forms or
 * asks for more than the limits. */
export function parseHash(text: string): PasswordHash | null {
  return parseScrypt(text) ?? parsePbkdf2(text);
}

function parseScrypt(text: string): PasswordHash | null {
  const match = SCRYPT.exec(text);
  if (match === null) return null;
  const [, ln, r, p] = match.map(Number);
  const salt = decode(match[4]), hash = decode(match[5]);
  if (salt === null || hash === null || !isUsable(hash)) return null;
  const memory = 128 * 2 ** ln * r;
  const fits = ln >= 1 && r >= 1 && p >= 1 && p <= PARALLEL_MAX &&
    memory <= PASSWORD_HASH_MEMORY_BYTES_MAX;
  if (!fits) return null;
  const options = { N: 2 ** ln, r, p, maxmem: 2 * memory + 128 * r * p };
  return comparing(hash, (password, done) => {
    scrypt(password, salt, hash.length, options, done);
  });
}

function parsePbkdf2(text: string): PasswordHash | null {
  const match = PBKDF2.exec(text);
  if (match === null) return null;
  const rounds = Number(match[2]);
  const salt = decode(match[3]), hash = decode(match[4]);
  if (salt === null || hash === null || !isUsable(hash)) return null;
  if (rounds < 1 || rounds > PASSWORD_HASH_ROUNDS_MAX) return null;
  return comparing(hash, (password, done) => {
    pbkdf2(password, salt, rounds, hash.length, match[1], done);
  });
}

function isUsable(hash: Buffer): boolean {
  return hash.length >= HASH_BYTES_MIN && hash.length <= HASH_BYTES_MAX;
}

type Derive = (
  password: Uint8Array,
  done: (error: Error | null, key?: Buffer) => void,
) => void;

function comparing(hash: Buffer, derive: Derive): PasswordHash {
  return {
    matches: (password) =>
      new Promise((resolve) =>
        derive(password, (error, key) =>
          resolve(
            error === null && key !== undefined && timingSafeEqual(key, hash),
          ))
      ),
  };
}
