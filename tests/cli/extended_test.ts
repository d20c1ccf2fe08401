/**
 * Owns the tests of the options of -o: every one of memcached's is known,
 * those that mean something are set, bad values are refused in its words.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Settings, SETTINGS_DEFAULT } from "../../src/base/settings.ts";
import {
  applyExtended,
  EXTENDED,
  WITHOUT_EFFECT,
} from "../../src/cli/extended.ts";
import { TLS_OPTIONS } from "../../src/cli/tls_options.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { changed, refusal } from "./configured.ts";

/** Every option of memcached 1.6.45 beside TLS and the proxy, as written. */
const ACCEPTED = [
  "maxconns_fast",
  "no_maxconns_fast",
  "idle_timeout=60",
  "modern",
  "no_modern",
  "watcher_logbuf_size=512",
  "worker_logbuf_size=128",
  "track_sizes",
  "temporary_ttl=30",
  "hashpower=20",
  "no_hashexpand",
  "hash_algorithm=jenkins",
  "tail_repair_time=3600",
  "slab_reassign",
  "no_slab_reassign",
  "slab_automove",
  "slab_automove=0",
  "slab_automove=2",
  "no_slab_automove",
  "slab_automove_ratio=0.5",
  "slab_automove_window=30",
  "slab_sizes=100-200-300",
  "slab_chunk_max=256",
  "no_chunked_items",
  "lru_crawler",
  "no_lru_crawler",
  "lru_crawler_sleep=1000",
  "lru_crawler_tocrawl=50",
  "lru_maintainer",
  "no_lru_maintainer",
  "hot_lru_pct=30",
  "warm_lru_pct=30",
  "hot_max_factor=0.5",
  "warm_max_factor=3",
  "inline_ascii_resp",
  "no_inline_ascii_resp",
  "resp_obj_mem_limit=10",
  "read_buf_mem_limit=16",
  "drop_privileges",
  "no_drop_privileges",
  "sock_cookie_id=1",
  "relaxed_privileges",
  "ext_path=/tmp/x:1g:low_ttl",
  "ext_page_size=64",
  "ext_wbuf_size=4",
  "ext_threads=2",
  "ext_io_depth=4",
  "ext_item_size=512",
  "ext_item_age=60",
  "ext_low_ttl=60",
  "ext_drop_unread",
  "ext_recache_rate=100",
  "ext_compact_under=4",
  "ext_drop_under=2",
  "ext_max_frag=0.8",
  "ext_max_sleep=1000",
  "slab_automove_freeratio=0.02",
];

/** Options that set something, with all that they set. */
const SETS: [option: string, settings: Partial<Settings>][] = [
  ["maxconns_fast", {}],
  ["no_maxconns_fast", { maxconnsFast: false }],
  ["idle_timeout=60", { idleTimeoutSeconds: 60 }],
  ["idle_timeout=0", {}],
  ["track_sizes", { trackSizes: true }],
  ["watcher_logbuf_size=512", { watcherBufferBytes: 512 * 1024 }],
  ["worker_logbuf_size=128", { workerLogbufBytes: 128 * 1024 }],
  ["size_bias=1", { sizeBias: 1 }],
  ["relaxed_privileges", { debugCommands: true }],
  ["hashpower=12", { hashpowerInit: 12 }],
  ["hashpower=32", { hashpowerInit: 32 }],
  ["hash_algorithm=xxh3", { hashAlgorithm: "xxh3" }],
  ["tail_repair_time=10", { tailRepairTime: 10 }],
  ["no_slab_reassign", { slabReassign: false }],
  ["slab_automove=2", { slabAutomove: 2 }],
  ["no_slab_automove", { slabAutomove: 0 }],
  ["slab_automove_ratio=0.5", { slabAutomoveRatio: 0.5 }],
  ["slab_automove_window=3", { slabAutomoveWindow: 3 }],
  ["slab_automove_freeratio=0.5", { slabAutomoveFreeratio: 0.5 }],
  ["slab_chunk_max=16", { slabChunkMax: 16 * 1024 }],
  ["no_lru_crawler", { lruCrawler: false }],
  ["lru_crawler_sleep=0", { lruCrawlerSleep: 0 }],
  ["lru_crawler_sleep=1000000", { lruCrawlerSleep: 1_000_000 }],
  ["lru_crawler_tocrawl=50", { lruCrawlerTocrawl: 50 }],
  ["no_lru_maintainer", { lruMaintainer: false, lruSegmented: false }],
  ["hot_lru_pct=1", { hotLruPct: 1 }],
  ["warm_lru_pct=50", { warmLruPct: 50 }],
  ["hot_max_factor=0.1", { hotMaxFactor: 0.1 }],
  ["warm_max_factor=1.5", { warmMaxFactor: 1.5 }],
  ["temporary_ttl=30", { temporaryTtl: 30, tempLru: true }],
  ["inline_ascii_resp", { inlineAsciiResponse: true }],
  ["read_buf_mem_limit=16", { readBufMemLimit: 16 * 1024 * 1024 }],
  ["modern", {}],
  ["no_modern", {
    maxconnsFast: false,
    slabReassign: false,
    slabAutomove: 0,
    lruCrawler: false,
    lruMaintainer: false,
    lruSegmented: false,
  }],
  ["no_modern,maxconns_fast,lru_crawler,slab_automove,slab_reassign", {
    lruMaintainer: false,
    lruSegmented: false,
  }],
  ["idle_timeout=5,no_maxconns_fast,", {
    idleTimeoutSeconds: 5,
    maxconnsFast: false,
  }],
];

