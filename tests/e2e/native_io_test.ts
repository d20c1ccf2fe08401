/**
 * Owns the end-to-end tests of choosing the I/O, and of what a loop of our own
 * could starve or miss. Everything else about native I/O is tested by the
 * other files, which run in that mode too.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { IO_URING_SETUP } from "../support/forbidding.ts";
import { MODES, runOurs } from "../support/our_server.ts";
import {
  inEveryMode,
  payload,
  type Served,
  serving,
  skip,
  waitFor,
} from "../support/serving.ts";
import type { Wire } from "../support/wire.ts";

const [MODE] = MODES;
const USED = /native I\/O is used/g;
const WITHOUT_RING = /native I\/O is used without io_uring reason="([^"]*)"/g;
const NOT_USED = /native I\/O is not used reason="([^"]*)"/g;

/** Starts with an --io and tells what the log says of it. */
async function told(
  io: string[],
  permissions: string[],
): Promise<{ used: number; reasons: string[] }> {
  let log = "";
  await serving({ mode: MODE, args: io, permissions }, async (served) => {
    using wire = await served.connect();
    assertEquals(await wire.set("k", "v"), "STORED");
    log = served.server.log;
  });
  return {
    used: [...log.matchAll(USED)].length,
    reasons: [...log.matchAll(NOT_USED)].map((match) => match[1]),
  };
}

Deno.test("Deno's I/O is the default, and says nothing", async () => {
  for (const io of [[], ["--io=deno"]]) {
    assertEquals(await told(io, ["--allow-ffi"]), { used: 0, reasons: [] });
  }
});

Deno.test("without permission Deno's I/O serves, and one line says so", async () => {
  const reasons = Deno.build.os === "linux"
    ? ["it needs --allow-ffi"]
    : ["it needs Linux"];
  for (const io of ["--io=native", "--io=auto"]) {
    assertEquals(await told([io], ["--deny-ffi"]), { used: 0, reasons });
  }
});

Deno.test("--io=auto is native where that was measured", async () => {
  const isMeasured = Deno.build.os === "linux" && Deno.build.arch === "x86_64";
  const { used, reasons } = await told(["--io=auto"], ["--allow-ffi"]);
  assertEquals(used, isMeasured ? 1 : 0);
  assertEquals(reasons.length, isMeasured ? 0 : 1);
});

for (const mode of MODES.filter(({ args }) => args.includes("--io=native"))) {
  const name = `without io_uring single requests are served (${mode.name})`;
  Deno.test(name, async () => {
    const forbidden = IO_URING_SETUP;
    await serving({ mode, forbidden }, async (served) => {
      assertEquals(
        [...served.server.log.matchAll(WITHOUT_RING)].map(([, why]) => why),
        ["Operation not permitted (os error 1)"],
      );
      await singleRequests(served);
    });
  });
}

inEveryMode("many clients send one request at a time", async (mode) => {
  await serving({ mode }, async (served) => {
    await singleRequests(served);
    const { log, child } = served.server;
    if (!log.match(USED)) return;
    // It has its ring, each thread one, or has said that it has none.
    const rings = descriptors(child.pid)
      .filter((name) => name.includes("[io_uring]"));
    const threads = mode.args.includes("2") ? 2 : 1;
    assertEquals(rings.length, log.match(WITHOUT_RING) ? 0 : threads);
  });
});

