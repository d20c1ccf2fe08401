/**
 * Question: how much more does the shared table do with two workers, or more,
 * than with one, without protocol and sockets, and what does an operation
 * cost then?
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { VERSION } from "../../src/base/version.ts";
import { createSharedTable } from "../../src/store/smp_store.ts";
import { coreCount, gatherFacts } from "../compare/machine.ts";
import type { Done, FromWorker, ToWorker } from "./messages.ts";
import {
  KEY_BYTES,
  KEYS,
  type Row,
  rowName,
  ROWS,
  VALUE_BYTES,
} from "./workload.ts";

const MEGABYTE = 1024 * 1024;

interface Options {
  workers: number[];
  rounds: number;
  seconds: number;
  megabytes: number;
  rows: readonly Row[];
}

/** A thread that waits for runs. */
class WorkerThread {
  readonly #thread: Worker;

  constructor() {
    this.#thread = new Worker(new URL("./worker.ts", import.meta.url), {
      type: "module",
    });
  }

  /** Sends a message and takes the answer. */
  ask(message: ToWorker): Promise<Done | null> {
    const { promise, resolve, reject } = Promise.withResolvers<Done | null>();
    this.#thread.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === "failed") reject(new Error(data.reason));
      else resolve(data.type === "done" ? data.done : null);
    };
    this.#thread.postMessage(message);
    return promise;
  }

  end(): void {
    this.#thread.terminate();
  }
}

/** Workers over one table. */
class Bench {
  readonly #threads: WorkerThread[] = [];
  readonly #start = new SharedArrayBuffer(4);
  readonly #seconds: number;
  #runs = 0;

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  async setUp(workers: number, megabytes: number): Promise<number> {
    const limitBytes = megabytes * MEGABYTE;
    const given = { limitBytes, hashSeed: 1 };
    const table = createSharedTable(given, workers, workers);
    for (let owner = 0; owner < workers; owner++) {
      const thread = new WorkerThread();
      this.#threads.push(thread);
      await thread.ask({ type: "setup", table, owner, start: this.#start });
    }
    return table.geometry.shardCount;
  }

  async run(row: Row, workers: number): Promise<Figures> {
    const number = ++this.#runs;
    const seconds = this.#seconds;
    const threads = this.#threads.slice(0, workers);
    const all = threads.map((thread) =>
      thread.ask({ type: "run", number, row, seconds })
    );
    // Time to draw what they will ask for.
    await new Promise((resolve) => setTimeout(resolve, 150));
    const word = new Int32Array(this.#start);
    Atomics.store(word, 0, number);
    Atomics.notify(word, 0);
    return figuresOf((await Promise.all(all)) as Done[], row);
  }

  end(): void {
    for (const thread of this.#threads) thread.end();
  }
}

/** What the workers of one run did together. */
interface Figures {
  operationsPerSecond: number;
  /** CPU time of one operation, 0 if unknown. */
  cpuNs: number;
  hitPercent: number;
}

function figuresOf(all: Done[], row: Row): Figures {
  let rate = 0, cpuNs = 0, operations = 0, reads = 0, hits = 0;
  for (const done of all) {
    rate += done.operations / done.ms * 1000;
    cpuNs += done.cpuNs;
    operations += done.operations;
    reads += done.reads;
    hits += done.hits;
  }
  if (operations === 0 || reads === 0 || hits !== reads) {
    throw new Error(`${rowName(row)}: ${hits} hits of ${reads} reads`);
  }
  return {
    operationsPerSecond: rate,
    cpuNs: cpuNs / operations,
    hitPercent: 100 * hits / reads,
  };
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]
    : (sorted[middle - 1] + sorted[middle]) / 2;
}

// Median (least..most).
function spread(values: number[], digits: number): string {
  const text = (value: number) => value.toFixed(digits);
  return `${text(median(values))} (${text(Math.min(...values))}..` +
    `${text(Math.max(...values))})`;
}

const COLUMNS = [26, 8, 22, 20, 24, 24, 6];

function line(cells: string[]): string {
  return cells.map((cell, i) =>
    i === 0 ? cell.padEnd(COLUMNS[i]) : cell.padStart(COLUMNS[i])
  ).join("  ");
}

// Rounds take turns between the numbers of workers, so that what else goes on
// in the machine hits all alike.
async function measure(bench: Bench, row: Row, options: Options) {
  const rounds: Figures[][] = [];
  for (let round = 0; round < options.rounds; round++) {
    const figures: Figures[] = [];
    for (const workers of options.workers) {
      figures.push(await bench.run(row, workers));
    }
    rounds.push(figures);
  }
  options.workers.forEach((workers, i) => {
    const of = (value: (f: Figures, one: Figures) => number) =>
      rounds.map((figures) => value(figures[i], figures[0]));
    const perWorker = options.workers[0];
    const ratio = of((f, one) =>
      f.operationsPerSecond / one.operationsPerSecond
    );
    const byCpu = of((f, one) => workers / perWorker * one.cpuNs / f.cpuNs);
    console.log(line([
      i === 0 ? rowName(row) : "",
      String(workers),
      spread(of((f) => f.operationsPerSecond / 1e6), 2),
      spread(of((f) => f.cpuNs), 0),
      i === 0 ? "" : spread(ratio, 2),
      i === 0 || !Number.isFinite(byCpu[0]) ? "" : spread(byCpu, 2),
      `${Math.min(...of((f) => f.hitPercent))} %`,
    ]));
  });
}

function parseOptions(): Options {
  const given = parseArgs(Deno.args, {
    string: ["workers", "rounds", "seconds", "rows", "megabytes"],
  });
  const counts = given.workers ?? [1, 2, 4, 8, 16, 32]
    .filter((n) => n <= Math.max(2, coreCount())).join(",");
  const names: string[] = (given.rows ?? "").replaceAll(" ", "").split(",");
  const rows = ROWS.filter((row) => {
    const name = `${row.popularity} ${row.readPercent}`.replaceAll(" ", "");
    return names.some((start) => name.startsWith(start));
  });
  if (rows.length === 0) {
    throw new Error(`rows are ${ROWS.map(rowName).join("; ")}`);
  }
  return {
    workers: counts.split(",").map(Number),
    rounds: Number(given.rounds ?? 7),
    seconds: Number(given.seconds ?? 1),
    megabytes: Number(given.megabytes ?? 1024),
    rows,
  };
}

const options = parseOptions();
const facts = await gatherFacts("", VERSION);
const bench = new Bench(options.seconds);
try {
  const shards = await bench.setUp(
    Math.max(...options.workers),
    options.megabytes,
  );
  console.log(
    `${facts.cpu}, ${facts.cores} cores, Linux ${facts.kernel}, ` +
      `load average ${facts.loadAverage}\n` +
      `denocached ${facts.denocached}, Deno ${facts.deno}, V8 ${facts.v8}, ` +
      `${facts.date}\n` +
      `${KEYS} keys of ${KEY_BYTES} B, values of ${VALUE_BYTES} B, ` +
      `-m ${options.megabytes}: ${shards} shards; stores overwrite; ` +
      `${options.rounds} rounds of ${options.seconds} s; ` +
      "median (least..most)\n",
  );
  console.log(line([
    "workload",
    "workers",
    "million/s",
    "CPU ns each",
    "ratio to one",
    "ratio by CPU",
    "hits",
  ]));
  for (const row of options.rows) await measure(bench, row, options);
} finally {
  bench.end();
}
