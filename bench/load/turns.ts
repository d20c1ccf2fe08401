/**
 * Question: what does a request cost several servers on the same machine? The
 * driver is connected to all of them and turns from one to the next after each
 * window (A B A B), so that they meet the same moments of a noisy machine: of
 * servers that are alike, a hundred windows of a tenth of a second tell apart
 * 1 to 2 %, where neighbouring runs of a second differ by 10 %.
 *
 * Usage: deno run -A bench/load/turns.ts get --pipe=20
 *   --servers=PORT:PID,PORT:PID [--rounds=100] [--patience=0] [--first-secs=3]
 *   [options of main.ts; --secs=0.1 and --warm-up=0.01 if they are not given]
 * Prints a line of JSON; or, if there was an error, a miss, or a window without
 * a request, what it was, and ends with exit code 1.
 * Linux and --allow-all only.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { checkClean, type LoadResult } from "./driver.ts";
import { EpollRun } from "./epoll.ts";
import { loadArguments, type LoadOptions, readLoadOptions } from "./options.ts";
import {
  QuietRounds,
  stolenShare,
  stolenShareMaxOf,
  ticksOf,
} from "./quiet.ts";

/** A server to be driven. */
export interface Target {
  port: number;
  /** Process whose CPU time is measured. */
  pid: number;
}

/** What is asked for. */
export interface TurnOptions {
  targets: Target[];
  rounds: number;
  /** How long rounds are repeated from which the host took time. */
  patienceSecs: number;
  /** How long each server is driven first, by windows that do not count. */
  firstSecs: number;
}

/** What came of it. */
export interface TurnResult {
  /** The windows of each server; the n-th of all are of the same round. */
  windows: LoadResult[][];
  /** Share of the machine's time that its host took from each round. */
  stolenShares: number[];
  /** Rounds that do not count, and the time they took. */
  repeated: number;
  repeatedSecs: number;
  /** CPU time of each server for one key in what came first; null if nothing
   * did, or if it cannot be measured. */
  firstUs: (number | null)[];
}

/** The arguments that stand for these options. */
export function turnArguments(load: LoadOptions, turns: TurnOptions): string[] {
  const servers = turns.targets.map(({ port, pid }) => `${port}:${pid}`);
  return [
    ...loadArguments(load),
    `--servers=${servers.join(",")}`,
    `--rounds=${turns.rounds}`,
    `--patience=${turns.patienceSecs}`,
    `--first-secs=${turns.firstSecs}`,
  ];
}

/** Reads them; throws an Error that says what is wrong. */
function readArguments(
  args: string[],
): { load: LoadOptions; turns: TurnOptions } {
  const own = /^--(servers|rounds|patience|first-secs)=/;
  const parsed = parseArgs(args.filter((arg) => own.test(arg)), {
    string: ["servers", "rounds", "patience", "first-secs"],
    default: { rounds: "100", patience: "0", "first-secs": String(FIRST_SECS) },
  });
  const targets = String(parsed.servers ?? "").split(",").map((text) => {
    const [port, pid] = text.split(":").map(Number);
    if (!(port > 0 && pid > 0)) throw new Error(`bad server "${text}"`);
    return { port, pid };
  });
  const rounds = Number(parsed.rounds), patienceSecs = Number(parsed.patience);
  const firstSecs = Number(parsed["first-secs"]);
  const isBounded = firstSecs >= 0 && firstSecs < Infinity;
  if (!(rounds >= 1 && patienceSecs >= 0 && isBounded)) {
    throw new Error("bad number");
  }
  const others = args.filter((arg) => !own.test(arg));
  return {
    load: readLoadOptions([
      others[0],
      "--secs=0.1",
      "--warm-up=0.01",
      ...others
        .slice(1),
    ]),
    turns: { targets, rounds: Math.ceil(rounds), patienceSecs, firstSecs },
  };
}

/** Windows of a server that do not count at first, together: its code is being
 * compiled for this load (`bench/README.md`). */
export const FIRST_SECS = 3;

function readTicks() {
  return ticksOf(Deno.readTextFileSync("/proc/stat"));
}

/** How often a window is tried in which nothing was answered: the driver was
 * off its core until it was over. */
const TRIES_MAX = 10;

// A window that is not clean must not be lost among those that do not count.
function windowOf(run: EpollRun, { port }: Target): LoadResult {
  const server = `server at port ${port},`;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const window = run.window();
    checkClean(server, window);
    if (window.requests > 0) return window;
  }
  throw new Error(`${server} nothing was measured`);
}

/** Drives all servers. */
function runTurns(load: LoadOptions, turns: TurnOptions): TurnResult {
  const runs = turns.targets.map((target) =>
    new EpollRun({ ...load, ...target })
  );
  const nowSecs = () => performance.now() / 1000;
  const rounds = new QuietRounds<LoadResult[]>(
    turns.rounds,
    turns.patienceSecs,
    stolenShareMaxOf(load.rate > 0),
  );
  const each = load.secs + load.warmUpSecs;
  const firstUs = runs.map((run) => {
    let keys = 0, cpuUs = 0;
    for (let secs = 0; secs < turns.firstSecs; secs += each) {
      const { keys: answered, serverCpuUs } = run.window();
      // Nothing was measured: see `TRIES_MAX`.
      if (answered === 0) continue;
      keys += answered;
      cpuUs += serverCpuUs ?? NaN;
    }
    // 0 / 0 if there was none: JSON has no NaN.
    return Number.isFinite(cpuUs / keys) ? cpuUs / keys : null;
  });
  do {
    const before = readTicks();
    const round = runs.map((run, i) => windowOf(run, turns.targets[i]));
    rounds.add(round, stolenShare(before, readTicks()), nowSecs());
  } while (!rounds.isDone(nowSecs()));
  const repeatedSecs = rounds.extraSecs(nowSecs());
  for (const run of runs) run.close();
  const { counted, repeated } = rounds;
  return {
    windows: runs.map((_, i) => counted.map(({ round }) => round[i])),
    stolenShares: counted.map(({ stolenShare }) => stolenShare),
    repeated,
    repeatedSecs,
    firstUs,
  };
}

if (import.meta.main) {
  try {
    const { load, turns } = readArguments(Deno.args);
    console.log(JSON.stringify(runTurns(load, turns)));
    Deno.exit(0);
  } catch (error) {
    console.error(`turns: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
