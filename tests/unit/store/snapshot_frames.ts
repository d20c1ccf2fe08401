/**
 * Owns what the tests of snapshots share: tables to and from frames, and the
 * little that clients do with them. Never touches a file.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Bytes, latin1, toLatin1 } from "../../../src/base/bytes.ts";
import { U64 } from "../../../src/base/u64.ts";
import { checkShard } from "../../../src/store/invariants.ts";
import {
  Exporter,
  HIT,
  type ImportCounts,
  Importer,
  SET,
  type Store,
  STORED,
  StoreRequest,
} from "../../../src/store/store.ts";

export const MIB = 1024 * 1024;
/** Table second of these tests. */
export const NOW = 1000;

export interface Frame {
  bytes: Uint8Array;
  items: number;
  carried: number;
}

export function exportAll(
  store: Store,
  frameBytes: number,
  now: number,
): Frame[] {
  const exporter = new Exporter(store, now);
  const target = Bytes.allocate(frameBytes);
  const frames: Frame[] = [];
  while (exporter.fill(target)) {
    const { length, items, carried } = exporter;
    assert(length <= frameBytes);
    frames.push({ bytes: target.u8.slice(0, length), items, carried });
  }
  return frames;
}

/** Loads frames; `between` runs before each step of a few items. */
export function importAll(
  store: Store,
  frames: Frame[],
  options: {
    now?: number;
    shift?: number;
    step?: number;
    between?: (loaded: number) => void;
  } = {},
): ImportCounts {
  const { now = NOW, shift = 0, step = 100 } = options;
  const importer = new Importer(store, shift);
  for (const { bytes, carried } of frames) {
    importer.start(Bytes.from(bytes), bytes.length, carried);
    do options.between?.(importer.counts.loaded); while (
      importer.run(step, now)
    );
  }
  importer.end(now);
  for (const { shard } of store.partitions) checkShard(shard);
  return importer.counts;
}

export function keyOf(store: Store, text: string) {
  const key = Bytes.fromLatin1(text);
  const hash = store.hash(key, 0, text.length);
  return { key, hash, partition: store.partitionOf(hash) };
}

/** Value, client flags and expiry of a key; null if it is not there. */
export function look(store: Store, text: string, now = NOW) {
  const { key, hash, partition } = keyOf(store, text);
  const { shard } = partition;
  if (shard.lookup(hash, key, 0, text.length, now) !== HIT) return null;
  const length = shard.valueLength();
  const value = Bytes.allocate(length);
  shard.copyValue(value, 0);
  const cas = shard.cas(new U64());
  return {
    value: latin1(value.u8, 0, length),
    flags: shard.clientFlags(),
    expiry: shard.expiry(),
    cas: `${cas.high}:${cas.low}`,
    state: shard.state() & 0xff00,
    isBinary: shard.hasBinaryKey(),
    idle: shard.idleSeconds(now),
  };
}

export function put(
  store: Store,
  text: string,
  value: string,
  more: Partial<StoreRequest> = {},
): void {
  const { key, hash, partition } = keyOf(store, text);
  const request = Object.assign(new StoreRequest(), more);
  request.form = SET;
  request.hash = hash;
  request.key = key;
  request.keyLength = text.length;
  request.value = Bytes.from(toLatin1(value));
  request.valueLength = value.length;
  partition.shard.lock();
  assertEquals(partition.writer.store(request, NOW), STORED);
  partition.shard.unlock();
}

/** Deletes a key as the engine does. */
export function remove(store: Store, text: string): void {
  const { key, hash, partition } = keyOf(store, text);
  const { shard } = partition;
  const status = shard.lookup(hash, key, 0, text.length, NOW);
  if (status === HIT) shard.remove();
  else shard.noteChange();
}

/** Counts a hit. */
export function hit(store: Store, text: string): boolean {
  const { key, hash, partition } = keyOf(store, text);
  const { shard } = partition;
  const status = shard.seek(hash, key, 0, text.length, NOW, false);
  shard.finish(NOW, true);
  return status === HIT;
}
