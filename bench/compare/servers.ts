/**
 * Owns the processes of a comparison: the two servers, the driver, the cores
 * they are pinned to, and the CPU time a server has used. Linux only.
 *
 * @module
 */
import { freePort, waitForPort } from "../../tests/support/memcached.ts";
import type { LoadResult } from "../load/driver.ts";
import { loadArguments, type LoadOptions } from "../load/options.ts";
import { coreCount, outputOf } from "./machine.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const LOAD_MAIN = ROOT + "bench/load/main.ts";

/** Cores for the servers and for the driver; null leaves both unpinned. */
export interface Pinning {
  servers: string;
  driver: string;
}

/** Servers on the first cores, the driver on the next; null where `taskset`
 * or cores are missing. */
export async function choosePinning(threads: number): Promise<Pinning | null> {
  if (coreCount() <= threads) return null;
  if (await outputOf("taskset", ["--version"]) === "") return null;
  const servers = threads === 1 ? "0" : `0-${threads - 1}`;
  return { servers, driver: String(threads) };
}

function pinned(
  cores: string | undefined,
  command: string[],
): [string, string[]] {
  const whole = cores === undefined
    ? command
    : ["taskset", "-c", cores, ...command];
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

  /** CPU time of all its threads so far, in clock ticks. */
  cpuTicks(): number {
    const stat = Deno.readTextFileSync(`/proc/${this.#child.pid}/stat`);
    // The name, in parentheses, may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  }

  /** Resident memory. */
  residentBytes(): number {
    const status = Deno.readTextFileSync(`/proc/${this.#child.pid}/status`);
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }

  async stop(): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
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
  pinning: Pinning | null,
): Promise<Server> {
  const port = freePort();
  const [program, args] = pinned(pinning?.servers, command);
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

/** Runs the driver against a server; throws if the run was not clean. */
export async function runLoad(
  server: Server,
  options: LoadOptions,
  pinning: Pinning | null,
): Promise<LoadResult> {
  const [program, args] = pinned(pinning?.driver, [
    Deno.execPath(),
    "run",
    "--allow-net",
    "--allow-ffi",
    "--no-prompt",
    // Fewer pauses: they would count as the server's latency.
    "--v8-flags=--min-semi-space-size=16",
    LOAD_MAIN,
    ...loadArguments({ ...options, port: server.port }),
  ]);
  const output = await new Deno.Command(program, { args, cwd: ROOT }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(output.stdout);
  if (text === "") {
    throw new Error(`driver: ${decoder.decode(output.stderr).trim()}`);
  }
  const result: LoadResult = JSON.parse(text);
  if (result.errors > 0 || result.misses > 0) {
    throw new Error(
      `${server.name} ${result.mode}: ${result.misses} misses, ` +
        `${result.errors} errors ${result.firstError}`,
    );
  }
  return result;
}

/** Length of a clock tick. */
export async function tickUs(): Promise<number> {
  const perSecond = Number(await outputOf("getconf", ["CLK_TCK"]));
  return 1e6 / (perSecond > 0 ? perSecond : 100);
}
