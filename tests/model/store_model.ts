/**
 * Owns the plain model of the table, a Map, and random operations that must
 * have the same outcome in both. Never talks to a socket.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Bytes, latin1, toLatin1 } from "../../src/base/bytes.ts";
import { ROOM_VALUE_BYTES_MIN } from "../../src/base/limits.ts";
import { U64 } from "../../src/base/u64.ts";
import { checkShard } from "../../src/store/invariants.ts";
import {
  ADD,
  APPEND,
  CAS,
  EXISTS,
  HIT,
  NO_MEMORY,
  NON_NUMERIC,
  NOT_FOUND,
  NOT_STORED,
  type Partition,
  PREPEND,
  REPLACE,
  SET,
  type Store,
  STORED,
  StoreRequest,
  TOO_LARGE,
} from "../../src/store/store.ts";
import type { Random } from "../support/random.ts";
import { scribbleRoom } from "../support/room.ts";

interface Item {
  value: string;
  flags: number;
  /** Table second, 0 for never. */
  expiry: number;
  /** The last CAS id that was seen, "" if none. */
  cas: string;
}

/** Runs random operations against a store and a Map. */
export class StoreModel {
  readonly items = new Map<string, Item>();
  now = 1000;
  evictions = 0;
  readonly #store: Store;
  readonly #random: Random;
  readonly #keys: number;
  readonly #request = new StoreRequest();
  readonly #out: Bytes;
  readonly #uploads: {
    key: string;
    value: string;
    expiry: number;
    ref: number;
  }[] = [];

  constructor(store: Store, random: Random, keys: number) {
    this.#store = store;
    this.#random = random;
    this.#keys = keys;
    this.#out = Bytes.allocate(store.options.itemBytesMax + 1024);
    for (const { shard } of store.partitions) {
      shard.mover.onEviction = (reference) => {
        const at = shard.records.keyAt(reference);
        const end = at + shard.records.keyLength(reference);
        const key = latin1(shard.memory.data.u8, at, end);
        assert(this.items.delete(key), `evicted an unknown key ${key}`);
        this.evictions++;
      };
    }
  }

  step(): void {
    const random = this.#random;
    const kind = random.below(100);
    if (kind < 40) this.#get();
    else if (kind < 97) this.#locked(() => this.#change(kind));
    else if (kind < 99) this.#store.sweep(random.below(200), this.now);
    else if (random.oneIn(3)) this.now += random.below(30);
    else if (random.oneIn(300)) this.#flush();
  }

  #change(kind: number): void {
    const random = this.#random;
    if (kind < 70) this.#store_(random.pick([SET, SET, SET, ADD, REPLACE]));
    else if (kind < 76) this.#store_(random.pick([APPEND, PREPEND]));
    else if (kind < 80) this.#compareAndSet();
    else if (kind < 85) this.#delete();
    else if (kind < 90) this.#touch();
    else if (kind < 94) this.#arithmetic();
    else this.#upload();
  }

  #locked(change: () => void): void {
    for (const { shard } of this.#store.partitions) shard.lock();
    change();
    for (const { shard } of this.#store.partitions) shard.unlock();
  }

  check(): void {
    for (const { shard } of this.#store.partitions) checkShard(shard);
  }

  /** Ends the uploads that are still open. */
  finish(): void {
    this.#locked(() => {
      while (this.#uploads.length > 0) this.#endUpload();
    });
    this.check();
  }

  #key(): { text: string; key: Bytes; hash: number; partition: Partition } {
    const number = this.#random.below(this.#keys);
    const text = number % 7 === 0
      ? `k${number}:`.padEnd(1 + number % 250, "x").slice(0, 250)
      : `key-${number}`;
    const key = Bytes.fromLatin1(text);
    const hash = this.#store.hash(key, 0, text.length);
    return { text, key, hash, partition: this.#store.partitionOf(hash) };
  }

  #value(): string {
    const random = this.#random;
    const most = this.#store.options.itemBytesMax;
    const size = random.oneIn(40)
      ? random.below(most + 2)
      : random.oneIn(10)
      ? Math.min(most, ROOM_VALUE_BYTES_MIN + random.between(-5, 5))
      : random.oneIn(4)
      ? random.below(3000)
      : random.below(120);
    return String.fromCharCode(97 + random.below(26)).repeat(size);
  }

  // What the model says is there now.
  #live(text: string): Item | undefined {
    const item = this.items.get(text);
    if (item === undefined) return undefined;
    if (item.expiry !== 0 && item.expiry <= this.now) return undefined;
    return item;
  }

  #get(): void {
    const { text, key, hash, partition } = this.#key();
    const { shard } = partition;
    const showsCas = this.#random.oneIn(5);
    const status = shard.seek(hash, key, 0, text.length, this.now, showsCas);
    const item = this.#live(text);
    assertEquals(status === HIT, item !== undefined, `get ${text}`);
    if (status !== HIT || item === undefined) {
      assert(shard.finish(this.now, true));
      this.items.delete(text);
      return;
    }
    const length = shard.valueLength();
    shard.copyValue(this.#out, 0);
    const cas = new U64();
    if (showsCas) {
      shard.cas(cas);
      const shown = `${cas.high}:${cas.low}`;
      if (item.cas !== "") assertEquals(shown, item.cas, `cas of ${text}`);
      item.cas = shown;
    }
    const flags = shard.clientFlags();
    assert(shard.finish(this.now, !this.#random.oneIn(4)));
    assertEquals(latin1(this.#out.u8, 0, length), item.value, text);
    assertEquals(flags, item.flags);
  }

  #expiry(): number {
    const random = this.#random;
    if (random.oneIn(2)) return 0;
    if (random.oneIn(20)) return 1;
    return this.now + random.pick([1, 3, 10, 40, 200, 1000, 100000]);
  }

  #fill(form: number, text: string, key: Bytes, hash: number, value: string) {
    const request = this.#request;
    request.form = form;
    request.hash = hash;
    request.key = key;
    request.keyAt = 0;
    request.keyLength = text.length;
    request.value = Bytes.from(toLatin1(value));
    request.valueAt = 0;
    request.valueLength = value.length;
    request.clientFlags = this.#random.oneIn(3) ? this.#random.uint32() : 0;
    request.expiry = this.#expiry();
    request.compare.set(0, 0);
    request.hasCas = false;
    return request;
  }

  #store_(form: number): void {
    const { text, key, hash, partition } = this.#key();
    const value = this.#value();
    const request = this.#fill(form, text, key, hash, value);
    const before = this.#live(text);
    const result = partition.writer.store(request, this.now);
    this.#scribble(partition);
    this.#apply(form, text, value, request, before, result);
  }

  // Nothing depends on what is in the room around a value.
  #scribble({ shard }: Partition): void {
    if (shard.reference !== 0) scribbleRoom(shard.records, shard.reference);
  }

  // Brings the model up to what a store that ended in `result` did.
  #apply(
    form: number,
    text: string,
    value: string,
    request: StoreRequest,
    before: Item | undefined,
    result: number,
  ): void {
    const most = this.#store.options.itemBytesMax;
    if (before === undefined) this.items.delete(text);
    if (result === TOO_LARGE) return assert(value.length > most);
    if (result === NO_MEMORY) return;
    const joins = form === APPEND || form === PREPEND;
    if (form === ADD && before !== undefined) {
      return assertEquals(result, NOT_STORED);
    }
    if ((form === REPLACE || joins) && before === undefined) {
      return assertEquals(result, NOT_STORED);
    }
    if (joins && before !== undefined) {
      const total = before.value.length + value.length;
      if (total > most) return assertEquals(result, NOT_STORED);
      // Making room may have evicted the very item.
      if (result === NOT_STORED) return;
      before.value = form === APPEND
        ? before.value + value
        : value + before.value;
      before.cas = "";
      this.items.set(text, before);
      return assertEquals(result, STORED);
    }
    assertEquals(result, STORED, `store ${form} ${text}`);
    const { clientFlags: flags, expiry } = request;
    this.items.set(text, { value, flags, expiry, cas: "" });
  }

  #compareAndSet(): void {
    const { text, key, hash, partition } = this.#key();
    const item = this.#live(text);
    const value = this.#value();
    const request = this.#fill(CAS, text, key, hash, value);
    const good = item !== undefined && item.cas !== "" &&
      !this.#random.oneIn(3);
    if (good) {
      const [high, low] = item.cas.split(":").map(Number);
      request.compare.set(high, low);
    } else request.compare.set(0, 7);
    const result = partition.writer.store(request, this.now);
    this.#scribble(partition);
    if (result === TOO_LARGE || result === NO_MEMORY) return;
    if (item === undefined) {
      this.items.delete(text);
      return assertEquals(result, NOT_FOUND);
    }
    if (!good) return assertEquals(result, EXISTS);
    assertEquals(result, STORED);
    const { clientFlags: flags, expiry } = request;
    this.items.set(text, { value, flags, expiry, cas: "" });
  }

  #delete(): void {
    const { text, key, hash, partition } = this.#key();
    const found = partition.shard.lookup(hash, key, 0, text.length, this.now);
    assertEquals(found === HIT, this.#live(text) !== undefined);
    if (found === HIT) partition.shard.remove();
    this.items.delete(text);
    if (this.#random.oneIn(2)) partition.shard.tidyIndex();
  }

  #touch(): void {
    const { text, key, hash, partition } = this.#key();
    const found = partition.shard.lookup(hash, key, 0, text.length, this.now);
    const item = this.#live(text);
    assertEquals(found === HIT, item !== undefined);
    if (item === undefined) {
      this.items.delete(text);
      return;
    }
    const expiry = this.#expiry();
    if (partition.placer.retime(expiry, this.now)) item.expiry = expiry;
  }

  #arithmetic(): void {
    const { text, key, hash, partition } = this.#key();
    const random = this.#random;
    if (random.oneIn(2)) {
      const digits = String(random.uint32()).slice(0, random.between(1, 10));
      const request = this.#fill(SET, text, key, hash, digits);
      const before = this.#live(text);
      const result = partition.writer.store(request, this.now);
      this.#scribble(partition);
      this.#apply(SET, text, digits, request, before, result);
    }
    const found = partition.shard.lookup(hash, key, 0, text.length, this.now);
    const item = this.#live(text);
    assertEquals(found === HIT, item !== undefined);
    if (item === undefined) return void this.items.delete(text);
    const { records, reference } = partition.shard;
    const isWhole = records.partCount(reference) === 0;
    const delta = random.uint32();
    const down = random.oneIn(2);
    const result = partition.arithmetic.addDelta(
      down,
      new U64().set(0, delta),
      this.now,
    );
    if (result === NO_MEMORY || result === NOT_FOUND) return;
    // As strtoull: what follows a space does not matter.
    const digits = /^([0-9]{1,20})( |$)/.exec(item.value);
    const value = digits === null ? -1n : BigInt(digits[1]);
    // As in memcached, a value in several pieces is no number.
    const numeric = isWhole && value >= 0n && value < 1n << 64n;
    assertEquals(result === NON_NUMERIC, !numeric, item.value);
    if (!numeric) return;
    const next = down
      ? (value < BigInt(delta) ? 0n : value - BigInt(delta))
      : BigInt.asUintN(64, value + BigInt(delta));
    item.value = String(next).padEnd(item.value.length);
    item.cas = "";
  }

  // Uploads overlap with everything else: begun now, ended some steps later.
  #upload(): void {
    if (this.#uploads.length > 2) return this.#endUpload();
    const { text, key, hash, partition } = this.#key();
    const value = this.#value() + "u".repeat(3000);
    if (value.length > this.#store.options.itemBytesMax) return;
    const request = this.#fill(SET, text, key, hash, value);
    const ref = partition.uploads.begin(request, this.now);
    if (this.#live(text) === undefined) this.items.delete(text);
    if (ref === 0) return;
    this.#uploads.push({ key: text, value, expiry: request.expiry, ref });
  }

  #endUpload(): void {
    const upload = this.#uploads.shift();
    if (upload === undefined) return;
    const { key: text, value, ref } = upload;
    const key = Bytes.fromLatin1(text);
    const hash = this.#store.hash(key, 0, text.length);
    const { shard, uploads } = this.#store.partitionOf(hash);
    if (this.#random.oneIn(5)) return uploads.abort(ref);
    const source = Bytes.from(toLatin1(value));
    for (let at = 0; at < value.length;) {
      const piece = Math.min(this.#random.between(1, 5000), value.length - at);
      shard.records.writeRange(ref, at, piece, source, at);
      at += piece;
    }
    scribbleRoom(shard.records, ref);
    const form = this.#random.pick([SET, SET, ADD, APPEND]);
    const request = this.#fill(form, text, key, hash, value);
    request.expiry = upload.expiry;
    request.clientFlags = shard.records.clientFlags(ref);
    const before = this.#live(text);
    const result = uploads.commit(request, ref, this.now);
    this.#apply(form, text, value, request, before, result);
  }

  #flush(): void {
    this.#store.flush();
    this.items.clear();
  }
}
