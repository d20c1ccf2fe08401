/**
 * Owns how a snapshot lies in a file: header, frames, end mark, checksums.
 * Bytes in, bytes out; never touches a file and never looks into an item
 * (`../store/snapshot_items.ts`).
 *
 *     header  magic, 8 bytes, made as PNG's (W3C PNG, 5.2): a copy that
 *             changed line ends or lost the top bit is no snapshot
 *             8   version, uint32
 *             12  bytes of the header, uint32
 *             16  machine's clock when it was written, Unix seconds, float64
 *             24  the table's clock ahead of it, seconds, float64
 *             32  sequence number of the newest CAS ids, float64
 *             40  flush to come, table second, 0 for none, float64
 *             48  item limit, bytes, float64
 *             56  memory limit, bytes, float64
 *             64  checksum of the bytes before
 *     frame   0   kind, uint32
 *             4   bytes that follow the head
 *             8   of those, bytes of the last item of the frame before
 *             12  items that begin in it
 *             16  checksum of the head so far and of what follows
 *     end     a frame of 16 bytes: items and file length, float64 each
 *
 * All numbers are little-endian. Checksums are CRC-32 as in gzip (RFC 1952,
 * section 8), from zlib.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { SnapshotError } from "../store/store.ts";

const MAGIC = [0x89, 0x44, 0x4e, 0x43, 0x0d, 0x0a, 0x1a, 0x0a];
/** Changes whenever a file of before could be misread. */
export const SNAPSHOT_VERSION = 1;

export const HEADER_BYTES = 68;
const HEADER_CHECKED_BYTES = 64;
export const FRAME_HEAD_BYTES = 20;
const FRAME_CHECKED_BYTES = 16;
/** Most bytes of a frame without its head. */
export const FRAME_BYTES_MAX = 1024 * 1024;
/** Bytes of the end mark with its head. */
export const END_BYTES = FRAME_HEAD_BYTES + 16;

const KIND_ITEMS = 0x4d455449;
const KIND_END = 0x20444e45;

/** What a snapshot says about itself. */
export interface SnapshotHeader {
  /** Machine's clock when it was written, Unix seconds with fractions. */
  writtenUnix: number;
  /** Seconds that the table's clock was ahead of the machine's. */
  clockAhead: number;
  /** CAS ids were made from numbers up to this one. */
  sequence: number;
  /** Table second of a flush to come, 0 for none. */
  flushAt: number;
  itemBytesMax: number;
  limitBytes: number;
}

/** The head of a frame. */
export interface FrameHead {
  isEnd: boolean;
  length: number;
  carried: number;
  items: number;
  checksum: number;
}

/** What the end mark says. */
export interface SnapshotEnd {
  items: number;
  fileBytes: number;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The first bytes of a file. */
export function encodeHeader(header: SnapshotHeader): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = viewOf(bytes);
  bytes.set(MAGIC);
  view.setUint32(8, SNAPSHOT_VERSION, true);
  view.setUint32(12, HEADER_BYTES, true);
  view.setFloat64(16, header.writtenUnix, true);
  view.setFloat64(24, header.clockAhead, true);
  view.setFloat64(32, header.sequence, true);
  view.setFloat64(40, header.flushAt, true);
  view.setFloat64(48, header.itemBytesMax, true);
  view.setFloat64(56, header.limitBytes, true);
  view.setUint32(64, crc32(bytes.subarray(0, HEADER_CHECKED_BYTES)), true);
  return bytes;
}

