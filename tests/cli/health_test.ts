/**
 * Owns the tests of `denocached health`: where it asks, what it believes, and
 * that it neither hangs nor throws.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "node:path";
import {
  checkHealth,
  type HealthResult,
  healthTarget,
  serverArguments,
} from "../../src/cli/health.ts";
import { toLatin1 } from "../../src/base/bytes.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { freePort } from "../support/memcached.ts";
import { runOurs } from "../support/our_server.ts";
import {
  inEveryMode,
  inTemporaryDirectory,
  serving,
} from "../support/serving.ts";
import { system } from "./configured.ts";

/** Where the server must be found well: it may be busy. */
const PATIENTLY = "--timeout=60000";

type Texts = Record<string, string>;

function address(args: string[], env: Texts = {}, files: Texts = {}) {
  return healthTarget(args, system(env, files)).address;
}

Deno.test("health asks where the server listens by its flags", () => {
  const local = "127.0.0.1";
  assertEquals(address([]), { hostname: local, port: 11211 });
  assertEquals(address(["-p", "5"]), { hostname: local, port: 5 });
  assertEquals(address(["-l", "10.0.0.1"]), {
    hostname: "10.0.0.1",
    port: 11211,
  });
  assertEquals(address(["-l", "[::]:7,a"]), { hostname: "::1", port: 7 });
  assertEquals(address(["-l", "0.0.0.0", "-p", "6"]), {
    hostname: local,
    port: 6,
  });
  assertEquals(address(["-s", "/tmp/s"]), {
    transport: "unix",
    path: "/tmp/s",
  });
});

Deno.test("health asks by TLS where nothing else is answered", () => {
  const asks = (...flags: string[]) => {
    const { tls, address } = healthTarget(
      ["-Z", "-o", "ssl_chain_cert=c.pem,ssl_ca_cert=a.pem", ...flags],
      system({}, {}),
    );
    return [tls, "port" in address ? address.port : 0];
  };
  assertEquals(asks(), ["basic", 11211]);
  assertEquals(asks("-o", "ssl_verify_mode=2"), ["mutual", 11211]);
  assertEquals(asks("-l", "a:1,notls:b:2"), ["none", 2]);
  assertEquals(asks("-l", "mtls:a:1,b:2"), ["mutual", 1]);
  assertEquals(asks("-l", "btls:a:1", "-o", "ssl_verify_mode=2"), ["basic", 1]);
  assertEquals(asks("-s", "/tmp/s")[0], "none");
  assertEquals(healthTarget([], system({}, {})).tls, "none");
  const env = { MEMCACHED_SASL_PWDB: "/passwords" };
  assert(healthTarget(["-S"], system(env, {})).isBinary);
});

Deno.test("health reads the environment and the file as the server does", () => {
  const local = "127.0.0.1";
  const env = { MEMCACHED_PORT: "8" };
  assertEquals(address([], env), { hostname: local, port: 8 });
  assertEquals(address(["-p", "9"], env), { hostname: local, port: 9 });
  assertEquals(address(["--config=f"], {}, { f: "-s /tmp/t" }), {
    transport: "unix",
    path: "/tmp/t",
  });
});

Deno.test("health finds a port that the system chose in the port file", () => {
  const env = { MEMCACHED_PORT_FILENAME: "/p" };
  const files = { "/p": "TCP INET: 4567\nTCP INET6: 4567\n" };
  assertEquals(address(["-p", "0"], env, files), {
    hostname: "127.0.0.1",
    port: 4567,
  });
  assertThrows(() => address(["-p", "0"]), UsageError, "-p");
});

Deno.test("health --pid reads the flags of a running server", () => {
  const files = { "/proc/1/cmdline": "denocached\0-m\x0064\0-p\x0077\0" };
  assertEquals(address(["--pid=1"], {}, files), {
    hostname: "127.0.0.1",
    port: 77,
  });
  assertEquals(address(["--pid", "1", "-p", "78"], {}, files), {
    hostname: "127.0.0.1",
    port: 78,
  });
  // Not a server of ours, or not to be read: the defaults remain.
  const others: Texts[] = [{}, { "/proc/1/cmdline": "/pause\0" }];
  for (const other of others) {
    assertEquals(address(["--pid=1"], {}, other), {
      hostname: "127.0.0.1",
      port: 11211,
    });
  }
});

