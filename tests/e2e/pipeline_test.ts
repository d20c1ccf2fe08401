/**
 * Owns the end-to-end tests of how requests may arrive: long pipelines,
 * pieces of any size, connections that half close or break.
 *
 * @module
 */
import { assertEquals, assertNotMatch } from "@std/assert";
import { pause } from "../support/memcached.ts";
import { bigEndian, packet } from "../support/packets.ts";
import { Random, seedFromEnvironment } from "../support/random.ts";
import {
  inEveryMode,
  payload,
  type Served,
  serving,
  waitForStat,
} from "../support/serving.ts";
import { ScriptWriter } from "./script.ts";

const SEED = seedFromEnvironment(20261121);

inEveryMode("100,000 commands in one pipeline", async (mode) => {
  const writer = new ScriptWriter(new Random(SEED), "k", 500, 2000);
  const { send, replies } = writer.write(100_000);
  await serving({ mode }, async ({ connect }) => {
    using wire = await connect();
    await wire.exchange(send, replies);
    await wire.closeWrite();
    await wire.expectEnd();
  });
});

inEveryMode("pipelines of several clients do not mix", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    await Promise.all(Array.from({ length: 8 }, async (_, i) => {
      const writer = new ScriptWriter(new Random(SEED + i), `c${i}_`, 50, 9000);
      using wire = await connect();
      for (let round = 0; round < 5; round++) {
        const { send, replies } = writer.write(1000);
        await wire.exchange(send, replies);
      }
    }));
  });
});

inEveryMode("20,000 binary packets in one pipeline", async (mode) => {
  const random = new Random(SEED);
  const items = new Map<string, string>();
  const send: string[] = [], replies: string[] = [];
  for (let i = 0; i < 10_000; i++) {
    const key = `k${random.below(300)}`;
    const value = `${random.uint32()}`.repeat(random.below(20));
    const extras = "\0\0\0\x05\0\0\0\0";
    // SetQ says nothing; GetKQ says nothing for a miss.
    send.push(packet({ opcode: 0x11, key, extras, value }));
    items.set(key, value);
    const asked = `k${random.below(300)}`;
    send.push(packet({ opcode: 0x0d, key: asked, opaque: i }));
    const hit = items.get(asked);
    if (hit === undefined) continue;
    replies.push(
      "\x81\x0d" + bigEndian(asked.length, 2) + "\x04\0\0\0" +
        bigEndian(4 + asked.length + hit.length, 4) + bigEndian(i, 4) +
        "\0\0\0\0\0\0\0\0" + "\0\0\0\x05" + asked + hit,
    );
  }
  send.push(packet({ opcode: 0x07 }));
  replies.push("\x81\x07" + "\0".repeat(22));
  await serving({ mode, args: ["-C"] }, async ({ connect }) => {
    using wire = await connect();
    await wire.exchange(send.join(""), replies.join(""));
    await wire.expectEnd();
  });
});

inEveryMode("requests in pieces of any size", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    for (const most of [7, 300, 3000, 100_000]) {
      const random = new Random(SEED + most);
      const writer = new ScriptWriter(random, `p${most}_`, 30, 90_000);
      const { send, replies } = writer.write(Math.min(20 * most, 1500));
      const pieces: string[] = [];
      for (let at = 0; at < send.length && pieces.length < 500;) {
        const size = random.between(1, most);
        pieces.push(send.slice(at, at + size));
        at += size;
      }
      pieces.push(send.slice(pieces.reduce((sum, p) => sum + p.length, 0)));
      using wire = await connect();
      await wire.exchange(async () => {
        for (const piece of pieces) {
          await wire.send(piece);
          await pause(0);
        }
      }, replies);
    }
  });
});

inEveryMode("bursts as large as a read buffer, more and less", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    using wire = await connect();
    for (const size of [2048, 4096, 65536, 131072]) {
      for (const length of [size - 1, size, size + 1]) {
        // Misses with keys as long as it takes to fill the burst.
        const line = (bytes: number) => `touch ${"x".repeat(bytes - 10)} 0\r\n`;
        const count = Math.floor(length / 100);
        const send = line(100).repeat(count - 1) + line(100 + length % 100);
        const replies = "NOT_FOUND\r\n".repeat(count);
        assertEquals(send.length, length);
        await wire.exchange(send, replies);
        assertEquals(await wire.ask("mn"), "MN");
      }
    }
  });
});

