/**
 * Owns reading numbers from the words of operators' commands. Strict, as
 * memcached is.
 *
 * @module
 */

/** A strict uint32 word, -1 if it is none. */
export function toUint32(word: string | undefined): number {
  if (word === undefined || !/^[0-9]{1,22}$/.test(word)) return -1;
  const value = Number(word);
  return value > 0xffffffff ? -1 : value;
}

/** A strict int32 word, null if it is none. */
export function toInt32(word: string | undefined): number | null {
  if (word === undefined || !/^-?[0-9]{1,10}$/.test(word)) return null;
  const value = Number(word);
  return value < -0x80000000 || value > 0x7fffffff ? null : value;
}