Deno.test("serverArguments() finds the flags behind any way to start", () => {
  const flags = ["-p", "1"];
  for (
    const before of [
      ["denocached"],
      ["/usr/local/bin/denocached"],
      ["memcached"],
      ["denocached", "memcached"],
      ["/sbin/docker-init", "--", "denocached"],
      ["/usr/bin/deno", "run", "-A", "/src/main.ts"],
    ]
  ) {
    const text = [...before, ...flags].join("\0") + "\0";
    assertEquals(serverArguments(text), flags, text);
  }
  assertEquals(serverArguments("sh\0-c\0x\0"), []);
  assertEquals(serverArguments(""), []);
});

Deno.test("health refuses what is no number", () => {
  for (const flag of ["--timeout=", "--timeout=x", "--pid=0", "--pid=-1"]) {
    assertThrows(() => address([flag]), UsageError, "no number");
  }
});

/** Asks a server that answers everything with `reply`; null: never. */
async function judged(
  reply: string | null,
  isBinary = false,
  timeoutMs = 20_000,
): Promise<HealthResult> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    using connection = await listener.accept();
    const buffer = new Uint8Array(64);
    await connection.read(buffer);
    if (reply !== null) await connection.write(toLatin1(reply));
    // Until the client has gone.
    if (reply === null) await connection.read(buffer);
  })();
  const { port } = listener.addr as Deno.NetAddr;
  const result = await checkHealth({
    tls: "none",
    address: { hostname: "127.0.0.1", port },
    isBinary,
    timeoutMs,
  });
  await serving;
  return result;
}

Deno.test("health believes a version, and words of refusal", async () => {
  for (
    const line of [
      "VERSION 1.6.45",
      "CLIENT_ERROR unauthenticated",
      "ERROR Too many open connections",
    ]
  ) {
    assertEquals(await judged(`${line}\r\n`), { isHealthy: true, text: line });
  }
});

Deno.test("health does not believe anything else", async () => {
  for (const reply of ["HTTP/1.1 400 Bad Request\r\n", "ERROR\r\n", ""]) {
    assertEquals((await judged(reply)).isHealthy, false, reply);
  }
  assertEquals((await judged("x".repeat(2000))).isHealthy, false);
});

Deno.test("health gives up on a server that is silent", async () => {
  assertEquals(await judged(null, false, 50), {
    isHealthy: false,
    text: "no answer in 50 ms",
  });
});

Deno.test("health asks in binary where nothing else is spoken", async () => {
  const header = "\x81\x0b" + "\0".repeat(22);
  assertEquals(await judged(header + "1.6.45", true), {
    isHealthy: true,
    text: "VERSION 1.6.45",
  });
  assertEquals(
    (await judged("ERROR\r\n" + " ".repeat(20), true)).isHealthy,
    false,
  );
});

inEveryMode("health tells of a server as a process", async (mode) => {
  for (const protocol of ["auto", "ascii", "binary"]) {
    await serving({ mode, args: ["-B", protocol] }, async ({ port }) => {
      const flags = ["-l", "127.0.0.1", "-p", String(port), "-B", protocol];
      const result = await runOurs(["health", PATIENTLY, ...flags]);
      assertEquals(result.stderr, "");
      assertEquals(result.stdout, "healthy: VERSION 1.6.45\n");
      assertEquals(result.code, 0);
    });
  }
});

inEveryMode("health asks a Unix socket", async (mode) => {
  await inTemporaryDirectory(async (folder) => {
    const path = join(folder, "socket");
    const args = ["-s", path];
    await serving({ mode, host: null, args }, async () => {
      const result = await runOurs(["health", PATIENTLY, ...args]);
      assertEquals([result.code, result.stderr], [0, ""]);
    });
  });
});

Deno.test("health of nobody is 1, with a reason on standard error", async () => {
  for (
    const flags of [["-p", String(freePort())], ["-s", "/no/socket"], ["-q"]]
  ) {
    const result = await runOurs(["health", "-l", "127.0.0.1", ...flags]);
    assertEquals([result.code, result.stdout], [1, ""], flags.join(" "));
    assertStringIncludes(result.stderr, "unhealthy: ");
  }
});
