/**
 * Owns the end-to-end tests of `--http`: every route over a socket, with a
 * server that works meanwhile.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { HISTORY_INTERVAL_SECONDS } from "../../src/base/limits.ts";
import { HISTORY_COLUMNS } from "../../src/observe/history.ts";
import FIXTURE from "../fixtures/metrics.json" with { type: "json" };
import { rawRequest, servingHttp } from "../support/http.ts";
import { freePort } from "../support/memcached.ts";
import { runOurs } from "../support/our_server.ts";
import { readPrometheus } from "../support/prometheus_text.ts";
import { inEveryMode, payload, skip, waitFor } from "../support/serving.ts";
import type { Wire } from "../support/wire.ts";

async function text(url: string): Promise<string> {
  const reply = await fetch(url);
  assertEquals(reply.status, 200, url);
  return await reply.text();
}

async function json(url: string) {
  return JSON.parse(await text(url));
}

/** Enough of everything that dashboards show, evictions included. */
async function load(wire: Wire, keys = 5000): Promise<void> {
  const value = payload(1000, 1);
  for (let i = 0; i < keys; i++) {
    await wire.send(`set load:${i} 0 0 ${value.length} noreply\r\n`);
    await wire.send(value);
    await wire.send("\r\n");
  }
  assertEquals(await wire.set("counter", "1"), "STORED");
  assertEquals(await wire.ask("incr counter 5"), "6");
  for (const key of ["counter", "nothing"]) {
    await wire.send(`get ${key}\r\n`);
    await wire.lines();
  }
}

inEveryMode(
  "/metrics has every series of the mixin under load",
  async (mode) => {
    const args = ["-m", "2", "-I", "64k"];
    await servingHttp({ mode, args }, async ({ url, connect }) => {
      using wire = await connect();
      await load(wire);
      await waitFor("uptime", async () => await wire.stat("uptime") > 0);
      const reply = await fetch(`${url}metrics`);
      assertEquals(
        reply.headers.get("content-type"),
        "text/plain; version=0.0.4; charset=utf-8",
      );
      const families = readPrometheus(await reply.text());
      for (const name of FIXTURE.mixin) {
        const found = families.get(name)?.samples ?? [];
        assert(found.length > 0, `${name} is empty`);
        // The alert on it must not go off.
        const isZero = name === "memcached_slab_items_outofmemory_total";
        const sum = found.reduce((total, { value }) => total + value, 0);
        assertEquals(sum === 0, isZero, `${name} is ${sum}`);
      }
      const gets = families.get("memcached_commands_total")!.samples
        .filter(({ labels }) => labels.command === "get");
      assertEquals(
        gets.map(({ labels, value }) => [labels.status, value]),
        [["hit", 1], ["miss", 1]],
      );
      const timed = families.get("denocached_batch_seconds")!.samples.at(-1)!;
      assert(timed.value > 0, "no batch was timed");
    });
  },
);

