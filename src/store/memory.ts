/**
 * Owns a shard's two buffers and the typed views over them. Never interprets
 * what they hold.
 *
 * The data buffer is the pages; the table buffer is everything else a shard
 * needs to remember, so that a worker that maps both shares the whole shard.
 *
 * @module
 */
import { Bytes } from "../base/bytes.ts";
import * as bytes from "../base/bytes.ts";
import type { Geometry } from "./geometry.ts";
import * as geometry from "./geometry.ts";
import * as layout from "./layout.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { SLACK_BYTES } = bytes;
const { changeMarkWords, GHOST_BUCKET_BYTES } = geometry;
const {
  CLASS_COLUMNS,
  CONTROL_WORDS,
  OPEN_SEGMENTS,
  SLAB_CLASSES_MAX,
  TOTALS,
} = layout;

/** The buffers of one shard: plain, or shared and posted to workers. */
export interface ShardBuffers {
  data: ArrayBufferLike;
  table: ArrayBufferLike;
}

/** The page table, a column a field, indexed by page number. */
export interface PageColumns {
  kind: Uint8Array;
  sizeClass: Uint8Array;
  ttlClass: Uint8Array;
  /** Readers and uploads that need the bytes to stay: never cleaned. */
  pins: Int32Array;
  /** Bytes appended. */
  used: Int32Array;
  /** Bytes of records that are not dead. */
  live: Int32Array;
  liveRecords: Int32Array;
  records: Int32Array;
  /** Largest expiry of an item in it, NEVER_EXPIRES if one has none. */
  maxExpiry: Int32Array;
  /** Flush epoch at the time it was opened. */
  epoch: Int32Array;
  /** Byte clock at sealing, 0 while open. */
  sealedAt: Float64Array;
  /** Factor of the victim score, fixed at sealing. */
  weight: Float64Array;
  /** Sequence number drawn at opening. */
  sequence: Float64Array;
}

/** Hands out consecutive aligned views of one buffer. */
class Carver {
  readonly #buffer: ArrayBuffer;
  #at = 0;

  constructor(buffer: ArrayBufferLike) {
    this.#buffer = buffer as ArrayBuffer;
  }

  f64(length: number): Float64Array {
    const view = new Float64Array(this.#buffer, this.#at, length);
    this.#at += length * 8;
    return view;
  }

  i32(length: number): Int32Array {
    const view = new Int32Array(this.#buffer, this.#at, length);
    this.#at += length * 4;
    return view;
  }

  u16(length: number): Uint16Array {
    const view = new Uint16Array(this.#buffer, this.#at, length);
    this.#at += length * 2;
    return view;
  }

  u8(length: number): Uint8Array {
    const view = new Uint8Array(this.#buffer, this.#at, length);
    this.#at += length;
    return view;
  }
}

function tableBytes(geometry: Geometry): number {
  const pages = geometry.pagesMax;
  const bytes = (TOTALS + SLAB_CLASSES_MAX * CLASS_COLUMNS + pages * 3) * 8 +
    (CONTROL_WORDS + OPEN_SEGMENTS + pages * 10) * 4 +
    pages * 3 +
    changeMarkWords(geometry) * 4 +
    geometry.ghostBuckets * GHOST_BUCKET_BYTES;
  return Math.ceil(bytes / 8) * 8;
}

/** Allocates the buffers of one shard; untouched memory costs nothing. */
export function allocateShard(
  geometry: Geometry,
  shared: boolean,
): ShardBuffers {
  const data = geometry.pagesMax * geometry.pageBytes + SLACK_BYTES;
  const table = tableBytes(geometry);
  return shared
    ? {
      data: new SharedArrayBuffer(data),
      table: new SharedArrayBuffer(table),
    }
    : { data: new ArrayBuffer(data), table: new ArrayBuffer(table) };
}

/** The views over one shard's buffers. */
export class ShardMemory {
  readonly data: Bytes;
  /** The data buffer as words: what references index. */
  readonly words: Int32Array;
  readonly pageBytes: number;
  /** log2 of the words in a page: reference >>> pageShift = page number. */
  readonly pageShift: number;
  readonly pagesMax: number;

  readonly control: Int32Array;
  readonly openPage: Int32Array;
  readonly totals: Float64Array;
  readonly classes: Float64Array;
  readonly page: PageColumns;
  readonly freeStack: Int32Array;
  /** Word offsets of the index pages, buckets and overflow buckets. */
  readonly bucketPages: Int32Array;
  readonly overflowPages: Int32Array;
  /** Keys changed while a snapshot is loaded, a bit a hash. */
  readonly changeMarks: Int32Array;
  readonly ghostMarks: Uint16Array;
  readonly ghostNext: Uint8Array;
  readonly ghostBuckets: number;

  constructor(geometry: Geometry, buffers: ShardBuffers) {
    const pages = geometry.pagesMax;
    this.data = new Bytes(buffers.data);
    this.words = new Int32Array(
      buffers.data as ArrayBuffer,
      0,
      (pages * geometry.pageBytes) >>> 2,
    );
    this.pageBytes = geometry.pageBytes;
    this.pageShift = 29 - Math.clz32(geometry.pageBytes);
    this.pagesMax = pages;
    this.ghostBuckets = geometry.ghostBuckets;
    const carver = new Carver(buffers.table);
    this.totals = carver.f64(TOTALS);
    this.classes = carver.f64(SLAB_CLASSES_MAX * CLASS_COLUMNS);
    const sealedAt = carver.f64(pages);
    const weight = carver.f64(pages);
    const sequence = carver.f64(pages);
    this.control = carver.i32(CONTROL_WORDS);
    this.openPage = carver.i32(OPEN_SEGMENTS);
    this.page = {
      pins: carver.i32(pages),
      used: carver.i32(pages),
      live: carver.i32(pages),
      liveRecords: carver.i32(pages),
      records: carver.i32(pages),
      maxExpiry: carver.i32(pages),
      epoch: carver.i32(pages),
      sealedAt,
      weight,
      sequence,
      kind: new Uint8Array(0),
      sizeClass: new Uint8Array(0),
      ttlClass: new Uint8Array(0),
    };
    this.freeStack = carver.i32(pages);
    this.bucketPages = carver.i32(pages);
    this.overflowPages = carver.i32(pages);
    this.changeMarks = carver.i32(changeMarkWords(geometry));
    this.ghostMarks = carver.u16(geometry.ghostBuckets * 8);
    this.ghostNext = carver.u8(geometry.ghostBuckets);
    this.page.kind = carver.u8(pages);
    this.page.sizeClass = carver.u8(pages);
    this.page.ttlClass = carver.u8(pages);
  }
}
