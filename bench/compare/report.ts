/**
 * Owns how measurements become medians, ratios, a table and a file. Never
 * measures.
 *
 * @module
 */
import type { Facts } from "./machine.ts";
import type { LoadResult } from "../load/driver.ts";
import { STOLEN_SHARE_MAX, stolenShareMaxOf } from "../load/quiet.ts";
import type { Row } from "./rows.ts";

/** One window of one row against one server. */
export interface Run {
  /** CPU time of the server for one key. */
  cpuUs: number;
  /** CPU time of the driver for one key. */
  driverUs: number;
  keysPerSecond: number;
  p99Us: number;
  /** Share of the machine's time that its host gave to others in the round. */
  stolenShare: number;
}

/** A window of the driver as a run. */
export function runOf(window: LoadResult, stolenShare: number): Run {
  const { keys, keysPerSecond, p99Us } = window;
  return {
    cpuUs: window.serverCpuUs! / keys,
    driverUs: window.driverCpuUs! / keys,
    keysPerSecond,
    p99Us,
    stolenShare,
  };
}

/** All runs of one row, in rounds: the n-th of each ran one after the other. */
export interface RowRuns {
  row: Row;
  /** Requests a second that each round asked for; null for as many as possible. */
  rates: number[] | null;
  ours: Run[];
  /** Of memcached, or of the denocached with other flags beside ours. */
  theirs: Run[];
  /** Rounds that do not count, because too much was stolen from them. */
  repeated: number;
  /** CPU time of ours and of theirs for one key before the first round. */
  firstUs: (number | null)[];
}

/** The middle of many values, and between which of them half of them lie. */
export interface Spread {
  median: number;
  /** Lower and upper quartile. */
  low: number;
  high: number;
  mean: number;
}

export function spreadOf(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  // Between two values in proportion to how near each is.
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place), above = Math.ceil(place);
    return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
  };
  const sum = values.reduce((sum, value) => sum + value, 0);
  const mean = sum / values.length;
  return { median: at(0.5), low: at(0.25), high: at(0.75), mean };
}

/** What a row came to. */
export interface RowResult {
  name: string;
  /** Requests a second that were asked for; null for as many as possible. */
  rates: Spread | null;
  /** The share of them that the server answered that answered less: in half of
   * its windows it was less. */
  rateShare: number | null;
  rounds: number;
  repeated: number;
  /** Rounds that count although too much was stolen, and the most that was. */
  disturbed: number;
  stolenShareMax: number;
  /** µs of CPU for a key, or for the latency row µs of p99. */
  judged: "cpuUs" | "p99Us";
  ours: Spread;
  theirs: Spread;
  /** Of the ratios of the rounds, ours/theirs: the median judges. */
  ratio: Spread;
  /** Ratio of the means, in which the rare pause of a collector counts. */
  ratioOfMeans: number;
  targetNative: number | null;
  targetPortable: number | null;
  oursKeysPerSecond: number;
  theirKeysPerSecond: number;
  oursDriverUs: number;
  theirDriverUs: number;
  oursP99Us: number;
  theirP99Us: number;
  /** CPU time for a key before the first round. */
  oursFirstUs: number | null;
  theirFirstUs: number | null;
}

/** The windows of a row as columns of numbers, for the file. */
export function columnsOf({ row, rates, ours, theirs }: RowRuns) {
  const column = (runs: Run[], key: keyof Run, digits: number) =>
    runs.map((run) => Number(run[key].toFixed(digits)));
  const columns = (runs: Run[]) => ({
    cpuUs: column(runs, "cpuUs", 3),
    p99Us: column(runs, "p99Us", 0),
    keysPerSecond: column(runs, "keysPerSecond", 0),
  });
  return {
    name: row.name,
    ...rates && { rates },
    stolenShare: column(ours, "stolenShare", 3),
    ours: columns(ours),
    theirs: columns(theirs),
  };
}

function rateShareOf(rates: number[], servers: Run[][]): number {
  const shares = servers.map((runs) =>
    runs.map((run, i) => run.keysPerSecond / rates[i])
  );
  return Math.min(...shares.map((ofOne) => spreadOf(ofOne).median));
}

/** Boils the runs of a row down. */
export function summarize(runs: RowRuns): RowResult {
  const { row, ours, theirs } = runs;
  const judged = row.isLatency ? "p99Us" : "cpuUs";
  const of = (list: Run[], key: keyof Run) =>
    spreadOf(list.map((run) => run[key]));
  const left = of(ours, judged), right = of(theirs, judged);
  const ratios = spreadOf(
    ours.map((run, i) => run[judged] / theirs[i][judged]),
  );
  const stolen = ours.map((run) => run.stolenShare);
  const stolenMax = stolenShareMaxOf(row.isLatency);
  return {
    name: row.name,
    rates: runs.rates && spreadOf(runs.rates),
    rateShare: runs.rates && rateShareOf(runs.rates, [ours, theirs]),
    rounds: ours.length,
    repeated: runs.repeated,
    disturbed: stolen.filter((share) => share > stolenMax).length,
    stolenShareMax: Math.max(...stolen),
    judged,
    ours: left,
    theirs: right,
    ratio: ratios,
    ratioOfMeans: left.mean / right.mean,
    targetNative: row.targetNative,
    targetPortable: row.targetPortable,
    oursKeysPerSecond: of(ours, "keysPerSecond").median,
    theirKeysPerSecond: of(theirs, "keysPerSecond").median,
    oursDriverUs: of(ours, "driverUs").median,
    theirDriverUs: of(theirs, "driverUs").median,
    oursP99Us: of(ours, "p99Us").median,
    theirP99Us: of(theirs, "p99Us").median,
    oursFirstUs: runs.firstUs[0],
    theirFirstUs: runs.firstUs[1],
  };
}

