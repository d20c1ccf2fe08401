/**
 * Owns what an onlooker from outside, such as the HTTP listener, may ask of a
 * server. Implemented by src/engine; never changes anything.
 *
 * @module
 */
import type { Counters } from "./counters.ts";
import type { HotKeysReport } from "./hot_keys.ts";
import type { ProcessFacts, Stat, TableFacts } from "./stats.ts";

/** Which keys are looked for. */
export interface KeyQuery {
  /** Bytes that a key must have; any key if there are none. */
  pattern: Uint8Array;
  /** Whether keys must begin with the pattern, or may have it anywhere. */
  isPrefix: boolean;
  /** Keys of one page, most. */
  limit: number;
  /** Where the page before ended; "" for the first. */
  cursor: string;
  /** True when nobody waits for the answer any more. */
  isAborted(): boolean;
}

/** One key that was found. Never its value. */
export interface KeyRow {
  /** Escaped as in `lru_crawler metadump` (RFC 3986, section 2.3). */
  key: string;
  /** Of the whole item. */
  bytes: number;
  valueBytes: number;
  /** Seconds until it expires; null for never. */
  ttlSeconds: number | null;
  /** Seconds since its last access. */
  idleSeconds: number;
  slabClass: number;
  fetched: boolean;
}

/** One page of keys. */
export interface KeyPage {
  keys: KeyRow[];
  /** To go on from here; null at the end of the table. A table that changes
   * between two pages may show a key twice, and misses none that stays. */
  cursor: string | null;
  /** Items that were looked at. */
  looked: number;
}

/** A cursor that no page ended with. */
export class CursorError extends Error {
  override name = "CursorError";
}

/** A server, as seen by onlookers. */
export interface ServerView {
  // The statistics, as `stats` and its groups show them.
  general(): Stat[];
  settings(): Stat[];
  items(): Stat[];
  slabs(): Stat[];

  process(): ProcessFacts;
  table(): TableFacts;
  /** The counters of all workers together. */
  counters(): Counters;
  /** The counters of each worker. */
  workers(): Counters[];
  /** What each worker knows; null if hot keys are not looked for. */
  hotKeys(): Promise<HotKeysReport[] | null>;
  /** A page of keys; null if listing keys is switched off (`-X`). Throws
   * CursorError. */
  search(query: KeyQuery): Promise<KeyPage | null>;
  /** Why no more clients should come; null if they may. */
  unreadyReason(): string | null;
}
