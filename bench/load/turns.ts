/**
 * Question: what does a request cost several servers on the same machine? The
 * driver is connected to all of them and turns from one to the next after each
 * window (A B A B), so that they meet the same moments of a noisy machine: of
 * servers that are alike, a hundred windows of a tenth of a second tell apart
 * 1 to 2 %, where neighbouring runs of a second differ by 10 %.
 *
 * Usage: deno run -A bench/load/turns.ts get --pipe=20
 *   --servers=PORT:PID,PORT:PID [--rounds=100] [--patience=0] [--first-secs=3]
 *   [--peak-secs=0] [--alone]
 *   [options of main.ts; --secs=0.1 and --warm-up=0.01 if they are not given]
 * Prints a line of JSON; or, if there was an error, a miss, or a window without
 * a request, what it was, and ends with exit code 1. Whoever ends it before that
 * has to send SIGCONT to servers that were to be alone.
 * Linux and --allow-all only.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { checkClean, type LoadResult, type Pace } from "./driver.ts";
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
  /** How long each server is asked for as much as it can before each round, whose
   * windows then have half of what the slower one answered; 0: the rate is the
   * load's. */
  peakSecs: number;
  /** While one server is driven, the others are stopped (SIGSTOP): what they do
   * after their windows is in nobody else's. */
  areAlone: boolean;
}

/** What came of it. */
export interface TurnResult {
  /** The windows of each server; the n-th of all are of the same round. */
  windows: LoadResult[][];
  /** Share of the machine's time that its host took from each round. */
  stolenShares: number[];
  /** Requests a second that each round asked for; 0 for as many as possible. */
  rates: number[];
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
    `--peak-secs=${turns.peakSecs}`,
    ...turns.areAlone ? ["--alone"] : [],
  ];
}

/** The options of turns, but for `--alone`. */
const OWN = ["servers", "rounds", "patience", "first-secs", "peak-secs"];

