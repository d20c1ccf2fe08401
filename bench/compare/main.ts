/**
 * Question: how much CPU time does our server spend on a request, compared
 * with memcached on the same machine, and how long does a request take?
 *
 * Both servers run side by side with the same data, pinned to one core; the
 * driver runs on another and turns from one to the other: A B A B. CPU time
 * judges, because throughput on few cores mostly measures the driver.
 *
 * Usage: deno task bench:compare [--only=getp1,mget50] [--rounds=5]
 *   [--secs=2] [--threads=1] [--ours="extra flags"] [--memcached=PATH]
 *   [--out=FILE]
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { findMemcached } from "../../tests/support/memcached.ts";
import { gatherFacts } from "./machine.ts";
import {
  factsText,
  LEGEND,
  type RowResult,
  type RowRuns,
  type Run,
  spreadOf,
  summarize,
  tableHead,
  tableLine,
} from "./report.ts";
import { fillLoad, PEAK_ROW, type Row, rowLoad, selectRows } from "./rows.ts";
import {
  choosePinning,
  type Pinning,
  readConfig,
  runLoad,
  type Server,
  startCommand,
  startServer,
  tickUs,
} from "./servers.ts";

const MEMORY_MEGABYTES = 1024;
const WARM_UP_SECS = 0.5;
/** Starting the driver and opening its connections. */
const RUN_START_SECS = 0.2;
const RESULTS = new URL("../results/", import.meta.url);

/** What was asked for. */
interface CompareOptions {
  rows: Row[];
  rounds: number;
  secs: number;
  threads: number;
  ours: string[];
  memcached: string;
  /** Where the results go; null for a part of the rows only. */
  out: string | URL | null;
}

function positive(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!(value > 0)) throw new Error(`bad number ${text}`);
  return value;
}

function readOptions(args: string[]): CompareOptions {
  if (Deno.build.os !== "linux") {
    throw new Error("this comparison reads /proc: it runs on Linux only");
  }
  const parsed = parseArgs(args, {
    string: ["only", "rounds", "secs", "threads", "ours", "memcached", "out"],
    unknown: (arg) => {
      throw new Error(`unknown argument ${arg}`);
    },
  });
  const memcached = parsed.memcached ?? findMemcached();
  if (memcached === null) {
    throw new Error("memcached is missing: install it, or set MEMCACHED");
  }
  const day = new Date().toISOString().slice(0, 10);
  const whole = parsed.only === undefined;
  return {
    rows: selectRows(parsed.only),
    rounds: Math.ceil(positive(parsed.rounds, 5)),
    secs: positive(parsed.secs, 2),
    threads: positive(parsed.threads, 1),
    ours: (parsed.ours ?? "").split(/\s+/).filter((word: string) => word),
    memcached,
    out: parsed.out ?? (whole ? new URL(`${day}.json`, RESULTS) : null),
  };
}

/** The two servers, and how one run is made. */
class Comparison {
  readonly options: CompareOptions;
  readonly #servers: Server[] = [];
  #pinning: Pinning | null = null;
  #tickUs = 10_000;
  #seed = 1;
  readonly runs: RowRuns[] = [];

  constructor(options: CompareOptions) {
    this.options = options;
  }

