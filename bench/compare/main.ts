/**
 * Question: how much CPU time does our server spend on a request, compared
 * with memcached on the same machine, and how long does a request take? Or,
 * with --against, compared with our server with other flags; or, with --bare,
 * how much does Deno's I/O alone cost, compared with memcached?
 *
 * Both servers run side by side with the same data, pinned to one core; the
 * driver runs on another, is connected to both, and turns from one to the
 * other after each window: A B A B. CPU time judges, because throughput on few
 * cores mostly measures the driver.
 *
 * Usage: deno task bench:compare [--rows=getp1,mget50] [--rounds=70]
 *   [--seconds=0.1] [--first-secs=3] [--patience=150] [--one-core | --one-worker]
 *   [--alone] [--ours="flags" | --bare]
 *   [--theirs="flags" [--memcached=PATH] | --against="flags"] [--out=FILE]
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { findMemcached } from "../../tests/support/memcached.ts";
import { canUseEpoll } from "../load/epoll.ts";
import { LOAD_DEFAULT } from "../load/options.ts";
import { FIRST_SECS } from "../load/turns.ts";
import { type Facts, gatherFacts } from "./machine.ts";
import {
  busyText,
  columnsOf,
  factsText,
  LEGEND,
  rateText,
  type RowResult,
  type RowRuns,
  runOf,
  stolenText,
  summarize,
  tableHead,
  tableLine,
} from "./report.ts";
import {
  canBareAnswer,
  fillLoad,
  type Row,
  rowLoad,
  selectRows,
  withoutTargets,
  WORKLOAD,
} from "./rows.ts";
import {
  bareCommand,
  choosePinning,
  fill,
  type Pinning,
  readConfig,
  type Server,
  startCommand,
  startServer,
  takeTurns,
} from "./servers.ts";

const MEMORY_MEGABYTES = 1024;
/** Load before each window: connections are busy, caches are warm again. */
const WARM_UP_SECS = 0.01;
/** Length of a window in which latency is measured, at least: the p99 of a
 * shorter one does not know of a pause that comes twice a second. */
const LATENCY_SECS_MIN = 1;
/** Rounds of them, at least: of 40 whose median ratio was 1.03, 25 drawn at random
 * had 0.87 to 1.24 nine times out of ten. */
const LATENCY_ROUNDS_MIN = 40;
/** How long a server is asked for as much as it can before such a window. */
const PEAK_SECS = 0.15;
/** Starting the driver for a row. */
const ROW_START_SECS = 0.5;
const RESULTS = new URL("../results/", import.meta.url);

/** What was asked for. */
interface CompareOptions {
  rows: Row[];
  rounds: number;
  secs: number;
  /** Seconds that each server is driven before the first round of a row. */
  firstSecs: number;
  /** Seconds that repeating disturbed rounds may take, all rows together. */
  patienceSecs: number;
  /** Threads of a server share one core. */
  isOneCore: boolean;
  /** Only one worker of each server is driven, so that threads do not cost
   * each other anything. */
  isOneWorker: boolean;
  /** The other server is stopped while one is driven. */
  isAlone: boolean;
  /** In our place is a server that only answers. */
  isBare: boolean;
  ours: string[];
  theirs: string[];
  /** Threads that those flags ask for, at most. */
  threads: number;
  /** Path of the memcached beside ours; null for another denocached. */
  memcached: string | null;
  /** Where the results go; null for a part of the rows only. */
  out: string | URL | null;
}

function positive(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!(value > 0 && value < Infinity)) throw new Error(`bad number ${text}`);
  return value;
}

function positiveOrZero(text: string | undefined, otherwise: number): number {
  return text === "0" ? 0 : positive(text, otherwise);
}

function wordsOf(text: string | undefined): string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

/** Path of the memcached to compare with; throws if there is none. */
function memcachedPath(given: string | undefined): string {
  const path = given ?? findMemcached();
  if (path === null) {
    throw new Error(
      "memcached is missing: install it (apt install memcached), or give " +
        "--memcached=PATH",
    );
  }
  try {
    if (Deno.statSync(path).isFile) return path;
  } catch {
    // The same as if it were no file.
  }
  throw new Error(`memcached is missing: there is no file ${path}`);
}

