/**
 * Owns the check that a shard does not contradict itself: it walks every page
 * and every bucket. For tests and debugging; never on a request's path.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import * as limits from "../base/limits.ts";
import * as layout from "./layout.ts";
import type { Shard } from "./shard.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { ROOM_VALUE_BYTES_MIN } = limits;
const {
  C_CLEAN_AT,
  C_CLEAN_PAGE,
  C_ITEMS,
  C_MAIN_PAGES,
  C_PAGES_USED,
  C_PINNED_PAGES,
  C_PROBATION_PAGES,
  CLASS_BYTES,
  CLASS_COLUMNS,
  CLASS_ITEMS,
  DEAD,
  HEADER_BYTES,
  KIND_FREE,
  KIND_MAIN,
  KIND_PROBATION,
  LENGTH_MASK,
  NEVER_EXPIRES,
  PART,
  PENDING,
  ROOM_AFTER,
  ROOM_BEFORE,
  SPAN,
  T_LIVE_BYTES,
} = layout;

/** What the walk over the pages of a shard counted. */
interface Census {
  items: number;
  liveBytes: number;
  probation: number;
  main: number;
  used: number;
  pinned: number;
  classItems: Map<number, number>;
  classBytes: Map<number, number>;
}

/** Throws if the shard contradicts itself. */
export function checkShard(shard: Shard): void {
  const census = countPages(shard);
  const { control, totals, classes } = shard.memory;
  const same = (name: string, counted: number, kept: number) =>
    assert(counted === kept, `${name}: counted ${counted}, kept ${kept}`);
  same("items", census.items, control[C_ITEMS]);
  same("live bytes", census.liveBytes, totals[T_LIVE_BYTES]);
  same("probation pages", census.probation, control[C_PROBATION_PAGES]);
  same("main pages", census.main, control[C_MAIN_PAGES]);
  same("used pages", census.used, control[C_PAGES_USED]);
  same("pinned pages", census.pinned, control[C_PINNED_PAGES]);
  for (let row = 0; row * CLASS_COLUMNS < classes.length; row++) {
    const at = row * CLASS_COLUMNS;
    const items = census.classItems.get(row) ?? 0;
    const bytes = census.classBytes.get(row) ?? 0;
    same(`items of class ${row}`, items, classes[at + CLASS_ITEMS]);
    same(`bytes of class ${row}`, bytes, classes[at + CLASS_BYTES]);
  }
  checkIndex(shard);
}

function checkIndex(shard: Shard): void {
  let linked = 0;
  const seen = new Set<number>();
  shard.index.forEach(0, shard.index.bucketCount(), (reference) => {
    linked++;
    assert(!seen.has(reference), "An item has two slots");
    seen.add(reference);
    const second = shard.memory.words[reference + 1];
    assert(
      (second & (DEAD | PART | PENDING)) === 0,
      "The index names a record that is no live item",
    );
  });
  const items = shard.memory.control[C_ITEMS];
  assert(linked === items, `index: ${linked} slots for ${items} items`);
}

function countPages(shard: Shard): Census {
  const census: Census = {
    items: 0,
    liveBytes: 0,
    probation: 0,
    main: 0,
    used: 0,
    pinned: 0,
    classItems: new Map(),
    classBytes: new Map(),
  };
  const page = shard.memory.page;
  for (let p = 0; p < shard.pool.touchedPages(); p++) {
    const kind = page.kind[p];
    if (kind !== KIND_FREE) census.used++;
    if (kind === KIND_PROBATION) census.probation++;
    else if (kind === KIND_MAIN) census.main++;
    else continue;
    if (page.pins[p] > 0) census.pinned++;
    countPage(shard, p, census);
  }
  return census;
}

