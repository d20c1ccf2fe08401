/**
 * Owns the end-to-end tests of who is closed for being idle, and who is not:
 * as in memcached only those that wait for a command.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import {
  inEveryMode,
  inTemporaryDirectory,
  serving,
  waitFor,
} from "../support/serving.ts";
import { Wire } from "../support/wire.ts";

/** Waits until the server is so many seconds older. */
async function age(busy: Wire, seconds: number): Promise<void> {
  const end = await busy.stat("uptime") + seconds;
  await waitFor("the server's age", async () => {
    return await busy.stat("uptime") >= end;
  });
}

inEveryMode(
  "idle clients are closed after idle_timeout, others not",
  async (mode) => {
    const args = ["-o", "idle_timeout=1"];
    await serving({ mode, args }, async (served) => {
      using busy = await served.connect();
      const [idle, silent] = [await served.connect(), await served.connect()];
      assertMatch(await idle.ask("version"), /^VERSION /);
      let closed = 0;
      const ends = [idle, silent].map((wire) =>
        wire.expectEnd().then(() => closed++)
      );
      await waitFor("the end of idle clients", async () => {
        assertEquals(await busy.ask("mn"), "MN");
        return closed === 2;
      });
      await Promise.all(ends);
      const stats = await busy.stats();
      assertEquals(stats.get("idle_kicks"), "2");
      assertEquals(stats.get("curr_connections"), "1");
      assertEquals((await busy.stats("settings")).get("idle_timeout"), "1");
      idle.close();
      silent.close();
    });
  },
);

inEveryMode("clients of a UNIX socket may be idle", async (mode) => {
  await inTemporaryDirectory(async (directory) => {
    const path = `${directory}/socket`;
    const args = ["-o", "idle_timeout=1", "-s", path];
    await serving({ mode, args, host: null }, async () => {
      using idle = await Wire.unix(path);
      using busy = await Wire.unix(path);
      await age(busy, 4);
      assertMatch(await idle.ask("version"), /^VERSION /);
      assertEquals(await busy.stat("idle_kicks"), 0);
    });
  });
});

inEveryMode(
  "a watcher is not idle, and sees who is closed for it",
  async (mode) => {
    await serving({ mode, args: ["-o", "idle_timeout=1"] }, async (served) => {
      using watcher = await served.connect();
      assertEquals(await watcher.ask("watch connevents"), "OK");
      using idle = await served.connect();
      await idle.expectEnd();
      // Log lines end in LF alone.
      let seen = "";
      while (!/type=conn_close [^\n]*\n/.test(seen)) {
        seen += await watcher.piece();
      }
      assertMatch(seen, /type=conn_close .* reason=idle_timeout /);
    });
  },
);

inEveryMode("a client that reads slowly is not idle", async (mode) => {
  await serving({ mode, args: ["-o", "idle_timeout=1"] }, async (served) => {
    using busy = await served.connect();
    const value = new Uint8Array(1_000_000).fill(120);
    assertEquals(await busy.set("big", value), "STORED");
    using slow = await served.connect();
    await slow.send("get big\r\n".repeat(20));
    await age(busy, 4);
    for (let i = 0; i < 20; i++) {
      await slow.expect(`VALUE big 0 ${value.length}\r\n`);
      await slow.expect(value);
      await slow.expect("\r\nEND\r\n");
    }
  });
});

inEveryMode("a client in the middle of a value is not idle", async (mode) => {
  await serving({ mode, args: ["-o", "idle_timeout=1"] }, async (served) => {
    using busy = await served.connect();
    using slow = await served.connect();
    await slow.send("set k 0 0 10\r\nabc");
    await age(busy, 4);
    await slow.send("defghij\r\n");
    assertEquals(await slow.line(), "STORED");
  });
});
