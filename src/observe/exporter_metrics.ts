/**
 * Owns the metrics that memcached_exporter makes of a server's statistics,
 * under its names, types and labels, so that its dashboards and alerts go on.
 * Never reads a counter: statistics in, families out.
 *
 * Names: prometheus/memcached_exporter 17e002c, pkg/exporter/exporter.go.
 * Like there, a statistic that is missing gives no sample.
 *
 * @module
 */
import type { Family, Sample } from "./prometheus.ts";
import type { Stat } from "./stats.ts";

/** The statistics that the metrics are made of. */
export interface StatGroups {
  general: Stat[];
  settings: Stat[];
  /** `stats items`: items:<class>:<name>. */
  items: Stat[];
  /** `stats slabs`: <class>:<name>, and two without a class. */
  slabs: Stat[];
}

type Values = Map<string, string | number>;
type Row = [
  name: string,
  type: "counter" | "gauge",
  stat: string,
  help: string,
];

const GENERAL: readonly Row[] = [
  ["uptime_seconds", "counter", "uptime", "Seconds since the start."],
  ["time_seconds", "gauge", "time", "Unix time of the server."],
  [
    "process_user_cpu_seconds_total",
    "counter",
    "rusage_user",
    "CPU time in user mode.",
  ],
  [
    "process_system_cpu_seconds_total",
    "counter",
    "rusage_system",
    "CPU time in the kernel.",
  ],
  ["read_bytes_total", "counter", "bytes_read", "Bytes read from clients."],
  [
    "written_bytes_total",
    "counter",
    "bytes_written",
    "Bytes written to clients.",
  ],
  [
    "current_connections",
    "gauge",
    "curr_connections",
    "Connections open now.",
  ],
  [
    "connections_total",
    "counter",
    "total_connections",
    "Connections opened so far.",
  ],
  [
    "connections_rejected_total",
    "counter",
    "rejected_connections",
    "Connections refused because of -c.",
  ],
  [
    "connections_yielded_total",
    "counter",
    "conn_yields",
    "Turns that ran more requests than -R.",
  ],
  [
    "connections_listener_disabled_total",
    "counter",
    "listen_disabled_num",
    "Times that accepting stopped because of -c.",
  ],
  [
    "accepting_connections",
    "gauge",
    "accepting_conns",
    "1 while connections are accepted.",
  ],
  ["current_bytes", "gauge", "bytes", "Bytes of the items stored now."],
  ["limit_bytes", "gauge", "limit_maxbytes", "Memory for items, -m."],
  ["current_items", "gauge", "curr_items", "Items stored now."],
  ["items_total", "counter", "total_items", "Items stored so far."],
  [
    "items_evicted_total",
    "counter",
    "evictions",
    "Live items dropped to make room.",
  ],
  [
    "items_reclaimed_total",
    "counter",
    "reclaimed",
    "Expired items whose memory was used again.",
  ],
  [
    "item_too_large_total",
    "counter",
    "store_too_large",
    "Stores refused because of -I.",
  ],
  [
    "item_no_memory_total",
    "counter",
    "store_no_memory",
    "Stores refused for want of memory.",
  ],
  [
    "direct_reclaims_total",
    "counter",
    "direct_reclaims",
    "Evictions by a worker itself (always 0 here).",
  ],
  [
    "lru_crawler_starts_total",
    "counter",
    "lru_crawler_starts",
    "Starts of the crawler (there is none here).",
  ],
  [
    "lru_crawler_reclaimed_total",
    "counter",
    "crawler_reclaimed",
    "Expired items removed in the background.",
  ],
  [
    "lru_crawler_items_checked_total",
    "counter",
    "crawler_items_checked",
    "Items looked at in the background.",
  ],
  [
    "lru_crawler_moves_to_cold_total",
    "counter",
    "moves_to_cold",
    "Moves between LRU lists (there are none here).",
  ],
  [
    "lru_crawler_moves_to_warm_total",
    "counter",
    "moves_to_warm",
    "Moves between LRU lists (there are none here).",
  ],
  [
    "lru_crawler_moves_within_lru_total",
    "counter",
    "moves_within_lru",
    "Moves within LRU lists (there are none here).",
  ],
];

