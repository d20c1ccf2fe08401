/**
 * Owns the table of the multi-core mode: it is created once, in shared
 * buffers, and every thread attaches to it. Never starts a thread.
 *
 * @module
 */
import type { Geometry } from "./geometry.ts";
import * as geometry from "./geometry.ts";
import * as layout from "./layout.ts";
import type { ShardBuffers } from "./memory.ts";
import * as memory from "./memory.ts";
import { Repair } from "./repair.ts";
import { SharedWords } from "./shared_atomics.ts";
import * as sharedAtomics from "./shared_atomics.ts";
import { PinList } from "./shared_pins.ts";
import * as sharedPins from "./shared_pins.ts";
import { SlabClasses } from "./slab_classes.ts";
import type { SmpShard } from "./smp_shard.ts";
import * as smpShard from "./smp_shard.ts";
import { Partition, Store, type StoreOptions } from "./store.ts";
import * as store from "./store.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { computeGeometry, threadWords } = geometry;
const { C_LIMBO_PAGES } = layout;
const { allocateShard } = memory;
const { allocateSharedWords } = sharedAtomics;
const { PIN_LIST_BYTES } = sharedPins;
const { attachShard } = smpShard;
const { setFirstLimit, shardOptions, STORE_OPTIONS_DEFAULT } = store;

/** A shared table, in a form that can be posted to a worker. */
export interface SharedTable {
  options: StoreOptions;
  geometry: Geometry;
  /** Threads that may attach, each with a number below this. */
  owners: number;
  shards: ShardBuffers[];
  /** The locks and stripes of all shards. */
  words: WebAssembly.Memory;
  /** One list of pins for each owner. */
  pins: SharedArrayBuffer;
}

/** How a thread attaches. */
export interface Attachment {
  owner: number;
  /** For tests that must fail: locks that exclude nobody. */
  brokenLock?: boolean;
}

/** A shared table as one thread sees it. */
export class SmpStore extends Store {
  readonly owner: number;
  readonly #shards: readonly SmpShard[];
  readonly #table: SharedTable;

  constructor(table: SharedTable, shards: readonly SmpShard[], owner: number) {
    const { options, geometry } = table;
    super(
      options,
      geometry,
      shards[0].options.slabs,
      shards.map((shard) => new Partition(shard, options.itemBytesMax, owner)),
    );
    this.owner = owner;
    this.#shards = shards;
    this.#table = table;
  }

  /** Index pages that wait until no reader can still look at them. */
  limboPages(): number {
    let pages = 0;
    for (const { memory } of this.#shards) {
      pages += memory.control[C_LIMBO_PAGES];
    }
    return pages;
  }

  /** Frees those pages; only when every thread has ended the batch that it
   * was in when they were given up. */
  releaseLimbo(): void {
    for (const shard of this.#shards) {
      if (shard.memory.control[C_LIMBO_PAGES] === 0) continue;
      shard.lock();
      shard.pool.releaseLimbo();
      shard.unlock();
    }
  }

  /**
   * Puts the shards in order whose lock this thread still holds after
   * something was thrown; returns how many there were.
   */
  recover(): number {
    let repaired = 0;
    for (const shard of this.#shards) {
      if (!shard.lockWord.isMine) continue;
      this.#repair(shard, -1);
      repaired++;
    }
    return repaired;
  }

  /**
   * Cleans up after a thread that is gone: its locks, its half-written items,
   * its pins, its unfinished uploads. Returns how many shards were repaired.
   */
  bury(dead: number): number {
    const pins = this.#pinsOf(dead);
    let repaired = 0;
    for (const shard of this.#shards) {
      if (shard.lockWord.isHeldBy(dead)) {
        shard.lockWord.seize();
        pins.clear(shard.partition);
        this.#repair(shard, dead);
        repaired++;
        continue;
      }
      shard.lock();
      pins.forEach(shard.partition, (reference) => {
        shard.unpinRecord(reference);
      });
      pins.clear(shard.partition);
      this.partitions[shard.partition].uploads.abortAll(dead);
      shard.unlock();
    }
    return repaired;
  }

  // Ends with the lock released.
  #repair(shard: SmpShard, dead: number): void {
    const pins: PinList[] = [];
    for (let owner = 0; owner < this.#table.owners; owner++) {
      if (owner !== dead) pins.push(this.#pinsOf(owner));
    }
    new Repair(shard, { dead, pins }).run();
    shard.unlock();
  }

  #pinsOf(owner: number): PinList {
    return new PinList(this.#table.pins, owner * PIN_LIST_BYTES);
  }
}

/** Creates an empty shared table for `owners` threads. */
export function createSharedTable(
  given: Partial<StoreOptions>,
  threads: number,
  owners: number,
): SharedTable {
  const options = { ...STORE_OPTIONS_DEFAULT, ...given };
  const geometry = computeGeometry({
    limitBytes: options.limitBytes,
    itemBytesMax: options.itemBytesMax,
    threads,
    growable: options.growable,
  });
  const shards: ShardBuffers[] = [];
  for (let i = 0; i < geometry.shardCount; i++) {
    shards.push(allocateShard(geometry, true));
  }
  const pins = new SharedArrayBuffer(owners * PIN_LIST_BYTES);
  const { shardCount, stripeCopies } = geometry;
  const words = allocateSharedWords(shardCount * threadWords(stripeCopies));
  const table = { options, geometry, owners, shards, words, pins };
  const store = attachStore(table, { owner: 0 });
  for (const { shard } of store.partitions) shard.initialize();
  setFirstLimit(store.partitions, options.limitBytes);
  return table;
}

/** Attaches a thread to a shared table. */
export function attachStore(
  table: SharedTable,
  { owner, brokenLock = false }: Attachment,
): SmpStore {
  const slabs = new SlabClasses(table.options.slabs);
  const options = shardOptions(table.options, table.geometry, slabs);
  const pins = new PinList(table.pins, owner * PIN_LIST_BYTES);
  const shared = new SharedWords(table.words);
  const user = { shared, owner, pins, brokenLock };
  const shards = table.shards.map((buffers, i) =>
    attachShard(options, buffers, i, user)
  );
  return new SmpStore(table, shards, owner);
}
