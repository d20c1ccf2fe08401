/**
 * Owns the metrics that only this server has, all named denocached_*. Never
 * reads a counter by itself: facts in, families out.
 *
 * @module
 */
import { BATCH_TIME_BUCKETS, type BatchTimes } from "./batch_times.ts";
import {
  BATCHES,
  BYTES_READ,
  BYTES_WRITTEN,
  COMMANDS_RUN,
  type Counters,
  CURR_CONNECTIONS,
  OUTPUT_BYTES,
} from "./counters.ts";
import { type Family, type Sample, single } from "./prometheus.ts";
import type { ProcessFacts, Stat, TableFacts } from "./stats.ts";

/** What these metrics are made of. */
export interface OwnFacts {
  process: ProcessFacts;
  table: TableFacts;
  general: Stat[];
  counters: Counters;
  workers: Counters[];
  /** Longest wait of a timer of the HTTP thread of late. */
  lagMs: number;
  residentBytes: number;
  heapBytes: number;
}

/** Statistics that the exporter leaves out. */
const FURTHER: readonly [
  name: string,
  type: "counter" | "gauge",
  stat: string,
  help: string,
][] = [
  ["meta_commands_total", "counter", "cmd_meta", "Meta commands."],
  [
    "get_expired_total",
    "counter",
    "get_expired",
    "Gets that met an expired item.",
  ],
  [
    "get_flushed_total",
    "counter",
    "get_flushed",
    "Gets that met a flushed item.",
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
    "connections_idle_closed_total",
    "counter",
    "idle_kicks",
    "Connections closed because of idle_timeout.",
  ],
  ["auth_commands_total", "counter", "auth_cmds", "Authentications."],
  [
    "auth_errors_total",
    "counter",
    "auth_errors",
    "Authentications that failed.",
  ],
  ["watchers", "gauge", "log_watchers", "Watch streams open now."],
  [
    "watch_lines_skipped_total",
    "counter",
    "log_watcher_skipped",
    "Lines that slow watchers missed.",
  ],
];

const PER_WORKER: readonly [
  name: string,
  type: "counter" | "gauge",
  counter: number,
  help: string,
][] = [
  ["commands_total", "counter", COMMANDS_RUN, "Commands run."],
  ["batches_total", "counter", BATCHES, "Reads that brought commands."],
  ["connections", "gauge", CURR_CONNECTIONS, "Connections open now."],
  ["read_bytes_total", "counter", BYTES_READ, "Bytes read from clients."],
  [
    "written_bytes_total",
    "counter",
    BYTES_WRITTEN,
    "Bytes written to clients.",
  ],
  ["output_bytes", "gauge", OUTPUT_BYTES, "Replies not yet written."],
];

function batchSeconds(times: BatchTimes): Family {
  const samples: Sample[] = [];
  let seen = 0;
  for (let i = 0; i < BATCH_TIME_BUCKETS; i++) {
    seen += times.values[i];
    const isLast = i === BATCH_TIME_BUCKETS - 1;
    const le = isLast ? "+Inf" : String(2 ** i / 1e6);
    samples.push({ suffix: "_bucket", labels: [["le", le]], value: seen });
  }
  samples.push(
    { suffix: "_sum", labels: [], value: times.sumMicroseconds / 1e6 },
    { suffix: "_count", labels: [], value: seen },
  );
  return {
    name: "denocached_batch_seconds",
    type: "histogram",
    help: "Time from the bytes of a batch being read until the system has " +
      "taken its reply; one batch of 64 is timed.",
    samples,
  };
}

/** The families of these facts. */
export function ownFamilies(facts: OwnFacts): Family[] {
  const stats = new Map(facts.general);
  const workers = facts.workers.map((counters, i) => ({ counters, i }));
  return [
    {
      name: "denocached_info",
      type: "gauge",
      help: "The version of denocached.",
      samples: [{ labels: [["version", facts.process.version]], value: 1 }],
    },
    ...FURTHER.map(([name, type, stat, help]): Family => ({
      name: `denocached_${name}`,
      type,
      help,
      samples: stats.has(stat)
        ? [{ labels: [], value: Number(stats.get(stat)) }]
        : [],
    })),
    single(
      "denocached_index_bytes",
      "gauge",
      "Memory of the index, part of -m.",
      facts.table.indexBytes,
    ),
    ...PER_WORKER.map(([name, type, counter, help]): Family => ({
      name: `denocached_worker_${name}`,
      type,
      help,
      samples: workers.map(({ counters, i }) => ({
        labels: [["worker", i]],
        value: counters.values[counter],
      })),
    })),
    batchSeconds(facts.counters.batchTimes),
    single(
      "denocached_event_loop_lag_seconds",
      "gauge",
      "Longest delay of a timer in the thread that serves HTTP, of late.",
      facts.lagMs / 1000,
    ),
    single(
      "denocached_process_resident_bytes",
      "gauge",
      "Memory of the whole process.",
      facts.residentBytes,
    ),
    single(
      "denocached_process_heap_bytes",
      "gauge",
      "JavaScript heap in use.",
      facts.heapBytes,
    ),
  ];
}