/** Only shown while the setting lru_crawler is yes. */
const CRAWLER: readonly Row[] = [
  ["lru_crawler_enabled", "gauge", "lru_crawler", "Setting lru_crawler."],
  [
    "lru_crawler_sleep",
    "gauge",
    "lru_crawler_sleep",
    "Setting lru_crawler_sleep, in microseconds.",
  ],
  [
    "lru_crawler_to_crawl",
    "gauge",
    "lru_crawler_tocrawl",
    "Setting lru_crawler_tocrawl.",
  ],
  [
    "lru_crawler_maintainer_thread",
    "gauge",
    "lru_maintainer_thread",
    "Setting lru_maintainer.",
  ],
  [
    "lru_crawler_hot_percent",
    "gauge",
    "hot_lru_pct",
    "Setting hot_lru_pct.",
  ],
  [
    "lru_crawler_warm_percent",
    "gauge",
    "warm_lru_pct",
    "Setting warm_lru_pct.",
  ],
  [
    "lru_crawler_hot_max_factor",
    "gauge",
    "hot_max_factor",
    "Setting hot_max_factor.",
  ],
  [
    "lru_crawler_warm_max_factor",
    "gauge",
    "warm_max_factor",
    "Setting warm_max_factor.",
  ],
];

const PER_ITEMS_CLASS: readonly Row[] = [
  ["current_items", "gauge", "number", "Items of this size class."],
  ["items_age_seconds", "gauge", "age", "Age of the oldest item."],
  [
    "items_crawler_reclaimed_total",
    "counter",
    "crawler_reclaimed",
    "Expired items removed in the background.",
  ],
  ["items_evicted_total", "counter", "evicted", "Live items dropped."],
  [
    "items_evicted_nonzero_total",
    "counter",
    "evicted_nonzero",
    "Live items dropped that had an expiration time.",
  ],
  [
    "items_evicted_time_seconds",
    "counter",
    "evicted_time",
    "Seconds that the item dropped last had not been asked for.",
  ],
  [
    "items_evicted_unfetched_total",
    "counter",
    "evicted_unfetched",
    "Items dropped that nobody ever got.",
  ],
  [
    "items_expired_unfetched_total",
    "counter",
    "expired_unfetched",
    "Items expired that nobody ever got.",
  ],
  [
    "items_outofmemory_total",
    "counter",
    "outofmemory",
    "Stores refused for want of memory.",
  ],
  [
    "items_reclaimed_total",
    "counter",
    "reclaimed",
    "Expired items whose memory was used again.",
  ],
  [
    "items_tailrepairs_total",
    "counter",
    "tailrepairs",
    "Repairs of LRU lists (there are none here).",
  ],
  [
    "mem_requested_bytes",
    "counter",
    "mem_requested",
    "Bytes of the items stored now.",
  ],
  ["items_moves_to_cold", "counter", "moves_to_cold", "Moves (none here)."],
  ["items_moves_to_warm", "counter", "moves_to_warm", "Moves (none here)."],
  [
    "items_moves_within_lru",
    "counter",
    "moves_within_lru",
    "Moves (none here).",
  ],
  ["hot_items", "gauge", "number_hot", "Items in the HOT list."],
  ["warm_items", "gauge", "number_warm", "Items in the WARM list."],
  ["cold_items", "gauge", "number_cold", "Items in the COLD list (all here)."],
  ["temporary_items", "gauge", "number_temp", "Items in the TEMP list."],
  ["hot_age_seconds", "gauge", "age_hot", "Age of the oldest HOT item."],
  ["warm_age_seconds", "gauge", "age_warm", "Age of the oldest WARM item."],
];

const PER_SLAB: readonly Row[] = [
  ["chunk_size_bytes", "gauge", "chunk_size", "Largest item of the class."],
  ["chunks_per_page", "gauge", "chunks_per_page", "Items per page."],
  ["current_pages", "gauge", "total_pages", "Pages that the items would fill."],
  ["current_chunks", "gauge", "total_chunks", "Chunks of those pages."],
  ["chunks_used", "gauge", "used_chunks", "Chunks that hold items."],
  ["chunks_free", "gauge", "free_chunks", "Chunks that hold none."],
  ["chunks_free_end", "gauge", "free_chunks_end", "Chunks never used."],
];

/** Commands that count hits and misses. */
const COUNTED_COMMANDS = ["get", "delete", "incr", "decr", "cas", "touch"];

function toNumber(value: string | number): number {
  if (value === "yes") return 1;
  if (value === "no") return 0;
  return Number(value);
}

function sample(
  values: Values,
  stat: string,
  labels: [string, string][] = [],
): Sample[] {
  const value = values.get(stat);
  return value === undefined ? [] : [{ labels, value: toNumber(value) }];
}

function families(rows: readonly Row[], values: Values): Family[] {
  return rows.map(([name, type, stat, help]) => ({
    name: `memcached_${name}`,
    type,
    help,
    samples: sample(values, stat),
  }));
}

