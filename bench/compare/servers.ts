/**
 * Owns the processes of a comparison: the two servers, the driver, and the
 * cores they are pinned to. Never judges. Linux only.
 *
 * @module
 */
import { freePort, waitForPort } from "../../tests/support/memcached.ts";
import { checkClean, type LoadResult } from "../load/driver.ts";
import { loadArguments, type LoadOptions } from "../load/options.ts";
import {
  turnArguments,
  type TurnOptions,
  type TurnResult,
} from "../load/turns.ts";
import { coreCount, outputOf } from "./machine.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const LOAD_MAIN = ROOT + "bench/load/main.ts";
const TURNS_MAIN = ROOT + "bench/load/turns.ts";
const BARE_MAIN = ROOT + "bench/compare/bare.ts";

/** Cores for the servers and for the driver, as taskset takes them; null
 * leaves them to the system. */
export interface Pinning {
  servers: string | null;
  driver: string | null;
  /** What a reader must know of it. */
  text: string;
}

/** Servers of `threads` threads on the first cores, the driver on the next;
 * with no core left for the driver all of them share all cores alike. For
 * servers that are to share one core whatever their threads, give 1. */
export async function choosePinning(threads: number): Promise<Pinning> {
  const cores = coreCount();
  const unpinned = (text: string) => ({ servers: null, driver: null, text });
  if (threads >= cores) {
    return unpinned(`not pinned: servers and driver share ${cores} cores`);
  }
  if (await outputOf("taskset", ["--version"]) === "") {
    return unpinned("taskset is missing: not pinned, expect noise");
  }
  const servers = threads === 1 ? "0" : `0-${threads - 1}`;
  const driver = String(threads);
  const text = `servers pinned to core ${servers}, driver to core ${driver}`;
  return { servers, driver, text };
}

function pinned(
  cores: string | null,
  command: string[],
): [string, string[]] {
  const whole = cores === null ? command : ["taskset", "-c", cores, ...command];
  return [whole[0], whole.slice(1)];
}

/** What deno.json says of us. */
export function readConfig(): { version: string; start: string } {
  const config = JSON.parse(Deno.readTextFileSync(ROOT + "deno.json"));
  return { version: config.version, start: config.tasks.start };
}

/** The command that the `start` task runs. */
export function startCommand(): string[] {
  const [program, ...args] = readConfig().start.split(/\s+/);
  if (program !== "deno") throw new Error("the start task runs no deno");
  return [Deno.execPath(), ...args];
}

/** The command of the server that only answers; `{port}` is to be replaced. */
export function bareCommand(): string[] {
  const flags = ["--allow-net", "--no-prompt"];
  return [Deno.execPath(), "run", ...flags, BARE_MAIN, "{port}"];
}

/** A server under measurement. */
export class Server {
  readonly name: string;
  readonly port: number;
  readonly #child: Deno.ChildProcess;

  constructor(name: string, port: number, child: Deno.ChildProcess) {
    this.name = name;
    this.port = port;
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Resident memory. */
  residentBytes(): number {
    const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }

  async stop(): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
      // The driver may have been ended while it had stopped it (`--alone`).
      this.#child.kill("SIGCONT");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
  }
}

/** Starts a server and waits until it accepts connections. */
export async function startServer(
  name: string,
  command: string[],
  pinning: Pinning,
): Promise<Server> {
  const port = freePort();
  const [program, args] = pinned(pinning.servers, command);
  const child = new Deno.Command(program, {
    args: args.map((arg) => arg.replace("{port}", String(port))),
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const server = new Server(name, port, child);
  const ended = child.status.then(({ code }) => {
    throw new Error(`${name} ended with code ${code}: ${command.join(" ")}`);
  });
  ended.catch(() => {});
  try {
    await Promise.race([waitForPort(port), ended]);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** Fills a server. Throws if not every key was stored. */
export async function fill(
  server: Server,
  options: LoadOptions,
  pinning: Pinning,
): Promise<void> {
  const { name, port, pid } = server;
  const args = loadArguments({ ...options, port, pid });
  const result = await runDriver<LoadResult>([LOAD_MAIN, ...args], pinning);
  checkClean(name, result);
  if (result.requests !== options.keys) {
    throw new Error(`${name}: only ${result.requests} keys were stored`);
  }
}

/** Drives servers in turns, A B A B. Throws if a window was not clean: a get
 * that missed, a reply that was not the expected one, nothing measured. */
export function takeTurns(
  servers: readonly Server[],
  options: LoadOptions,
  turns: Omit<TurnOptions, "targets">,
  pinning: Pinning,
): Promise<TurnResult> {
  const args = turnArguments(options, { ...turns, targets: [...servers] });
  return runDriver<TurnResult>([TURNS_MAIN, ...args], pinning);
}

/** Runs a program of the driver and reads the line that it prints. */
async function runDriver<Result>(
  command: string[],
  pinning: Pinning,
): Promise<Result> {
  const [program, args] = pinned(pinning.driver, [
    Deno.execPath(),
    "run",
    // Deno opens /proc with this only.
    "--allow-all",
    // Fewer pauses: they would count as the server's latency.
    "--v8-flags=--min-semi-space-size=16",
    ...command,
  ]);
  const output = await new Deno.Command(program, { args, cwd: ROOT }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(output.stdout);
  if (text === "") {
    throw new Error(`driver: ${decoder.decode(output.stderr).trim()}`);
  }
  return JSON.parse(text);
}
