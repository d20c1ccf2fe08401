/**
 * Owns loading from memory, together, what several keys will need: their
 * buckets, then their records. Never changes anything; it needs no lock and
 * promises nothing.
 *
 * A core waits for many loads at once only if all of them are among the few
 * hundred instructions that it looks ahead. So places are computed first, and
 * the loops that load do nothing else (what that saves: `bench/README.md`).
 *
 * @module
 */
import * as geometry from "./geometry.ts";
import type { Shard } from "./shard.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { shardOf } = geometry;

/** Words in a line of memory, and how far a record is loaded: three lines hold
 * most items. */
const LINE_WORDS = 16;
const RECORD_WORDS = 2 * LINE_WORDS;

/** Loads for up to `keysMax` keys at a time. */
export class Prefetch {
  readonly #shards: readonly Shard[];
  readonly #words: readonly Int32Array[];
  readonly #shift: number;
  /** Word offsets in the shard of each key: of buckets, then of records. */
  readonly #places: Int32Array;
  /** Keeps the loads alive: the compiler drops those nobody uses. */
  loaded = 0;

  constructor(shards: readonly Shard[], keysMax: number) {
    this.#shards = shards;
    this.#words = shards.map(({ memory }) => memory.words);
    this.#shift = Math.clz32(shards.length);
    this.#places = new Int32Array(keysMax);
  }

  /** Loads what the first `count` of `hashes` lead to. */
  fetch(hashes: Int32Array, count: number): void {
    const shards = this.#shards, places = this.#places, shift = this.#shift;
    for (let i = 0; i < count; i++) {
      const { index } = shards[shardOf(hashes[i], shift)];
      places[i] = index.bucketOf(hashes[i]);
    }
    let loaded = this.#loadBuckets(hashes, count);
    for (let i = 0; i < count; i++) {
      const { index } = shards[shardOf(hashes[i], shift)];
      places[i] = index.likely(places[i], hashes[i]);
    }
    loaded ^= this.#loadRecords(hashes, count);
    this.loaded = loaded;
  }

  #loadBuckets(hashes: Int32Array, count: number): number {
    const words = this.#words, places = this.#places, shift = this.#shift;
    let loaded = 0;
    for (let i = 0; i < count; i++) {
      loaded ^= words[shardOf(hashes[i], shift)][places[i]];
    }
    return loaded;
  }

  #loadRecords(hashes: Int32Array, count: number): number {
    const words = this.#words, places = this.#places, shift = this.#shift;
    let loaded = 0;
    for (let i = 0; i < count; i++) {
      const shard = words[shardOf(hashes[i], shift)];
      const record = places[i];
      if (record <= 0 || record >= shard.length - RECORD_WORDS) continue;
      loaded ^= shard[record] ^ shard[record + LINE_WORDS] ^
        shard[record + RECORD_WORDS];
    }
    return loaded;
  }
}
