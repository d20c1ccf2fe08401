/**
 * Owns the tests of what each flag configures: exactly its settings and no
 * others.
 *
 * @module
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { SETTINGS_DEFAULT } from "../../src/base/settings.ts";
import { configure } from "../../src/cli/config.ts";
import { readFlags } from "../../src/cli/flags.ts";
import { changed, config, GIB, MIB, system } from "./configured.ts";

Deno.test("without flags everything is as in memcached", () => {
  const { settings, daemon, warnings } = config([]);
  assertEquals(settings, SETTINGS_DEFAULT);
  assertFalse(daemon);
  assertEquals(warnings, []);
  assertEquals(settings.port, 11211);
  assertEquals(settings.udpPort, 0);
  assertEquals(settings.memoryBytes, 64 * MIB);
  assertEquals(settings.itemBytesMax, MIB);
  assertEquals(settings.connectionsMax, 1024);
  assertEquals(settings.backlog, 1024);
  assertEquals(settings.unixMask, 0o700);
  assertEquals(settings.commandsPerTurn, 20);
  assertEquals(settings.growthFactor, 1.25);
  assertEquals(settings.chunkSize, 48);
  assertEquals(settings.prefixDelimiter, ":");
});

Deno.test("the defaults themselves are never changed", () => {
  const before = structuredClone(SETTINGS_DEFAULT);
  config(["-M", "-p", "1", "-o", "no_modern", "-l", "a", "-D", "-"]);
  assertEquals(SETTINGS_DEFAULT, before);
});

Deno.test("-p sets the port; 0 and -1 are any free one", () => {
  assertEquals(changed("-p", "11300"), { port: 11300 });
  assertEquals(changed("-p", "65535"), { port: 65535 });
  assertEquals(changed("-p", "-1"), { port: -1 });
  assertEquals(changed("-p", "0"), { port: -1 });
  assertEquals(changed("-p", "1", "--port", "2"), { port: 2 });
  // C's atoi: what follows the digits does not count.
  assertEquals(changed("-p", "11300x"), { port: 11300 });
});

Deno.test("-p 0 is no port if there is another way in", () => {
  assertEquals(changed("-p", "0", "-s", "/tmp/x"), {
    port: 0,
    unixSocket: "/tmp/x",
  });
});

Deno.test("-U 0 is accepted", () => {
  assertEquals(changed("-U", "0"), {});
});

Deno.test("-l sets the addresses; given again it adds some", () => {
  assertEquals(changed("-l", "127.0.0.1,[::1]:5"), {
    listenText: "127.0.0.1,[::1]:5",
    addresses: [{ host: "127.0.0.1", port: -1 }, { host: "::1", port: 5 }],
  });
  assertEquals(changed("-l", "a:1", "--listen=b"), {
    listenText: "a:1,b",
    addresses: [{ host: "a", port: 1 }, { host: "b", port: -1 }],
  });
});

Deno.test("-s and -a set the socket and its octal mask", () => {
  assertEquals(changed("-s", "/tmp/x", "-a", "770"), {
    unixSocket: "/tmp/x",
    unixMask: 0o770,
  });
  assertEquals(changed("-a", "0755"), { unixMask: 0o755 });
});

Deno.test("-B sets the protocols", () => {
  assertEquals(changed("-B", "ascii"), { protocol: "ascii" });
  assertEquals(changed("-B", "binary"), { protocol: "binary" });
  assertEquals(changed("-B", "auto"), {});
});

Deno.test("-m takes megabytes, units and percentages", () => {
  assertEquals(changed("-m", "512"), { memoryBytes: 512 * MIB });
  assertEquals(changed("-m", "512m"), { memoryBytes: 512 * MIB });
  assertEquals(changed("-m", "1g"), { memoryBytes: GIB });
  assertEquals(changed("-m", "1G"), { memoryBytes: GIB });
  assertEquals(changed("-m", "2048k", "-I", "1m"), { memoryBytes: 2 * MIB });
  assertEquals(changed("-m", "75%"), { memoryBytes: 6 * GIB });
  assertEquals(changed("--memory-limit=64"), {});
});

Deno.test("-I takes bytes and units", () => {
  assertEquals(changed("-I", "2m"), { itemBytesMax: 2 * MIB });
  assertEquals(changed("-I", "512k"), { itemBytesMax: 512 * 1024 });
  assertEquals(changed("-I", "1k"), { itemBytesMax: 1024 });
  assertEquals(changed("-I", "1024"), { itemBytesMax: 1024 });
  assertEquals(changed("-I", "2097152"), { itemBytesMax: 2 * MIB });
  assertEquals(changed("-I", "32m"), { itemBytesMax: 32 * MIB });
  assertEquals(changed("-I", "1024m", "-m", "2g"), {
    itemBytesMax: GIB,
    memoryBytes: 2 * GIB,
  });
});

Deno.test("numbers of connections, threads, requests, chunks", () => {
  assertEquals(changed("-c", "1"), { connectionsMax: 1 });
  assertEquals(changed("-c", "100000"), { connectionsMax: 100_000 });
  assertEquals(changed("-t", "4"), { threads: 4 });
  assertEquals(changed("-t", "64"), { threads: 64 });
  assertEquals(changed("--smp"), { threads: 6 });
  assertEquals(changed("--smp", "-p", "1"), { threads: 6, port: 1 });
  assertEquals(changed("--smp=3"), { threads: 3 });
  assertEquals(changed("-R", "1"), { commandsPerTurn: 1 });
  assertEquals(changed("-b", "5"), { backlog: 5 });
  assertEquals(changed("-n", "72"), { chunkSize: 72 });
  assertEquals(changed("-f", "1.08"), { growthFactor: 1.08 });
});

Deno.test("switches", () => {
  assertEquals(changed("-M"), { evictions: false });
  assertEquals(changed("-C"), { useCas: false });
  assertEquals(changed("-A"), { shutdownCommand: true });
  assertEquals(changed("-F"), { flushEnabled: false });
  assertEquals(changed("-X"), { dumpEnabled: false });
  assertEquals(changed("-W"), { watchEnabled: false });
  assertEquals(changed("-v"), { verbosity: 1 });
  assertEquals(changed("-vvv"), { verbosity: 3 });
  assertEquals(changed("-vv", "--verbose"), { verbosity: 3 });
});

Deno.test("-P, -D and --log-format", () => {
  assertEquals(changed("-P", "/tmp/pid"), { pidFile: "/tmp/pid" });
  assertEquals(changed("-D", "-"), {
    prefixDelimiter: "-",
    detailEnabled: true,
  });
  assertEquals(changed("-D", ":"), { detailEnabled: true });
  assertEquals(changed("--log-format", "json"), { jsonLog: true });
  assertEquals(changed("--log-format=text"), {});
});

Deno.test("MEMCACHED_PORT_FILENAME names the port file", () => {
  const { settings } = config([], { MEMCACHED_PORT_FILENAME: "/tmp/ports" });
  assertEquals(settings.portFile, "/tmp/ports");
});

Deno.test("-d asks for the background", () => {
  assert(config(["-d"]).daemon);
  assert(config(["--daemon"]).daemon);
});

Deno.test("flags without effect say so", () => {
  for (
    const [flag, name] of [
      ["-r", "enable-coredumps"],
      ["-k", "lock-memory"],
      ["-L", "enable-largepages"],
      ["-N2", "napi_ids"],
    ]
  ) {
    const { settings, warnings } = config([flag]);
    assertEquals(settings, SETTINGS_DEFAULT);
    assertEquals(warnings, [`--${name}: accepted, without effect`]);
  }
});

Deno.test("-u warns when it differs from the current user", () => {
  assertEquals(config(["-u", "cache"], { USER: "cache" }).warnings, []);
  assertEquals(config(["-u", "cache"], { LOGNAME: "cache" }).warnings, []);
  const { warnings } = config(["-u", "cache"], { USER: "root" });
  assertEquals(warnings.length, 1);
  assert(warnings[0].includes("--user cache"), warnings[0]);
});

Deno.test("-u is believed where nobody knows the users", () => {
  const facts = { ...system(), hasUser: () => null };
  assertEquals(configure(readFlags(["-u", "me"]), facts).warnings, []);
});

Deno.test("all -o options without effect are named in one warning", () => {
  const { warnings } = config([
    "-o",
    "ext_threads=2,drop_privileges",
    "-o",
    "ext_path=/x:1g",
  ]);
  assertEquals(warnings, [
    "-o ext_threads,drop_privileges,ext_path: accepted, without effect",
  ]);
});
