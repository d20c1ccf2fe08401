/**
 * Owns the checks of the rows that charts are drawn from.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { HISTORY_POINTS } from "../../../src/base/limits.ts";
import {
  BYTES_READ,
  CLASS_CMD_SET,
  CLASS_GET_HITS,
  CMD_GET,
  COMMANDS_RUN,
  CURR_CONNECTIONS,
} from "../../../src/observe/counters.ts";
import {
  copyCounters,
  History,
  HISTORY_COLUMNS,
  type HistoryRow,
  historyRow,
  type Snapshot,
} from "../../../src/observe/history.ts";
import { MemoryServer } from "../../support/memory_server.ts";

function row(value: number): HistoryRow {
  return Object.fromEntries(
    HISTORY_COLUMNS.map((name) => [name, value]),
  ) as HistoryRow;
}

function snapshot(server: MemoryServer, time: number): Snapshot {
  return {
    time,
    process: server.processFacts(),
    table: server.view.table(),
    counters: copyCounters(server.counters()),
    lagMs: 7,
  };
}

Deno.test("rates are what rose, by the seconds it took", () => {
  const server = new MemoryServer();
  const before = snapshot(server, 1000);
  const { values, batchTimes } = server.counters();
  values[COMMANDS_RUN] += 100;
  values[CMD_GET] += 50;
  values[BYTES_READ] += 5000;
  values[CURR_CONNECTIONS] = 3;
  for (let i = 0; i < 40; i++) server.counters().countClass(2, CLASS_GET_HITS);
  for (let i = 0; i < 5; i++) server.counters().countClass(3, CLASS_CMD_SET);
  batchTimes.count(200);
  const made = historyRow(before, snapshot(server, 1005));
  assertEquals(made.time, 1005);
  assertEquals(made.commands, 20);
  assertEquals(made.gets, 10);
  assertEquals(made.sets, 1);
  assertEquals(made.hit_ratio, 0.8);
  assertEquals(made.bytes_read, 1000);
  assertEquals(made.connections, 3);
  assertEquals(made.lag_ms, 7);
  assertAlmostEquals(made.p99_us, 192, 64);
});

Deno.test("counters that were reset count from zero, idle time has no ratio", () => {
  const server = new MemoryServer();
  const { values } = server.counters();
  values[COMMANDS_RUN] = 1000;
  const before = snapshot(server, 10);
  server.resetCounters();
  values[COMMANDS_RUN] = 50;
  const made = historyRow(before, snapshot(server, 15));
  assertEquals(made.commands, 10);
  assertEquals(made.hit_ratio, NaN);
  assertEquals(made.p50_us, NaN);
});

Deno.test("unknown numbers are null for clients", () => {
  const history = new History(4);
  history.add({ ...row(1), hit_ratio: NaN });
  const { columns } = history.since(0);
  assertEquals(columns.hit_ratio, [null]);
  assertEquals(columns.items, [1]);
});

Deno.test("a client gets only what it does not have", () => {
  const history = new History(4);
  assertEquals(history.since(0).columns.time, []);
  for (let i = 1; i <= 3; i++) history.add(row(i));
  assertEquals(history.since(0).columns.time, [1, 2, 3]);
  assertEquals(history.since(2).columns.time, [3]);
  assertEquals(history.since(3).columns.time, []);
  assertEquals(history.since(99).columns.time, []);
  assertEquals(history.since(0).next, 3);
});

for (const added of [HISTORY_POINTS - 1, HISTORY_POINTS, HISTORY_POINTS + 1]) {
  Deno.test(`after ${added} rows the last ${HISTORY_POINTS} are kept`, () => {
    const history = new History();
    for (let i = 0; i < added; i++) history.add(row(i));
    const { columns, next } = history.since(0);
    assertEquals(next, added);
    assertEquals(columns.time.length, Math.min(added, HISTORY_POINTS));
    assertEquals(columns.time[0], Math.max(0, added - HISTORY_POINTS));
    assertEquals(columns.time.at(-1), added - 1);
  });
}
