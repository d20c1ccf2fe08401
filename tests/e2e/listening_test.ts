/**
 * Owns the end-to-end tests of where the server listens: ports and the files
 * that tell them, lists of addresses, IPv6, UNIX sockets.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import { freePort } from "../support/memcached.ts";
import { listeningPorts, runOurs } from "../support/our_server.ts";
import {
  hasIpv6,
  inEveryMode,
  inTemporaryDirectory,
  serving,
  skip,
  waitFor,
  waitForPorts,
} from "../support/serving.ts";
import { Wire } from "../support/wire.ts";

const VERSION = /^VERSION [0-9]+\.[0-9]+\.[0-9]+$/;

async function answersAt(port: number, hostname?: string): Promise<void> {
  using wire = await Wire.tcp(port, hostname);
  assertMatch(await wire.ask("version"), VERSION);
}

/** What stands in a file, "" if there is none. */
function textOf(path: string): string {
  return exists(path) ? Deno.readTextFileSync(path) : "";
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

inEveryMode("the port file tells the port", async (mode) => {
  await inTemporaryDirectory(async (directory) => {
    const path = `${directory}/ports`;
    const env = { MEMCACHED_PORT_FILENAME: path };
    await serving({ mode, env }, async ({ port }) => {
      await waitFor("the port file", () => exists(path));
      assertEquals(Deno.readTextFileSync(path), `TCP INET: ${port}\n`);
      assert(!exists(`${path}.lck`), "the lock file is left");
      await answersAt(port);
    });
  });
});

inEveryMode("the port file has a line for every address", async (mode) => {
  await inTemporaryDirectory(async (directory) => {
    const path = `${directory}/ports`;
    const env = { MEMCACHED_PORT_FILENAME: path };
    const [a, b] = [freePort(), freePort()];
    const args = ["-l", `127.0.0.1:${a},127.0.0.1:${b}`];
    if (hasIpv6()) args.push("-l", `[::1]:${a}`);
    await serving({ mode, env, args, host: null }, async () => {
      await waitFor("the port file", () => exists(path));
      const lines = [`TCP INET: ${a}`, `TCP INET: ${b}`];
      if (hasIpv6()) lines.push(`TCP INET6: ${a}`);
      assertEquals(Deno.readTextFileSync(path), lines.join("\n") + "\n");
    });
  });
});

for (const choice of ["0", "-1"]) {
  inEveryMode(`-p ${choice} takes a free port and logs it`, async (mode) => {
    const args = ["-l", "127.0.0.1", "-p", choice];
    await serving({ mode, args, host: null }, async (first) => {
      await serving({ mode, args, host: null }, async (second) => {
        assertNotEquals(first.port, second.port);
        for (const { port } of [first, second]) {
          assert(port > 1023, `port ${port}`);
          await answersAt(port);
          using wire = await Wire.tcp(port);
          const settings = await wire.stats("settings");
          assertEquals(settings.get("tcpport"), String(port));
        }
      });
    });
  });
}

inEveryMode("without -l every address is listened on", async (mode) => {
  const args = ["-p", "-1"];
  await serving({ mode, args, host: null }, async ({ port }) => {
    await answersAt(port, "127.0.0.1");
    if (hasIpv6()) await answersAt(port, "::1");
    else skip("no IPv6 on this loopback");
    using wire = await Wire.tcp(port);
    assertEquals((await wire.stats("settings")).get("inter"), "NULL");
    // An IPv4 client is shown as such, whatever socket it came through.
    const addresses = [...await wire.stats("conns")]
      .filter(([name]) => name.endsWith(":addr")).map(([, value]) => value);
    const { port: own } = wire.conn.localAddr as Deno.NetAddr;
    assert(addresses.includes(`tcp:127.0.0.1:${own}`), String(addresses));
  });
});

inEveryMode("-l takes a list of addresses with ports", async (mode) => {
  for (const separator of [",", ";"]) {
    const [a, b] = [freePort(), freePort()];
    const list = `127.0.0.1:${a}${separator}127.0.0.1:${b}`;
    await serving(
      { mode, args: ["-l", list], host: null },
      async ({ server }) => {
        assertEquals(await waitForPorts(server, 2), [a, b]);
        await answersAt(a);
        await answersAt(b);
        using first = await Wire.tcp(a);
        using second = await Wire.tcp(b);
        assertEquals(await first.set("k", "shared"), "STORED");
        await second.expectValue("k", new TextEncoder().encode("shared"));
      },
    );
  }
});

inEveryMode(
  "-l may be given several times, with -p for those without a port",
  async (mode) => {
    const [a, b] = [freePort(), freePort()];
    const args = ["-p", String(a), "-l", "127.0.0.1", "-l", `localhost:${b}`];
    await serving({ mode, args, host: null }, async ({ server }) => {
      await server.waitForLog(new RegExp(`:${b}\\b`));
      await answersAt(a);
      await answersAt(b, "localhost");
    });
  },
);

inEveryMode("IPv6 addresses with and without brackets", async (mode) => {
  if (!hasIpv6()) return skip("no IPv6 on this loopback");
  await serving({ mode, host: "::1" }, async ({ port }) => {
    await answersAt(port, "::1");
    using wire = await Wire.tcp(port, "::1");
    const conns = [...(await wire.stats("conns")).values()];
    const { port: own } = wire.conn.localAddr as Deno.NetAddr;
    assert(conns.includes(`tcp6:[::1]:${own}`), String(conns));
  });
  const port = freePort();
  const args = ["-l", `[::1]:${port}`];
  await serving({ mode, args, host: null }, async () => {
    await answersAt(port, "::1");
  });
});

inEveryMode("-P writes the process id", async (mode) => {
  await inTemporaryDirectory(async (directory) => {
    const path = `${directory}/pid`;
    await serving({ mode, args: ["-P", path] }, async ({ server, connect }) => {
      // It is there for a moment before anything stands in it.
      await waitFor("the pid file", () => textOf(path) !== "");
      assertEquals(textOf(path), `${server.child.pid}\n`);
      using wire = await connect();
      assertEquals(await wire.stat("pid"), server.child.pid);
    });
  });
});

inEveryMode(
  "a pid file that cannot be written is only warned of",
  async (mode) => {
    const args = ["-P", "/no/such/directory/pid"];
    await serving({ mode, args }, async ({ server, port }) => {
      await server.waitForLog(/WARN .*pid file/);
      await answersAt(port);
    });
  },
);

inEveryMode("a UNIX socket has the mask of -a", async (mode) => {
  await inTemporaryDirectory(async (directory) => {
    for (const [mask, wanted] of [["770", 0o770], [null, 0o700]] as const) {
      const path = `${directory}/socket${mask}`;
      const args = ["-s", path, ...mask === null ? [] : ["-a", mask]];
      await serving({ mode, args, host: null }, async ({ server }) => {
        const info = Deno.lstatSync(path);
        assert(info.isSocket);
        assertEquals(info.mode! & 0o777, wanted);
        assertEquals(listeningPorts(server.log), [], "TCP is off");
        using wire = await Wire.unix(path);
        assertMatch(await wire.ask("version"), VERSION);
        const settings = await wire.stats("settings");
        assertEquals(settings.get("domain_socket"), path);
        assertEquals(settings.get("umask"), wanted.toString(8));
        const conns = [...(await wire.stats("conns")).values()];
        assert(conns.includes(`unix:${path}`), String(conns));
      });
    }
  });
});

inEveryMode("a stale UNIX socket is replaced", async (mode) => {
  await inTemporaryDirectory(async (directory) => {
    const path = `${directory}/socket`;
    const options = { mode, args: ["-s", path], host: null };
    // Ended by SIGKILL: nobody cleans up.
    await serving(options, () => Promise.resolve());
    assert(Deno.lstatSync(path).isSocket, "nothing stale to replace");
    await serving(options, async () => {
      using wire = await Wire.unix(path);
      assertEquals(await wire.set("k", "v"), "STORED");
    });
  });
});

inEveryMode("a file that is no socket is not replaced", async (mode) => {
  await inTemporaryDirectory(async (directory) => {
    const path = `${directory}/precious`;
    await Deno.writeTextFile(path, "precious");
    const { code, stderr } = await runOurs([...mode.args, "-s", path]);
    assertMatch(stderr, /failed to listen on UNIX socket: /);
    assertEquals(code, 71);
    assertEquals(await Deno.readTextFile(path), "precious");
  });
});

inEveryMode("-B allows one protocol only", async (mode) => {
  // A version request: unlike a no-op it has no byte that ends a line.
  const request = new Uint8Array(24);
  request[0] = 0x80;
  request[1] = 0x0b;
  await serving({ mode, args: ["-B", "binary"] }, async ({ connect }) => {
    using text = await connect();
    await text.send("version\r\n" + " ".repeat(24));
    await text.expectEnd();
    using binary = await connect();
    await binary.send(request);
    assertEquals((await binary.take(24))[0], 0x81);
  });
  await serving({ mode, args: ["-B", "ascii"] }, async ({ connect }) => {
    using wire = await connect();
    await wire.send(request);
    // To the text protocol that was a line without its end.
    await wire.send("\r\nversion\r\n");
    assertEquals(await wire.line(), "ERROR");
    assertMatch(await wire.line(), VERSION);
  });
});
