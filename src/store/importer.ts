/**
 * Owns putting the items of a snapshot back into a table that clients already
 * use. What clients have set, deleted or flushed meanwhile wins. Bytes in;
 * never touches a file and never reads a clock.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import * as bytes from "../base/bytes.ts";
import * as clock from "../base/clock.ts";
import { Draft } from "./items.ts";
import * as layout from "./layout.ts";
import * as results from "./results.ts";
import * as segments from "./segments.ts";
import type { Shard } from "./shard.ts";
import { ItemHead, SnapshotError } from "./snapshot_items.ts";
import type { Partition, Store } from "./store.ts";
import { StoreRequest } from "./writer.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { copyBytes } = bytes;
const { SECONDS_MAX } = clock;
const {
  CAS_SEEN,
  FETCHED,
  HEADER_BYTES,
  KEY_LENGTH_MASK,
  KIND_MAIN,
  KIND_PROBATION,
  LAST_ACCESS_SHIFT,
  SPAN,
  STALE,
  T_BYTE_CLOCK,
  TOKEN_SENT,
} = layout;
const { ADD, HIT, STORED } = results;
const { ttlClassOf } = segments;

/** What became of the items of a snapshot. */
export interface ImportCounts {
  loaded: number;
  /** Clients had set or deleted the key, or one that shares its mark. */
  outdated: number;
  expired: number;
  /** Values above the item limit of this table. */
  tooLarge: number;
  /** There was no memory: with `-M`, or for a very large item. */
  noMemory: number;
}

/** A value that goes on in the next frame. */
interface HalfValue {
  partition: Partition;
  hash: number;
  /** Reference of the reserved record; 0 if the item is left out. */
  record: number;
  head: ItemHead;
  received: number;
}

/** Loads frames into a table. From its creation to `end` the table remembers
 * what clients change. */
export class Importer {
  readonly counts: ImportCounts = {
    loaded: 0,
    outdated: 0,
    expired: 0,
    tooLarge: 0,
    noMemory: 0,
  };
  readonly #store: Store;
  readonly #shift: number;
  #head = new ItemHead();
  readonly #draft = new Draft();
  readonly #request = new StoreRequest();
  #frame!: Bytes;
  #at = 0;
  #end = 0;
  #half: HalfValue | null = null;

  /** @param shiftSeconds what to add to the times of the snapshot */
  constructor(store: Store, shiftSeconds: number) {
    this.#store = store;
    this.#shift = shiftSeconds;
    for (const { shard } of store.partitions) {
      shard.lock();
      shard.changeMarks.open();
      shard.unlock();
    }
  }