  /** Starts both servers and fills them. */
  async start(): Promise<void> {
    const { threads, ours, memcached, rows } = this.options;
    this.#pinning = await choosePinning(threads);
    this.#tickUs = await tickUs();
    const common = ["-l", "127.0.0.1", "-p", "{port}"];
    common.push("-m", String(MEMORY_MEGABYTES), "-t", String(threads));
    const user = Deno.uid() === 0 ? ["-u", "root"] : [];
    const commands = new Map([
      ["ours", [...startCommand(), ...common, ...ours]],
      ["memcached", [memcached, ...user, "-U", "0", ...common]],
    ]);
    for (const [name, command] of commands) {
      this.#servers.push(await startServer(name, command, this.#pinning));
    }
    for (const data of new Set(rows.map((row) => row.data))) {
      for (const server of this.#servers) {
        await runLoad(server, fillLoad(data), this.#pinning);
      }
    }
  }

  get pinningText(): string {
    return this.#pinning === null
      ? "not pinned: expect noise"
      : `servers on core ${this.#pinning.servers}, driver on core ` +
        this.#pinning.driver;
  }

  get memoryText(): string {
    return this.#servers.map((server) => {
      const megabytes = server.residentBytes() / 1024 / 1024;
      return `${server.name} ${megabytes.toFixed(0)} MB`;
    }).join(", ");
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) await server.stop();
  }

  async #run(
    server: Server,
    row: Row,
    secs: number,
    rate: number,
  ): Promise<Run> {
    const load = { ...rowLoad(row, secs, this.#seed), rate };
    const before = server.cpuTicks();
    const result = await runLoad(server, load, this.#pinning);
    const ticks = server.cpuTicks() - before;
    return {
      cpuUs: ticks * this.#tickUs / result.keys,
      keysPerSecond: result.keysPerSecond,
      p50Us: result.p50Us,
      p99Us: result.p99Us,
      p999Us: result.p999Us,
    };
  }

  /** Runs a row A B A B. */
  async measure(row: Row): Promise<RowResult> {
    const { rounds, secs } = this.options;
    const rate = row.isLatency ? Math.round(await this.#peak() / 2) : 0;
    const [ours, memcached] = this.#servers;
    const runs: RowRuns = { row, rate, ours: [], memcached: [] };
    for (const server of this.#servers) {
      await this.#run(server, row, WARM_UP_SECS, rate);
    }
    for (let round = 0; round < rounds; round++) {
      this.#seed++;
      runs.ours.push(await this.#run(ours, row, secs, rate));
      runs.memcached.push(await this.#run(memcached, row, secs, rate));
    }
    this.runs.push(runs);
    return summarize(runs);
  }

  // Requests a second that both servers can answer, one in flight on each
  // connection.
  async #peak(): Promise<number> {
    const known = this.runs.find(({ row }) => row === PEAK_ROW);
    const peaks: number[] = [];
    for (const server of this.#servers) {
      const runs = known?.[server === this.#servers[0] ? "ours" : "memcached"];
      const measured = runs ??
        [await this.#run(server, PEAK_ROW, this.options.secs, 0)];
      peaks.push(spreadOf(measured.map((run) => run.keysPerSecond)).median);
    }
    return Math.min(...peaks);
  }
}

async function main(): Promise<void> {
  const options = readOptions(Deno.args);
  const { version } = readConfig();
  const facts = await gatherFacts(options.memcached, version);
  const seconds = options.rows.length * 2 *
    (options.rounds * (options.secs + RUN_START_SECS) + WARM_UP_SECS);
  console.log(factsText(facts));
  const comparison = new Comparison(options);
  const results: RowResult[] = [];
  try {
    await comparison.start();
    console.log(
      `${comparison.pinningText}; -m ${MEMORY_MEGABYTES} -t ` +
        `${options.threads} ${options.ours.join(" ")}; ${options.rounds} ` +
        `rounds of ${options.secs} s: about ${(seconds / 60).toFixed(0)} min`,
    );
    console.log("\n" + tableHead());
    for (const row of options.rows) {
      const result = await comparison.measure(row);
      results.push(result);
      console.log(tableLine(result));
    }
    console.log(`\n${LEGEND}\nresident memory: ${comparison.memoryText}`);
    const half = results.find((result) => result.rate > 0);
    if (half !== undefined) console.log(`p99 half: ${half.rate} requests/s`);
  } finally {
    await comparison.stop();
  }
  if (options.out === null) return;
  if (options.out instanceof URL) Deno.mkdirSync(RESULTS, { recursive: true });
  const { rounds, secs, threads, ours } = options;
  const file = { facts, rounds, secs, threads, ours, results };
  Deno.writeTextFileSync(
    options.out,
    JSON.stringify({ ...file, runs: comparison.runs }, null, 1) + "\n",
  );
  const { out } = options;
  console.log(`written: ${out instanceof URL ? out.pathname : out}`);
}

try {
  await main();
} catch (error) {
  console.error(
    `bench:compare: ${error instanceof Error ? error.message : error}`,
  );
  Deno.exit(1);
}
