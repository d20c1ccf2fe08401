/**
 * Owns byte buffers, copies between them and the comparison of short runs.
 * Never knows what the bytes mean.
 *
 * @module
 */

/** Readable bytes after the end of every buffer, so that a 4-byte read of the
 * last byte stays inside. */
export const SLACK_BYTES = 8;

/** Above this `set(subarray)` beats the unrolled DataView loop
 * (`bench/micro/copy_bench.ts`; the loop alone costs 0.3 ns a byte). */
const LOOP_BYTES_MAX = 384;

/** A buffer with the two views that hot code needs. */
export class Bytes {
  /** The whole buffer, slack included. */
  readonly u8: Uint8Array<ArrayBuffer>;
  /** The same memory, for unaligned words of 16 to 64 bits. */
  readonly view: DataView<ArrayBuffer>;
  /** Usable bytes: the buffer without its slack. */
  readonly capacity: number;
  /** Whether other threads may see it. */
  readonly isShared: boolean;
  /** Where it lies in the process, for calls that are told addresses: set by
   * who makes such calls, NaN until then, which is no small integer either: a
   * field that changes its kind takes optimized code with it. */
  address = NaN;
  /** The same for calls that are told pointers. */
  pointer: object | null = null;

  /** Wraps `buffer`, which may be shared; its last 8 bytes are slack. */
  constructor(buffer: ArrayBufferLike) {
    // TypeScript separates shared views from plain ones; every use here is
    // valid for both, so one type is claimed for them.
    this.u8 = new Uint8Array(buffer as ArrayBuffer);
    this.view = new DataView(buffer as ArrayBuffer);
    this.capacity = buffer.byteLength - SLACK_BYTES;
    this.isShared = buffer instanceof SharedArrayBuffer;
  }

  /** A new plain buffer of `capacity` usable bytes. */
  static allocate(capacity: number): Bytes {
    return new Bytes(new ArrayBuffer(capacity + SLACK_BYTES));
  }

  /** A buffer that holds the characters of `text`, one byte each. */
  static fromLatin1(text: string): Bytes {
    const bytes = Bytes.allocate(text.length);
    for (let i = 0; i < text.length; i++) bytes.u8[i] = text.charCodeAt(i);
    return bytes;
  }

  /** A copy of `source`. */
  static from(source: Uint8Array): Bytes {
    const bytes = Bytes.allocate(source.length);
    bytes.u8.set(source);
    return bytes;
  }
}

/** Copies `length` bytes; the two ranges must not overlap. */
export function copyBytes(
  source: Bytes,
  from: number,
  target: Bytes,
  to: number,
  length: number,
): void {
  if (length > LOOP_BYTES_MAX && canMoveFast(source, from, target, to)) {
    target.u8.set(source.u8.subarray(from, from + length), to);
    return;
  }
  const s = source.view, t = target.view;
  const end = from + length;
  // Words of 64 bits: optimized code makes no bigint of what is only moved.
  for (const last = end - 32; from <= last; from += 32, to += 32) {
    const a = s.getBigInt64(from, true), b = s.getBigInt64(from + 8, true);
    const c = s.getBigInt64(from + 16, true);
    const d = s.getBigInt64(from + 24, true);
    t.setBigInt64(to, a, true);
    t.setBigInt64(to + 8, b, true);
    t.setBigInt64(to + 16, c, true);
    t.setBigInt64(to + 24, d, true);
  }
  for (const last = end - 8; from <= last; from += 8, to += 8) {
    t.setBigInt64(to, s.getBigInt64(from, true), true);
  }
  if (from === end) return;
  // What is left, and what of the bytes before it fills the last word.
  const rest = to + end - from;
  if (length >= 8) {
    t.setBigInt64(rest - 8, s.getBigInt64(end - 8, true), true);
  } else if (length >= 4) {
    t.setInt32(to, s.getInt32(from, true), true);
    t.setInt32(rest - 4, s.getInt32(end - 4, true), true);
  } else for (; from < end; from++, to++) t.setUint8(to, s.getUint8(from));
}

// V8 moves shared memory by words of 64 bits if both places are aligned alike,
// else byte by byte, which takes three times as long as the loop
// (`bench/micro/copy_bench.ts`).
function canMoveFast(
  source: Bytes,
  from: number,
  target: Bytes,
  to: number,
): boolean {
  return ((from ^ to) & 7) === 0 || !(source.isShared || target.isShared);
}

/** True if the bytes at `at` are exactly the characters of `text`. */
export function bytesEqualText(
  bytes: Uint8Array,
  at: number,
  length: number,
  text: string,
): boolean {
  if (length !== text.length) return false;
  for (let i = 0; i < length; i++) {
    if (bytes[at + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

/** The bytes `from`..`to` as a string, one character a byte. */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  while (from < to) {
    const next = Math.min(to, from + 8192);
    text += String.fromCharCode(...bytes.subarray(from, next));
    from = next;
  }
  return text;
}

/** The characters of `text` (all below 256) as bytes. */
export function toLatin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
