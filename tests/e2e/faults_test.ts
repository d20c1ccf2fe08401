/**
 * Owns the end-to-end tests of what clients and machines do to a server:
 * crowds, clients that never finish a line, too few files. Who behaves is
 * served all along, the log says what happened, and memory comes back.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { denoArguments, type Mode, OurServer } from "../support/our_server.ts";
import {
  hasIpv6,
  inEveryMode,
  serving,
  skip,
  waitFor,
  waitForPorts,
  waitForStat,
} from "../support/serving.ts";
import { moveClock, stopClock, STOPPABLE } from "../support/stopped_clock.ts";
import { Wire } from "../support/wire.ts";

const MIB = 1024 * 1024;
const VALUE = new TextEncoder().encode("value");

inEveryMode("20,000 connection attempts with -c 1000", async (mode) => {
  if (Deno.build.os !== "linux") return skip("needs /proc");
  // Over IPv6 no port that another test has chosen is used up.
  const host = hasIpv6() ? "::1" : "127.0.0.1";
  const args = ["-c", "1000"];
  await serving({ mode, args, host }, async ({ server, connect }) => {
    using good = await connect();
    assertEquals(await good.set("kept", VALUE), "STORED");
    const inside = await Promise.all(
      Array.from({ length: 999 }, () => connect()),
    );
    await waitForStat(good, "curr_connections", 1000);
    const before = server.residentBytes();
    const refused = new TextEncoder().encode(
      "ERROR Too many open connections\r\n",
    );
    for (let tried = 0; tried < 19_000; tried += 100) {
      await Promise.all(Array.from({ length: 100 }, async () => {
        using wire = await connect();
        await wire.expect(refused);
      }));
      await good.expectValue("kept", VALUE);
    }
    assertEquals(await good.stat("rejected_connections"), 19_000);
    assertEquals(await good.stat("total_connections"), 1000);
    for (const wire of inside) wire.close();
    await waitForStat(good, "curr_connections", 1);
    using late = await connect();
    await late.expectValue("kept", VALUE);
    const grown = server.residentBytes() - before;
    assert(grown < 64 * MIB, `grown by ${grown >> 20} MiB`);
    assert(!/ERROR|WARN accept/.test(server.log), server.log);
  });
});

inEveryMode("clients that never finish a line are idle", async (mode) => {
  const args = ["-c", "210", "-o", `idle_timeout=60,${STOPPABLE}`];
  await serving({ mode, args }, async ({ server, connect }) => {
    using good = await connect();
    await stopClock(good);
    assertEquals(await good.set("kept", VALUE), "STORED");
    const before = Deno.build.os === "linux" ? server.residentBytes() : 0;
    const slow = await Promise.all(
      Array.from({ length: 200 }, () => connect()),
    );
    await waitForStat(good, "curr_connections", 201);
    const text = "get " + "k".repeat(200);
    let open = slow.length;
    let sent = 0;
    const dripping = slow.map(async (wire) => {
      try {
        for (let at = 0;; at = (at + 1) % text.length) {
          await wire.send(text[at]);
          sent++;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      } catch {
        open--;
      }
    });
    // What arrives all the time does not count as a command.
    for (const seconds of [20, 60]) {
      const enough = sent + 5 * slow.length;
      await waitFor("pieces of lines", () => sent >= enough);
      assertEquals(open, slow.length);
      await moveClock(good, seconds);
    }
    await waitFor("all of them to be sent away", async () => {
      // Who asks is not idle.
      await good.expectValue("kept", VALUE);
      return open === 0;
    });
    await Promise.all(dripping);
    for (const wire of slow) wire.close();
    assertEquals(await good.stat("idle_kicks"), 200);
    await waitForStat(good, "curr_connections", 1);
    if (before === 0) return;
    const grown = server.residentBytes() - before;
    assert(grown < 64 * MIB, `grown by ${grown >> 20} MiB`);
  });
});

/** Starts a server that may open few files. */
async function withFewFiles(
  mode: Mode,
  files: number,
  body: (server: OurServer) => Promise<void>,
): Promise<void> {
  const where = ["-l", "127.0.0.1", "-p", "-1"];
  const args = denoArguments([...mode.args, ...where], ["--allow-ffi"]);
  const child = new Deno.Command("sh", {
    args: [
      "-c",
      `ulimit -n ${files}; exec "$0" "$@"`,
      Deno.execPath(),
      ...args,
    ],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const server = new OurServer(child);
  try {
    await body(server);
  } finally {
    await server.stop("SIGKILL");
  }
}

inEveryMode("with too few files clients wait their turn", async (mode) => {
  if (Deno.build.os !== "linux") return skip("needs ulimit and /proc");
  await withFewFiles(mode, 100, async (server) => {
    const [port] = await waitForPorts(server, 1);
    assertMatch(
      server.log,
      /WARN not all connections of -c can be served connections=68 reason="100 files may be open \(ulimit -n\)"/,
    );
    using good = await Wire.tcp(port);
    assertEquals(await good.set("kept", VALUE), "STORED");
    const crowd = await Promise.all(
      Array.from({ length: 200 }, () => Wire.tcp(port)),
    );
    await server.waitForLog(/WARN accept failed .*Too many open files/);
    await good.expectValue("kept", VALUE);
    const [first, ...others] = crowd;
    for (const wire of others) wire.close();
    await first.expectValue("kept", VALUE);
    first.close();
    await waitForStat(good, "curr_connections", 1);
    const lines = server.log.split("accept failed").length - 1;
    assert(lines <= 2 * Number(mode.args[1]) + 2, `${lines} lines`);
    assertEquals(await server.stop("SIGTERM"), 0);
  });
});