// Three significant digits are more than the noise allows.
function us(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function spreadText({ median, low, high }: Spread): string {
  return `${us(median)} (${us(low)}..${us(high)})`;
}

// A ratio above its target is marked.
function targetText(ratio: number, target: number | null): string {
  if (target === null) return "-";
  return ratio > target ? `${target} ABOVE` : `${target} ok`;
}

const COLUMNS: readonly [string, number][] = [
  ["row", 13],
  ["ours us", 23],
  ["theirs us", 23],
  ["ratio", 18],
  ["of means", 9],
  ["native", 12],
  ["portable", 12],
  ["k/s ours", 10],
  ["k/s theirs", 11],
  ["first us", 12],
  ["driver us", 12],
  ["p99 us", 14],
];

function line(cells: string[]): string {
  return cells.map((cell, i) => cell.padEnd(COLUMNS[i][1] - 1)).join(" ")
    .trimEnd();
}

/** The head of the table. */
export function tableHead(): string {
  const titles = line(COLUMNS.map(([title]) => title));
  return titles + "\n" + "-".repeat(titles.length);
}

/** One row of the table. */
export function tableLine(result: RowResult): string {
  const { median, low, high } = result.ratio;
  const kilo = (count: number) => (count / 1000).toFixed(1);
  return line([
    result.name,
    spreadText(result.ours),
    spreadText(result.theirs),
    `${median.toFixed(2)} (${low.toFixed(2)}..${high.toFixed(2)})`,
    result.ratioOfMeans.toFixed(2),
    targetText(median, result.targetNative),
    targetText(median, result.targetPortable),
    kilo(result.oursKeysPerSecond),
    kilo(result.theirKeysPerSecond),
    [result.oursFirstUs, result.theirFirstUs].map((first) =>
      first === null ? "-" : us(first)
    ).join("/"),
    `${us(result.oursDriverUs)}/${us(result.theirDriverUs)}`,
    `${us(result.oursP99Us)}/${us(result.theirP99Us)}`,
  ]);
}

/** What stands above the table. */
export function factsText(facts: Facts): string {
  const memcached = facts.memcached === null
    ? ""
    : `memcached ${facts.memcached}, `;
  return `${facts.cpu}, ${facts.cores} cores, Linux ${facts.kernel}, ` +
    `load average ${facts.loadAverage}\n` +
    `deno ${facts.deno} (V8 ${facts.v8}), denocached ${facts.denocached}, ` +
    memcached + facts.date;
}

/** What stands below it. */
export const LEGEND = "us: server CPU time per key, user and kernel (p99 " +
  "half: p99 latency); median (quartiles) of the windows.\n" +
  "ratio: of neighbouring windows, ours/theirs, median (quartiles); of means: " +
  "of the means of all.\n" +
  "first us: CPU time per key in the seconds before the first round, ours/" +
  "theirs.\n" +
  "native, portable: what the ratio must not exceed with native I/O and with " +
  "Deno's.\nk/s: thousand keys a second, as many as one driver asks for: its " +
  "own CPU time per key is driver us.";

/** The share of the asked rate that must be reached. */
const RATE_SHARE_MIN = 0.95;

/** What is to be said of the latency row; "" for every other row. */
export function rateText(result: RowResult): string {
  const { name, rates, rateShare } = result;
  if (rates === null || rateShare === null) return "";
  const [median, low, high] = [rates.median, rates.low, rates.high].map(
    Math.round,
  );
  const percent = Math.round(rateShare * 100);
  const text = `${name}: at ${median} (${low}..${high}) requests/s, half of ` +
    "what the slower one answered before each round";
  return rateShare >= RATE_SHARE_MIN
    ? text
    : `${text}, of which only ${percent} % were answered: the machine is too ` +
      "busy, this row means nothing";
}

/** What the host of this machine did to the runs; "" if nothing. */
export function stolenText(results: readonly RowResult[]): string {
  const repeated = results.reduce((sum, row) => sum + row.repeated, 0);
  const disturbed = results.filter((row) => row.disturbed > 0);
  if (repeated + disturbed.length === 0) return "";
  const rows = disturbed.map((row) =>
    `${row.name} (${row.disturbed} of ${row.rounds}, at most ` +
    `${Math.round(row.stolenShareMax * 100)} %)`
  );
  return `the host took time away: ${repeated} rounds were repeated` +
    (rows.length === 0 ? "" : "; those that count and lack more than " +
      `${STOLEN_SHARE_MAX * 100} %, or with p99 anything: ${rows.join(", ")}`);
}

/** The load average above which a run is not alone on its machine. */
const LOAD_AVERAGE_MAX = 1;

/** A warning if something else runs on the machine, or "". */
export function busyText(facts: Facts): string {
  return Number(facts.loadAverage) > LOAD_AVERAGE_MAX
    ? `load average ${facts.loadAverage}: something else runs here; trust ` +
      "ratios of CPU times only"
    : "";
}
