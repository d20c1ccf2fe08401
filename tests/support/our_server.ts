/**
 * Owns starting this project's server as a process of its own, in every mode
 * that tests must cover.
 *
 * @module
 */
import { Client, pause } from "./memcached.ts";

/** A way to run the server; every end-to-end test runs in all of them. */
export interface Mode {
  name: string;
  args: string[];
}

const NATIVE = "--io=native";
const HAS_NATIVE = Deno.build.os === "linux";
if (!HAS_NATIVE) {
  console.log(`skipped: tests with ${NATIVE}, which needs Linux`);
}

/** One thread and several, over each kind of I/O. */
export const MODES: readonly Mode[] = [
  { name: "-t 1", args: ["-t", "1"] },
  { name: "-t 2", args: ["-t", "2"] },
].flatMap((mode) => [
  mode,
  ...HAS_NATIVE
    ? [{ name: `${mode.name} ${NATIVE}`, args: [...mode.args, NATIVE] }]
    : [],
]);

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const FORBIDDING = new URL("forbidding.ts", import.meta.url).pathname;

/** The permissions that the `start` task gives, with the local additions that
 * a test may ask for. */
export const PERMISSIONS = [
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-sys",
  "--allow-env",
  "--no-prompt",
];

/** How to start a server. */
export interface StartOptions {
  mode?: Mode;
  args?: string[];
  env?: Record<string, string>;
  /** Further permissions, such as --allow-run for -d. */
  permissions?: string[];
  /** Listen on a free TCP port of the loopback; on by default. */
  tcp?: boolean;
  /** Number of a system call that the server may not make (Linux). */
  forbidden?: number;
}

/** Ports of the TCP addresses that a log says are listened on, in order. */
export function listeningPorts(log: string): number[] {
  const found = log.matchAll(/"?address"?[=:]"?tcp6?:[^\s"]*:([0-9]+)["\s]/g);
  return [...found].map((match) => Number(match[1]));
}

/** A running server of ours. */
export class OurServer {
  readonly child: Deno.ChildProcess;
  readonly #log: Promise<void>;
  #text = "";
  #hasEnded = false;
  #port = 0;

  constructor(child: Deno.ChildProcess) {
    this.child = child;
    this.#log = this.#collect();
  }

  async #collect(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.child.stderr) {
      this.#text += decoder.decode(chunk, { stream: true });
    }
    this.#hasEnded = true;
  }

  /** The first TCP port; 0 while there is none. */
  get port(): number {
    return this.#port ||= listeningPorts(this.#text)[0] ?? 0;
  }

  /** Everything on standard error so far. */
  get log(): string {
    return this.#text;
  }

  connect(): Promise<Client> {
    return Client.connect(this.port);
  }

  /** Resident memory in bytes (Linux). */
  residentBytes(): number {
    const status = Deno.readTextFileSync(`/proc/${this.child.pid}/status`);
    return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024;
  }

  /** Waits for a line of the log. */
  async waitForLog(pattern: RegExp, timeoutMs = 60_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!pattern.test(this.#text)) {
      if (this.#hasEnded || performance.now() > end) {
        throw new Error(`no ${pattern} in the log:\n${this.#text}`);
      }
      await pause(20);
    }
  }

  /** Sends a signal and waits for the exit code. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    try {
      this.child.kill(signal);
    } catch {
      // It has ended already.
    }
    return await this.ended();
  }

  /** Waits for the end of the process. */
  async ended(): Promise<number> {
    const { code } = await this.child.status;
    await this.#log;
    return code;
  }
}

/** The arguments of `deno` that run the server with `args`. */
export function denoArguments(
  args: string[],
  permissions: string[] = [],
): string[] {
  const native = args.includes(NATIVE) ? ["--allow-ffi"] : [];
  return ["run", ...PERMISSIONS, ...native, ...permissions, MAIN, ...args];
}

/** Starts a server, which may not accept connections yet. */
export function spawnOurServer(
  args: string[],
  { env, permissions, forbidden }: StartOptions = {},
): OurServer {
  const run = denoArguments(args, permissions);
  const child = new Deno.Command(Deno.execPath(), {
    args: forbidden === undefined ? run : [
      "run",
      "--allow-ffi",
      FORBIDDING,
      String(forbidden),
      Deno.execPath(),
      ...run,
    ],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  return new OurServer(child);
}

/** Starts a server and waits until it accepts connections: its log says so,
 * and of which port, since one that was free before may be somebody else's. */
export async function startOurServer(
  options: StartOptions = {},
): Promise<OurServer> {
  const args = [...options.mode?.args ?? [], ...options.args ?? []];
  if (options.tcp ?? true) args.unshift("-l", "127.0.0.1", "-p", "-1");
  const server = spawnOurServer(args, options);
  try {
    await server.waitForLog(/listening.*\n/);
  } catch (error) {
    await server.stop("SIGKILL");
    throw error;
  }
  return server;
}

/** Runs the program to its end: for flags that print or refuse. */
export async function runOurs(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: denoArguments(args),
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return {
    code: output.code,
    stdout: decode(output.stdout),
    stderr: decode(output.stderr),
  };
}