function readOptions(args: string[]): CompareOptions {
  if (!canUseEpoll(LOAD_DEFAULT)) {
    throw new Error("this comparison needs Linux and --allow-ffi");
  }
  const parsed = parseArgs(args, {
    boolean: ["alone", "bare", "one-core", "one-worker"],
    string: [
      "rows",
      "rounds",
      "seconds",
      "first-secs",
      "patience",
      "ours",
      "theirs",
      "against",
      "memcached",
      "out",
    ],
    unknown: (arg) => {
      throw new Error(`unknown argument ${arg}`);
    },
  });
  const { against, bare, theirs } = parsed;
  const isOneWorker = parsed["one-worker"];
  if (isOneWorker && against === undefined) {
    throw new Error("--one-worker is for two denocacheds: it needs --against");
  }
  if (against !== undefined && (theirs ?? parsed.memcached) !== undefined) {
    throw new Error("--against excludes --theirs and --memcached");
  }
  if (bare && (isOneWorker || parsed.ours !== undefined)) {
    throw new Error(
      "--bare excludes --ours and --one-worker: that server has neither",
    );
  }
  const rows = rowsOf(parsed.rows, bare, against !== undefined);
  const day = new Date().toISOString().slice(0, 10);
  const isWhole = parsed.rows === undefined && parsed.ours === undefined &&
    (against ?? theirs) === undefined && !bare &&
    !parsed["one-core"] && !parsed.alone;
  const ours = wordsOf(parsed.ours), others = wordsOf(against ?? theirs);
  const threads = Math.max(threadsOf(ours), threadsOf(others));
  return {
    rows,
    isBare: bare,
    isOneCore: parsed["one-core"] || isOneWorker,
    isOneWorker,
    isAlone: parsed.alone,
    firstSecs: positiveOrZero(
      parsed["first-secs"],
      FIRST_SECS * (parsed["one-core"] ? threads : 1),
    ),
    patienceSecs: positiveOrZero(parsed.patience, 150),
    rounds: Math.ceil(positive(parsed.rounds, 70)),
    secs: positive(parsed.seconds, 0.1),
    ours,
    theirs: others,
    threads,
    memcached: against === undefined ? memcachedPath(parsed.memcached) : null,
    out: parsed.out ?? (isWhole ? new URL(`${day}.json`, RESULTS) : null),
  };
}

function rowsOf(
  names: string | undefined,
  isForBare: boolean,
  isWithoutMemcached: boolean,
): Row[] {
  const selected = selectRows(names);
  const rows = isForBare ? selected.filter(canBareAnswer) : selected;
  if (rows.length < selected.length && names !== undefined) {
    throw new Error("--bare answers only gets of 100 B");
  }
  return isForBare || isWithoutMemcached ? rows.map(withoutTargets) : rows;
}

/** The threads that flags ask for. */
function threadsOf(flags: string[]): number {
  const match = /(?:^| )(?:-t ?|--threads[ =])(\d+)/.exec(flags.join(" "));
  return match === null ? 1 : Number(match[1]);
}

/** How long each window of a row is, and how many rounds there are. */
function windowSecs({ secs }: CompareOptions, row: Row): number {
  return row.isLatency ? Math.max(secs, LATENCY_SECS_MIN) : secs;
}

function roundsOf(options: CompareOptions, row: Row): number {
  const { rounds, secs } = options;
  if (!row.isLatency) return rounds;
  const asLong = Math.ceil(rounds * secs / windowSecs(options, row));
  return Math.max(asLong, LATENCY_ROUNDS_MIN);
}

/** The two servers, and how a row is run. */
class Comparison {
  readonly options: CompareOptions;
  readonly #pinning: Pinning;
  readonly #servers: Server[] = [];
  /** Each row has its part of the patience, and what those before it left. */
  #patienceSecs = 0;
  readonly runs: RowRuns[] = [];

  constructor(options: CompareOptions, pinning: Pinning) {
    this.options = options;
    this.#pinning = pinning;
  }

  /** Starts both servers and fills them. */
  async start(): Promise<void> {
    const { ours, theirs, memcached, rows, isBare } = this.options;
    const common = ["-l", "127.0.0.1", "-p", "{port}", "-t", "1"];
    common.push("-m", String(MEMORY_MEGABYTES));
    const user = Deno.uid() === 0 ? ["-u", "root"] : [];
    const other = memcached === null
      ? startCommand()
      : [memcached, ...user, "-U", "0"];
    const commands: [string, string[]][] = [
      [
        "ours",
        isBare ? bareCommand() : [...startCommand(), ...common, ...ours],
      ],
      ["theirs", [...other, ...common, ...theirs]],
    ];
    for (const [name, command] of commands) {
      this.#servers.push(await startServer(name, command, this.#pinning));
    }
    for (const data of new Set(rows.map((row) => row.data))) {
      for (const server of this.#servers) {
        await fill(server, fillLoad(data), this.#pinning);
      }
    }
  }

  get memoryText(): string {
    return this.#servers.map((server) => {
      const megabytes = server.residentBytes() / 1024 / 1024;
      return `${server.name} ${megabytes.toFixed(0)} MB`;
    }).join(", ");
  }

  /** Ends both servers; may be called again meanwhile, and waits then, too. */
  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  /** Runs a row A B A B. */
  async measure(row: Row): Promise<RowResult> {
    const { patienceSecs, rows } = this.options;
    this.#patienceSecs += patienceSecs / rows.length;
    const runs = await this.#takeTurns(row, this.#patienceSecs);
    this.runs.push(runs);
    return summarize(runs);
  }

  async #takeTurns(row: Row, patienceSecs: number): Promise<RowRuns> {
    const worker = this.options.isOneWorker ? 0 : -1;
    const secs = windowSecs(this.options, row);
    const times = { secs, warmUpSecs: WARM_UP_SECS };
    const { firstSecs, isAlone: areAlone } = this.options;
    const rounds = roundsOf(this.options, row);
    const peakSecs = row.isLatency ? PEAK_SECS : 0;
    const result = await takeTurns(
      this.#servers,
      { ...rowLoad(row, times, 1), worker },
      { rounds, patienceSecs, firstSecs, peakSecs, areAlone },
      this.#pinning,
    );
    const { windows, stolenShares, repeated, repeatedSecs, firstUs } = result;
    const rates = row.isLatency ? result.rates : null;
    // The last round may have taken a little more than there was.
    this.#patienceSecs = Math.max(0, this.#patienceSecs - repeatedSecs);
    const [ours, theirs] = windows.map((list) =>
      list.map((window, i) => runOf(window, stolenShares[i]))
    );
    return { row, rates, ours, theirs, repeated, firstUs };
  }
}

