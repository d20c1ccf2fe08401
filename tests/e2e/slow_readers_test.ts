/**
 * Owns the end-to-end tests of clients that send and do not read: what waits
 * for them is bounded, others are served meanwhile, and in the end they get
 * every byte.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { pause } from "../support/memcached.ts";
import {
  inEveryMode,
  payload,
  type Served,
  serving,
  skip,
  waitFor,
} from "../support/serving.ts";
import type { Wire } from "../support/wire.ts";

const MIB = 1024 * 1024;
/** What the process may grow by while clients do not read: the replies that
 * wait are three and more times as much. */
const GROWTH_MAX = 64 * MIB;

/** The reply to a get of one key. */
function reply(key: string, value: Uint8Array): Uint8Array {
  const encoder = new TextEncoder();
  const head = encoder.encode(`VALUE ${key} 0 ${value.length}\r\n`);
  const tail = encoder.encode("\r\nEND\r\n");
  const bytes = new Uint8Array(head.length + value.length + tail.length);
  bytes.set(head);
  bytes.set(value, head.length);
  bytes.set(tail, head.length + value.length);
  return bytes;
}

/** Waits until nothing moves any more, with other clients served. */
async function waitForStandstill(other: Wire): Promise<void> {
  let last = -1;
  await waitFor("a standstill", async () => {
    assertEquals(await other.set("other", "value"), "STORED");
    assertMatch(await other.ask("version"), /^VERSION /);
    const values = await other.stats();
    // Our own requests and replies move it a little.
    const written = Math.floor(Number(values.get("bytes_written")) / MIB);
    const isStill = written === last;
    last = written;
    await pause(100);
    return isStill;
  });
}

/** Runs `body` and requires that the process does not grow by too much. */
async function bounded(
  { server }: Served,
  other: Wire,
  body: () => Promise<void>,
): Promise<void> {
  const before = server.residentBytes();
  await body();
  await waitForStandstill(other);
  const growth = server.residentBytes() - before;
  assert(
    growth < GROWTH_MAX,
    `the process grew by ${Math.round(growth / MIB)} MB`,
  );
}

inEveryMode(
  "one client asks for 5,000 values and does not read",
  async (mode) => {
    if (Deno.build.os !== "linux") return skip("needs /proc");
    await serving({ mode }, async (served) => {
      using other = await served.connect();
      for (const length of [64 * 1024, 64 * 1024 - 1]) {
        const value = payload(length, length);
        assertEquals(await other.set("big", value), "STORED");
        using slow = await served.connect();
        await bounded(
          served,
          other,
          () => slow.send("get big\r\n".repeat(5000)),
        );
        const wanted = reply("big", value);
        for (let i = 0; i < 5000; i++) {
          await slow.expect(wanted);
        }
        assertMatch(await slow.ask("version"), /^VERSION /);
      }
    });
  },
);

inEveryMode("many clients ask for much and do not read", async (mode) => {
  if (Deno.build.os !== "linux") return skip("needs /proc");
  await serving({ mode }, async (served) => {
    using other = await served.connect();
    const values = [50_000, 65_536, 300_000, 1_000_000].map((length) =>
      payload(length, length)
    );
    for (const [i, value] of values.entries()) {
      assertEquals(await other.set(`v${i}`, value), "STORED");
    }
    const slow = await Promise.all(
      Array.from({ length: 200 }, () => served.connect()),
    );
    try {
      await bounded(served, other, async () => {
        for (const [i, wire] of slow.entries()) {
          const count = Math.ceil(1_500_000 / values[i % 4].length);
          await wire.send(`get v${i % 4}\r\n`.repeat(count));
        }
      });
      await Promise.all(slow.map(async (wire, i) => {
        const wanted = reply(`v${i % 4}`, values[i % 4]);
        const count = Math.ceil(1_500_000 / values[i % 4].length);
        for (let j = 0; j < count; j++) await wire.expect(wanted);
      }));
    } finally {
      for (const wire of slow) wire.close();
    }
  });
});

inEveryMode("one line with many large keys is read slowly", async (mode) => {
  if (Deno.build.os !== "linux") return skip("needs /proc");
  await serving({ mode }, async (served) => {
    using other = await served.connect();
    const value = payload(500_000, 3);
    assertEquals(await other.set("big", value), "STORED");
    using slow = await served.connect();
    await bounded(
      served,
      other,
      () => slow.send("get" + " big".repeat(400) + "\r\n"),
    );
    const one = reply("big", value).subarray(0, -"END\r\n".length);
    for (let i = 0; i < 400; i++) await slow.expect(one);
    await slow.expect("END\r\n");
  });
});

