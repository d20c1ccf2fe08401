/**
 * Owns the tests of loading frames while clients change the table, and of
 * frames that are damaged: clients win, nothing is made up.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Bytes } from "../../../src/base/bytes.ts";
import { checkShard } from "../../../src/store/invariants.ts";
import { C_PENDING_PAGES } from "../../../src/store/layout.ts";
import {
  createStore,
  Importer,
  SnapshotError,
} from "../../../src/store/store.ts";
import {
  lengthFactor,
  Random,
  seedFromEnvironment,
} from "../../support/random.ts";
import {
  exportAll,
  type Frame,
  importAll,
  look,
  MIB,
  NOW,
  put,
  remove,
} from "./snapshot_frames.ts";

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
      assertEquals(
        shard.memory.control[C_PENDING_PAGES],
        0,
        "a reserved page is left",
      );
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