/** Reads them; throws an Error that says what is wrong. */
function readArguments(
  args: string[],
): { load: LoadOptions; turns: TurnOptions } {
  const own = new RegExp(`^--(alone$|(${OWN.join("|")})=)`);
  const parsed = parseArgs(args.filter((arg) => own.test(arg)), {
    string: OWN,
    boolean: ["alone"],
  });
  const number = (name: string, otherwise: number, least: number) => {
    const value = Number(parsed[name] ?? otherwise);
    if (value >= least && value < Infinity) return value;
    throw new Error(`bad --${name}=${parsed[name]}`);
  };
  const targets = String(parsed.servers ?? "").split(",").map((text) => {
    const [port, pid] = text.split(":").map(Number);
    if (!(port > 0 && pid > 0)) throw new Error(`bad server "${text}"`);
    return { port, pid };
  });
  const [mode, ...others] = args.filter((arg) => !own.test(arg));
  return {
    load: readLoadOptions([mode, "--secs=0.1", "--warm-up=0.01", ...others]),
    turns: {
      targets,
      rounds: Math.ceil(number("rounds", 100, 1)),
      patienceSecs: number("patience", 0, 0),
      firstSecs: number("first-secs", FIRST_SECS, 0),
      peakSecs: number("peak-secs", 0, 0),
      areAlone: parsed.alone,
    },
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

/** Half of the requests a second that all servers can answer. */
export function halfOfPeak(
  peaks: readonly Pick<LoadResult, "requestsPerSecond">[],
): number {
  return Math.min(...peaks.map((peak) => peak.requestsPerSecond)) / 2;
}

/** What one round brought. */
interface Round {
  rate: number;
  windows: LoadResult[];
}

function signalTo({ pid }: Target, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    // It has ended: its connections tell.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The servers, each with its connections. */
class Turns {
  readonly #load: LoadOptions;
  readonly #options: TurnOptions;
  readonly #runs: EpollRun[];

  constructor(load: LoadOptions, options: TurnOptions) {
    this.#load = load;
    this.#options = options;
    this.#runs = options.targets.map((target) =>
      new EpollRun({ ...load, ...target })
    );
    if (options.areAlone) this.#signalAll("SIGSTOP");
  }

  #signalAll(signal: Deno.Signal): void {
    for (const target of this.#options.targets) signalTo(target, signal);
  }

  // Drives one server, while the others are stopped if each is to be alone.
  #alone<Result>(i: number, drive: (run: EpollRun) => Result): Result {
    const { targets, areAlone } = this.#options;
    if (areAlone) signalTo(targets[i], "SIGCONT");
    const result = drive(this.#runs[i]);
    if (areAlone) signalTo(targets[i], "SIGSTOP");
    return result;
  }

  // A window of every server. One that is not clean must not be lost among
  // those that do not count.
  #windows(pace: Pace): LoadResult[] {
    return this.#runs.map((_, i) => {
      const server = `server at port ${this.#options.targets[i].port},`;
      for (let tries = 0; tries < TRIES_MAX; tries++) {
        const window = this.#alone(i, (run) => run.window(pace));
        checkClean(server, window);
        if (window.requests > 0) return window;
      }
      throw new Error(`${server} nothing was measured`);
    });
  }

  /** Drives each server for a while; CPU time for a key of each, null if nothing
   * was measured. */
  first(): (number | null)[] {
    const { secs, warmUpSecs } = this.#load;
    const all = this.#runs.map((_, i) =>
      this.#alone(i, (run) => {
        let keys = 0, cpuUs = 0;
        const { firstSecs } = this.#options;
        for (let past = 0; past < firstSecs; past += secs + warmUpSecs) {
          const { keys: answered, serverCpuUs } = run.window();
          // Nothing was measured: see `TRIES_MAX`.
          if (answered === 0) continue;
          keys += answered;
          cpuUs += serverCpuUs ?? NaN;
        }
        return cpuUs / keys;
      })
    );
    // 0 / 0 if there was none: JSON has no NaN.
    return all.map((us) => Number.isFinite(us) ? us : null);
  }

  /** One round. */
  round(): Round {
    const rate = this.#roundRate();
    return { rate, windows: this.#windows({ rate, secs: this.#load.secs }) };
  }

  #roundRate(): number {
    const { peakSecs } = this.#options;
    if (peakSecs === 0) return this.#load.rate;
    return halfOfPeak(this.#windows({ rate: 0, secs: peakSecs }));
  }

  close(): void {
    if (this.#options.areAlone) this.#signalAll("SIGCONT");
    for (const run of this.#runs) run.close();
  }
}

/** Drives all servers. */
function runTurns(load: LoadOptions, options: TurnOptions): TurnResult {
  const { targets, patienceSecs, peakSecs } = options;
  const nowSecs = () => performance.now() / 1000;
  const rounds = new QuietRounds<Round>(
    options.rounds,
    patienceSecs,
    stolenShareMaxOf(load.rate > 0 || peakSecs > 0),
  );
  const turns = new Turns(load, options);
  try {
    const firstUs = turns.first();
    // The driver itself has not sent at a rate yet: that counts as latency.
    if (peakSecs > 0) turns.round();
    do {
      const before = readTicks();
      const round = turns.round();
      rounds.add(round, stolenShare(before, readTicks()), nowSecs());
    } while (!rounds.isDone(nowSecs()));
    const repeatedSecs = rounds.extraSecs(nowSecs());
    const { counted, repeated } = rounds;
    return {
      windows: targets.map((_, i) =>
        counted.map(({ round }) => round.windows[i])
      ),
      stolenShares: counted.map(({ stolenShare }) => stolenShare),
      rates: counted.map(({ round }) => Math.round(round.rate)),
      repeated,
      repeatedSecs,
      firstUs,
    };
  } finally {
    turns.close();
  }
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
