/**
 * Owns the end-to-end test of very many idle connections: they cost little
 * and everybody is served.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  hasIpv6,
  inEveryMode,
  serving,
  skip,
  waitForStat,
} from "../support/serving.ts";
import type { Wire } from "../support/wire.ts";

const CONNECTIONS = 10_000;
/** 10 to 20 KB each with Deno's sockets, by when garbage was last collected;
 * 3 KB with native I/O. */
const GROWTH_MAX = 250 * 1024 * 1024;
/** Descriptors that a process needs beside its connections. */
const SPARE = 300;

/** How many files a process may open (Linux). */
function openFilesMax(pid: number | "self"): number {
  const limits = Deno.readTextFileSync(`/proc/${pid}/limits`);
  const soft = /^Max open files +(\S+)/m.exec(limits)![1];
  return soft === "unlimited" ? Infinity : Number(soft);
}

inEveryMode("10,000 idle connections", async (mode) => {
  if (Deno.build.os !== "linux") return skip("needs /proc");
  // Over IPv6 no port that another test has chosen is used up.
  const host = hasIpv6() ? "::1" : "127.0.0.1";
  const args = ["-c", String(CONNECTIONS + 100)];
  await serving({ mode, args, host }, async ({ server, connect }) => {
    for (const pid of ["self" as const, server.child.pid]) {
      const files = openFilesMax(pid);
      if (files < CONNECTIONS + SPARE) {
        return skip(`process ${pid} may open ${files} files only`);
      }
    }
    using other = await connect();
    assertEquals(await other.set("k", "v"), "STORED");
    const before = server.residentBytes();
    const wires: Wire[] = [];
    try {
      while (wires.length < CONNECTIONS) {
        const more = Array.from({ length: 100 }, () => connect());
        wires.push(...await Promise.all(more));
      }
      // Each has been served once, then they are idle.
      for (let at = 0; at < CONNECTIONS; at += 500) {
        await Promise.all(
          wires.slice(at, at + 500).map(async (wire) => {
            await wire.send("version\r\n");
            const buffer = new Uint8Array(64);
            assert((await wire.conn.read(buffer) ?? 0) > 0, "not served");
          }),
        );
      }
      await waitForStat(other, "curr_connections", CONNECTIONS + 1);
      const growth = server.residentBytes() - before;
      assert(growth < GROWTH_MAX, `they take ${growth >> 20} MB`);
      await other.expectValue("k", new TextEncoder().encode("v"));
      const settings = await other.stats("conns");
      assert(settings.size > CONNECTIONS);
      assertMatch(await other.ask("version"), /^VERSION /);
    } finally {
      for (const wire of wires) wire.close();
    }
    await waitForStat(other, "curr_connections", 1);
    assertEquals(await other.stat("rejected_connections"), 0);
  });
});
