/**
 * Owns the end-to-end tests of the statistics that monitoring reads over the
 * wire, by the rules of memcached_exporter (prometheus/memcached_exporter
 * 17e002c, pkg/exporter/exporter.go): what it needs, and what makes it fail.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { inEveryMode, serving } from "../support/serving.ts";
import type { Wire } from "../support/wire.ts";

/** The statistics that become metrics, all numbers. */
const GENERAL = `uptime time rusage_user rusage_system bytes_read
  bytes_written curr_connections total_connections rejected_connections
  conn_yields listen_disabled_num accepting_conns bytes limit_maxbytes
  curr_items total_items evictions reclaimed store_too_large store_no_memory
  direct_reclaims cmd_get cmd_set cmd_flush cmd_touch get_hits get_misses
  delete_hits delete_misses incr_hits incr_misses decr_hits decr_misses
  cas_hits cas_misses cas_badval touch_hits touch_misses lru_crawler_starts
  crawler_reclaimed crawler_items_checked moves_to_cold moves_to_warm
  moves_within_lru max_connections pointer_size threads evicted_unfetched
  expired_unfetched get_expired get_flushed auth_cmds auth_errors pid`;
/** The settings that it reads, and those that must be yes or no. */
const SETTINGS = `maxconns lru_crawler_sleep lru_crawler_tocrawl hot_lru_pct
  warm_lru_pct hot_max_factor warm_max_factor maxbytes item_size_max`;
const BOOLEANS = `lru_crawler lru_maintainer_thread cas_enabled flush_enabled
  dump_enabled maxconns_fast slab_reassign lru_segmented temp_lru
  detail_enabled shutdown_command auth_enabled_sasl track_sizes`;
const PER_ITEMS_CLASS = `number age crawler_reclaimed evicted evicted_nonzero
  evicted_time evicted_unfetched expired_unfetched outofmemory reclaimed
  tailrepairs moves_to_cold moves_to_warm moves_within_lru number_hot
  number_warm number_cold age_hot age_warm hits_to_hot hits_to_warm
  hits_to_cold hits_to_temp`;
const PER_SLAB = `chunk_size chunks_per_page total_pages total_chunks
  used_chunks free_chunks free_chunks_end get_hits cmd_set delete_hits
  incr_hits decr_hits cas_hits cas_badval touch_hits`;

const words = (text: string) => text.split(/\s+/);

function number(stats: Map<string, string>, name: string): number {
  const text = stats.get(name);
  assert(text !== undefined, `${name} is missing`);
  assertMatch(text, /^-?[0-9]+(\.[0-9]+)?$/, name);
  return Number(text);
}

/** Commands of every kind that is counted, each a known number of times. */
async function traffic(wire: Wire): Promise<void> {
  const exchanges: [send: string, last: string][] = [
    ["set a 0 0 1\r\n1\r\n", "STORED"],
    ["add b 0 0 1\r\n1\r\n", "STORED"],
    ["get a\r\n", "END"],
    ["get a nothing\r\n", "END"],
    ["incr a 1\r\n", "2"],
    ["incr nothing 1\r\n", "NOT_FOUND"],
    ["decr a 1\r\n", "1"],
    ["decr nothing 1\r\n", "NOT_FOUND"],
    ["cas a 0 0 1 1\r\n1\r\n", "EXISTS"],
    ["cas nothing 0 0 1 1\r\n1\r\n", "NOT_FOUND"],
    ["touch a 0\r\n", "TOUCHED"],
    ["touch nothing 0\r\n", "NOT_FOUND"],
    ["delete b\r\n", "DELETED"],
    ["delete b\r\n", "NOT_FOUND"],
    [`set large 0 0 1048577\r\n${"x".repeat(1048577)}\r\n`, ""],
    ["flush_all 1000000\r\n", "OK"],
  ];
  for (const [send, last] of exchanges) {
    await wire.send(send);
    if (last === "END") await wire.lines();
    else if (last !== "") assertEquals(await wire.line(), last, send);
    else assertMatch(await wire.line(), /object too large/);
  }
  await wire.send("gets a\r\n");
  const [head] = await wire.lines();
  const unique = head.split(" ")[4];
  await wire.send(`cas a 0 0 1 ${unique}\r\n5\r\n`);
  assertEquals(await wire.line(), "STORED");
}

inEveryMode("stats has every number that the exporter reads", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    using wire = await connect();
    await traffic(wire);
    const stats = await wire.stats();
    for (const name of words(GENERAL)) number(stats, name);
    for (const name of ["rusage_user", "rusage_system"]) {
      assertMatch(stats.get(name)!, /^[0-9]+\.[0-9]{6}$/, name);
    }
    assertMatch(stats.get("version")!, /^[0-9]+\.[0-9]+\.[0-9]+$/);
    assertEquals(stats.get("pointer_size"), "64");
    const time = number(stats, "time");
    assert(Math.abs(time - Date.now() / 1000) < 30, `time ${time}`);
  });
});

