/**
 * Owns the end-to-end tests of large values, written and read back byte by
 * byte in every protocol.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { latin1 } from "../../src/base/bytes.ts";
import { packet } from "../support/packets.ts";
import { inEveryMode, payload, serving } from "../support/serving.ts";
import type { Wire } from "../support/wire.ts";

const MIB = 1024 * 1024;

/** Stores and gets a value with the meta commands. */
async function metaRoundTrip(wire: Wire, value: Uint8Array): Promise<void> {
  await wire.send(`ms meta ${value.length} T0 F9\r\n`);
  await wire.send(value);
  assertEquals(await wire.ask(""), "HD");
  await wire.send("mg meta s f v\r\n");
  await wire.expect(`VA ${value.length} s${value.length} f9\r\n`);
  await wire.expect(value);
  await wire.expect("\r\n");
}

/** Stores and gets a value with binary packets. */
async function binaryRoundTrip(wire: Wire, value: Uint8Array): Promise<void> {
  const text = latin1(value, 0, value.length);
  const extras = "\0\0\0\x09\0\0\0\0";
  await wire.send(packet({ opcode: 1, key: "binary", extras, value: text }));
  const stored = await wire.take(24);
  assertEquals([stored[0], stored[1], stored[6], stored[7]], [0x81, 1, 0, 0]);
  await wire.send(packet({ opcode: 0, key: "binary" }));
  const head = await wire.take(24);
  assertEquals(new DataView(head.buffer).getUint32(8), 4 + value.length);
  await wire.expect("\0\0\0\x09");
  await wire.expect(value);
}

inEveryMode("values of a megabyte are stored by default", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    using text = await connect();
    using binary = await connect();
    for (const length of [MIB - 1, MIB, 1_000_000]) {
      const value = payload(length, length);
      assertEquals(await text.set("classic", value), "STORED");
      await text.expectValue("classic", value);
      await metaRoundTrip(text, value);
      await binaryRoundTrip(binary, value);
    }
    assertEquals(
      await text.set("classic", payload(MIB + 1, 1)),
      "SERVER_ERROR object too large for cache",
    );
    assertEquals(await text.ask("mn"), "MN");
  });
});

for (
  const [memory, item, length] of [
    ["2m", "1m", 900_000],
    ["4m", "2m", 2 * MIB],
    ["64m", "32m", 20 * MIB],
    ["64m", "32m", 32 * MIB - 1024],
  ] as const
) {
  inEveryMode(
    `-m ${memory} -I ${item}: ${length} bytes that were stored can be read`,
    async (mode) => {
      const args = ["-m", memory, "-I", item];
      await serving({ mode, args }, async ({ connect }) => {
        using wire = await connect();
        const value = payload(length, length);
        assertEquals(await wire.set("k", value), "STORED");
        await wire.expectValue("k", value);
        using other = await connect();
        await other.expectValue("k", value);
      });
    },
  );
}

inEveryMode("values of 100 MB with -I 128m -m 300", async (mode) => {
  const args = ["-I", "128m", "-m", "300"];
  await serving({ mode, args }, async ({ connect }) => {
    using wire = await connect();
    using other = await connect();
    const first = payload(100_000_000, 1);
    assertEquals(await wire.set("first", first), "STORED");
    await other.expectValue("first", first);
    const second = payload(100_000_001, 2);
    assertEquals(await other.set("second", second), "STORED");
    await wire.expectValue("second", second);
    assertEquals(await wire.ask("delete second"), "DELETED");
    assertEquals(await wire.set("small", "value"), "STORED");
  });
});

inEveryMode("a large value is replaced while it is read", async (mode) => {
  await serving({ mode, args: ["-I", "8m"] }, async ({ connect }) => {
    using reader = await connect();
    using writer = await connect();
    const old = payload(8_000_000, 1), young = payload(7_000_000, 2);
    assertEquals(await writer.set("k", old), "STORED");
    await reader.send("get k\r\n");
    await reader.expect(`VALUE k 0 ${old.length}\r\n`);
    assertEquals(await writer.set("k", young), "STORED");
    await writer.expectValue("k", young);
    assertEquals(await writer.ask("delete k"), "DELETED");
    await reader.expect(old);
    await reader.expect("\r\nEND\r\n");
  });
});

inEveryMode(
  "large values grow and shrink with append and prepend",
  async (mode) => {
    await serving({ mode }, async ({ connect }) => {
      using wire = await connect();
      const part = payload(100_000, 5);
      assertEquals(await wire.set("k", part), "STORED");
      let wanted = new Uint8Array(part);
      for (let i = 0; i < 9; i++) {
        const command = i % 2 === 0 ? "append" : "prepend";
        await wire.send(`${command} k 0 0 ${part.length}\r\n`);
        await wire.send(part);
        assertEquals(await wire.ask(""), "STORED");
        const longer = new Uint8Array(wanted.length + part.length);
        longer.set(wanted, i % 2 === 0 ? 0 : part.length);
        longer.set(part, i % 2 === 0 ? wanted.length : 0);
        wanted = longer;
        await wire.expectValue("k", wanted);
      }
      assertEquals(wanted.length, 1_000_000);
      // One more would be above -I: refused, and the value stays.
      await wire.send(`append k 0 0 ${part.length}\r\n`);
      await wire.send(part);
      assert((await wire.ask("")) !== "STORED");
      await wire.expectValue("k", wanted);
    });
  },
);