inEveryMode("promtool accepts /metrics", async (mode) => {
  const promtool = Deno.env.get("PROMTOOL") ?? "promtool";
  try {
    await new Deno.Command(promtool, { args: ["--version"], stderr: "null" })
      .output();
  } catch {
    return skip("no promtool (Debian: prometheus)");
  }
  await servingHttp({ mode }, async ({ url, connect }) => {
    using wire = await connect();
    await load(wire, 10);
    const child = new Deno.Command(promtool, {
      args: ["check", "metrics"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const input = child.stdin.getWriter();
    await input.write(new TextEncoder().encode(await text(`${url}metrics`)));
    await input.close();
    const { code, stderr } = await child.output();
    // 3: it can be read, but the exporter's own names are not all as a
    // linter wants them. Ours are.
    const complaints = new TextDecoder().decode(stderr);
    assert(code === 0 || code === 3, complaints);
    for (const line of complaints.trim().split("\n")) {
      assert(line === "" || line.startsWith("memcached_"), line);
    }
  });
});

inEveryMode("/stats.json has what stats shows", async (mode) => {
  await servingHttp({ mode }, async ({ url, port, connect }) => {
    using wire = await connect();
    await load(wire, 10);
    const stats = await json(`${url}stats.json`);
    const shown = await wire.stats();
    for (const name of ["cmd_get", "cmd_set", "curr_items", "get_hits"]) {
      assertEquals(String(stats.general[name]), shown.get(name), name);
    }
    assertEquals(stats.general.cmd_set, 11);
    assertEquals(stats.settings.tcpport, port);
    assertEquals(stats.ready, true);
    assertEquals(stats.hot_keys, null);
    assert(stats.batches.timed > 0 && stats.batches.p99_us > 0);
    assert(stats.resident_bytes > 1024 * 1024);
    assert(stats.items["items:1:number"] > 0);
    assert(stats.slabs.active_slabs > 0);
  });
});

inEveryMode("/history.json grows by a row every interval", async (mode) => {
  await servingHttp({ mode }, async ({ url, connect }) => {
    using wire = await connect();
    let history = await json(`${url}history.json`);
    assertEquals(history.intervalSeconds, HISTORY_INTERVAL_SECONDS);
    assertEquals(Object.keys(history.columns), [...HISTORY_COLUMNS]);
    await load(wire, 100);
    await waitFor("a row", async () => {
      history = await json(`${url}history.json?from=0`);
      return history.next > 0;
    });
    assertEquals(history.columns.time.length, history.next);
    assert(history.columns.sets[0] > 0);
    assertEquals(history.columns.hit_ratio[0], 0.5);
    assertEquals(history.columns.items[0], 101);
    const rest = await json(`${url}history.json?from=${history.next}`);
    assert(rest.columns.time.length <= 1);
  });
});

inEveryMode("/keys.json finds keys in pages, and no values", async (mode) => {
  await servingHttp({ mode }, async ({ url, connect }) => {
    using wire = await connect();
    for (let i = 0; i < 250; i++) {
      await wire.send(`set user:${i} 0 60 6 noreply\r\nsecret\r\n`);
    }
    assertEquals(await wire.set("other", "secret"), "STORED");
    const keys: string[] = [];
    let cursor: string | null = "", pages = 0;
    while (cursor !== null) {
      const reply = await text(
        `${url}keys.json?prefix=user:&limit=100&cursor=${cursor}`,
      );
      assert(!reply.includes("secret"));
      const page = JSON.parse(reply);
      assert(page.keys.length <= 100);
      for (const row of page.keys) {
        keys.push(decodeURIComponent(row.key));
        assert(row.ttl_seconds > 0 && row.ttl_seconds <= 60);
        assertEquals(row.value_bytes, 6);
      }
      cursor = page.cursor;
      pages++;
    }
    assert(pages >= 3, `${pages} pages`);
    const wanted = Array.from({ length: 250 }, (_, i) => `user:${i}`);
    assertEquals(keys.sort(), wanted.sort());
  });
});

inEveryMode("--hot-keys finds the key everybody asks for", async (mode) => {
  const args = ["--hot-keys=2"];
  await servingHttp({ mode, args }, async ({ url, connect }) => {
    using wire = await connect();
    for (let i = 0; i < 3000; i++) {
      await wire.send(`get ${i % 3 === 0 ? `cold:${i}` : "hot"}\r\n`);
      await wire.lines();
    }
    const { hot_keys } = await json(`${url}stats.json`);
    assertEquals(hot_keys.length, 16);
    assertEquals(hot_keys[0].key, "hot");
    assert(hot_keys[0].gets_per_second > 10 * hot_keys[1].gets_per_second);
  });
});

inEveryMode("probes, wrong methods, paths and hosts", async (mode) => {
  await servingHttp({ mode }, async ({ url, httpPort }) => {
    assertEquals(await text(`${url}livez`), "ok\n");
    assertEquals(await text(`${url}readyz`), "ok\n");
    assertMatch(await text(url), /^<!DOCTYPE html>/);
    const head = (method: string, path: string, host: string) =>
      rawRequest(
        httpPort,
        `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n` +
          "Connection: close\r\n\r\n",
      );
    const status = async (method: string, path: string, host = "localhost") =>
      Number((await head(method, path, host)).split(" ")[1]);
    assertEquals(await status("POST", "/metrics"), 405);
    assertEquals(await status("DELETE", "/keys.json"), 405);
    assertEquals(await status("GET", "/nothing"), 404);
    assertEquals(await status("GET", "/"), 200);
    for (const path of ["/", "/keys.json", "/stats.json", "/history.json"]) {
      assertEquals(await status("GET", path, "evil.example"), 403, path);
    }
    for (const path of ["/metrics", "/livez", "/readyz"]) {
      assertEquals(await status("GET", path, "pod.example"), 200, path);
    }
    const whole = await head("HEAD", "/metrics", "localhost");
    assertMatch(whole, /^HTTP\/1\.1 200 /);
    assertEquals(whole.split("\r\n\r\n")[1], "");
  });
});

inEveryMode("a request that is no HTTP disturbs nobody", async (mode) => {
  await servingHttp({ mode }, async ({ url, httpPort, connect }) => {
    using wire = await connect();
    const reply = await rawRequest(httpPort, "get a\r\n\r\n");
    assertMatch(reply, /^HTTP\/1\.1 400 /);
    assertEquals(await text(`${url}livez`), "ok\n");
    assertMatch(await wire.ask("version"), /^VERSION /);
  });
});

inEveryMode(
  "SIGTERM ends the server in spite of open requests",
  async (mode) => {
    await servingHttp({ mode }, async ({ httpPort, server }) => {
      const open = await Deno.connect({
        hostname: "127.0.0.1",
        port: httpPort,
      });
      await open.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a"));
      assertEquals(await server.stop("SIGTERM"), 0);
      open.close();
    });
  },
);

inEveryMode("a taken address is said, with exit code 71", async (mode) => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const args = ["-l", "127.0.0.1", "-p", String(freePort())];
  const { code, stderr } = await runOurs([
    ...mode.args,
    ...args,
    "--http",
    `127.0.0.1:${port}`,
  ]);
  assertEquals(code, 71);
  assertStringIncludes(stderr, `HTTP address 127.0.0.1:${port}`);
});

inEveryMode("an address beyond the loopback is warned of", async (mode) => {
  const args = ["--log-format", "json", "--http", "*:0"];
  await servingHttp({ mode, args }, async ({ server, httpPort }) => {
    assertMatch(server.log, /"level":"warn","message":"--http \*:0: whoever/);
    assertMatch(server.log, /"url":"http:\/\/0\.0\.0\.0:\d+\/"/);
    assertEquals(await text(`http://127.0.0.1:${httpPort}/livez`), "ok\n");
  });
});