/** Options that memcached refuses, in its words. */
const REFUSED: [option: string, text: string][] = [
  ["nothing", 'Illegal suboption "nothing"'],
  ["nothing=5", 'Illegal suboption "nothing"'],
  ["idle_timeouts=5", 'Illegal suboption "idle_timeouts"'],
  ["track_sizes,nothing", 'Illegal suboption "nothing"'],
  ["MAXCONNS_FAST", 'Illegal suboption "MAXCONNS_FAST"'],
  ["constructor", 'Illegal suboption "constructor"'],
  ["idle_timeout", "Missing numeric argument for idle_timeout"],
  ["hashpower", "Missing numeric argument for hashpower"],
  ["hashpower=11", "Initial hashtable multiplier of 11 is too low"],
  ["hashpower=33", "Initial hashtable multiplier of 33 is too high"],
  ["hash_algorithm", "Missing hash_algorithm argument"],
  [
    "hash_algorithm=md5",
    "Unknown hash_algorithm option (jenkins, murmur3, xxh3)",
  ],
  ["hot_lru_pct", "Missing hot_lru_pct argument"],
  ["hot_lru_pct=0", "hot_lru_pct must be > 1 and < 80"],
  ["hot_lru_pct=80", "hot_lru_pct must be > 1 and < 80"],
  ["warm_lru_pct=80", "warm_lru_pct must be > 1 and < 80"],
  ["hot_max_factor=0", "hot_max_factor must be > 0"],
  ["warm_max_factor=-1", "warm_max_factor must be > 0"],
  ["warm_max_factor", "Missing warm_max_factor argument"],
  [
    "lru_crawler_sleep=1000001",
    "LRU crawler sleep must be between 0 and 1 second",
  ],
  ["lru_crawler_sleep=-1", "LRU crawler sleep must be between 0 and 1 second"],
  ["tail_repair_time=9", "Cannot set tail_repair_time to less than 10 seconds"],
  ["slab_automove=3", "slab_automove must be between 0 and 2"],
  ["slab_automove_ratio=0", "slab_automove_ratio must be > 0 and < 1"],
  ["slab_automove_ratio=2", "slab_automove_ratio must be > 0 and < 1"],
  ["watcher_logbuf_size", "Missing watcher_logbuf_size argument"],
  ["slab_chunk_max=0", "slab_chunk_max must be >= 0"],
];

function fresh(): Settings {
  return structuredClone(SETTINGS_DEFAULT);
}

for (const option of ACCEPTED) {
  Deno.test(`-o ${option} is accepted`, () => {
    const idle = applyExtended(fresh(), option);
    const name = option.split("=")[0];
    assertEquals(idle, WITHOUT_EFFECT.has(name) ? [name] : []);
  });
}

for (const [option, settings] of SETS) {
  Deno.test(`-o ${option} sets what it should`, () => {
    assertEquals(changed("-o", option), settings);
  });
}

for (const [option, text] of REFUSED) {
  Deno.test(`-o ${option} is refused with exit code 1`, () => {
    assertEquals(refusal("-o", option), [1, text]);
  });
}

Deno.test("-o: what is no number is refused", () => {
  for (const name of ["idle_timeout", "hashpower", "hot_max_factor"]) {
    for (const value of ["", "x", "5x", " "]) {
      assertEquals(refusal("-o", `${name}=${value}`)[0], 1, `${name}=${value}`);
    }
  }
});

for (
  const [name, text] of [
    ["watcher_logbuf_size", "could not parse argument to watcher_logbuf_size"],
    ["worker_logbuf_size", "could not parse argument to worker_logbuf_size"],
    ["read_buf_mem_limit", "could not parse argument to read_buf_mem_limit"],
    ["lru_crawler_tocrawl", "lru_crawler_tocrawl takes a numeric 32bit value"],
  ]
) {
  Deno.test(`-o ${name}=-1 is refused as memcached does`, () => {
    assertEquals(refusal("-o", `${name}=-1`), [1, text]);
  });
}

Deno.test("-o: hot and warm together are at most 80 %", () => {
  const text = "hot_lru_pct + warm_lru_pct cannot be more than 80% combined";
  assertEquals(refusal("-o", "hot_lru_pct=50,warm_lru_pct=31"), [64, text]);
  changed("-o", "hot_lru_pct=50,warm_lru_pct=30");
});

Deno.test("-o: the proxy is refused, never ignored", () => {
  const error = assertThrows(
    () => applyExtended(fresh(), "proxy_config=x"),
    UsageError,
    "not available",
  );
  assertEquals((error as UsageError).exitCode, 64);
});

Deno.test("-o may be given several times and may be empty", () => {
  assertEquals(changed("-o", "track_sizes", "-o", "idle_timeout=1"), {
    trackSizes: true,
    idleTimeoutSeconds: 1,
  });
  assertEquals(changed("-o", ","), {});
});

Deno.test("the list of tests has every option there is", () => {
  const tested = new Set(
    [...ACCEPTED, "size_bias"].map((option) => option.split("=")[0]),
  );
  // These have tests of their own.
  for (const [name] of TLS_OPTIONS) tested.add(name);
  for (const name of EXTENDED.keys()) assert(tested.has(name), name);
  assertEquals(tested.size, EXTENDED.size);
});
