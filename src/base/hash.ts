/**
 * Owns the hash of keys: 32 bits from a buffer or from table memory, and the
 * tag taken from it. Never decides what they are used for.
 *
 * The mixing steps are MurmurHash3_x86_32's (Austin Appleby, public domain);
 * the seed is drawn per process, so that nobody can prepare keys that collide.
 *
 * @module
 */

/** Keeps the low `n` bytes of a little-endian word, by n = 0..3. */
export const TAIL_MASK = new Int32Array([0, 0xff, 0xffff, 0xffffff]);

function mix(hash: number, word: number): number {
  word = Math.imul(word, 0xcc9e2d51 | 0);
  word = (word << 15) | (word >>> 17);
  hash ^= Math.imul(word, 0x1b873593);
  hash = (hash << 13) | (hash >>> 19);
  return (Math.imul(hash, 5) + (0xe6546b64 | 0)) | 0;
}

function finish(hash: number, length: number): number {
  hash ^= length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b | 0);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35 | 0);
  return hash ^ (hash >>> 16);
}

/** Hashes `length` bytes at any offset; up to 3 bytes after them are read. */
export function hashBytes(
  view: DataView,
  at: number,
  length: number,
  seed: number,
): number {
  let hash = seed;
  const end = at + (length & ~3);
  for (; at < end; at += 4) hash = mix(hash, view.getInt32(at, true));
  const tail = length & 3;
  if (tail !== 0) hash = mix(hash, view.getInt32(at, true) & TAIL_MASK[tail]);
  return finish(hash, length);
}

/** The same hash for a key that starts at word offset `at`. */
export function hashWords(
  words: Int32Array,
  at: number,
  length: number,
  seed: number,
): number {
  let hash = seed;
  const end = at + (length >>> 2);
  for (; at < end; at++) hash = mix(hash, words[at]);
  const tail = length & 3;
  if (tail !== 0) hash = mix(hash, words[at] & TAIL_MASK[tail]);
  return finish(hash, length);
}

/** 8 bits of a hash that are independent of shard and bucket; never 0. */
export function tagOf(hash: number): number {
  return (Math.imul(hash, 0x9e3779b1 | 0) >>> 24) || 1;
}
