/**
 * Owns the checks of hot keys: Space-Saving against exact counts, sampling,
 * fading and merging.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  HOT_KEYS_HALF_LIFE_SECONDS,
  HOT_KEYS_SHOWN,
  HOT_KEYS_TRACKED,
} from "../../../src/base/limits.ts";
import {
  HotKeys,
  hottest,
  SpaceSaving,
} from "../../../src/observe/hot_keys.ts";
import { MemoryServer } from "../../support/memory_server.ts";
import { Random } from "../../support/random.ts";

/** A stream whose key i comes about four times as often as key 2i. */
function* zipf(length: number, seed: number): Generator<string> {
  const random = new Random(seed);
  for (let i = 0; i < length; i++) {
    yield `key${Math.floor(2 ** 32 / (random.uint32() + 1))}`;
  }
}

function exactCounts(keys: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

Deno.test("counts are exact while the keys fit", () => {
  const counted = new SpaceSaving(4);
  for (const key of ["a", "b", "a", "c", "a", "b", "d"]) counted.count(key);
  assertEquals(counted.rows(), [
    ["a", 3, 0],
    ["b", 2, 0],
    ["c", 1, 0],
    ["d", 1, 0],
  ]);
});

Deno.test("a new key takes the place and the count of the rarest", () => {
  const counted = new SpaceSaving(2);
  for (const key of ["a", "a", "a", "b", "b", "c"]) counted.count(key);
  assertEquals(counted.rows(), [["a", 3, 0], ["c", 3, 2]]);
});

for (const seed of [1, 2, 3]) {
  Deno.test(`counts keep their promises over a long stream (${seed})`, () => {
    const length = 100_000, capacity = 64;
    const stream = [...zipf(length, seed)];
    const exact = exactCounts(stream);
    const counted = new SpaceSaving(capacity);
    for (const key of stream) counted.count(key);
    const rows = counted.rows();
    assertEquals(rows.length, capacity);
    let sum = 0;
    for (const [key, count, error] of rows) {
      const true_ = exact.get(key) ?? 0;
      assert(count >= true_ && count - error <= true_, key);
      assert(error <= length / capacity, key);
      sum += count;
    }
    // Every element of the stream is in exactly one counter.
    assertEquals(sum, length);
    // Whatever comes more often than length / capacity must be there.
    for (const [key, count] of exact) {
      if (count <= length / capacity) continue;
      assert(rows.some(([k]) => k === key), `${key} is missing`);
    }
    const top = [...exact].sort((a, b) => b[1] - a[1]).slice(0, 8);
    assertEquals(rows.slice(0, 8).map(([k]) => k), top.map(([k]) => k));
  });
}

Deno.test("the sample is of the size asked for, whatever the pattern", () => {
  const hot = new HotKeys(10);
  const keys = Array.from({ length: 10 }, (_, i) => `k${i}`);
  const taken = new Map<string, number>();
  for (let i = 0; i < 200_000; i++) {
    if (!hot.isDue()) continue;
    const key = keys[i % 10];
    taken.set(key, (taken.get(key) ?? 0) + 1);
  }
  const total = [...taken.values()].reduce((a, b) => a + b);
  assert(total > 19_000 && total < 21_000, `${total} of 200000`);
  // A client that walks in steps of ten is not seen as one key.
  assertEquals(taken.size, 10);
  for (const [key, count] of taken) {
    assert(count > 1600 && count < 2400, `${key}: ${count}`);
  }
});

Deno.test("one of one is every get", () => {
  const hot = new HotKeys(1);
  for (let i = 0; i < 1000; i++) assert(hot.isDue());
});

Deno.test("a key that cools down makes room", () => {
  const hot = new HotKeys(1);
  for (let i = 0; i < 1000; i++) hot.take("old", 100 + i / 100);
  let now = 110;
  for (; now < 110 + 10 * HOT_KEYS_HALF_LIFE_SECONDS; now++) {
    for (let i = 0; i < 5; i++) hot.take("new", now);
  }
  const { rows, seconds } = hot.report(now);
  assertEquals(rows[0][0], "new");
  assert(seconds >= HOT_KEYS_HALF_LIFE_SECONDS);
  assert(seconds <= 2 * HOT_KEYS_HALF_LIFE_SECONDS);
  const [first] = hottest([hot.report(now)]);
  assertAlmostEquals(first.getsPerSecond, 5, 0.5);
  const old = rows.find(([key]) => key === "old");
  assert(old === undefined || old[1] < 10);
});

Deno.test("a key that nobody asks for any more is forgotten", () => {
  const hot = new HotKeys(1);
  for (let i = 0; i < 100; i++) hot.take("gone", 1);
  const { rows } = hot.report(1 + 100 * HOT_KEYS_HALF_LIFE_SECONDS);
  assertEquals(rows, []);
});

Deno.test("the reports of workers add up, the hottest first", () => {
  const report = (rows: [string, number, number][]) => ({
    sampleOf: 100,
    seconds: 10,
    rows,
  });
  const merged = hottest([
    report([["a", 5, 0], ["b", 4, 1]]),
    report([["b", 3, 1], ["c", 1, 0]]),
  ], 2);
  assertEquals(merged, [
    { key: "b", getsPerSecond: 70, errorPerSecond: 20 },
    { key: "a", getsPerSecond: 50, errorPerSecond: 0 },
  ]);
});

Deno.test("no more keys than said are shown, nor kept", () => {
  const hot = new HotKeys(1);
  for (let i = 0; i < 10_000; i++) hot.take(`k${i}`, 1);
  const report = hot.report(1);
  assertEquals(report.rows.length, HOT_KEYS_TRACKED);
  assertEquals(hottest([report]).length, HOT_KEYS_SHOWN);
  const few = { ...report, rows: report.rows.slice(0, HOT_KEYS_SHOWN - 1) };
  assertEquals(hottest([few]).length, HOT_KEYS_SHOWN - 1);
});

Deno.test("gets of all three protocols are looked at, stores are not", async () => {
  const server = new MemoryServer({ hotKeysSample: 1 });
  const client = server.connect();
  await client.send("set a 0 0 1\r\n1\r\nset b 0 0 1\r\n1\r\n");
  await client.send("get a\r\nget a b c\r\ngat 0 a\r\nmg a v\r\n");
  const other = server.connect();
  await other.sendBytes(
    Uint8Array.of(
      0x80,
      0,
      0,
      1,
      ...Array(7).fill(0),
      1,
      ...Array(12).fill(0),
      97,
    ),
  );
  const [report] = (await server.view.hotKeys())!;
  const counts = Object.fromEntries(
    report.rows.map(([key, count]) => [key, count]),
  );
  assertEquals(counts, { a: 5, b: 1, c: 1 });
});

Deno.test("nothing is looked at unless it is asked for", async () => {
  const server = new MemoryServer();
  await server.connect().send("get a\r\n");
  assertEquals(server.context.observers.active, false);
  assertEquals(await server.view.hotKeys(), null);
});
