/**
 * Owns looking for keys page by page. Walks the table in slices and lets
 * other work go first between them; never shows a value, never changes an
 * item.
 *
 * @module
 */
import * as limits from "../base/limits.ts";
import * as observers from "../observe/observers.ts";
import {
  CursorError,
  type KeyPage,
  type KeyQuery,
  type KeyRow,
} from "../observe/view.ts";
import type { Partition, WalkCursor } from "../store/store.ts";
import * as store from "../store/store.ts";
import type { Context } from "./context.ts";
import * as dumps from "./dumps.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { SEARCH_RECORDS_MAX, SEARCH_SLICE_RECORDS } = limits;
const { uriKey } = observers;
const { FETCHED } = store;
const { isAlive } = dumps;

type Shard = Partition["shard"];

/** Whether a key has the pattern, or begins with it. */
export function hasPattern(
  bytes: Uint8Array,
  at: number,
  length: number,
  pattern: Uint8Array,
  isPrefix: boolean,
): boolean {
  const last = isPrefix ? at : at + length - pattern.length;
  if (pattern.length > length) return false;
  for (let from = at; from <= last; from++) {
    let i = 0;
    while (i < pattern.length && bytes[from + i] === pattern[i]) i++;
    if (i === pattern.length) return true;
  }
  return false;
}

// Cursors are "<partition>.<bucket>" of the index.
function parseCursor(text: string, partitions: number): WalkCursor {
  if (text === "") return { partition: 0, bucket: 0 };
  const match = /^([0-9]{1,4})\.([0-9]{1,9})$/.exec(text);
  if (match === null || Number(match[1]) >= partitions) {
    throw new CursorError(`${text} is no cursor`);
  }
  return { partition: Number(match[1]), bucket: Number(match[2]) };
}

/** Finds keys for onlookers; one search after the other. */
export class KeySearch {
  readonly #context: Context;
  readonly #yield: () => Promise<void>;
  #last: Promise<unknown> = Promise.resolve();

  /** @param letOthers lets other work of this thread go first */
  constructor(context: Context, letOthers: () => Promise<void>) {
    this.#context = context;
    this.#yield = letOthers;
  }

  /** A page of keys; throws CursorError. */
  find(query: KeyQuery): Promise<KeyPage> {
    const { partitions } = this.#context.store;
    const cursor = parseCursor(query.cursor, partitions.length);
    // Two at once would hold up other clients twice as long.
    const page = this.#last.then(() => this.#find(query, cursor));
    this.#last = page.catch(() => {});
    return page;
  }

  async #find(query: KeyQuery, cursor: WalkCursor): Promise<KeyPage> {
    const page: KeyPage = { keys: [], cursor: null, looked: 0 };
    // Empty buckets take time as well: each counts as a record.
    let steps = 0, slice = SEARCH_SLICE_RECORDS;
    while (!query.isAborted()) {
      const here = { ...cursor }, lookedBefore = page.looked;
      const found: KeyRow[] = [];
      const more = this.#context.store.walk(cursor, 1, (shard, reference) => {
        page.looked++;
        steps++;
        const row = this.#row(shard, reference, query);
        if (row !== null) found.push(row);
      });
      const isFull = page.keys.length + found.length > query.limit;
      if (isFull && page.keys.length > 0) {
        page.looked = lookedBefore;
        page.cursor = `${here.partition}.${here.bucket}`;
        return page;
      }
      page.keys.push(...found);
      page.cursor = more ? `${cursor.partition}.${cursor.bucket}` : null;
      if (!more) return page;
      if (++steps >= SEARCH_RECORDS_MAX) return page;
      if (page.keys.length >= query.limit) return page;
      if (steps < slice) continue;
      slice = steps + SEARCH_SLICE_RECORDS;
      await this.#yield();
    }
    return page;
  }

  #row(shard: Shard, reference: number, query: KeyQuery): KeyRow | null {
    const { now } = this.#context;
    const { records, memory, ledger } = shard;
    if (!isAlive(this.#context, shard, reference)) return null;
    const { u8 } = memory.data;
    const at = records.keyAt(reference), length = records.keyLength(reference);
    if (!hasPattern(u8, at, length, query.pattern, query.isPrefix)) return null;
    shard.reference = reference;
    const expiry = records.expiry(reference);
    return {
      key: uriKey(u8, at, length),
      bytes: ledger.itemBytes(reference),
      valueBytes: records.valueLength(reference),
      ttlSeconds: expiry === 0 ? null : expiry - now,
      idleSeconds: shard.idleSeconds(now),
      slabClass: shard.slabClass(),
      fetched: (shard.state() & FETCHED) !== 0,
    };
  }
}
