/**
 * Owns the numbers of the last hour that charts are drawn from: one row every
 * few seconds, the oldest giving way. Never reads a clock or a counter.
 *
 * @module
 */
import { HISTORY_INTERVAL_SECONDS, HISTORY_POINTS } from "../base/limits.ts";
import {
  BYTES_READ,
  BYTES_WRITTEN,
  CLASS_CMD_SET,
  CLASS_GET_HITS,
  CMD_GET,
  COMMANDS_RUN,
  Counters,
  CURR_CONNECTIONS,
} from "./counters.ts";
import type { ProcessFacts, TableFacts } from "./stats.ts";

/** The columns: rates are per second, over the time since the row before. */
export const HISTORY_COLUMNS = [
  /** Unix seconds. */
  "time",
  "commands",
  "gets",
  "sets",
  /** 0..1; NaN when there was no get. */
  "hit_ratio",
  /** Batch times in microseconds; NaN when none was timed. */
  "p50_us",
  "p99_us",
  /** Longest delay of a timer, milliseconds. */
  "lag_ms",
  "bytes_read",
  "bytes_written",
  /** Seconds of CPU time per second. */
  "cpu",
  "evictions",
  "items",
  "bytes",
  "limit_bytes",
  "connections",
] as const;

export type HistoryColumn = typeof HISTORY_COLUMNS[number];
export type HistoryRow = Record<HistoryColumn, number>;

/** The facts that rows are made from. */
export interface Snapshot {
  /** Unix time with fractions. */
  time: number;
  process: ProcessFacts;
  table: TableFacts;
  counters: Counters;
  lagMs: number;
}

// After `stats reset` a counter is smaller than before: it counts from 0.
function rise(now: number, before: number): number {
  return now >= before ? now - before : now;
}

/** The row for the time between two snapshots. */
export function historyRow(before: Snapshot, now: Snapshot): HistoryRow {
  const seconds = Math.max(1e-3, now.time - before.time);
  const { values } = now.counters;
  const rate = (counter: number) =>
    rise(values[counter], before.counters.values[counter]) / seconds;
  const sum = (column: number) =>
    rise(
      now.counters.sumOfClasses(column),
      before.counters.sumOfClasses(column),
    ) / seconds;
  const gets = rate(CMD_GET);
  const times = now.counters.batchTimes.since(before.counters.batchTimes);
  const cpu = (facts: ProcessFacts) =>
    (facts.userMicroseconds + facts.systemMicroseconds) / 1e6;
  return {
    time: now.time,
    commands: rate(COMMANDS_RUN),
    gets,
    sets: sum(CLASS_CMD_SET),
    hit_ratio: gets === 0 ? NaN : Math.min(1, sum(CLASS_GET_HITS) / gets),
    p50_us: times.quantile(0.5),
    p99_us: times.quantile(0.99),
    lag_ms: now.lagMs,
    bytes_read: rate(BYTES_READ),
    bytes_written: rate(BYTES_WRITTEN),
    cpu: rise(cpu(now.process), cpu(before.process)) / seconds,
    evictions: rise(now.table.evictions, before.table.evictions) / seconds,
    items: now.table.items,
    bytes: now.table.liveBytes,
    limit_bytes: now.table.limitBytes,
    connections: values[CURR_CONNECTIONS],
  };
}

/** A copy that later counting does not change. */
export function copyCounters(counters: Counters): Counters {
  const copy = new Counters();
  copy.add(counters);
  return copy;
}

/** What a client reads: column by column, unknown numbers as null. */
export interface HistoryReply {
  intervalSeconds: number;
  /** Number of the row that comes next; ask for rows from here on. */
  next: number;
  columns: Record<string, (number | null)[]>;
}

/** The rows of the last hour. */
export class History {
  readonly #columns: Float64Array[];
  readonly #capacity: number;
  /** Rows that were ever added; the next one's number. */
  #next = 0;

  constructor(capacity = HISTORY_POINTS) {
    this.#capacity = capacity;
    this.#columns = HISTORY_COLUMNS.map(() => new Float64Array(capacity));
  }

  add(row: HistoryRow): void {
    const place = this.#next++ % this.#capacity;
    HISTORY_COLUMNS.forEach((name, i) => this.#columns[i][place] = row[name]);
  }

  /** The rows from number `from` on that are still there. */
  since(from: number): HistoryReply {
    const first = Math.max(0, from, this.#next - this.#capacity);
    const columns: Record<string, (number | null)[]> = {};
    HISTORY_COLUMNS.forEach((name, i) => {
      const list: (number | null)[] = columns[name] = [];
      for (let row = first; row < this.#next; row++) {
        const value = this.#columns[i][row % this.#capacity];
        list.push(Number.isNaN(value) ? null : round(value));
      }
    });
    return {
      intervalSeconds: HISTORY_INTERVAL_SECONDS,
      next: this.#next,
      columns,
    };
  }
}

// More digits than a chart can show only make the reply longer.
function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