  /** Whether clients have flushed the table: then nothing more is loaded. */
  get wasFlushed(): boolean {
    return this.#store.partitions.some(({ shard }) =>
      shard.changeMarks.wasFlushed
    );
  }

  /**
   * Takes the next frame, whose first `carried` bytes belong to the last item
   * of the one before. Its bytes must stay until `run` has used them up.
   */
  start(frame: Bytes, length: number, carried: number): void {
    const half = this.#half;
    const due = half === null ? 0 : half.head.valueLength - half.received;
    if (carried !== Math.min(due, length)) {
      throw new SnapshotError("a value does not go on where it should");
    }
    this.#frame = frame;
    this.#at = carried;
    this.#end = length;
    if (carried > 0) this.#receive(half!, 0, carried);
  }

  /**
   * Loads up to `items` items of the frame; false when it is used up. Throws
   * SnapshotError if the bytes are no items.
   *
   * @param now the current table second
   */
  run(items: number, now: number): boolean {
    this.#endValue(now);
    for (let i = 0; i < items && this.#at < this.#end; i++) {
      const value = this.#head.read(this.#frame, this.#at, this.#end);
      const rest = this.#end - value;
      this.#at = value + Math.min(rest, this.#head.valueLength);
      this.#load(value, rest, now);
    }
    return this.#at < this.#end;
  }

  /** The last frame was loaded, or none will be any more. */
  end(now: number): void {
    this.#endValue(now);
    const half = this.#half;
    this.#half = null;
    if (half !== null && half.record !== 0) {
      half.partition.shard.lock();
      half.partition.uploads.abort(half.record);
      half.partition.shard.unlock();
    }
    for (const { shard } of this.#store.partitions) {
      shard.lock();
      shard.changeMarks.close();
      shard.unlock();
    }
  }

  // Loads the item whose head was read and whose value starts at `value`.
  #load(value: number, rest: number, now: number): void {
    const head = this.#head;
    const { key, keyAt, keyLength } = head;
    const hash = this.#store.hash(key, keyAt, keyLength);
    const partition = this.#store.partitionOf(hash);
    const { shard } = partition;
    const isWhole = rest >= head.valueLength;
    let record = 0;
    shard.lock();
    if (this.#isWanted(shard, hash, now)) {
      if (isWhole) this.#place(partition, hash, value, now);
      else record = this.#reserve(partition, hash, now);
    }
    shard.unlock();
    if (isWhole) return;
    this.#half = { partition, hash, record, head, received: 0 };
    this.#head = new ItemHead();
    this.#receive(this.#half, value, rest);
  }

  #isWanted(shard: Shard, hash: number, now: number): boolean {
    const head = this.#head;
    const { counts } = this;
    if (head.expiry !== 0) {
      head.expiry = Math.min(head.expiry + this.#shift, SECONDS_MAX);
      if (head.expiry <= now) {
        counts.expired++;
        return false;
      }
    }
    head.accessed = (head.accessed + this.#shift) & 0xffff;
    if (head.valueLength > this.#store.options.itemBytesMax) {
      counts.tooLarge++;
      return false;
    }
    const { key, keyAt, keyLength } = head;
    if (
      shard.changeMarks.wasFlushed || shard.changeMarks.has(hash) ||
      shard.lookup(hash, key, keyAt, keyLength, now) === HIT
    ) {
      counts.outdated++;
      return false;
    }
    return true;
  }

  #stateOf(head: ItemHead): number {
    return (head.fetched ? FETCHED : 0) | (head.stale ? STALE : 0) |
      (head.tokenSent ? TOKEN_SENT : 0);
  }

  // Writes and links a whole item; the key was looked up and is missing.
  #place(
    partition: Partition,
    hash: number,
    value: number,
    now: number,
  ): void {
    const head = this.#head;
    const { shard, placer } = partition;
    const draft = this.#draft;
    draft.key = head.key;
    draft.keyAt = head.keyAt;
    draft.keyLength = head.keyLength;
    draft.valueLength = head.valueLength;
    draft.expiry = head.expiry;
    draft.ttlClass = ttlClassOf(head.expiry, now);
    draft.clientFlags = head.clientFlags;
    draft.hasCas = head.hasCas && shard.options.useCas;
    draft.cas.copy(head.cas);
    draft.state = this.#stateOf(head) | (draft.hasCas ? CAS_SEEN : 0);
    draft.binaryKey = head.binaryKey;
    draft.accessed = head.accessed;
    draft.kind = head.isMain ? KIND_MAIN : KIND_PROBATION;
    if (!placer.makeRoom(draft, now)) {
      this.counts.noMemory++;
      return;
    }
    const record = shard.items.create(draft);
    this.#writeValue(shard, record, value);
    shard.memory.totals[T_BYTE_CLOCK] += HEADER_BYTES + head.keyLength +
      head.valueLength;
    shard.stripes.begin(hash);
    shard.index.link(hash, record, head.hits);
    shard.stripes.end(hash);
    shard.ledger.add(record);
    shard.tidyIndex();
    this.counts.loaded++;
  }

  #writeValue(shard: Shard, record: number, from: number): void {
    const { records, memory } = shard;
    const length = this.#head.valueLength;
    if ((memory.words[record + 1] & SPAN) !== 0) {
      records.writeRange(record, 0, length, this.#frame, from);
      return;
    }
    const to = records.valueAt(record);
    copyBytes(this.#frame, from, memory.data, to, length);
  }

  // ---- values that exceed a frame: uploads, like those of clients ----

  #fillRequest(head: ItemHead, hash: number): StoreRequest {
    const request = this.#request;
    request.form = ADD;
    request.hash = hash;
    request.key = head.key;
    request.keyAt = head.keyAt;
    request.keyLength = head.keyLength;
    request.valueLength = head.valueLength;
    request.clientFlags = head.clientFlags;
    request.expiry = head.expiry;
    request.binaryKey = head.binaryKey;
    request.hasCas = head.hasCas && this.#store.options.useCas;
    request.cas.copy(head.cas);
    return request;
  }

  #reserve(partition: Partition, hash: number, now: number): number {
    const request = this.#fillRequest(this.#head, hash);
    const record = partition.uploads.begin(request, now);
    if (record === 0) this.counts.noMemory++;
    return record;
  }

  #receive(half: HalfValue, from: number, count: number): void {
    if (half.record !== 0) {
      half.partition.shard.records.writeRange(
        half.record,
        half.received,
        count,
        this.#frame,
        from,
      );
    }
    half.received += count;
  }

  // Stores a value that is complete.
  #endValue(now: number): void {
    const half = this.#half;
    if (half === null || half.received < half.head.valueLength) return;
    this.#half = null;
    if (half.record === 0) return;
    const { partition, hash, head, record } = half;
    const { shard, uploads } = partition;
    shard.lock();
    const { data } = shard.memory;
    const keyAt = shard.records.keyAt(record);
    const isOutdated = shard.changeMarks.wasFlushed ||
      shard.changeMarks.has(hash) ||
      shard.lookup(hash, data, keyAt, head.keyLength, now) === HIT;
    if (isOutdated) {
      uploads.abort(record);
      this.counts.outdated++;
    } else if (
      uploads.commit(this.#fillRequest(head, hash), record, now) === STORED
    ) {
      this.#restoreState(shard, head);
      this.counts.loaded++;
    } else this.counts.noMemory++;
    // The commit left a mark as if a client had stored the value.
    if (!isOutdated) shard.changeMarks.forget(hash);
    shard.unlock();
  }

  // What a commit writes anew. The item is in probation now: if it was in
  // main, a hit takes it back there when its page is cleaned.
  #restoreState(shard: Shard, head: ItemHead): void {
    const { words } = shard.memory;
    const { reference, index } = shard;
    const hasCas = head.hasCas && shard.options.useCas;
    words[reference] = (words[reference] & KEY_LENGTH_MASK) |
      this.#stateOf(head) | (hasCas ? CAS_SEEN : 0) |
      (head.accessed << LAST_ACCESS_SHIFT);
    index.locate(shard.hash, reference);
    index.setAccessBits(Math.max(head.hits, head.isMain ? 1 : 0));
  }
}
