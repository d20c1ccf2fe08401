/**
 * Owns the end-to-end tests of a full memory: with -M nothing that was
 * stored is lost, without it what is found is exact.
 *
 * @module
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { Random, seedFromEnvironment } from "../support/random.ts";
import { inEveryMode, payload, serving } from "../support/serving.ts";
import type { Wire } from "../support/wire.ts";

const MIB = 1024 * 1024;
const NO_MEMORY = "SERVER_ERROR out of memory storing object";

/** Stores values of one length until the memory is full; returns how many. */
async function fill(wire: Wire, name: string, length: number): Promise<number> {
  for (let i = 0;; i++) {
    const answer = await wire.set(`${name}${i}`, payload(length, i));
    if (answer === NO_MEMORY) return i;
    assertEquals(answer, "STORED");
    assert(i * length < 100 * MIB, "the memory is never full");
  }
}

async function expectAll(
  wire: Wire,
  name: string,
  count: number,
  length: number,
): Promise<void> {
  for (let i = 0; i < count; i++) {
    await wire.expectValue(`${name}${i}`, payload(length, i));
  }
}

inEveryMode(
  "with -M everything that was stored stays readable",
  async (mode) => {
    const args = ["-M", "-m", "16"];
    await serving({ mode, args }, async ({ connect }) => {
      using wire = await connect();
      const large = await fill(wire, "large", 300_000);
      const middle = await fill(wire, "middle", 40_000);
      const small = await fill(wire, "small", 1000);
      assertGreater(large * 300_000, 10 * MIB, "much of -m is not used");
      await expectAll(wire, "large", large, 300_000);
      await expectAll(wire, "middle", middle, 40_000);
      await expectAll(wire, "small", small, 1000);
      const stats = await wire.stats();
      assertEquals(stats.get("evictions"), "0");
      assertEquals(stats.get("curr_items"), String(large + middle + small));
      assertEquals(Number(stats.get("store_no_memory")), 3);
      // The other stores are refused in the same words; add keeps nothing.
      await wire.send("add new 0 0 60000\r\n" + "x".repeat(60000) + "\r\n");
      assertEquals(await wire.line(), NO_MEMORY);
      await wire.send("get new\r\n");
      assertEquals(await wire.lines(), []);
    });
  },
);

inEveryMode("with -M deleting makes room again", async (mode) => {
  await serving({ mode, args: ["-M", "-m", "16"] }, async ({ connect }) => {
    using wire = await connect();
    for (let round = 0; round < 3; round++) {
      const count = await fill(wire, "k", 100_000);
      assertGreater(count, 100, `round ${round}`);
      await expectAll(wire, "k", count, 100_000);
      for (let i = 0; i < count; i++) {
        assertEquals(await wire.ask(`delete k${i}`), "DELETED");
      }
      assertEquals(await wire.stat("curr_items"), 0);
    }
    assertEquals(await wire.ask("flush_all"), "OK");
    assertEquals(await wire.set("k", "v"), "STORED");
  });
});

inEveryMode("with -M expired values make room", async (mode) => {
  await serving({ mode, args: ["-M", "-m", "16"] }, async ({ connect }) => {
    using wire = await connect();
    const value = new TextDecoder().decode(new Uint8Array(50_000).fill(97));
    let stored = 0;
    for (;; stored++) {
      await wire.send(`set k${stored} 0 1 50000\r\n${value}\r\n`);
      if (await wire.line() === NO_MEMORY) break;
      if (stored > 1000) return; // They expired faster than they came.
    }
    // All of them go within moments; then there is room without evictions.
    let again = 0;
    for (let tries = 0; again < 100 && tries < 3000; tries++) {
      if (await wire.set(`new${again}`, value) === "STORED") again++;
      else await new Promise((r) => setTimeout(r, 10));
    }
    assertEquals(again, 100);
    assertEquals(await wire.stat("evictions"), 0);
  });
});

inEveryMode("eviction under load keeps values exact", async (mode) => {
  const seed = seedFromEnvironment(42);
  await serving({ mode, args: ["-m", "8"] }, async ({ connect }) => {
    let hits = 0, misses = 0;
    await Promise.all(Array.from({ length: 6 }, async (_, client) => {
      const random = new Random(seed + client);
      // Key i of every client has one value, so any reader can check it.
      const value = (i: number) =>
        payload(i % 50 === 0 ? 90_000 + i : 10 + (i * 37) % 4000, i);
      using wire = await connect();
      for (let step = 0; step < 2500; step++) {
        const i = random.below(8000);
        if (random.oneIn(2)) {
          assertEquals(await wire.set(`k${i}`, value(i)), "STORED");
          continue;
        }
        const wanted = value(i);
        await wire.send(`get k${i}\r\n`);
        const line = await wire.line();
        if (line === "END") {
          misses++;
          continue;
        }
        hits++;
        assertEquals(line, `VALUE k${i} 0 ${wanted.length}`);
        await wire.expect(wanted);
        await wire.expect("\r\nEND\r\n");
      }
    }));
    using wire = await connect();
    const stats = await wire.stats();
    assertGreater(Number(stats.get("evictions")), 100);
    assertEquals(Number(stats.get("get_hits")), hits);
    assertEquals(Number(stats.get("get_misses")), misses);
    assertGreater(hits, 100);
    assert(Number(stats.get("bytes")) <= 8 * MIB);
  });
});

inEveryMode(
  "a value that is read again and again outlives a scan",
  async (mode) => {
    await serving({ mode, args: ["-m", "8"] }, async ({ connect }) => {
      using wire = await connect();
      const hot = payload(2000, 1);
      assertEquals(await wire.set("hot", hot), "STORED");
      for (let i = 0; i < 6000; i++) {
        await wire.expectValue("hot", hot);
        assertEquals(await wire.set(`scan${i}`, payload(5000, i)), "STORED");
      }
      assertGreater(await wire.stat("evictions"), 3000);
    });
  },
);
