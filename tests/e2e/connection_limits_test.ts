/**
 * Owns the end-to-end tests of how many clients there may be.
 *
 * @module
 */
import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { freePort, pause } from "../support/memcached.ts";
import {
  inEveryMode,
  type Served,
  serving,
  waitFor,
  waitForStat,
} from "../support/serving.ts";
import { Wire } from "../support/wire.ts";

const TOO_MANY = "ERROR Too many open connections";

/** Opens connections that are all being served. */
async function openServed(served: Served, count: number): Promise<Wire[]> {
  const wires: Wire[] = [];
  for (let i = 0; i < count; i++) {
    const wire = await served.connect();
    assertMatch(await wire.ask("version"), /^VERSION /);
    wires.push(wire);
  }
  return wires;
}

function closeAll(wires: Wire[]): void {
  for (const wire of wires) wire.close();
}

/** A new client that is served, as soon as one is. */
async function connectServed(served: Served): Promise<Wire> {
  let wire: Wire | null = null;
  await waitFor("room for a client", async () => {
    wire = await served.connect();
    await wire.send("version\r\n");
    const isServed = (await wire.line()).startsWith("VERSION ");
    if (!isServed) wire.close();
    return isServed;
  });
  return wire!;
}

inEveryMode(
  "the client after the last of -c is told and closed",
  async (mode) => {
    await serving({ mode, args: ["-c", "4"] }, async (served) => {
      const wires = await openServed(served, 4);
      try {
        for (let rejected = 1; rejected <= 3; rejected++) {
          using fifth = await served.connect();
          assertEquals(await fifth.line(), TOO_MANY);
          await fifth.expectEnd();
          assertEquals(await wires[0].stat("rejected_connections"), rejected);
        }
        const stats = await wires[1].stats();
        assertEquals(stats.get("curr_connections"), "4");
        assertEquals(stats.get("max_connections"), "4");
        assertEquals(stats.get("total_connections"), "4");
        const settings = await wires[1].stats("settings");
        assertEquals(settings.get("maxconns"), "4");
        assertEquals(settings.get("maxconns_fast"), "yes");
        // The others are still served.
        for (const wire of wires) {
          assertMatch(await wire.ask("version"), /^VERSION /);
        }
        wires.pop()!.close();
        wires.push(await connectServed(served));
        assertEquals(await wires[3].set("k", "v"), "STORED");
      } finally {
        closeAll(wires);
      }
    });
  },
);

inEveryMode("a client that comes and goes does not use up -c", async (mode) => {
  await serving({ mode, args: ["-c", "2"] }, async (served) => {
    using watching = await served.connect();
    for (let i = 0; i < 50; i++) {
      const wire = await served.connect();
      assertMatch(await wire.ask("version"), /^VERSION /);
      wire.close();
      await waitForStat(watching, "curr_connections", 1);
    }
    assertEquals(await watching.stat("total_connections"), 51);
    assertEquals(await watching.stat("rejected_connections"), 0);
  });
});

inEveryMode("with no_maxconns_fast clients wait for room", async (mode) => {
  const args = ["-c", "4", "-o", "no_maxconns_fast"];
  await serving({ mode, args }, async (served) => {
    const wires = await openServed(served, 4);
    try {
      const waiting = await served.connect();
      await waiting.send("version\r\n");
      const answer = waiting.line();
      let isAnswered = false;
      answer.then(() => isAnswered = true, () => {});
      await waitForStat(wires[0], "accepting_conns", 0);
      // Time for a wrong answer to arrive.
      await pause(300);
      assertFalse(isAnswered, "served above -c");
      const stats = await wires[0].stats();
      assertEquals(stats.get("curr_connections"), "4");
      assert(Number(stats.get("listen_disabled_num")) >= 1);
      assertFalse(stats.has("rejected_connections"));
      wires.pop()!.close();
      wires.push(waiting);
      assertMatch(await answer, /^VERSION /);
      wires.pop()!.close();
      wires.pop()!.close();
      await waitForStat(wires[0], "accepting_conns", 1);
      const time = await wires[0].stat("time_in_listen_disabled_us");
      assert(time >= 200_000, `${time} us with nobody accepted`);
    } finally {
      closeAll(wires);
    }
  });
});

inEveryMode(
  "with no_maxconns_fast clients wait at every address",
  async (mode) => {
    const [a, b] = [freePort(), freePort()];
    const list = `127.0.0.1:${a},127.0.0.1:${b}`;
    const args = ["-c", "4", "-o", "no_maxconns_fast", "-l", list];
    await serving({ mode, args, host: null }, async ({ server }) => {
      await server.waitForLog(new RegExp(`:${b}\\b`));
      const connect = () => Wire.tcp(a);
      const wires = await openServed({ server, port: a, connect }, 4);
      const waiting = await Wire.tcp(b);
      try {
        await waiting.send("version\r\n");
        const answer = waiting.line();
        answer.catch(() => {});
        await pause(300);
        assertEquals(await wires[0].stat("curr_connections"), 4);
        wires.pop()!.close();
        assertMatch(await answer, /^VERSION /, "refused instead of queued");
      } finally {
        closeAll([...wires, waiting]);
      }
    });
  },
);