inEveryMode("stats counts what was done", async (mode) => {
  await serving({ mode, args: ["-m", "100"] }, async ({ connect }) => {
    using wire = await connect();
    await traffic(wire);
    const stats = await wire.stats();
    const wanted = {
      cmd_get: 4,
      cmd_set: 5,
      cmd_flush: 1,
      cmd_touch: 2,
      get_hits: 3,
      get_misses: 1,
      incr_hits: 1,
      incr_misses: 1,
      decr_hits: 1,
      decr_misses: 1,
      cas_hits: 1,
      cas_misses: 1,
      cas_badval: 1,
      touch_hits: 1,
      touch_misses: 1,
      delete_hits: 1,
      delete_misses: 1,
      store_too_large: 1,
      store_no_memory: 0,
      curr_items: 1,
      total_items: 3,
      curr_connections: 1,
      total_connections: 1,
      rejected_connections: 0,
      accepting_conns: 1,
      evictions: 0,
      limit_maxbytes: 100 * 1024 * 1024,
    };
    const actual = Object.fromEntries(
      Object.keys(wanted).map((name) => [name, number(stats, name)]),
    );
    assertEquals(actual, wanted);
    assert(number(stats, "bytes_read") > 1048577);
    assert(number(stats, "bytes_written") > 100);
    assert(number(stats, "bytes") > 0);
    assertEquals(await wire.ask("stats reset"), "RESET");
    const after = await wire.stats();
    for (const name of ["cmd_get", "cmd_set", "get_hits", "cas_badval"]) {
      assertEquals(number(after, name), 0, name);
    }
    assertEquals(number(after, "curr_items"), 1);
    assertEquals(number(after, "curr_connections"), 1);
  });
});

inEveryMode("stats settings has what the exporter reads", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    using wire = await connect();
    const settings = await wire.stats("settings");
    for (const name of words(SETTINGS)) number(settings, name);
    for (const name of words(BOOLEANS)) {
      assertMatch(settings.get(name) ?? "missing", /^(yes|no)$/, name);
    }
  });
});

inEveryMode("stats items and slabs agree and are complete", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    using wire = await connect();
    const before = await wire.stats("slabs");
    assertEquals(before.get("active_slabs"), "0");
    number(before, "total_malloced");
    assertEquals((await wire.stats("items")).size, 0);
    for (let i = 0; i < 30; i++) {
      assertEquals(await wire.set(`k${i}`, "x".repeat(i * 1000)), "STORED");
    }
    const items = await wire.stats("items");
    const slabs = await wire.stats("slabs");
    const classes = [...items.keys()].map((name) => name.split(":")[1]);
    let total = 0;
    for (const number_ of new Set(classes)) {
      for (const name of words(PER_ITEMS_CLASS)) {
        // memcached's item classes name nothing that is never there.
        number(items, `items:${number_}:${name}`);
      }
      for (const name of words(PER_SLAB)) number(slabs, `${number_}:${name}`);
      const count = number(items, `items:${number_}:number`);
      assertEquals(count, number(slabs, `${number_}:used_chunks`));
      total += count;
    }
    assertEquals(total, 30);
    assertEquals(total, await wire.stat("curr_items"));
    assertEquals(number(slabs, "active_slabs"), new Set(classes).size);
    assert(number(slabs, "total_malloced") > 30 * 14_000);
  });
});

inEveryMode("stats conns shows every client with its state", async (mode) => {
  await serving({ mode }, async ({ port, connect }) => {
    using wire = await connect();
    using other = await connect();
    assertMatch(await other.ask("version"), /^VERSION /);
    const conns = await wire.stats("conns");
    for (const client of [wire, other]) {
      const { port: own } = client.conn.localAddr as Deno.NetAddr;
      const found = [...conns].find(([, value]) =>
        value === `tcp:127.0.0.1:${own}`
      );
      assert(found !== undefined, "a client is missing");
      const [id] = found[0].split(":");
      assertEquals(conns.get(`${id}:listen_addr`), `tcp:127.0.0.1:${port}`);
      assertMatch(conns.get(`${id}:state`)!, /^conn_/);
      number(conns, `${id}:secs_since_last_cmd`);
    }
    const listening = [...conns.values()].filter((v) => v === "conn_listening");
    assert(listening.length >= 1, "no listener is shown");
  });
});

inEveryMode("stats counts watchers and what they were sent", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    using wire = await connect();
    using watcher = await connect();
    assertEquals(await watcher.ask("watch fetchers"), "OK");
    for (let i = 0; i < 10; i++) {
      await wire.send("get nothing\r\n");
      assertEquals(await wire.lines(), []);
    }
    await watcher.take(500);
    const stats = await wire.stats();
    assertEquals(number(stats, "log_watchers"), 1);
    assert(number(stats, "log_watcher_sent") > 0, "nothing is counted");
  });
});
