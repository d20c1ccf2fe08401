/**
 * Owns the end-to-end tests of how the server ends: signals, the shutdown
 * command, and the life of a daemon.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePort, waitForPort } from "../support/memcached.ts";
import { denoArguments, spawnOurServer } from "../support/our_server.ts";
import {
  inEveryMode,
  inTemporaryDirectory,
  type Served,
  serving,
  skip,
  waitFor,
} from "../support/serving.ts";
import { Wire } from "../support/wire.ts";

/** Clients in every state that a connection can be in. */
async function clientsOfAllKinds(served: Served): Promise<Wire[]> {
  const idle = await served.connect();
  assertEquals(await idle.set("big", new Uint8Array(1_000_000)), "STORED");
  const silent = await served.connect();
  const uploading = await served.connect();
  await uploading.send("set k 0 0 500000\r\nabc");
  const reading = await served.connect();
  await reading.send("get big\r\n".repeat(50));
  const watching = await served.connect();
  assertEquals(await watching.ask("watch fetchers mutations"), "OK");
  const wires = [idle, silent, uploading, reading, watching];
  await waitFor("all clients", async () => {
    const conns = [...await idle.stats("conns")];
    const isOpen = conns.filter(([name, value]) =>
      name.endsWith(":state") && value !== "conn_listening"
    );
    return isOpen.length >= wires.length &&
      conns.some(([, value]) => value === "conn_nread") &&
      conns.some(([, value]) => value === "conn_mwrite");
  });
  return wires;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGUSR1"] as const) {
  inEveryMode(
    `${signal} ends the server with 0, clients or not`,
    async (mode) => {
      const args = ["--drain-timeout", "1"];
      await serving({ mode, args }, async (served) => {
        const wires = await clientsOfAllKinds(served);
        assertEquals(await served.server.stop(signal), 0);
        assert(
          !/ERROR|panic|at .*\.ts:/.test(served.server.log),
          served.server.log,
        );
        for (const wire of wires) {
          await wire.rest();
          wire.close();
        }
      });
    },
  );
}

inEveryMode("a signal ends a server without clients", async (mode) => {
  await serving({ mode }, async ({ server }) => {
    assertEquals(await server.stop("SIGTERM"), 0);
  });
});

inEveryMode("SIGHUP does not end the server", async (mode) => {
  await serving({ mode }, async ({ server, connect }) => {
    using wire = await connect();
    assertEquals(await wire.set("k", "v"), "STORED");
    server.child.kill("SIGHUP");
    await server.waitForLog(/reload/);
    assertMatch(await wire.ask("version"), /^VERSION /);
    using other = await connect();
    await other.expectValue("k", new TextEncoder().encode("v"));
  });
});

inEveryMode("shutdown is refused without -A", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    using wire = await connect();
    const refused = "SERVER_ERROR: shutdown not enabled";
    assertEquals(await wire.ask("shutdown"), refused);
    assertEquals(await wire.ask("shutdown graceful"), refused);
    const settings = await wire.stats("settings");
    assertEquals(settings.get("shutdown_command"), "no");
  });
});

for (const command of ["shutdown", "shutdown graceful"]) {
  inEveryMode(`with -A ${command} ends the server with 0`, async (mode) => {
    const args = ["-A", "--drain-timeout", "1"];
    await serving({ mode, args }, async (served) => {
      using wire = await served.connect();
      const settings = await wire.stats("settings");
      assertEquals(settings.get("shutdown_command"), "yes");
      assertEquals(
        await wire.ask("shutdown now"),
        "CLIENT_ERROR invalid shutdown mode",
      );
      const wires = await clientsOfAllKinds(served);
      await wire.send(`${command}\r\n`);
      await wire.expectEnd();
      assertEquals(await served.server.ended(), 0);
      for (const other of wires) other.close();
    });
  });
}

// The first of several workers serves clients while others are starting, of
// eight for a good while.
for (const command of ["shutdown", "shutdown graceful"]) {
  inEveryMode(`${command} counts while the server starts`, async (mode) => {
    const port = freePort();
    const args = mode.args.map((arg) => arg === "2" ? "8" : arg);
    args.push("-l", "127.0.0.1", "-p", String(port));
    const server = spawnOurServer([...args, "-A", "--drain-timeout", "1"]);
    try {
      await waitForPort(port);
      using wire = await Wire.tcp(port);
      await wire.send(`${command}\r\n`);
      await wire.expectEnd();
      let code: number | null = null;
      server.ended().then((ended) => code = ended);
      await waitFor("the end of the server", () => code !== null);
      assertEquals(code, 0);
    } finally {
      await server.stop("SIGKILL");
    }
  });
}

inEveryMode("replies that came before shutdown are sent", async (mode) => {
  await serving({ mode, args: ["-A"] }, async ({ server, connect }) => {
    using wire = await connect();
    await wire.send("set k 0 0 1\r\nv\r\nget k\r\nshutdown\r\nget k\r\n");
    assertEquals(
      await wire.rest(),
      "STORED\r\nVALUE k 0 1\r\nv\r\nEND\r\n",
    );
    assertEquals(await server.ended(), 0);
  });
});

function isRunning(pid: number): boolean {
  try {
    return !/State:\s+Z/.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

/** Runs `body` with a daemon that is ended whatever happens. */
async function withDaemon(
  args: string[],
  pidFile: string,
  body: (pid: number) => Promise<void>,
): Promise<void> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: denoArguments(["-d", "-P", pidFile, ...args], ["--allow-run"]),
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  assertEquals(output.code, 0, new TextDecoder().decode(output.stderr));
  let pid = 0;
  await waitFor("the pid file", () => {
    try {
      pid = Number(Deno.readTextFileSync(pidFile));
    } catch {
      return false;
    }
    return pid > 0;
  });
  try {
    await body(pid);
  } finally {
    if (isRunning(pid)) Deno.kill(pid, "SIGKILL");
  }
}

inEveryMode(
  "-d serves in the background until it is told to end",
  async (mode) => {
    if (Deno.build.os !== "linux") return skip("needs /proc");
    await inTemporaryDirectory(async (directory) => {
      const pidFile = `${directory}/pid`;
      const port = freePort();
      const args = [...mode.args, "-l", "127.0.0.1", "-p", String(port)];
      await withDaemon(args, pidFile, async (pid) => {
        assert(isRunning(pid));
        await waitForPort(port);
        using wire = await Wire.tcp(port);
        assertEquals(await wire.stat("pid"), pid);
        assertEquals(await wire.set("k", "v"), "STORED");
        Deno.kill(pid, "SIGTERM");
        await waitFor("the end of the daemon", () => !isRunning(pid));
        await wire.expectEnd();
        await waitFor("the end of the pid file", () => {
          return ![...Deno.readDirSync(directory)].some((f) =>
            f.name === "pid"
          );
        });
      });
    });
  },
);