function printHead(options: CompareOptions, facts: Facts, pinning: Pinning) {
  const { rows, rounds, secs, ours, theirs, memcached, isBare } = options;
  const seconds = rows.map((row) => {
    const windows = row.isLatency
      ? PEAK_SECS + windowSecs(options, row) + 2 * WARM_UP_SECS
      : windowSecs(options, row) + WARM_UP_SECS;
    return ROW_START_SECS + 2 * options.firstSecs +
      2 * roundsOf(options, row) * windows;
  }).reduce((sum, ofRow) => sum + ofRow, 0);
  const flags = (list: string[]) => list.join(" ") || "-";
  console.log(factsText(facts));
  console.log(`workload: ${WORKLOAD}`);
  console.log(
    `-m ${MEMORY_MEGABYTES}, -t 1 unless flags say otherwise; ` +
      (isBare
        ? "ours: a server that only answers, over Deno's sockets"
        : `flags of ours: ${flags(ours)}`) +
      `; of theirs, which is ` +
      `${memcached ?? "ours again"}: ${flags(theirs)}; ${pinning.text}` +
      (options.isOneWorker ? "; one worker of each is driven" : "") +
      (options.isAlone ? "; the other is stopped while one is driven" : ""),
  );
  console.log(
    `${rounds} rounds of ${secs} s for each server and row, in turns, after ` +
      `${options.firstSecs} s of as much of that for each as it can: about ` +
      `${Math.ceil(seconds / 60)} min, and where the host takes time away ` +
      `up to ${options.patienceSecs} s more\n`,
  );
}

async function compare(
  comparison: Comparison,
  facts: Facts,
  pinning: Pinning,
): Promise<void> {
  const { options } = comparison;
  printHead(options, facts, pinning);
  await comparison.start();
  console.log(tableHead());
  const results: RowResult[] = [];
  for (const row of options.rows) {
    const result = await comparison.measure(row);
    results.push(result);
    console.log(tableLine(result));
  }
  console.log(`\n${LEGEND}`);
  const notes = [
    ...results.map(rateText),
    stolenText(results),
    busyText(facts),
  ];
  for (const note of notes) if (note !== "") console.log(note);
  console.log(`resident memory: ${comparison.memoryText}`);
  const { out, rounds, secs, firstSecs, patienceSecs, isBare, ours, theirs } =
    options;
  if (out === null) return;
  if (out instanceof URL) Deno.mkdirSync(RESULTS, { recursive: true });
  const file = { facts, workload: WORKLOAD, pinning: pinning.text };
  const { isOneCore, isOneWorker, isAlone } = options;
  const kind = { isBare, isOneCore, isOneWorker, isAlone };
  const asked = {
    rounds,
    secs,
    firstSecs,
    patienceSecs,
    ...kind,
    ours,
    theirs,
  };
  const head = JSON.stringify({ ...file, ...asked, results }, null, 1);
  // A line for each row, or the file would have some ten thousand.
  const windows = comparison.runs.map((runs) =>
    JSON.stringify(columnsOf(runs))
  );
  Deno.writeTextFileSync(
    out,
    head.replace(/\n}$/, `,\n "windows": [\n${windows.join(",\n")}\n ]\n}\n`),
  );
  console.log(`written: ${out instanceof URL ? out.pathname : out}`);
}

async function main(): Promise<void> {
  const options = readOptions(Deno.args);
  const { version } = readConfig();
  const facts = await gatherFacts(options.memcached, version);
  const pinning = await choosePinning(
    options.isOneCore ? 1 : options.threads,
  );
  if (options.isOneCore && pinning.servers === null) {
    throw new Error(
      `--one-core and --one-worker need two cores and taskset: ${pinning.text}`,
    );
  }
  const comparison = new Comparison(options, pinning);
  const interrupted = async () => {
    await comparison.stop();
    Deno.exit(1);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, interrupted);
  }
  try {
    await compare(comparison, facts, pinning);
  } finally {
    await comparison.stop();
  }
}

try {
  await main();
  // The listeners would keep the process.
  Deno.exit(0);
} catch (error) {
  console.error(
    `bench:compare: ${error instanceof Error ? error.message : error}`,
  );
  Deno.exit(1);
}
