/**
 * Owns the end-to-end tests that `stats settings` reflects every flag, and
 * that a switch which is reported is in force.
 *
 * @module
 */
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { inEveryMode, serving } from "../support/serving.ts";

const MIB = 1024 * 1024;

/** Flags in groups that go together, and the settings each must show. */
const GROUPS: [args: string[], settings: Record<string, string>][] = [
  [[], {
    maxbytes: String(64 * MIB),
    maxconns: "1024",
    udpport: "0",
    inter: "127.0.0.1",
    verbosity: "0",
    evictions: "on",
    domain_socket: "NULL",
    umask: "700",
    shutdown_command: "no",
    growth_factor: "1.25",
    chunk_size: "48",
    stat_key_prefix: ":",
    detail_enabled: "no",
    reqs_per_event: "20",
    cas_enabled: "yes",
    tcp_backlog: "1024",
    binding_protocol: "auto-negotiate",
    auth_enabled_sasl: "no",
    auth_enabled_ascii: "no",
    item_size_max: String(MIB),
    maxconns_fast: "yes",
    flush_enabled: "yes",
    dump_enabled: "yes",
    lru_crawler: "yes",
    lru_maintainer_thread: "yes",
    idle_timeout: "0",
    track_sizes: "no",
    client_flags_size: "4",
    memory_file: "(null)",
  }],
  [["-m", "128m", "-M", "-c", "77", "-I", "2m", "-C", "-A", "-b", "99"], {
    maxbytes: String(128 * MIB),
    evictions: "off",
    maxconns: "77",
    item_size_max: String(2 * MIB),
    cas_enabled: "no",
    shutdown_command: "yes",
    tcp_backlog: "99",
  }],
  [["-F", "-X", "-vv", "-D", "-", "-R", "5", "-f", "1.5", "-n", "80"], {
    flush_enabled: "no",
    dump_enabled: "no",
    verbosity: "2",
    stat_key_prefix: "-",
    detail_enabled: "yes",
    reqs_per_event: "5",
    growth_factor: "1.50",
    chunk_size: "80",
  }],
  [["-B", "ascii", "-o", "idle_timeout=60,track_sizes,no_maxconns_fast"], {
    binding_protocol: "ascii",
    idle_timeout: "60",
    track_sizes: "yes",
    maxconns_fast: "no",
  }],
  [[
    "-o",
    "hashpower=20,hash_algorithm=xxh3,tail_repair_time=60,slab_automove=2," +
    "slab_automove_ratio=0.5,slab_automove_window=30,slab_chunk_max=256",
    "-o",
    "lru_crawler_sleep=200,lru_crawler_tocrawl=9,hot_lru_pct=10," +
    "warm_lru_pct=30,hot_max_factor=0.5,warm_max_factor=3,temporary_ttl=9",
    "-o",
    "watcher_logbuf_size=512,worker_logbuf_size=128,inline_ascii_resp",
  ], {
    hashpower_init: "20",
    hash_algorithm: "xxh3",
    tail_repair_time: "60",
    slab_automove: "2",
    slab_automove_ratio: "0.50",
    slab_automove_window: "30",
    slab_chunk_max: String(256 * 1024),
    lru_crawler_sleep: "200",
    lru_crawler_tocrawl: "9",
    hot_lru_pct: "10",
    warm_lru_pct: "30",
    hot_max_factor: "0.50",
    warm_max_factor: "3.00",
    temp_lru: "yes",
    temporary_ttl: "9",
    watcher_logbuf_size: String(512 * 1024),
    worker_logbuf_size: String(128 * 1024),
    inline_ascii_response: "yes",
  }],
  [["-o", "no_modern"], {
    maxconns_fast: "no",
    slab_reassign: "no",
    slab_automove: "0",
    lru_crawler: "no",
    lru_maintainer_thread: "no",
    lru_segmented: "no",
  }],
];

for (const [args, wanted] of GROUPS) {
  inEveryMode(
    `stats settings reflects ${args.join(" ") || "the defaults"}`,
    async (mode) => {
      await serving({ mode, args }, async ({ port, connect }) => {
        using wire = await connect();
        const settings = await wire.stats("settings");
        const actual = Object.fromEntries(
          Object.keys(wanted).map((name) => [name, settings.get(name)]),
        );
        assertEquals(actual, wanted);
        assertEquals(settings.get("tcpport"), String(port));
        assertEquals(settings.get("num_threads"), mode.args[1]);
      });
    },
  );
}

inEveryMode("-F, -X and -W switch commands off", async (mode) => {
  await serving({ mode, args: ["-F", "-X", "-W"] }, async ({ connect }) => {
    using wire = await connect();
    assertEquals(await wire.set("k", "v"), "STORED");
    const answers = [
      ["flush_all", "CLIENT_ERROR flush_all not allowed"],
      ["stats cachedump 1 0", "CLIENT_ERROR stats cachedump not allowed"],
      ["stats detail on", "CLIENT_ERROR stats detail not allowed"],
      ["lru_crawler metadump all", "ERROR metadump not allowed"],
      ["lru_crawler mgdump all", "ERROR key dump not allowed"],
      ["watch", "CLIENT_ERROR watch commands not allowed"],
    ];
    for (const [command, answer] of answers) {
      assertEquals(await wire.ask(command), answer);
    }
    await wire.expectValue("k", new TextEncoder().encode("v"));
  });
});

inEveryMode(
  "-C shows no cas numbers, -D counts by its prefix",
  async (mode) => {
    await serving({ mode, args: ["-C", "-D", "/"] }, async ({ connect }) => {
      using wire = await connect();
      assertEquals(await wire.set("user/1", "v"), "STORED");
      await wire.send("gets user/1 user/2\r\n");
      assertEquals(await wire.lines(), ["VALUE user/1 0 1 0", "v"]);
      await wire.send("stats detail dump\r\n");
      assertEquals(await wire.lines(), ["PREFIX user get 2 hit 1 set 1 del 0"]);
    });
  },
);

inEveryMode("cas numbers differ without -C", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    using wire = await connect();
    const seen: string[] = [];
    for (let i = 0; i < 2; i++) {
      assertEquals(await wire.set("k", "v"), "STORED");
      await wire.send("gets k\r\n");
      seen.push((await wire.lines())[0].split(" ")[4]);
      assertMatch(seen[i], /^[1-9][0-9]*$/);
    }
    assertNotEquals(seen[0], seen[1]);
  });
});
