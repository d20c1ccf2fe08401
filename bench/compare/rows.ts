/**
 * Owns the workloads of the comparison and what each must reach. Never runs
 * anything.
 *
 * @module
 */
import { LOAD_DEFAULT, type LoadOptions, type Mode } from "../load/options.ts";

/** Values of one size, under key numbers of their own, so that all sizes are
 * in the servers at the same time (310 MB together). */
export interface DataSet {
  valueBytes: number;
  first: number;
  keys: number;
}

const SMALL: DataSet = { valueBytes: 100, first: 0, keys: 100_000 };
const KB_1: DataSet = { valueBytes: 1024, first: 1_000_000, keys: 100_000 };
const KB_10: DataSet = { valueBytes: 10_240, first: 2_000_000, keys: 10_000 };
const KB_100: DataSet = { valueBytes: 102_400, first: 3_000_000, keys: 1_000 };

/** A workload. Targets are ratios ours/memcached that must not be exceeded;
 * null where none was set. */
export interface Row {
  name: string;
  mode: Mode;
  pipe: number;
  data: DataSet;
  /** CPU time per request with the native I/O engine. */
  targetNative: number | null;
  /** The same with Deno's sockets. */
  targetPortable: number | null;
  /** Judged by p99 at half of the peak rate, not by CPU time. */
  isLatency: boolean;
}

/** Every workload, in the order they are run. */
export const ROWS: readonly Row[] = [
  row("get p1", "get", 1, SMALL, 0.9, 1.3),
  row("mix p1", "mix", 1, SMALL, 0.9, 1.3),
  row("get p20", "get", 20, SMALL, 0.6, 0.75),
  row("set p20", "set", 20, SMALL, 0.6, 0.75),
  row("mget 50", "mget", 1, SMALL, 0.55, 0.7),
  row("mg p20", "mg", 20, SMALL, 0.65, 0.75),
  row("bget p20", "bget", 20, SMALL, 0.65, 0.75),
  row("get 1KB p20", "get", 20, KB_1, null, 0.75),
  row("set 1KB p20", "set", 20, KB_1, null, 0.75),
  row("mix 1KB p20", "mix", 20, KB_1, null, 0.75),
  row("get 10KB", "get", 1, KB_10, 1.1, 1.25),
  row("set 10KB", "set", 1, KB_10, 1.1, 1.25),
  row("get 100KB", "get", 1, KB_100, 1.1, 1.25),
  row("set 100KB", "set", 1, KB_100, 1.1, 1.25),
  { ...row("p99 half", "get", 1, SMALL, 1.2, 1.35), isLatency: true },
];

function row(
  name: string,
  mode: Mode,
  pipe: number,
  data: DataSet,
  targetNative: number | null,
  targetPortable: number | null,
): Row {
  const isLatency = false;
  return { name, mode, pipe, data, targetNative, targetPortable, isLatency };
}

/** A row as it is when memcached, which the targets are about, is not there. */
export function withoutTargets(row: Row): Row {
  return { ...row, targetNative: null, targetPortable: null };
}

/** Whether the server that only answers (`bare.ts`) can run a row. */
export function canBareAnswer({ mode, data }: Row): boolean {
  return mode === "get" && data === SMALL;
}

/** The rows that `names` lists, with or without spaces, separated by commas;
 * all of them if undefined. */
export function selectRows(names: string | undefined): Row[] {
  if (names === undefined) return [...ROWS];
  const plain = (name: string) => name.replaceAll(/[ -]/g, "").toLowerCase();
  return names.split(",").map((name) => {
    const found = ROWS.find((row) => plain(row.name) === plain(name));
    if (found !== undefined) return found;
    const known = ROWS.map((row) => plain(row.name)).join(" ");
    throw new Error(`no row "${name}"; there are: ${known}`);
  });
}

/** How the driver runs a row. */
export function rowLoad(
  row: Row,
  times: { secs: number; warmUpSecs: number },
  seed: number,
): LoadOptions {
  const { mode, pipe, data } = row;
  return { ...LOAD_DEFAULT, ...data, ...times, mode, pipe, seed };
}

/** How the driver puts a data set into a server. */
export function fillLoad(data: DataSet): LoadOptions {
  const pipe = data.valueBytes > 4096 ? 1 : 20;
  return { ...LOAD_DEFAULT, ...data, mode: "fill", pipe };
}

/** What the rows have in common. */
export const WORKLOAD =
  `${LOAD_DEFAULT.conns} connections; keys of 12 B at random out of ` +
  `${SMALL.keys} (10KB: ${KB_10.keys}, 100KB: ${KB_100.keys}), values of ` +
  `${SMALL.valueBytes} B unless the row says otherwise; p20: 20 requests ` +
  "sent together, else 1; mix: one set in 10; bget: binary get";
