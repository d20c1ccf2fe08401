/**
 * Owns the tests of writing a table to frames and loading them into another:
 * nothing is lost or made up. Frames stay in memory: files are tested with
 * the server.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Bytes, latin1 } from "../../../src/base/bytes.ts";
import { ItemHead } from "../../../src/store/snapshot_items.ts";
import { createStore, HIT, type Store } from "../../../src/store/store.ts";
import { StoreModel } from "../../model/store_model.ts";
import {
  lengthFactor,
  Random,
  seedFromEnvironment,
} from "../../support/random.ts";
import {
  exportAll,
  hit,
  importAll,
  keyOf,
  look,
  MIB,
  NOW,
  put,
} from "./snapshot_frames.ts";

const SHAPES: [name: string, options: Parameters<typeof createStore>[0]][] = [
  ["the same", { limitBytes: 4 * MIB }],
  ["a larger one of several shards", { limitBytes: 1024 * MIB }],
  ["one without CAS ids", { limitBytes: 8 * MIB, useCas: false }],
];

for (const [name, options] of SHAPES) {
  Deno.test(`a random table comes back whole in ${name}`, () => {
    const seed = seedFromEnvironment(5);
    const random = new Random(seed);
    for (let round = 0; round < 4 * lengthFactor(); round++) {
      const source = createStore({
        limitBytes: 4 * MIB,
        itemBytesMax: 100_000,
        hashSeed: seed,
      });
      const model = new StoreModel(source, random, 300);
      for (let i = 0; i < 4000; i++) model.step();
      model.finish();
      const frames = exportAll(
        source,
        random.pick([600, 4096, 70_000, 512 * 1024]),
        model.now,
      );
      const target = createStore({ ...options, hashSeed: round });
      target.raiseSequence(source.sequence());
      const counts = importAll(target, frames, { now: model.now, step: 7 });
      let live = 0;
      for (const [text, item] of model.items) {
        if (item.expiry !== 0 && item.expiry <= model.now) continue;
        const copy = look(target, text, model.now);
        const before = look(source, text, model.now);
        assert(copy !== null && before !== null, text);
        assertEquals(copy.value, item.value);
        assertEquals(copy.flags, item.flags);
        assertEquals(copy.expiry, item.expiry);
        assertEquals(copy.idle, before.idle);
        assertEquals(
          copy.state,
          before.state & ~(options?.useCas === false ? 1 << 9 : 0),
        );
        if (item.cas !== "" && options?.useCas !== false) {
          assertEquals(copy.cas, item.cas);
        }
        live++;
      }
      assert(live > 50, `only ${live} items`);
      assertEquals(counts.loaded, live);
      assertEquals(target.itemCount(), live);
      assertEquals(frames.reduce((sum, f) => sum + f.items, 0), live);
    }
  });
}

Deno.test("frames of any size hold the same items", () => {
  const source = createStore({ limitBytes: 4 * MIB });
  put(source, "empty", "");
  put(source, "k".repeat(250), "v");
  put(source, "large", "l".repeat(900_000));
  for (let i = 0; i < 50; i++) put(source, `key${i}`, "x".repeat(i * 40));
  for (const size of [525, 526, 1000, 900_020, 2 * MIB]) {
    const target = createStore({ limitBytes: 4 * MIB });
    assertEquals(importAll(target, exportAll(source, size, NOW)).loaded, 53);
    assertEquals(look(target, "large")!.value.length, 900_000);
    assertEquals(look(target, "k".repeat(250))!.value, "v");
    assertEquals(look(target, "key49")!.value.length, 49 * 40);
  }
});

Deno.test("marks of an item come back", () => {
  const source = createStore({ limitBytes: 2 * MIB });
  for (const [text, value] of [["a", "v"], ["big", "b".repeat(5000)]]) {
    const more = { binaryKey: true, clientFlags: 0xffffffff, expiry: 5000 };
    put(source, text, value, more);
    const { key, hash, partition } = keyOf(source, text);
    const { shard } = partition;
    shard.seek(hash, key, 0, text.length, NOW - 60, true);
    shard.finish(NOW - 60, true);
    shard.changeState(1 << 10 | 1 << 11, 0);
  }
  const target = createStore({ limitBytes: 2 * MIB, hashSeed: 77 });
  importAll(target, exportAll(source, 600, NOW));
  for (const text of ["a", "big"]) {
    assertEquals(look(target, text), look(source, text));
    assertEquals(look(target, text)!.idle, 60);
    assertEquals(look(target, text)!.isBinary, true);
  }
});

Deno.test("times are shifted, and what has expired stays behind", () => {
  const source = createStore({ limitBytes: 2 * MIB });
  put(source, "soon", "v", { expiry: NOW + 10 });
  put(source, "later", "v", { expiry: NOW + 11 });
  put(source, "never", "v");
  put(source, "last", "v", { expiry: 0x7fffffff });
  const frames = exportAll(source, 1000, NOW);
  const target = createStore({ limitBytes: 2 * MIB });
  const counts = importAll(target, frames, { now: NOW + 110, shift: 100 });
  assertEquals(counts, {
    loaded: 3,
    outdated: 0,
    expired: 1,
    tooLarge: 0,
    noMemory: 0,
  });
  assertEquals(look(target, "soon", NOW + 110), null);
  assertEquals(look(target, "later", NOW + 110)!.expiry, NOW + 111);
  assertEquals(look(target, "never", NOW + 110)!.expiry, 0);
  assertEquals(look(target, "never", NOW + 110)!.idle, 10);
  assertEquals(look(target, "last", NOW + 110)!.expiry, 0x7fffffff);
  const back = createStore({ limitBytes: 2 * MIB });
  assertEquals(importAll(back, frames, { shift: -5000 }).expired, 2);
});

Deno.test("flushed items are not written", () => {
  const source = createStore({ limitBytes: 2 * MIB });
  put(source, "old", "v");
  source.flush();
  put(source, "new", "v");
  const frames = exportAll(source, 1000, NOW);
  assertEquals(frames.map((f) => f.items), [1]);
});

Deno.test("values above the new limit are left out", () => {
  const source = createStore({ limitBytes: 4 * MIB });
  for (const size of [4095, 4096, 4097, 900_000]) {
    put(source, `k${size}`, "v".repeat(size));
  }
  const target = createStore({ limitBytes: 4 * MIB, itemBytesMax: 4096 });
  const counts = importAll(target, exportAll(source, 5000, NOW));
  assertEquals([counts.loaded, counts.tooLarge], [2, 2]);
  assertEquals(look(target, "k4096")!.value.length, 4096);
});

Deno.test("a smaller table keeps the items that were hit", () => {
  const source = createStore({ limitBytes: 8 * MIB });
  const count = 40_000;
  for (let i = 0; i < count; i++) {
    put(source, `key${i}`, "x".repeat(100));
    if (i % 10 === 0) { for (let j = 0; j < 3; j++) hit(source, `key${i}`); }
  }
  const target = createStore({ limitBytes: 2 * MIB });
  importAll(target, exportAll(source, 64 * 1024, NOW));
  let hot = 0, cold = 0;
  for (let i = 0; i < count; i++) {
    if (look(target, `key${i}`) === null) continue;
    if (i % 10 === 0) hot++;
    else cold++;
  }
  assert(hot > 0.95 * count / 10, `${hot} of ${count / 10} hot items`);
  assert(cold > 0 && cold < count / 3, `${cold} cold items`);
});

Deno.test("items are written in the order of eviction", () => {
  const source = createStore({ limitBytes: 2 * MIB });
  for (let i = 0; i < 40_000; i++) {
    put(source, `key${i}`, "x".repeat(100));
    if (i % 7 === 0) hit(source, `key${i}`);
  }
  const order: { number: number; isMain: boolean }[] = [];
  const head = new ItemHead();
  for (const frame of exportAll(source, 64 * 1024, NOW)) {
    const bytes = Bytes.from(frame.bytes);
    for (let at = 0; at < frame.bytes.length;) {
      at = head.read(bytes, at, frame.bytes.length) + head.valueLength;
      const end = head.keyAt + head.keyLength;
      const number = Number(latin1(bytes.u8, head.keyAt + 3, end));
      order.push({ number, isMain: head.isMain });
    }
  }
  const main = order.findIndex(({ isMain }) => isMain);
  assert(main > 500 && order.length - main > 500, `${main} ${order.length}`);
  assert(order.slice(main).every(({ isMain }) => isMain));
  // Within a kind the oldest page comes first.
  for (const part of [order.slice(0, main), order.slice(main)]) {
    const tenth = Math.floor(part.length / 10);
    const meanOf = (items: typeof part) =>
      items.reduce((sum, { number }) => sum + number, 0) / items.length;
    for (let i = 1; i < 10; i++) {
      const before = meanOf(part.slice((i - 1) * tenth, i * tenth));
      const after = meanOf(part.slice(i * tenth, (i + 1) * tenth));
      assert(before < after, `${before} stands before ${after}`);
    }
  }
});

Deno.test("without eviction a table that is full stays as it is", () => {
  const source = createStore({ limitBytes: 8 * MIB });
  for (let i = 0; i < 40_000; i++) put(source, `k${i}`, "x".repeat(100));
  const target = createStore({ limitBytes: 2 * MIB, evicts: false });
  put(target, "mine", "v");
  const counts = importAll(target, exportAll(source, 64 * 1024, NOW));
  assertEquals(counts.loaded + counts.noMemory, 40_000);
  assert(counts.loaded > 5000 && counts.noMemory > 5000);
  assertEquals(look(target, "mine")!.value, "v");
  assertEquals(target.itemCount(), counts.loaded + 1);
});

Deno.test("CAS ids never repeat", () => {
  const source = createStore({ limitBytes: 2 * MIB });
  const ids = new Set<string>();
  const see = (store: Store, text: string) => {
    const { key, hash, partition } = keyOf(store, text);
    const { shard } = partition;
    assertEquals(shard.seek(hash, key, 0, text.length, NOW, true), HIT);
    shard.finish(NOW, true);
    const cas = look(store, text)!.cas;
    assert(!ids.has(`${text} ${cas}`), `${text} had ${cas} before`);
    ids.add(`${text} ${cas}`);
  };
  let store = source;
  for (let restart = 0; restart < 5; restart++) {
    for (let i = 0; i < 300; i++) {
      put(store, `k${i % 30}`, `v${i}`);
      see(store, `k${i % 30}`);
    }
    const next = createStore({ limitBytes: (restart + 2) * MIB });
    next.raiseSequence(store.sequence());
    importAll(next, exportAll(store, 3000, NOW));
    // What a client has seen before is still the id.
    assertEquals(look(next, "k3"), look(store, "k3"));
    store = next;
  }
});