inEveryMode("a slow reader gets the value it asked for", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    using other = await connect();
    const old = payload(1_000_000, 1), young = payload(1_000_000, 2);
    assertEquals(await other.set("k", old), "STORED");
    using slow = await connect();
    await slow.send("get k\r\n".repeat(30));
    // The first value is on its way once its first bytes are here.
    await slow.expect("VALUE k 0 1000000\r\n");
    assertEquals(await other.set("k", young), "STORED");
    await slow.expect(old);
    let isYoung = false;
    for (let i = 1; i < 30; i++) {
      await slow.expect("\r\nEND\r\nVALUE k 0 1000000\r\n");
      const value = await slow.take(1_000_000);
      const is = (wanted: Uint8Array) =>
        value.every((b, at) => b === wanted[at]);
      // Old values come first; what was stored later is never taken back.
      assert(is(isYoung ? young : old) || is(young), `value ${i} is neither`);
      isYoung = is(young);
    }
    await slow.expect("\r\nEND\r\n");
  });
});

/** A client that asked for its own value again and again and does not read. */
interface SlowReader {
  wire: Wire;
  key: string;
  value: Uint8Array;
}

const ASKED = 20;
const REFUSAL = "SERVER_ERROR out of memory writing get response";

/** Runs `body` while so many clients wait for a value each. */
async function withSlowReaders(
  served: Served,
  other: Wire,
  count: number,
  length: number,
  body: () => Promise<void>,
): Promise<void> {
  const slow: SlowReader[] = [];
  try {
    for (let i = 0; i < count; i++) {
      const key = `slow${i}`;
      const value = payload(length, i);
      assertEquals(await other.set(key, value), "STORED");
      const wire = await served.connect();
      slow.push({ wire, key, value });
      await wire.send(`get ${key}\r\n`.repeat(ASKED));
    }
    await waitForStandstill(other);
    await body();
    await Promise.all(slow.map(takeReplies));
  } finally {
    for (const { wire } of slow) wire.close();
  }
}

// Each reply is the right value, a miss, or the refusal: nothing else.
async function takeReplies({ wire, key, value }: SlowReader): Promise<void> {
  for (let i = 0; i < ASKED; i++) {
    const line = await wire.line();
    if (line === "END" || line === REFUSAL) continue;
    assertEquals(line, `VALUE ${key} 0 ${value.length}`);
    await wire.expect(value);
    await wire.expect("\r\nEND\r\n");
  }
  assertEquals(await wire.ask("mn"), "MN");
}

inEveryMode("values that wait for readers do not stop stores", async (mode) => {
  // All that -m can hold waits for somebody.
  await serving({ mode, args: ["-m", "16"] }, async (served) => {
    using other = await served.connect();
    await withSlowReaders(served, other, 80, 200_000, async () => {
      for (let i = 0; i < 200; i++) {
        const value = payload(60_000, 1000 + i);
        assertEquals(await other.set(`new${i}`, value), "STORED");
        await other.expectValue(`new${i}`, value);
      }
      const large = payload(1_000_000, 7);
      assertEquals(await other.set("large", large), "STORED");
    });
  });
});

inEveryMode(
  "values that wait for readers do not stop other gets",
  async (mode) => {
    await serving({ mode }, async (served) => {
      using other = await served.connect();
      await withSlowReaders(served, other, 40, 1_000_000, async () => {
        for (const length of [60_000, 100_000, 1_000_000]) {
          const value = payload(length, length);
          assertEquals(await other.set("new", value), "STORED");
          await other.expectValue("new", value);
        }
      });
    });
  },
);

inEveryMode("a watcher that does not read loses lines", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    using other = await connect();
    using watcher = await connect();
    assertEquals(await watcher.ask("watch fetchers"), "OK");
    const miss = `get ${"x".repeat(240)}\r\n`;
    for (let i = 0; i < 25; i++) {
      await other.exchange(miss.repeat(5000), "END\r\n".repeat(5000));
    }
    // Some 40 MB of lines; what waits ends with how much was left out.
    let waited = 0, text = "";
    while (!/\nskipped=[0-9]+\n/.test(text)) {
      const piece = await watcher.piece();
      waited += piece.length;
      text = text.slice(-100) + piece;
    }
    assert(waited < 20 * MIB, `${waited} bytes waited`);
    // Then lines come again.
    await other.exchange(miss, "END\r\n");
    const again = /\nskipped=[0-9]+\nts=[^\n]* type=item_get key=x+ /;
    while (!again.test(text)) text += await watcher.piece();
  });
});
