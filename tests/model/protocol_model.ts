/**
 * Owns the plain model of a memcached, a Map with a clock, and random
 * commands of all three protocols that must be answered as the model says.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { latin1 } from "../../src/base/bytes.ts";
import { checkShard } from "../../src/store/invariants.ts";
import type { MemoryServer } from "../support/memory_server.ts";
import type { Random } from "../support/random.ts";
import { SyncClient } from "../support/sync_client.ts";
import { BinaryModel } from "./binary_model.ts";
import { ClassicModel } from "./classic_model.ts";
import { MetaModel } from "./meta_model.ts";

/** What the model knows of an item. */
export interface ModelItem {
  value: string;
  flags: number;
  /** Table second, 0 for never. */
  expiry: number;
  fetched: boolean;
  accessed: number;
  stale: boolean;
  tokenSent: boolean;
  /** The CAS id it must have, if some reply has shown it. */
  cas: bigint | null;
}

/** The largest value: small, so that its border is met often. */
export const VALUE_MAX = 8 * 1024;

/** The whole model; the dialects ask it and change it. */
export class ProtocolModel {
  readonly server: MemoryServer;
  /** Serves the binary client: the same server, or one that shares its table. */
  readonly second: MemoryServer;
  /** How late an access may be noted. */
  readonly accessLagSeconds: number;
  readonly random: Random;
  readonly text: SyncClient;
  readonly binary: SyncClient;
  readonly items = new Map<string, ModelItem>();
  /** The highest CAS id seen of each key while it existed. */
  readonly #highestCas = new Map<string, bigint>();
  /** Keys evicted while the current command ran. */
  readonly evicted = new Set<string>();
  readonly #keys: number;
  readonly #dialects: { step(): void }[];
  evictions = 0;

  constructor(
    server: MemoryServer,
    random: Random,
    keys: number,
    second = server,
  ) {
    this.server = server;
    this.second = second;
    this.accessLagSeconds = second === server ? 0 : 60;
    this.random = random;
    this.#keys = keys;
    this.text = new SyncClient(server.connect().session);
    this.binary = new SyncClient(second.connect().session);
    this.#dialects = [
      new ClassicModel(this),
      new ClassicModel(this),
      new MetaModel(this),
      new BinaryModel(this),
    ];
    this.#followEvictions(server);
    if (second !== server) this.#followEvictions(second);
  }

  #followEvictions({ store }: MemoryServer): void {
    for (const { shard } of store.partitions) {
      shard.mover.onEviction = (reference) => {
        const at = shard.records.keyAt(reference);
        const end = at + shard.records.keyLength(reference);
        const key = latin1(shard.memory.data.u8, at, end);
        assert(this.items.delete(key), `evicted an unknown key ${key}`);
        this.#highestCas.delete(key);
        this.evicted.add(key);
        this.evictions++;
      };
    }
  }

  get now(): number {
    return this.server.context.now;
  }

  /** Runs one random command, or lets time pass. */
  step(): void {
    this.evicted.clear();
    const chance = this.random.below(100_000);
    if (chance < 100) this.#advance(this.random.between(1, 20));
    else if (chance === 100) this.#flush();
    else this.random.pick(this.#dialects).step();
  }

  // One clock for all, as in the multi-core mode.
  #advance(seconds: number): void {
    this.server.advance(seconds);
    this.second.context.setTime(this.now);
  }

  check(): void {
    for (const { shard } of this.server.store.partitions) checkShard(shard);
  }

  #flush(): void {
    assertEquals(this.text.send("flush_all\r\n"), "OK\r\n");
    this.items.clear();
    this.#highestCas.clear();
  }

  // ---- for the dialects ----

  key(): string {
    const number = this.random.below(this.#keys);
    const text = `k${number}`;
    return number % 11 === 0 ? text.padEnd(1 + number % 250, "-") : text;
  }

  value(): string {
    const { random } = this;
    if (random.oneIn(5)) return String(random.uint32());
    const letter = String.fromCharCode(97 + random.below(26));
    if (random.oneIn(50)) return letter.repeat(VALUE_MAX - random.below(3));
    return letter.repeat(random.below(random.oneIn(4) ? 2000 : 90));
  }

  /** An expiration as a client sends it, and the second it means. */
  exptime(): [sent: number, second: number] {
    const { random, now } = this;
    if (random.oneIn(2)) return [0, 0];
    if (random.oneIn(15)) return [-1, 1];
    const seconds = random.pick([1, 5, 20, 100, 1000, 100_000]);
    return [seconds, now + seconds];
  }

  /** The item if a client can see it now. */
  live(key: string): ModelItem | undefined {
    const item = this.items.get(key);
    if (item === undefined) return undefined;
    if (item.expiry === 0 || item.expiry > this.now) return item;
    this.forget(key);
    return undefined;
  }

  forget(key: string): void {
    this.items.delete(key);
    this.#highestCas.delete(key);
  }

  /** A new item takes the place of whatever was there. */
  put(
    key: string,
    value: string,
    flags: number,
    expiry: number,
  ): ModelItem {
    const item: ModelItem = {
      value,
      flags,
      expiry,
      fetched: false,
      accessed: this.now,
      stale: false,
      tokenSent: false,
      cas: null,
    };
    this.items.set(key, item);
    return item;
  }

  /** Counts a fetch. */
  fetch(item: ModelItem): void {
    item.fetched = true;
    item.accessed = this.now;
  }

  /** A reply has shown this CAS id: it must be the item's, and if the item
   * has changed it must be higher than all before. */
  sawCas(key: string, item: ModelItem, shown: bigint): void {
    if (item.cas !== null) assertEquals(shown, item.cas, `CAS of ${key}`);
    else {
      const highest = this.#highestCas.get(key) ?? 0n;
      assert(shown > highest, `CAS of ${key}: ${shown} after ${highest}`);
    }
    item.cas = shown;
    const highest = this.#highestCas.get(key) ?? 0n;
    if (shown > highest) this.#highestCas.set(key, shown);
  }

  /** Checks a reply; if the item was evicted while the command ran, what
   * `otherwise` says is fine, too. */
  expect(
    key: string,
    reply: string,
    expected: string,
    otherwise: string[] = [],
  ): boolean {
    if (reply === expected) return true;
    const excused = this.evicted.has(key) && otherwise.includes(reply);
    if (!excused) assertEquals(reply, expected, `key ${key}`);
    return false;
  }
}