// A store with cas is counted by cmd_set once more.
function plainSets(values: Values, cas: string[], labels: [string, string][]) {
  const sets = values.get("cmd_set");
  if (sets === undefined) return [];
  let value = toNumber(sets);
  for (const name of cas) value -= toNumber(values.get(name) ?? 0);
  return [{ labels, value }];
}

function commands(values: Values): Family {
  const labels = (command: string, status: string): [string, string][] => [
    ["command", command],
    ["status", status],
  ];
  const samples = COUNTED_COMMANDS.flatMap((command) => [
    ...sample(values, `${command}_hits`, labels(command, "hit")),
    ...sample(values, `${command}_misses`, labels(command, "miss")),
  ]);
  const cas = ["cas_misses", "cas_hits", "cas_badval"];
  samples.push(
    ...sample(values, "cas_badval", labels("cas", "badval")),
    ...sample(values, "cmd_flush", labels("flush", "hit")),
    ...plainSets(values, cas, labels("set", "hit")),
  );
  return {
    name: "memcached_commands_total",
    type: "counter",
    help: "Requests by command and outcome.",
    samples,
  };
}

// Statistics of each class by its number, in the order of the statistics.
function byClass(stats: Stat[], pattern: RegExp): [string, Values][] {
  const classes = new Map<string, Values>();
  for (const [name, value] of stats) {
    const match = pattern.exec(name);
    if (match === null) continue;
    let values = classes.get(match[1]);
    if (values === undefined) classes.set(match[1], values = new Map());
    values.set(match[2], value);
  }
  return [...classes];
}

function classFamilies(
  rows: readonly Row[],
  classes: [string, Values][],
): Family[] {
  return rows.map(([name, type, stat, help]) => ({
    name: `memcached_slab_${name}`,
    type,
    help,
    samples: classes.flatMap(([slab, values]) =>
      sample(values, stat, [["slab", slab]])
    ),
  }));
}

function lruHits(classes: [string, Values][]): Family {
  const lists = [["hot", "hot"], ["warm", "warm"], ["cold", "cold"], [
    "temp",
    "temporary",
  ]];
  return {
    name: "memcached_slab_lru_hits_total",
    type: "counter",
    help: "Gets that hit, by LRU list (all COLD here).",
    samples: classes.flatMap(([slab, values]) =>
      lists.flatMap(([stat, lru]) =>
        sample(values, `hits_to_${stat}`, [["slab", slab], ["lru", lru]])
      )
    ),
  };
}

function slabCommands(classes: [string, Values][]): Family {
  return {
    name: "memcached_slab_commands_total",
    type: "counter",
    help: "Requests by size class, command and outcome.",
    samples: classes.flatMap(([slab, values]) => {
      const labels = (command: string, status: string): [string, string][] => [
        ["slab", slab],
        ["command", command],
        ["status", status],
      ];
      return [
        ...COUNTED_COMMANDS.flatMap((command) =>
          sample(values, `${command}_hits`, labels(command, "hit"))
        ),
        ...sample(values, "cas_badval", labels("cas", "badval")),
        ...plainSets(values, ["cas_hits", "cas_badval"], labels("set", "hit")),
      ];
    }),
  };
}

/** The families of these statistics, those without samples included. */
export function exporterFamilies(groups: StatGroups): Family[] {
  const general: Values = new Map(groups.general);
  const settings: Values = new Map(groups.settings);
  const slabs: Values = new Map(groups.slabs);
  const itemClasses = byClass(groups.items, /^items:(\d+):(.+)$/);
  const slabClasses = byClass(groups.slabs, /^(\d+):(.+)$/);
  const hasCrawler = settings.get("lru_crawler") === "yes";
  return [
    {
      name: "memcached_up",
      type: "gauge",
      help: "1: the server answers.",
      samples: [{ labels: [], value: 1 }],
    },
    {
      name: "memcached_version",
      type: "gauge",
      help: "The version of memcached that this server stands for.",
      samples: [{
        labels: [["version", String(general.get("version"))]],
        value: 1,
      }],
    },
    ...families(GENERAL, general),
    commands(general),
    ...families(
      [["max_connections", "gauge", "maxconns", "Most connections, -c."]],
      settings,
    ),
    ...families(
      [["malloced_bytes", "gauge", "total_malloced", "Pages in use."]],
      slabs,
    ),
    ...(hasCrawler ? families(CRAWLER, settings) : []),
    ...classFamilies(PER_ITEMS_CLASS, itemClasses),
    lruHits(itemClasses),
    ...classFamilies(PER_SLAB, slabClasses),
    slabCommands(slabClasses),
  ];
}
