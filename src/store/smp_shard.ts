/**
 * Owns what a shard does differently when several threads use it: writers
 * lock, readers look without the lock and check afterwards that nothing has
 * changed meanwhile. Never decides what a command means.
 *
 * A reader without the lock never writes into a data page (`storage.md`, 1.9):
 * what it read is either confirmed by `finish` or thrown away. Words are read
 * once, checked against the bounds of the shard, and kept until then.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import * as bytes from "../base/bytes.ts";
import * as geometry from "./geometry.ts";
import { ItemWriter } from "./items.ts";
import * as layout from "./layout.ts";
import { type ShardBuffers, ShardMemory } from "./memory.ts";
import { PagePool } from "./pages.ts";
import { Records } from "./records.ts";
import * as records from "./records.ts";
import * as results from "./results.ts";
import { SegmentLog } from "./segments.ts";
import { Shard, type ShardOptions } from "./shard.ts";
import { SharedIndexTable } from "./shared_index.ts";
import type { SharedWords } from "./shared_atomics.ts";
import { BrokenLock, ShardLock } from "./shared_lock.ts";
import type { PinList } from "./shared_pins.ts";
import { SharedStripes } from "./shared_stripes.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { copyBytes } = bytes;
const { LOCK_LINE_WORDS, threadWords } = geometry;
const {
  BINARY_KEY,
  CAS_SEEN,
  DEAD,
  FETCHED,
  HAS_EXPIRY,
  HAS_FLAGS,
  KEY_LENGTH_MASK,
  LAST_ACCESS_SHIFT,
  LENGTH_MASK,
  OPTIONAL_WORDS,
  PART,
  PENDING,
  SPAN,
} = layout;
const { roomBefore } = records;
const { HIT, MISS } = results;

/** Looks without the lock before the lock is taken. */
const LOOKS_MAX = 16;
/** A reader writes the last access only if the old one is this stale: a hot
 * item is then read without writing to it. */
const STAMP_SECONDS = 60;
/** Record flags of what is never read without the lock. */
const NEEDS_LOCK = DEAD | SPAN | PART | PENDING;
/** `#peek` could not tell: look again under the lock. */
const UNKNOWN = -1;

/** Who uses a shared shard. */
export interface ShardUser {
  /** The words of all shards' locks and stripes. */
  shared: SharedWords;
  /** Number of this thread, 0..255. */
  owner: number;
  pins: PinList;
  /** For tests that must fail: a lock that excludes nobody. */
  brokenLock: boolean;
}

/** One shard of a shared table, as one thread sees it. */
export class SmpShard extends Shard {
  readonly lockWord: ShardLock;
  readonly sharedStripes: SharedStripes;
  readonly partition: number;
  readonly #pins: PinList;
  readonly #capacity: number;
  #looks = 0;
  #version = 0;
  #isPeeking = false;
  #isSeekLocked = false;
  /** Words 0 and 1 of the record that is read without the lock. */
  #first = 0;
  #second = 0;
  #valueByte = 0;

  constructor(
    options: ShardOptions,
    memory: ShardMemory,
    partition: number,
    user: ShardUser,
  ) {
    const { stripeCopies } = options.geometry;
    const lockWord = partition * threadWords(stripeCopies);
    const stripes = new SharedStripes(
      user.shared,
      { firstWord: lockWord + LOCK_LINE_WORDS, copies: stripeCopies },
      memory.control,
      user.owner,
    );
    const pool = new PagePool(memory, true);
    const records = new Records(memory, options.hashSeed);
    const log = new SegmentLog(memory, pool, stripes, options.sizeBias);
    const items = new ItemWriter(memory, records, log);
    const index = new SharedIndexTable(memory, pool, records);
    super(options, { memory, pool, records, log, items, index, stripes });
    this.sharedStripes = stripes;
    this.partition = partition;
    this.#pins = user.pins;
    this.#capacity = memory.data.capacity;
    const Lock = user.brokenLock ? BrokenLock : ShardLock;
    this.lockWord = new Lock(user.shared, lockWord, user.owner);
  }

  // ---- locks ----

  override lock(): void {
    this.#isPeeking = false;
    this.lockWord.acquire();
  }

  override unlock(): void {
    this.sharedStripes.allDone();
    this.lockWord.release();
  }

  // ---- reading without the lock ----

