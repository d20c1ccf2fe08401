/**
 * Owns what the table is made from, given the settings. Draws the random seed
 * of the key hash.
 *
 * @module
 */
import type { Settings } from "../base/settings.ts";
import type { StoreOptions } from "../store/store.ts";

/** The options of the table that the settings describe. */
export function storeOptions(settings: Settings): StoreOptions {
  return {
    limitBytes: settings.memoryBytes,
    itemBytesMax: settings.itemBytesMax,
    evicts: settings.evictions,
    useCas: settings.useCas,
    hashSeed: crypto.getRandomValues(new Int32Array(1))[0],
    // Windows charges for memory when it is reserved, not when it is used.
    growable: Deno.build.os !== "windows",
    sizeBias: settings.sizeBias,
    slabs: {
      growthFactor: settings.growthFactor,
      chunkBytesMin: settings.chunkSize,
      chunkBytesMax: settings.slabChunkMax,
    },
  };
}
