/**
 * Owns the end-to-end tests of values on their way in: announced and never
 * sent, too large, interleaved, given up.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Random, seedFromEnvironment } from "../support/random.ts";
import { packet } from "../support/packets.ts";
import {
  inEveryMode,
  payload,
  type Served,
  serving,
  skip,
  waitForStat,
} from "../support/serving.ts";
import type { Wire } from "../support/wire.ts";

const MIB = 1024 * 1024;
const TOO_LARGE = "SERVER_ERROR object too large for cache";
const NO_MEMORY = "SERVER_ERROR out of memory storing object";

/** Everything works: small and large values, in and out. */
async function expectUsable(wire: Wire): Promise<void> {
  for (const length of [10, 40_000, 1_000_000]) {
    const value = payload(length, length);
    assertEquals(await wire.set(`usable${length}`, value), "STORED");
    await wire.expectValue(`usable${length}`, value);
  }
}

/** Announces a value with many clients, sends a part, and goes away. */
async function announce(
  served: Served,
  clients: number,
  length: number,
  part: number,
): Promise<void> {
  using other = await served.connect();
  await expectUsable(other);
  const before = served.server.residentBytes();
  const wires: Wire[] = [];
  for (let i = 0; i < clients; i++) {
    const wire = await served.connect();
    await wire.send(`set huge${i} 0 0 ${length}\r\n`);
    await wire.send(payload(part, i));
    wires.push(wire);
  }
  await waitForStat(other, "curr_connections", clients + 1);
  assertEquals(await other.set("small", "value"), "STORED");
  const growth = served.server.residentBytes() - before;
  const sent = clients * part;
  assert(growth < 64 * MIB + sent, `grew by ${Math.round(growth / MIB)} MB`);
  for (const wire of wires) wire.close();
  await waitForStat(other, "curr_connections", 1);
  await other.send("get huge0\r\n");
  assertEquals(await other.lines(), []);
  await expectUsable(other);
}

inEveryMode("1 GB announced and never sent takes no memory", async (mode) => {
  if (Deno.build.os !== "linux") return skip("needs /proc");
  // Above -I: what comes of it is thrown away.
  await serving({ mode }, (served) => announce(served, 20, 1 << 30, 100_000));
});

inEveryMode(
  "1 GB announced takes no memory where it is allowed",
  async (mode) => {
    if (Deno.build.os !== "linux") return skip("needs /proc");
    const args = ["-I", "1024m", "-m", "2048"];
    await serving(
      { mode, args },
      (served) => announce(served, 5, 1 << 30, 100_000),
    );
  },
);

inEveryMode(
  "too large a value is thrown away before the error",
  async (mode) => {
    await serving({ mode }, async ({ connect }) => {
      using wire = await connect();
      const value = payload(MIB + 1, 1);
      for (
        const [command, isKept] of [
          ["set", false],
          ["add", true],
          ["replace", true],
          ["append", true],
          ["prepend", true],
        ] as const
      ) {
        assertEquals(await wire.set("k", "old"), "STORED");
        await wire.send(`${command} k 0 0 ${value.length}\r\n`);
        await wire.send(value);
        await wire.send("\r\nmn\r\n");
        assertEquals(await wire.line(), TOO_LARGE, command);
        assertEquals(await wire.line(), "MN", "the stream went out of step");
        await wire.send("get k\r\n");
        assertEquals((await wire.lines()).length > 0, isKept, command);
      }
      await wire.send(`set k 0 0 ${value.length} noreply\r\n`);
      await wire.send(value);
      await wire.send("\r\nms k 2000000\r\n");
      await wire.send(payload(2_000_000, 1));
      await wire.send("\r\nmn\r\n");
      assertEquals(await wire.line(), TOO_LARGE);
      assertEquals(await wire.line(), "MN");
      assertEquals(await wire.stat("store_too_large"), 7);
    });
  },
);

inEveryMode("too large a binary value is thrown away, too", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    using wire = await connect();
    const value = "x".repeat(MIB + 1);
    const extras = "\0".repeat(8);
    await wire.send(packet({ opcode: 0x01, key: "k", extras, value }));
    await wire.send(packet({ opcode: 0x0a, opaque: 5 }));
    const head = await wire.take(24);
    assertEquals([head[1], head[7]], [0x01, 0x03], "the status is too large");
    await wire.expect("Too large.");
    const next = await wire.take(24);
    assertEquals([next[1], next[15]], [0x0a, 5]);
  });
});

inEveryMode("interleaved uploads do not mix", async (mode) => {
  const random = new Random(seedFromEnvironment(7));
  await serving({ mode }, async ({ connect }) => {
    const wires = await Promise.all(Array.from({ length: 8 }, connect));
    for (let round = 0; round < 5; round++) {
      const uploads = wires.map((wire, i) => {
        const value = payload(random.between(30_000, 1_000_000), round * 8 + i);
        return { wire, value, key: `k${i}`, sent: 0 };
      });
      for (const { wire, key, value } of uploads) {
        await wire.send(`set ${key} 0 0 ${value.length}\r\n`);
      }
      for (let open = [...uploads]; open.length > 0;) {
        const upload = random.pick(open);
        const { wire, value, sent } = upload;
        const piece = value.subarray(sent, sent + random.between(1, 100_000));
        await wire.send(piece);
        upload.sent += piece.length;
        open = open.filter((u) => u.sent < u.value.length);
      }
      for (const { wire } of uploads) {
        assertEquals(await wire.ask(""), "STORED");
      }
      for (const { key, value } of uploads) {
        await random.pick(wires).expectValue(key, value);
      }
    }
    for (const wire of wires) wire.close();
  });
});

