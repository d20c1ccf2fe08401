/**
 * Owns the tests of writing a table to frames and loading them into another:
 * nothing is lost or made up, clients win, damage is refused. Frames stay in
 * memory: files are tested with the server.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Bytes, latin1, toLatin1 } from "../../../src/base/bytes.ts";
import { U64 } from "../../../src/base/u64.ts";
import { checkShard } from "../../../src/store/invariants.ts";
import { ItemHead } from "../../../src/store/snapshot_items.ts";
import {
  createStore,
  Exporter,
  HIT,
  type ImportCounts,
  Importer,
  SET,
  SnapshotError,
  type Store,
  STORED,
  StoreRequest,
} from "../../../src/store/store.ts";
import { StoreModel } from "../../model/store_model.ts";
import {
  lengthFactor,
  Random,
  seedFromEnvironment,
} from "../../support/random.ts";

const MIB = 1024 * 1024;
const NOW = 1000;

interface Frame {
  bytes: Uint8Array;
  items: number;
  carried: number;
}

function exportAll(store: Store, frameBytes: number, now: number): Frame[] {
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
function importAll(
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

function keyOf(store: Store, text: string) {
  const key = Bytes.fromLatin1(text);
  const hash = store.hash(key, 0, text.length);
  return { key, hash, partition: store.partitionOf(hash) };
}

/** Value, client flags and expiry of a key; null if it is not there. */
function look(store: Store, text: string, now = NOW) {
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

function put(
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
  assertEquals(partition.writer.store(request, NOW), STORED);
}

/** Deletes a key as the engine does. */
function remove(store: Store, text: string): void {
  const { key, hash, partition } = keyOf(store, text);
  const { shard } = partition;
  const status = shard.lookup(hash, key, 0, text.length, NOW);
  if (status === HIT) shard.remove();
  else shard.noteChange();
}

/** Counts a hit. */
function hit(store: Store, text: string): boolean {
  const { key, hash, partition } = keyOf(store, text);
  const { shard } = partition;
  const status = shard.seek(hash, key, 0, text.length, NOW, false);
  shard.finish(NOW, true);
  return status === HIT;
}

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

/** A table of small and large items, as frames. */
function racing(): { frames: Frame[]; texts: string[] } {
  const source = createStore({ limitBytes: 8 * MIB });
  const texts: string[] = [];
  for (let i = 0; i < 400; i++) {
    texts.push(`key${i}`);
    put(source, `key${i}`, `old${i}`.repeat(i % 10 === 0 ? 3000 : 1));
  }
  return { frames: exportAll(source, 2000, NOW), texts };
}

Deno.test("what clients set or delete during the load wins", () => {
  const { frames, texts } = racing();
  const random = new Random(seedFromEnvironment(9));
  for (let round = 0; round < 5 * lengthFactor(); round++) {
    const target = createStore({ limitBytes: 8 * MIB, hashSeed: round });
    const expected = new Map<string, string | null>();
    importAll(target, frames, {
      step: 3,
      between: () => {
        const text = random.pick(texts);
        switch (random.below(4)) {
          case 0:
            put(target, text, `new${round}`);
            return expected.set(text, `new${round}`);
          case 1:
            remove(target, text);
            return expected.set(text, null);
          case 2:
            // A value that is gone again must not uncover the older one.
            put(target, text, "gone", { expiry: NOW - 1 });
            look(target, text);
            return expected.set(text, null);
          case 3:
            put(target, text, "deleted");
            remove(target, text);
            return expected.set(text, null);
        }
      },
    });
    for (const [text, value] of expected) {
      assertEquals(look(target, text)?.value ?? null, value, text);
    }
    const loaded = texts.filter((text) => !expected.has(text));
    const missing = loaded.filter((text) => look(target, text) === null);
    // One bit a hash: next to nobody suffers from another's mark.
    assert(missing.length <= 3, `${missing.length} lost`);
  }
});

Deno.test("a value set during the load is not uncovered by its eviction", () => {
  const { frames } = racing();
  const target = createStore({ limitBytes: MIB });
  let isFirst = true;
  importAll(target, frames, {
    between: () => {
      if (!isFirst) return;
      isFirst = false;
      for (let i = 0; i < 400; i++) put(target, `key${i}`, "new");
      for (let i = 0; i < 9000; i++) put(target, `x${i}`, "x".repeat(500));
      assert(target.summary().evictions > 100);
    },
  });
  for (let i = 0; i < 400; i++) {
    const value = look(target, `key${i}`)?.value ?? "new";
    assertEquals(value, "new");
  }
});

Deno.test("a flush during the load ends it", () => {
  const { frames } = racing();
  const target = createStore({ limitBytes: 8 * MIB });
  let isFlushed = false;
  const counts = importAll(target, frames, {
    step: 10,
    between: (loaded) => {
      if (isFlushed || loaded < 50) return;
      isFlushed = true;
      target.flush();
      put(target, "mine", "v");
    },
  });
  assert(counts.loaded < 100 && counts.outdated > 300);
  for (let i = 0; i < 400; i++) assertEquals(look(target, `key${i}`), null);
  assertEquals(look(target, "mine")!.value, "v");
});

Deno.test("changes are remembered only while something is loaded", () => {
  const { frames } = racing();
  const target = createStore({ limitBytes: 8 * MIB });
  for (let i = 0; i < 400; i++) remove(target, `key${i}`);
  assertEquals(importAll(target, frames).loaded, 400);
  for (let i = 0; i < 400; i++) remove(target, `key${i}`);
  assertEquals(importAll(target, frames).loaded, 400);
});

Deno.test("bytes that are no items are refused, and nothing is left over", () => {
  const { frames } = racing();
  const random = new Random(seedFromEnvironment(13));
  let refused = 0;
  for (let round = 0; round < 300 * lengthFactor(); round++) {
    const target = createStore({ limitBytes: 4 * MIB });
    const importer = new Importer(target, 0);
    const { bytes, carried } = random.pick(frames);
    const length = random.between(0, bytes.length);
    const damaged = Bytes.from(bytes);
    for (let i = random.below(4); i > 0; i--) {
      damaged.u8[random.below(bytes.length)] = random.uint32();
    }
    try {
      importer.start(damaged, length, random.oneIn(2) ? 0 : carried);
      while (importer.run(3, NOW));
    } catch (error) {
      assert(error instanceof SnapshotError, String(error));
      refused++;
    }
    importer.end(NOW);
    for (const { shard } of target.partitions) {
      checkShard(shard);
      assertEquals(shard.memory.control[19], 0, "a reserved page is left");
    }
  }
  assert(refused > 50, `${refused} refused`);
});

Deno.test("a value must go on where it was cut", () => {
  const { frames } = racing();
  const at = frames.findIndex((frame) => frame.carried > 0);
  const [before, after] = [frames[at - 1], frames[at]];
  const begin = () => {
    const importer = new Importer(createStore({ limitBytes: 4 * MIB }), 0);
    const { bytes, carried } = before;
    importer.start(Bytes.from(bytes), bytes.length, carried);
    while (importer.run(9, NOW));
    return importer;
  };
  const bytes = Bytes.from(after.bytes);
  for (const wrong of [0, after.carried - 1, after.carried + 1]) {
    const importer = begin();
    assertThrows(
      () => importer.start(bytes, after.bytes.length, wrong),
      SnapshotError,
      "does not go on",
    );
    importer.end(NOW);
  }
  begin().start(bytes, after.bytes.length, after.carried);
});
