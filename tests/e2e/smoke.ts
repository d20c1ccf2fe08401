/**
 * Owns the smoke test of an executable: alone in an empty directory, without
 * Deno on PATH, it must start, store, answer, tell of its health and stop, in
 * every mode. A program of its own, for releases:
 * `deno task smoke [--modes="-t 1;--smp"] <executable>`.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { basename, join, resolve } from "node:path";
import { Client } from "../support/memcached.ts";
import { listeningPorts } from "../support/our_server.ts";
import { inTemporaryDirectory } from "../support/serving.ts";

/** The modes of a release. */
const MODES_DEFAULT = "-t 1;--smp";
const DEADLINE_MS = 60_000;

/** How a program is tried. */
export interface SmokeOptions {
  /** The program and what comes before the server's flags. */
  command: string[];
  /** Flags of the mode. */
  mode: string[];
  /** The empty directory that it runs in. */
  folder: string;
  /** Its whole environment. */
  env?: Record<string, string>;
}

interface Running {
  child: Deno.ChildProcess;
  port: number;
  /** Resolves to the exit code. */
  ended: Promise<number>;
}

// Windows needs these to run any program at all.
function environment(options: SmokeOptions): Record<string, string> {
  const env: Record<string, string> = { PATH: options.folder, NO_COLOR: "1" };
  for (const name of ["SystemRoot", "TEMP", "TMP"]) {
    const value = Deno.env.get(name);
    if (Deno.build.os === "windows" && value !== undefined) env[name] = value;
  }
  return { ...env, ...options.env };
}

function command(options: SmokeOptions, args: string[]): Deno.Command {
  const [program, ...first] = options.command;
  return new Deno.Command(program, {
    args: [...first, ...args],
    cwd: options.folder,
    clearEnv: true,
    env: environment(options),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function start(options: SmokeOptions): Promise<Running> {
  const args = ["-l", "127.0.0.1", "-p", "-1", "-A", ...options.mode];
  const child = command(options, args).spawn();
  child.stdout.cancel();
  const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  const ended = child.status.then(({ code }) => code)
    .finally(() => clearTimeout(timer));
  let log = "";
  const decoder = new TextDecoder();
  const { promise: port, resolve: found } = Promise.withResolvers<number>();
  (async () => {
    for await (const chunk of child.stderr) {
      log += decoder.decode(chunk, { stream: true });
      const [listening] = listeningPorts(log);
      if (listening !== undefined) found(listening);
    }
    found(0);
  })();
  if (await port === 0) {
    throw new Error(`it ends with ${await ended} and says:\n${log}`);
  }
  return { child, port: await port, ended };
}

async function converse(port: number): Promise<void> {
  const client = await Client.connect(port);
  try {
    const value = "a value of the smoke test";
    assertEquals(
      await client.ask(`set smoke 5 0 ${value.length}\r\n${value}\r\n`),
      "STORED\r\n",
    );
    assertEquals(
      await client.ask("get smoke\r\n"),
      `VALUE smoke 5 ${value.length}\r\n${value}\r\nEND\r\n`,
    );
    assertEquals(await client.ask("mg smoke v\r\n"), `VA 25\r\n${value}\r\n`);
    const stats = await client.ask("stats\r\n");
    assertMatch(stats, /^STAT pid [0-9]+\r\n/);
    assertMatch(stats, /\r\nSTAT curr_items 1\r\n/);
    assertMatch(stats, /\r\nSTAT get_hits 2\r\n/);
    assert(stats.endsWith("END\r\n"), stats);
  } finally {
    client.close();
  }
}

async function health(options: SmokeOptions, port: number): Promise<string> {
  const patience = `--timeout=${DEADLINE_MS}`;
  const args = ["health", patience, "-l", "127.0.0.1", "-p", String(port)];
  const { code, stdout } = await command(options, args).output();
  return `${code} ${new TextDecoder().decode(stdout)}`.trim();
}

/** Tries a program in one mode; throws what is wrong. */
export async function smoke(options: SmokeOptions): Promise<void> {
  const first = await start(options);
  try {
    await converse(first.port);
    assertMatch(await health(options, first.port), /^0 healthy: VERSION /);
    const client = await Client.connect(first.port);
    await client.write("shutdown\r\n");
    assertEquals(await first.ended, 0, "exit code after shutdown");
    client.close();
    assertEquals(await health(options, first.port), "1");
  } finally {
    await end(first);
  }
  // Windows ends a process that is sent a signal without asking it.
  if (Deno.build.os === "windows") return;
  const second = await start(options);
  try {
    second.child.kill("SIGTERM");
    assertEquals(await second.ended, 0, "exit code after SIGTERM");
  } finally {
    await end(second);
  }
}

async function end(running: Running): Promise<void> {
  try {
    running.child.kill("SIGKILL");
  } catch {
    // It has ended, as it should.
  }
  await running.ended;
}

/** Tries an executable, alone in a directory, in several modes. */
export async function smokeExecutable(
  path: string,
  modes: string[][],
): Promise<void> {
  for (const mode of modes) {
    await inTemporaryDirectory(async (folder) => {
      const program = join(folder, basename(path));
      await Deno.copyFile(path, program);
      await smoke({ command: [program], mode, folder });
      const left = [...Deno.readDirSync(folder)].map(({ name }) => name);
      assertEquals(left, [basename(path)], "files in its directory");
    });
  }
}

/** The modes in a text such as "-t 1;--smp". */
export function parseModes(text: string): string[][] {
  return text.split(";").map((mode) => mode.trim().split(/\s+/));
}

async function main(args: string[]): Promise<void> {
  const path = args.find((arg) => !arg.startsWith("--"));
  if (path === undefined) throw new Error("which executable?");
  const given = args.find((arg) => arg.startsWith("--modes="));
  const modes = parseModes(given?.slice("--modes=".length) ?? MODES_DEFAULT);
  for (const mode of modes) {
    await smokeExecutable(resolve(path), [mode]);
    console.log(`${basename(path)} ${mode.join(" ")}: ok`);
  }
}

if (import.meta.main) await main(Deno.args);