inEveryMode("of uploads to one key the last to end wins", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    const wires = await Promise.all(Array.from({ length: 4 }, connect));
    const values = wires.map((_, i) => payload(500_000 + i, i));
    for (const [i, wire] of wires.entries()) {
      await wire.send(`set k 0 0 ${values[i].length}\r\n`);
      await wire.send(values[i].subarray(0, 300_000));
    }
    for (const i of [2, 0, 3, 1]) {
      await wires[i].send(values[i].subarray(300_000));
      assertEquals(await wires[i].ask(""), "STORED");
      await wires[(i + 1) % 4 === 2 ? 2 : i].expectValue("k", values[i]);
    }
    for (const wire of wires) wire.close();
  });
});

inEveryMode("a value is not seen before it is complete", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    using writer = await connect();
    using reader = await connect();
    const old = payload(200_000, 1), young = payload(300_000, 2);
    assertEquals(await writer.set("k", old), "STORED");
    await writer.send(`set k 0 0 ${young.length}\r\n`);
    for (let at = 0; at < young.length; at += 50_000) {
      await writer.send(young.subarray(at, at + 50_000));
      await reader.expectValue("k", old);
    }
    assertEquals(await writer.ask(""), "STORED");
    await reader.expectValue("k", young);
    // A value that ends wrongly changes nothing.
    await writer.send(`set k 0 0 ${old.length}\r\n`);
    await writer.send(old);
    await writer.send("xx");
    assertEquals(await writer.line(), "CLIENT_ERROR bad data chunk");
    await reader.expectValue("k", young);
  });
});

inEveryMode("abandoned uploads give their memory back", async (mode) => {
  await serving({ mode, args: ["-m", "16"] }, async (served) => {
    using other = await served.connect();
    const kept = payload(1000, 1);
    assertEquals(await other.set("kept", kept), "STORED");
    const accepted = await other.stat("total_connections");
    for (let round = 0; round < 30; round++) {
      const wires = await Promise.all(
        Array.from({ length: 10 }, served.connect),
      );
      for (const [i, wire] of wires.entries()) {
        await wire.send(`set gone${i} 0 0 1000000\r\n`);
        await wire.send(payload(i * 110_000, i));
      }
      for (const wire of wires) wire.close();
    }
    // Clients may be gone before they are accepted, and hold memory after that.
    await waitForStat(other, "total_connections", accepted + 300);
    await waitForStat(other, "curr_connections", 1);
    await expectUsable(other);
    await other.send(
      "get " + Array.from({ length: 10 }, (_, i) => `gone${i}`).join(" ") +
        "\r\n",
    );
    assertEquals(await other.lines(), []);
    // Three uploads at a time are a quarter of -m: nothing else is held.
    const wires = await Promise.all(Array.from({ length: 3 }, served.connect));
    const values = wires.map((_, i) => payload(1_000_000, i));
    for (const [i, wire] of wires.entries()) {
      await wire.send(`set k${i} 0 0 1000000\r\n`);
      await wire.send(values[i].subarray(0, 999_999));
    }
    for (const [i, wire] of wires.entries()) {
      await wire.send(values[i].subarray(999_999));
      assertEquals(await wire.ask(""), "STORED");
      await other.expectValue(`k${i}`, values[i]);
      wire.close();
    }
    await other.expectValue("kept", kept);
  });
});

inEveryMode("uploads beyond their share are refused in step", async (mode) => {
  await serving({ mode, args: ["-m", "16"] }, async ({ connect }) => {
    using other = await connect();
    const wires = await Promise.all(Array.from({ length: 24 }, connect));
    const values = wires.map((_, i) => payload(1_000_000, i));
    for (const [i, wire] of wires.entries()) {
      await wire.send(`set k${i} 0 0 1000000\r\n`);
      await wire.send(values[i].subarray(0, 500_000));
    }
    // Small values are stored meanwhile.
    for (let i = 0; i < 100; i++) {
      assertEquals(await other.set(`small${i}`, payload(5000, i)), "STORED");
      await other.expectValue(`small${i}`, payload(5000, i));
    }
    let stored = 0;
    for (const [i, wire] of wires.entries()) {
      await wire.send(values[i].subarray(500_000));
      const answer = await wire.ask("");
      assertMatch(answer, new RegExp(`^(STORED|${NO_MEMORY})$`));
      if (answer === "STORED") {
        stored++;
        await wire.expectValue(`k${i}`, values[i]);
      }
      assertEquals(await wire.ask("mn"), "MN");
      wire.close();
    }
    assert(stored > 0, "no upload was let in");
    assertEquals(await other.stat("store_no_memory"), 24 - stored);
    await expectUsable(other);
  });
});
