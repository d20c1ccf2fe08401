/**
 * Owns the end-to-end tests of who is closed for being idle, and who is not:
 * as in memcached only those that wait for a command.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import type { Mode } from "../support/our_server.ts";
import {
  inEveryMode,
  inTemporaryDirectory,
  type Served,
  serving,
  waitFor,
  waitForStat,
} from "../support/serving.ts";
import { moveClock, stopClock, STOPPABLE } from "../support/stopped_clock.ts";
import { Wire } from "../support/wire.ts";

const IDLE_SECONDS = 60;
/** Idle clients that come last, so many that every thread has some. */
const CONTROLS = 6;

/** Runs `body` with a server whose clock stands still, and a client that may
 * move it. */
async function withStoppedClock(
  mode: Mode,
  body: (served: Served, busy: Wire) => Promise<void>,
): Promise<void> {
  const args = ["-o", `idle_timeout=${IDLE_SECONDS},${STOPPABLE}`];
  await serving({ mode, args }, async (served) => {
    using busy = await served.connect();
    await stopClock(busy);
    await body(served, busy);
  });
}

/** Lets time pass until everybody is idle who waits for a command, but the one
 * that asks. */
async function passIdleTimeout(busy: Wire): Promise<void> {
  await moveClock(busy, 20);
  // Nobody has been silent for long enough yet. (With one thread: others may
  // not have looked yet.)
  assertEquals(await busy.stat("idle_kicks"), 0);
  await moveClock(busy, IDLE_SECONDS);
}

/** Waits until clients that came after all others were closed as idle: the
 * others have been looked at by then. */
async function closeIdleOnes(served: Served, busy: Wire): Promise<void> {
  const idle = await Promise.all(
    Array.from({ length: CONTROLS }, () => served.connect()),
  );
  // They are counted when the server has taken them in.
  await waitForStat(busy, "total_connections", 2 + CONTROLS);
  await passIdleTimeout(busy);
  await Promise.all(idle.map((wire) => wire.expectEnd()));
  for (const wire of idle) wire.close();
  assertEquals(await busy.stat("idle_kicks"), CONTROLS);
}

/** Waits until the server says that a client is in this state. */
async function waitForState(busy: Wire, state: string): Promise<void> {
  await waitFor(state, async () => {
    return [...(await busy.stats("conns")).values()].includes(state);
  });
}

inEveryMode("a silent client is closed as time goes by", async (mode) => {
  await serving({ mode, args: ["-o", "idle_timeout=1"] }, async (served) => {
    using silent = await served.connect();
    await silent.expectEnd();
  });
});

inEveryMode(
  "idle clients are closed after idle_timeout, others not",
  async (mode) => {
    await withStoppedClock(mode, async ({ connect }, busy) => {
      const [idle, silent] = [await connect(), await connect()];
      assertMatch(await idle.ask("version"), /^VERSION /);
      await waitForStat(busy, "total_connections", 3);
      await passIdleTimeout(busy);
      await Promise.all([idle.expectEnd(), silent.expectEnd()]);
      assertEquals(await busy.stat("idle_kicks"), 2);
      await waitForStat(busy, "curr_connections", 1);
      const settings = await busy.stats("settings");
      assertEquals(settings.get("idle_timeout"), String(IDLE_SECONDS));
      idle.close();
      silent.close();
    });
  },
);

/** Waits until the server is so many seconds older. */
async function age(busy: Wire, seconds: number): Promise<void> {
  const end = await busy.stat("uptime") + seconds;
  await waitFor("the server's age", async () => {
    return await busy.stat("uptime") >= end;
  });
}

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
    await withStoppedClock(mode, async (served, busy) => {
      using watcher = await served.connect();
      assertEquals(await watcher.ask("watch connevents"), "OK");
      await closeIdleOnes(served, busy);
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
  await withStoppedClock(mode, async (served, busy) => {
    const value = new Uint8Array(1_000_000).fill(120);
    assertEquals(await busy.set("big", value), "STORED");
    using slow = await served.connect();
    await slow.send("get big\r\n".repeat(20));
    await waitForState(busy, "conn_mwrite");
    await closeIdleOnes(served, busy);
    for (let i = 0; i < 20; i++) {
      await slow.expect(`VALUE big 0 ${value.length}\r\n`);
      await slow.expect(value);
      await slow.expect("\r\nEND\r\n");
    }
  });
});

inEveryMode("a client in the middle of a value is not idle", async (mode) => {
  await withStoppedClock(mode, async (served, busy) => {
    using slow = await served.connect();
    await slow.send("set k 0 0 10\r\nabc");
    await waitForState(busy, "conn_nread");
    await closeIdleOnes(served, busy);
    await slow.send("defghij\r\n");
    assertEquals(await slow.line(), "STORED");
  });
});