  override seek(
    hash: number,
    key: Bytes,
    at: number,
    length: number,
    now: number,
    showsCas: boolean,
  ): number {
    while (this.#looks < LOOKS_MAX) {
      const status = this.#peek(hash, key, at, length, now, showsCas);
      if (status !== UNKNOWN) return status;
      if ((this.#version & 1) === 0) break;
      this.#looks++;
    }
    this.lock();
    this.#isSeekLocked = true;
    return super.seek(hash, key, at, length, now, showsCas);
  }

  // MISS or HIT, to be confirmed by `finish`; UNKNOWN if the item is being
  // changed, or is one that must be read, or removed, under the lock.
  #peek(
    hash: number,
    key: Bytes,
    at: number,
    length: number,
    now: number,
    showsCas: boolean,
  ): number {
    const version = this.sharedStripes.version(hash);
    this.#version = version;
    if ((version & 1) !== 0) return UNKNOWN;
    const reference = this.index.find(hash, key, at, length);
    this.reference = reference;
    this.hash = hash;
    this.#isPeeking = true;
    if (reference === 0) return MISS;
    const first = this.words[reference], second = this.words[reference + 1];
    if ((second & NEEDS_LOCK) !== 0) return UNKNOWN;
    if ((first & KEY_LENGTH_MASK) !== length) return UNKNOWN;
    if (showsCas && (first & CAS_SEEN) === 0) return UNKNOWN;
    if (this.log.isFlushed(reference >>> this.memory.pageShift)) return UNKNOWN;
    const keyByte = (reference + 2 + OPTIONAL_WORDS[(second >>> 24) & 7]) << 2;
    const valueByte = keyByte + length + roomBefore(second, length);
    const end = valueByte + (second & LENGTH_MASK);
    if (keyByte < 0 || end > this.#capacity) return UNKNOWN;
    if ((second & HAS_EXPIRY) !== 0) {
      const expiry = this.words[reference + 2];
      if (expiry !== 0 && expiry <= now) return UNKNOWN;
    }
    this.#first = first;
    this.#second = second;
    this.#valueByte = valueByte;
    return HIT;
  }

  override finish(now: number, counts: boolean): boolean {
    if (this.#isSeekLocked) {
      this.#isSeekLocked = false;
      super.finish(now, counts);
      this.unlock();
      this.#looks = 0;
      return true;
    }
    if (!this.sharedStripes.isUnchanged(this.hash, this.#version)) {
      this.#looks++;
      return false;
    }
    this.#looks = 0;
    if (counts && this.reference !== 0) {
      this.index.countAccess();
      if (this.#wantsStamp(now)) this.#stamp(now);
    }
    this.#isPeeking = false;
    return true;
  }

  #wantsStamp(now: number): boolean {
    const stamp = this.#first >>> LAST_ACCESS_SHIFT;
    return (this.#first & FETCHED) === 0 ||
      ((now - stamp) & 0xffff) >= STAMP_SECONDS;
  }

  // Notes the fetch in the header, if the lock happens to be free and the
  // record is still where it was.
  #stamp(now: number): void {
    if (!this.lockWord.tryAcquire()) return;
    if (this.sharedStripes.isUnchanged(this.hash, this.#version)) {
      // State bits may have changed since: that is not what versions count.
      const first = this.words[this.reference];
      this.words[this.reference] = (first & 0xffff) | FETCHED |
        (now << LAST_ACCESS_SHIFT);
    }
    this.lockWord.release();
  }

  // ---- fields: of the words that were checked, while there is no lock ----

  override valueLength(): number {
    return this.#isPeeking ? this.#second & LENGTH_MASK : super.valueLength();
  }

  override clientFlags(): number {
    if (!this.#isPeeking) return super.clientFlags();
    if ((this.#second & HAS_FLAGS) === 0) return 0;
    const word = (this.#second & HAS_EXPIRY) === 0 ? 2 : 3;
    return this.words[this.reference + word] >>> 0;
  }

  override expiry(): number {
    if (!this.#isPeeking) return super.expiry();
    return (this.#second & HAS_EXPIRY) === 0
      ? 0
      : this.words[this.reference + 2];
  }

  override state(): number {
    return this.#isPeeking ? this.#first : super.state();
  }

  override hasBinaryKey(): boolean {
    return this.#isPeeking
      ? (this.#second & BINARY_KEY) !== 0
      : super.hasBinaryKey();
  }

  override copyValue(target: Bytes, at: number): void {
    if (!this.#isPeeking) return super.copyValue(target, at);
    copyBytes(
      this.memory.data,
      this.#valueByte,
      target,
      at,
      this.#second & LENGTH_MASK,
    );
  }

  // ---- pins: noted, so that they end when this thread does ----

  override pin(): boolean {
    if (this.#pins.isFull || !super.pin()) return false;
    this.#pins.add(this.partition, this.reference);
    return true;
  }

  override unpin(reference: number): void {
    super.unpin(reference);
    this.#pins.remove(this.partition, reference);
  }
}

/** Maps a shared shard for one thread. */
export function attachShard(
  options: ShardOptions,
  buffers: ShardBuffers,
  partition: number,
  user: ShardUser,
): SmpShard {
  const memory = new ShardMemory(options.geometry, buffers);
  return new SmpShard(options, memory, partition, user);
}