inEveryMode("a client that half closes gets all replies", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    const writer = new ScriptWriter(new Random(SEED), "h", 50, 90_000);
    const { send, replies } = writer.write(2000);
    using wire = await connect();
    await wire.exchange(async () => {
      await wire.send(send);
      await wire.closeWrite();
    }, replies);
    await wire.expectEnd();
  });
});

inEveryMode("a half close in the middle of a request ends it", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    using other = await connect();
    assertEquals(await other.set("k", "old"), "STORED");
    for (
      const part of ["", "ge", "get k", "set k 0 0 3\r\n", "set k 0 0 3\r\nne"]
    ) {
      using wire = await connect();
      await wire.send("mn\r\n" + part);
      await wire.closeWrite();
      assertEquals(await wire.rest(), "MN\r\n", part);
    }
    await other.expectValue("k", new TextEncoder().encode("old"));
  });
});

/** Breaks `count` connections after `send`, and checks what is left. */
async function breakConnections(
  served: Served,
  count: number,
  send: Uint8Array,
): Promise<void> {
  using other = await served.connect();
  for (let i = 0; i < count; i++) {
    const wire = await served.connect();
    await wire.send("version\r\n");
    await wire.send(send);
    await wire.reset();
  }
  await waitForStat(other, "curr_connections", 1);
  assertEquals(await other.set("after", "v"), "STORED");
  await other.expectValue("after", new TextEncoder().encode("v"));
}

inEveryMode("a reset in the middle of a value", async (mode) => {
  // All forty large values may be arriving at the same time.
  await serving({ mode, args: ["-m", "64"] }, async (served) => {
    using other = await served.connect();
    const old = payload(900_000, 1);
    assertEquals(await other.set("k", old), "STORED");
    other.close();
    for (const length of [10, 20_000, 40_000, 900_000]) {
      const head = new TextEncoder().encode(`set k 0 0 ${length}\r\n`);
      const part = new Uint8Array(head.length + length - 5);
      part.set(head);
      await breakConnections(served, 40, part);
    }
    using reader = await served.connect();
    await reader.expectValue("k", old);
    assertNotMatch(served.server.log, /ERROR/);
  });
});

inEveryMode("a reset in the middle of replies", async (mode) => {
  await serving({ mode, args: ["-m", "16"] }, async (served) => {
    using other = await served.connect();
    for (const length of [100, 60_000, 1_000_000]) {
      const value = payload(length, length);
      assertEquals(await other.set(`k${length}`, value), "STORED");
    }
    other.close();
    for (const key of ["k100", "k60000", "k1000000"]) {
      const gets = new TextEncoder().encode(`get ${key}\r\n`.repeat(200));
      await breakConnections(served, 10, gets);
    }
    // Nothing is pinned any more: all memory can be used again.
    using writer = await served.connect();
    for (let i = 0; i < 60; i++) {
      const value = payload(1_000_000, i);
      assertEquals(await writer.set("all", value), "STORED");
      await writer.expectValue("all", value);
    }
    assertNotMatch(served.server.log, /ERROR/);
  });
});

inEveryMode("a thousand connections that come and go", async (mode) => {
  await serving({ mode }, async ({ connect, server }) => {
    using other = await connect();
    for (let round = 0; round < 20; round++) {
      const wires = await Promise.all(
        Array.from({ length: 50 }, () => connect()),
      );
      await Promise.all(wires.map(async (wire, i) => {
        if (i % 3 === 0) return wire.close();
        assertEquals(await wire.ask("mn"), "MN");
        if (i % 3 === 1) await wire.send("quit\r\n");
        wire.close();
      }));
    }
    // The last of them may not have been let in when they are gone already.
    await waitForStat(other, "total_connections", 1001);
    await waitForStat(other, "curr_connections", 1);
    assertEquals(await other.stat("total_connections"), 1001);
    assertNotMatch(server.log, /ERROR/);
  });
});