/** Reads the first bytes of a file; throws SnapshotError with the reason. */
export function decodeHeader(bytes: Uint8Array): SnapshotHeader {
  if (bytes.length === 0) throw new SnapshotError("it is empty");
  const known = Math.min(bytes.length, MAGIC.length);
  if (MAGIC.slice(0, known).some((byte, i) => bytes[i] !== byte)) {
    throw new SnapshotError("it is no snapshot");
  }
  if (bytes.length < HEADER_BYTES) throw new SnapshotError("it is truncated");
  const view = viewOf(bytes);
  const version = view.getUint32(8, true);
  if (version !== SNAPSHOT_VERSION) {
    const age = version < SNAPSHOT_VERSION ? "older" : "newer";
    throw new SnapshotError(
      `its version ${version} is ${age} than ${SNAPSHOT_VERSION}`,
    );
  }
  const checksum = crc32(bytes.subarray(0, HEADER_CHECKED_BYTES));
  if (view.getUint32(64, true) !== checksum) {
    throw new SnapshotError("its header is damaged");
  }
  return {
    writtenUnix: view.getFloat64(16, true),
    clockAhead: view.getFloat64(24, true),
    sequence: view.getFloat64(32, true),
    flushAt: view.getFloat64(40, true),
    itemBytesMax: view.getFloat64(48, true),
    limitBytes: view.getFloat64(56, true),
  };
}

function encodeHead(
  kind: number,
  carried: number,
  items: number,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FRAME_HEAD_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, kind, true);
  view.setUint32(4, payload.length, true);
  view.setUint32(8, carried, true);
  view.setUint32(12, items, true);
  view.setUint32(16, checksumOf(bytes, payload), true);
  return bytes;
}

function checksumOf(head: Uint8Array, payload: Uint8Array): number {
  return crc32(payload, crc32(head.subarray(0, FRAME_CHECKED_BYTES)));
}

/** The head of a frame with these items. */
export function encodeFrameHead(
  carried: number,
  items: number,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return encodeHead(KIND_ITEMS, carried, items, payload);
}

/** The last bytes of a file. */
export function encodeEnd(end: SnapshotEnd): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(END_BYTES);
  const payload = bytes.subarray(FRAME_HEAD_BYTES);
  const view = viewOf(payload);
  view.setFloat64(0, end.items, true);
  view.setFloat64(8, end.fileBytes, true);
  bytes.set(encodeHead(KIND_END, 0, 0, payload));
  return bytes;
}

/** Reads the head of a frame; throws SnapshotError if it cannot be one. */
export function decodeFrameHead(bytes: Uint8Array): FrameHead {
  const view = viewOf(bytes);
  const kind = view.getUint32(0, true);
  const length = view.getUint32(4, true);
  const carried = view.getUint32(8, true);
  const isKnown = kind === KIND_ITEMS || kind === KIND_END;
  if (!isKnown || length > FRAME_BYTES_MAX || carried > length) {
    throw new SnapshotError("a frame is damaged");
  }
  return {
    isEnd: kind === KIND_END,
    length,
    carried,
    items: view.getUint32(12, true),
    checksum: view.getUint32(16, true),
  };
}

/** Checks a frame; throws SnapshotError if it is not as it was written. */
export function checkFrame(head: Uint8Array, payload: Uint8Array): void {
  const { checksum } = decodeFrameHead(head);
  if (checksumOf(head, payload) !== checksum) {
    throw new SnapshotError("a frame is damaged");
  }
}

/**
 * Reads the last bytes of a file of `fileBytes`; throws SnapshotError if they
 * are not the end of a whole file.
 */
export function decodeEnd(bytes: Uint8Array, fileBytes: number): SnapshotEnd {
  const isWhole = bytes.length === END_BYTES &&
    viewOf(bytes).getUint32(0, true) === KIND_END &&
    viewOf(bytes).getUint32(4, true) === END_BYTES - FRAME_HEAD_BYTES;
  if (!isWhole) throw new SnapshotError("it is truncated");
  const payload = bytes.subarray(FRAME_HEAD_BYTES);
  checkFrame(bytes.subarray(0, FRAME_HEAD_BYTES), payload);
  const view = viewOf(payload);
  const end = {
    items: view.getFloat64(0, true),
    fileBytes: view.getFloat64(8, true),
  };
  if (end.fileBytes !== fileBytes) throw new SnapshotError("it is truncated");
  return end;
}