/** What a process has open (Linux). */
function descriptors(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return [...Deno.readDirSync(folder)].flatMap(({ name }) => {
    try {
      return Deno.readLinkSync(`${folder}/${name}`);
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}

/** Clients whose requests come together, again and again. */
async function singleRequests(served: Served): Promise<void> {
  const wires = await Promise.all(
    Array.from({ length: 40 }, () => served.connect()),
  );
  try {
    const all = (
      request: (i: number) => string,
      reply: (i: number) => string,
    ) =>
      Promise.all(wires.map((wire, i) => wire.exchange(request(i), reply(i))));
    for (let round = 0; round < 20; round++) {
      const value = (i: number) => `${round}.${i}`.padEnd(i * 50, "-");
      await all(
        (i) => `set ${i} 0 0 ${value(i).length}\r\n${value(i)}\r\n`,
        () => "STORED\r\n",
      );
      const next = (i: number) => (i + 1) % wires.length;
      await all((i) => `get ${next(i)}\r\n`, (i) => {
        const text = value(next(i));
        return `VALUE ${next(i)} 0 ${text.length}\r\n${text}\r\nEND\r\n`;
      });
    }
    // One that goes takes nobody along.
    wires.pop()!.close();
    await all(() => "mn\r\n", () => "MN\r\n");
  } finally {
    for (const wire of wires) wire.close();
  }
}

Deno.test("--io takes three names", async () => {
  const { code, stderr } = await runOurs(["--io=epoll"]);
  assertEquals(code, 64);
  assertMatch(stderr, /--io: epoll is not one of deno, native, auto/);
});

/** Keeps a server busy without a pause while `body` runs. */
async function flooded(
  served: Served,
  body: () => Promise<void>,
): Promise<void> {
  const wires: Wire[] = [];
  let isOver = false;
  const flood = async (wire: Wire) => {
    const request = "get k\r\n".repeat(2000);
    const reply = "VALUE k 0 1\r\nv\r\nEND\r\n".repeat(2000);
    while (!isOver) await wire.exchange(request, reply);
  };
  const floods: Promise<void>[] = [];
  try {
    for (let i = 0; i < 8; i++) wires.push(await served.connect());
    assertEquals(await wires[0].set("k", "v"), "STORED");
    // A server that is stopped ends them.
    floods.push(...wires.map((wire) => flood(wire).catch(() => {})));
    await body();
  } finally {
    isOver = true;
    for (const wire of wires) wire.close();
    await Promise.all(floods);
  }
}

inEveryMode("others are served during a flood", async (mode) => {
  await serving({ mode }, async (served) => {
    using other = await served.connect();
    using watcher = await served.connect();
    assertEquals(await watcher.ask("watch mutations"), "OK");
    await flooded(served, async () => {
      for (let i = 0; i < 20; i++) {
        using fresh = await served.connect();
        assertMatch(await fresh.ask("version"), /^VERSION /);
        assertEquals(await other.set(`n${i}`, payload(50_000, i)), "STORED");
        // What is not a command of the table: answered after a promise.
        assert((await other.stats("conns")).size > 0);
      }
      let seen = "";
      while (!seen.includes("key=n19 ")) seen += await watcher.piece();
    });
  });
});

inEveryMode("time goes on during a flood", async (mode) => {
  await serving({ mode }, async (served) => {
    using other = await served.connect();
    await flooded(served, async () => {
      await other.send("set short 0 1 1\r\nv\r\n");
      assertEquals(await other.line(), "STORED");
      await waitFor("the item to expire", async () => {
        return await other.ask("mg short") === "EN";
      });
      const uptime = await other.stat("uptime");
      await waitFor("a second", async () => {
        return await other.stat("uptime") > uptime;
      });
    });
  });
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  inEveryMode(`${signal} ends the server during a flood`, async (mode) => {
    await serving({ mode }, async (served) => {
      await flooded(served, async () => {
        assertEquals(await served.server.stop(signal), 0);
      });
      assert(!/ERROR/.test(served.server.log), served.server.log);
    });
  });
}

/** Sets how many descriptors a process may have; false if nothing can. */
async function limitDescriptors(pid: number, count: number): Promise<boolean> {
  try {
    const { code } = await new Deno.Command("prlimit", {
      args: ["--pid", String(pid), `--nofile=${count}:`],
      stderr: "null",
    }).output();
    return code === 0;
  } catch {
    return false;
  }
}

inEveryMode("without descriptors clients wait", async (mode) => {
  if (Deno.build.os !== "linux") return skip("needs /proc");
  await serving({ mode }, async (served) => {
    using first = await served.connect();
    assertEquals(await first.set("k", "v"), "STORED");
    const { pid } = served.server.child;
    const inUse = [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
    const limit = Math.max(
      ...[...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) =>
        Number(name)
      ),
    ) + 5;
    if (!await limitDescriptors(pid, limit)) return skip("no prlimit");
    const wires: Wire[] = [];
    try {
      // Numbers below the highest may be free too.
      for (let i = 0; i <= limit - inUse; i++) {
        wires.push(await served.connect());
      }
      await served.server.waitForLog(/accept failed.*Too many open files/);
      // Those who are there are served.
      await first.expectValue("k", new TextEncoder().encode("v"));
      const waiting = wires.pop()!;
      await waiting.send("version\r\n");
      for (const wire of wires.splice(0)) wire.close();
      assertMatch(await waiting.line(), /^VERSION /);
      waiting.close();
    } finally {
      for (const wire of wires) wire.close();
    }
  });
});
