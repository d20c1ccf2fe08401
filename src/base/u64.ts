/**
 * Owns unsigned 64-bit integers as two 32-bit halves, and decimal digits.
 * Never allocates and never uses BigInt: this is on the request path.
 *
 * @module
 */

const TWO_32 = 0x1_0000_0000;
/** Halves up to this one make a number that a double holds exactly. */
const SAFE_HIGH = 0x1f_ffff;

/** An unsigned 64-bit integer: `high * 2^32 + low`, halves in 0..2^32-1. */
export class U64 {
  high = 0;
  low = 0;

  /** Sets both halves; any int32 or uint32 is taken modulo 2^32. */
  set(high: number, low: number): this {
    this.high = high >>> 0;
    this.low = low >>> 0;
    return this;
  }

  /** Takes the value of another number. */
  copy(other: U64): this {
    this.high = other.high;
    this.low = other.low;
    return this;
  }

  /** Takes a safe integer (0..2^53-1). */
  setNumber(value: number): this {
    this.high = Math.floor(value / TWO_32);
    this.low = value >>> 0;
    return this;
  }

  isZero(): boolean {
    return this.high === 0 && this.low === 0;
  }

  equals(other: U64): boolean {
    return this.high === other.high && this.low === other.low;
  }

  isBelow(other: U64): boolean {
    return this.high < other.high ||
      (this.high === other.high && this.low < other.low);
  }

  /** Adds modulo 2^64. */
  add(other: U64): this {
    const low = this.low + other.low;
    const carry = low >= TWO_32 ? 1 : 0;
    this.low = low >>> 0;
    this.high = (this.high + other.high + carry) >>> 0;
    return this;
  }

  /** Subtracts, stopping at 0. */
  subtractToZero(other: U64): this {
    if (this.isBelow(other)) return this.set(0, 0);
    const borrow = this.low < other.low ? 1 : 0;
    this.low = (this.low - other.low) >>> 0;
    this.high = (this.high - other.high - borrow) >>> 0;
    return this;
  }

  /** The value as a double: exact up to 2^53. */
  toNumber(): number {
    return this.high * TWO_32 + this.low;
  }

  /**
   * Reads the decimal digits `from`..`to`: one or more digits and nothing
   * else. False, with the value undefined, for anything else or above 2^64-1.
   */
  parse(bytes: Uint8Array, from: number, to: number): boolean {
    if (from >= to) return false;
    let high = 0, low = 0;
    for (; from < to; from++) {
      const digit = bytes[from] - 48;
      if (digit < 0 || digit > 9) return false;
      if (high > 0x19999999) return false;
      low = low * 10 + digit;
      const carry = Math.floor(low / TWO_32);
      low = low - carry * TWO_32;
      high = high * 10 + carry;
      if (high >= TWO_32) return false;
    }
    this.high = high;
    this.low = low;
    return true;
  }

  /** Writes the decimal digits at `at` (up to 20); returns the end. */
  write(bytes: Uint8Array, at: number): number {
    if (this.high === 0) return writeDecimal(bytes, at, this.low);
    if (this.high <= SAFE_HIGH) return writeDecimal(bytes, at, this.toNumber());
    return this.#writeLong(bytes, at);
  }

  // Long division by 10^4 over 16-bit limbs: every step stays in int32.
  #writeLong(bytes: Uint8Array, at: number): number {
    const limbs = LIMBS;
    limbs[0] = this.high >>> 16;
    limbs[1] = this.high & 0xffff;
    limbs[2] = this.low >>> 16;
    limbs[3] = this.low & 0xffff;
    let start = 20;
    for (let group = 0; group < 5; group++) {
      let rest = 0;
      for (let i = 0; i < 4; i++) {
        rest = (rest << 16) | limbs[i];
        limbs[i] = (rest / 10000) | 0;
        rest %= 10000;
      }
      for (let i = 0; i < 4; i++) {
        DIGITS[--start] = 48 + rest % 10;
        rest = (rest / 10) | 0;
      }
    }
    while (DIGITS[start] === 48) start++;
    for (; start < 20; start++) bytes[at++] = DIGITS[start];
    return at;
  }
}

const LIMBS = new Int32Array(4);
const DIGITS = new Uint8Array(20);

/** Number of decimal digits of a whole number 0..2^53-1. */
export function decimalLength(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1000) return 3;
  if (value < 10000) return 4;
  let length = 5;
  for (let limit = 100000; value >= limit; limit *= 10) length++;
  return length;
}

/** Writes a whole number 0..2^53-1 in decimal at `at`; returns the end. */
export function writeDecimal(
  bytes: Uint8Array,
  at: number,
  value: number,
): number {
  const end = at + decimalLength(value);
  let place = end;
  while (value > 0x7fffffff) {
    const rest = Math.floor(value / 10);
    bytes[--place] = 48 + (value - rest * 10);
    value = rest;
  }
  let small = value | 0;
  while (place > at) {
    const rest = (small / 10) | 0;
    bytes[--place] = 48 + small - rest * 10;
    small = rest;
  }
  return end;
}
