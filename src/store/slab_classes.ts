/**
 * Owns memcached's slab class table, which tools and dashboards read. Never
 * influences where an item is stored: our classes exist only in statistics.
 *
 * @module
 */
import * as layout from "./layout.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { SLAB_CLASSES_MAX } = layout;

/** memcached's item header, and the CAS that follows it. */
const MEMCACHED_HEADER_BYTES = 48 + 8;
const MEMCACHED_ITEM_BYTES = 48;
const CHUNK_ALIGN = 8;
const SLAB_PAGE_BYTES = 1024 * 1024;
/** Sizes up to this one are looked up in a table of 8-byte steps. */
const TABLE_BYTES_MAX = 16 * 1024;

/** What shapes the table: `-f`, `-n` and `-o slab_chunk_max`. */
export interface SlabOptions {
  growthFactor: number;
  chunkBytesMin: number;
  chunkBytesMax: number;
}

export const SLAB_OPTIONS_DEFAULT: SlabOptions = {
  growthFactor: 1.25,
  chunkBytesMin: 48,
  chunkBytesMax: 512 * 1024,
};

/** Bytes that memcached would count for an item. */
export function memcachedItemBytes(
  keyLength: number,
  valueLength: number,
  clientFlags: number,
  useCas: boolean,
): number {
  return MEMCACHED_HEADER_BYTES - (useCas ? 0 : 8) + keyLength + 1 +
    (clientFlags === 0 ? 0 : 4) + valueLength + 2;
}

/** Chunk sizes by class number, and the class of a size. */
export class SlabClasses {
  /** Chunk size of each class; index 0 is unused, as in memcached. */
  readonly chunkBytes: number[] = [0];
  readonly #byStep = new Uint8Array(TABLE_BYTES_MAX / 8 + 1);

  constructor(options: SlabOptions = SLAB_OPTIONS_DEFAULT) {
    let size = MEMCACHED_ITEM_BYTES + options.chunkBytesMin;
    const last = options.chunkBytesMax;
    while (
      this.chunkBytes.length < SLAB_CLASSES_MAX - 1 &&
      size < last / options.growthFactor
    ) {
      size = Math.ceil(size / CHUNK_ALIGN) * CHUNK_ALIGN;
      this.chunkBytes.push(size);
      size = Math.floor(size * options.growthFactor);
    }
    this.chunkBytes.push(last);
    for (let step = 0; step < this.#byStep.length; step++) {
      this.#byStep[step] = this.#search(step * 8);
    }
  }

  /** Number of the largest class. */
  get largest(): number {
    return this.chunkBytes.length - 1;
  }

  /** The class of an item; larger ones than a chunk count in the largest. */
  classOf(itemBytes: number): number {
    if (itemBytes <= TABLE_BYTES_MAX) {
      return this.#byStep[(itemBytes + 7) >>> 3];
    }
    return this.#search(itemBytes);
  }

  chunksPerPage(slabClass: number): number {
    return Math.floor(SLAB_PAGE_BYTES / this.chunkBytes[slabClass]);
  }

  #search(itemBytes: number): number {
    let low = 1, high = this.largest;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.chunkBytes[middle] >= itemBytes) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
