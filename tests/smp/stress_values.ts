/**
 * Owns values that say what they are: key, version and checksum in front of
 * bytes that differ; and what a reader may find at a key. Never talks to a
 * server.
 *
 * @module
 */
import { assert } from "@std/assert";
import { latin1, toLatin1 } from "../../src/base/bytes.ts";
import { payload } from "../support/serving.ts";

/** Longest header; the bytes follow at a multiple of four. */
const HEADER_BYTES = 48;
const POOL_BYTES = 1 << 20;
const POOL = payload(POOL_BYTES, 1);
/** Largest value. */
export const VALUE_BYTES_MAX = POOL_BYTES / 2;

// FNV-1a by words (G. Fowler, L. C. Noll, K.-P. Vo); enough to notice what is
// torn or misplaced.
function checksum(bytes: Uint8Array, from: number): number {
  const { buffer, byteOffset, length } = bytes;
  const words = new Int32Array(buffer, byteOffset + from, (length - from) >> 2);
  let sum = 0x811c9dc5 | 0;
  for (let i = 0; i < words.length; i++) {
    sum = Math.imul(sum ^ words[i], 0x01000193);
  }
  return sum >>> 0;
}

/** A value of `key`; `length` is at least that of a header, and rounded to a
 * multiple of four. */
export function makeValue(
  key: string,
  version: number,
  length: number,
): Uint8Array {
  const bytes = new Uint8Array(Math.max(HEADER_BYTES, length & ~3));
  const from = (version * 52) % (POOL_BYTES - VALUE_BYTES_MAX);
  bytes.set(
    POOL.subarray(from, from + bytes.length - HEADER_BYTES),
    HEADER_BYTES,
  );
  const sum = checksum(bytes, HEADER_BYTES);
  const header = `${key} ${version} ${bytes.length} ${sum} `;
  assert(header.length <= HEADER_BYTES);
  bytes.set(toLatin1(header.padEnd(HEADER_BYTES)));
  return bytes;
}

/** The version of a value of `key`; throws if it is anything else. */
export function versionOf(key: string, bytes: Uint8Array): number {
  const header = latin1(bytes, 0, Math.min(HEADER_BYTES, bytes.length));
  const [name, version, length, sum] = header.split(" ");
  assert(name === key, `${key} holds ${header}`);
  assert(Number(length) === bytes.length, `${bytes.length} bytes: ${header}`);
  const found = checksum(bytes, HEADER_BYTES);
  assert(Number(sum) === found, `checksum ${found}: ${header}`);
  return Number(version);
}

/** What is known of the versions of every key. One client writes a key, so
 * that its versions follow one another. */
export class Ledger {
  /** Versions that were sent, whose store was answered, and that a delete or
   * a flush, answered since, has removed. */
  readonly sent: Int32Array;
  readonly stored: Int32Array;
  readonly removed: Int32Array;

  constructor(keys: number) {
    this.sent = new Int32Array(keys);
    this.stored = new Int32Array(keys);
    this.removed = new Int32Array(keys);
  }

  /** The oldest version that a read which begins now may find. */
  oldest(key: number): number {
    return Math.max(this.stored[key], this.removed[key] + 1);
  }

  /** Throws unless a read that began when `oldest` was the oldest version may
   * have found this one. */
  check(key: number, version: number, oldest: number): void {
    assert(
      version >= oldest && version <= this.sent[key],
      `key ${key}: version ${version} of ${oldest}..${this.sent[key]}`,
    );
  }

  /** To be called when a flush is sent; call the result when it is done. */
  beginFlush(): () => void {
    const before = this.stored.slice();
    return () => {
      for (let key = 0; key < before.length; key++) {
        this.removed[key] = Math.max(this.removed[key], before[key]);
      }
    };
  }
}
