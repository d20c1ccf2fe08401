/**
 * Owns what the replay is judged by: the hit ratios and bytes per item that
 * the design of the table promises (`../shared/design/storage.md`, 3.2), and
 * what memcached 1.6.45 needs for an item. Never runs anything.
 *
 * @module
 */

/** A generated workload. */
export interface Trace {
  /** What the judge calls it. */
  name: string;
  /** Requests it has at its own pace, in seconds. */
  seconds: number;
  /** Hits a get, 0..1, that the design reaches with 64 MB. */
  hitRatio: number;
  /** Bytes that hit, of the bytes asked for, 0..1. */
  byteHitRatio: number;
}

/** The ten that need nothing but a seed. */
export const TRACES: readonly Trace[] = [
  trace("z08", 200, 0.637, 0.573),
  trace("z10", 200, 0.840, 0.797),
  trace("z12", 200, 0.954, 0.930),
  trace("small", 200, 0.748, 0.745),
  trace("shift", 200, 0.766, 0.662),
  trace("ttl", 300, 0.585, 0.547),
  trace("scan", 200, 0.609, 0.564),
  trace("churn", 200, 0.815, 0.792),
  trace("update", 200, 0.805, 0.767),
  trace("big", 150, 0.652, 0.628),
];

/** The four drawn from the distributions that Meta published in CacheLib's
 * `cachelib/cachebench/test_configs/hit_ratio`: they need that folder. */
export const META_TRACES: readonly Trace[] = [
  trace("meta-kvcache_reg", 200, 0.848, 0.762),
  trace("meta-graph_cache_leader_fbobj", 200, 0.193, 0.169),
  trace("meta-graph_cache_leader_assocs", 200, 0.305, 0.116),
  trace("meta-graph_cache_follower_fbobj", 200, 0.816, 0.800),
];

function trace(
  name: string,
  seconds: number,
  hitRatio: number,
  byteHitRatio: number,
): Trace {
  return { name, seconds, hitRatio, byteHitRatio };
}

/** How far below the design's figure a hit ratio may be: half a point. */
export const HIT_RATIO_SLACK = 0.005;

/** The memory of every run, in MB. */
export const MEMORY_MEGABYTES = 64;

/** Bytes of the limit that one item may take; keys have 10 bytes. */
export interface ItemCost {
  valueBytes: number;
  bytesMax: number;
  memcachedBytes: number;
}

export const ITEM_COSTS: readonly ItemCost[] = [
  { valueBytes: 50, bytesMax: 80, memcachedBytes: 120 },
  { valueBytes: 100, bytesMax: 133, memcachedBytes: 192 },
  { valueBytes: 1024, bytesMax: 1100, memcachedBytes: 1185 },
];

/** Resident memory of the full process above the limit, in MB. */
export const MEMORY_ABOVE_LIMIT_MAX = 120;