function countPage(shard: Shard, p: number, census: Census): void {
  const { page, words, pageShift, control } = shard.memory;
  const cleanedTo = control[C_CLEAN_PAGE] === p + 1 ? control[C_CLEAN_AT] : 0;
  let live = 0, liveRecords = 0, records = 0;
  for (let at = 0; at < page.used[p];) {
    const reference = (p << pageShift) + (at >>> 2);
    const bytes = shard.records.bytes(reference);
    records++;
    if ((words[reference + 1] & DEAD) === 0) {
      assert(at >= cleanedTo, "A record behind the cleaner is alive");
      live += bytes;
      liveRecords++;
      checkRecord(shard, reference, p, census);
    }
    at += bytes;
    assert(at <= page.used[p], "A record reaches beyond its page's used bytes");
  }
  const place = `page ${p}`;
  assert(live === page.live[p], `${place}: live ${live}, ${page.live[p]} kept`);
  assert(
    liveRecords === page.liveRecords[p],
    `${place}: ${liveRecords} live records, ${page.liveRecords[p]} kept`,
  );
  assert(records === page.records[p], `${place}: ${records} records`);
  census.liveBytes += live;
}

function checkRecord(
  shard: Shard,
  reference: number,
  p: number,
  census: Census,
): void {
  const { words, page } = shard.memory;
  const second = words[reference + 1];
  if ((second & PART) !== 0) {
    const owner = words[reference];
    assert((words[owner + 1] & DEAD) === 0, "A live part has a dead owner");
    let found = false;
    for (let i = 0; i < shard.records.partCount(owner); i++) {
      if (shard.records.part(owner, i) === reference) found = true;
    }
    assert(found, "A part is not in its owner's list");
    return;
  }
  if ((second & SPAN) !== 0) checkSpan(shard, reference);
  checkRoom(shard, reference);
  if ((second & PENDING) !== 0) {
    assert(page.pins[p] > 0, "An unfinished upload is not pinned");
    return;
  }
  census.items++;
  const expiry = shard.records.expiry(reference);
  const last = expiry === 0 ? NEVER_EXPIRES : expiry;
  assert(last <= page.maxExpiry[p], "An item outlives its page's expiry");
  const row = shard.ledger.classOf(reference);
  const add = (map: Map<number, number>, value: number) =>
    map.set(row, (map.get(row) ?? 0) + value);
  add(census.classItems, 1);
  add(census.classBytes, shard.ledger.itemBytes(reference));
  const hash = shard.records.hash(reference);
  assert(shard.index.locate(hash, reference), "The index misses a live item");
  const key = shard.records.keyAt(reference);
  const length = shard.records.keyLength(reference);
  assert(
    shard.index.find(hash, shard.memory.data, key, length) === reference,
    "A live item is not found by its key",
  );
}

// Room is before and behind a value that is long enough, and nowhere else.
function checkRoom(shard: Shard, reference: number): void {
  const { records, memory: { words } } = shard;
  const second = words[reference + 1];
  const hasRoom = records.valueLength(reference) >= ROOM_VALUE_BYTES_MIN;
  assert(hasRoom === ((second & ROOM_BEFORE) !== 0), "A value lacks room");
  let last = second;
  for (let i = 0; i < records.partCount(reference); i++) {
    const part = records.part(reference, i);
    if (part === 0) continue;
    assert((last & ROOM_AFTER) === 0, "Room divides a value");
    last = words[part + 1];
    assert((last & ROOM_BEFORE) === 0, "A part has room before it");
  }
  assert(hasRoom === ((last & ROOM_AFTER) !== 0), "No room behind a value");
}

function checkSpan(shard: Shard, reference: number): void {
  const { words } = shard.memory;
  let length = words[reference + 1] & LENGTH_MASK;
  for (let i = 0; i < shard.records.partCount(reference); i++) {
    const part = shard.records.part(reference, i);
    if (part === 0) continue;
    assert(words[part] === reference, "A part names another owner");
    assert((words[part + 1] & (PART | DEAD)) === PART, "A part is not alive");
    length += words[part + 1] & LENGTH_MASK;
    assert(shard.records.bytes(part) >= HEADER_BYTES, "A part has no header");
  }
  assert(
    length === shard.records.valueLength(reference),
    "The pieces of a value do not add up",
  );
}
