/**
 * Owns the statistics by virtual slab class: `stats items`, `stats slabs`.
 * Never stores anything by class.
 *
 * @module
 */
import {
  CLASS_CAS_BADVAL,
  CLASS_CAS_HITS,
  CLASS_CMD_SET,
  CLASS_COUNTERS,
  CLASS_DECR_HITS,
  CLASS_DELETE_HITS,
  CLASS_GET_HITS,
  CLASS_INCR_HITS,
  CLASS_TOUCH_HITS,
  type Counters,
} from "./counters.ts";
import type { Stat } from "./stats.ts";

const MIB = 1024 * 1024;

/** What the store counted for one class. */
export interface ClassFacts {
  slabClass: number;
  chunkBytes: number;
  chunksPerPage: number;
  items: number;
  bytes: number;
  evicted: number;
  evictedNonzero: number;
  evictedAge: number;
  evictedUnfetched: number;
  expiredUnfetched: number;
  reclaimed: number;
  outOfMemory: number;
}

/** The fields of `stats items`: classes that hold items. */
export function itemsStats(
  classes: ClassFacts[],
  counters: Counters,
  segmented: boolean,
): Stat[] {
  const stats: Stat[] = [];
  for (const c of classes) {
    if (c.items === 0) continue;
    const hits = counters.classes[c.slabClass * CLASS_COUNTERS];
    const add = (name: string, value: number) =>
      stats.push([`items:${c.slabClass}:${name}`, value]);
    add("number", c.items);
    if (segmented) {
      add("number_hot", 0);
      add("number_warm", 0);
      add("number_cold", c.items);
      add("age_hot", 0);
      add("age_warm", 0);
    }
    add("age", 0);
    add("mem_requested", c.bytes);
    add("evicted", c.evicted);
    add("evicted_nonzero", c.evictedNonzero);
    add("evicted_time", c.evictedAge);
    add("outofmemory", c.outOfMemory);
    add("tailrepairs", 0);
    add("reclaimed", c.reclaimed);
    add("expired_unfetched", c.expiredUnfetched);
    add("evicted_unfetched", c.evictedUnfetched);
    if (segmented) add("evicted_active", c.evicted - c.evictedUnfetched);
    add("crawler_reclaimed", 0);
    add("crawler_items_checked", 0);
    add("lrutail_reflocked", 0);
    if (!segmented) continue;
    add("moves_to_cold", 0);
    add("moves_to_warm", 0);
    add("moves_within_lru", 0);
    add("direct_reclaims", 0);
    add("hits_to_hot", 0);
    add("hits_to_warm", 0);
    add("hits_to_cold", hits);
    add("hits_to_temp", 0);
  }
  return stats;
}

/** The fields of `stats slabs`: classes that hold items or have been used. */
export function slabsStats(
  classes: ClassFacts[],
  counters: Counters,
  mallocedBytes: number,
): Stat[] {
  const stats: Stat[] = [];
  let active = 0;
  for (const c of classes) {
    const row = c.slabClass * CLASS_COUNTERS;
    if (c.items === 0 && counters.classes[row + CLASS_CMD_SET] === 0) continue;
    active++;
    const add = (name: string, value: number) =>
      stats.push([`${c.slabClass}:${name}`, value]);
    const count = (name: string, column: number) =>
      add(name, counters.classes[row + column]);
    const pages = Math.max(1, Math.ceil(c.items / c.chunksPerPage));
    const chunks = pages * c.chunksPerPage;
    add("chunk_size", c.chunkBytes);
    add("chunks_per_page", c.chunksPerPage);
    add("total_pages", pages);
    add("total_chunks", chunks);
    add("used_chunks", c.items);
    add("free_chunks", chunks - c.items);
    add("free_chunks_end", 0);
    count("get_hits", CLASS_GET_HITS);
    count("cmd_set", CLASS_CMD_SET);
    count("delete_hits", CLASS_DELETE_HITS);
    count("incr_hits", CLASS_INCR_HITS);
    count("decr_hits", CLASS_DECR_HITS);
    count("cas_hits", CLASS_CAS_HITS);
    count("cas_badval", CLASS_CAS_BADVAL);
    count("touch_hits", CLASS_TOUCH_HITS);
  }
  stats.push(["active_slabs", active]);
  stats.push(["total_malloced", Math.ceil(mallocedBytes / MIB) * MIB]);
  return stats;
}
