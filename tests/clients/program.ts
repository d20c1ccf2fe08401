/**
 * Owns running a client that is not ours against a server of ours: whether it
 * is installed, what to say if not, what it must answer. Never speaks a
 * protocol.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { MODES } from "../support/our_server.ts";
import {
  inTemporaryDirectory,
  type Served,
  type ServeOptions,
  serving,
} from "../support/serving.ts";
import { findProgram, mustHaveAll } from "../support/programs.ts";

/** Longest run of a client: one that hangs fails its test. */
const DEADLINE_MS = 180_000;

/** Waits for a client in this process, but not for ever. */
export async function withDeadline(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`the client waits longer than ${DEADLINE_MS} ms`);
    timer = setTimeout(() => reject(error), DEADLINE_MS);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a program said and how it ended. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end; a deadline ends it with a signal. */
export async function run(
  path: string,
  args: readonly string[],
): Promise<Ended> {
  const output = await new Deno.Command(path, {
    args: [...args],
    stdin: "null",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  const decoder = new TextDecoder();
  return {
    code: output.code,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}

/** The Python that has a module; Debian's before any other. */
export function findPython(module: string): string | null {
  const paths = ["/usr/bin/python3", "python3"];
  return findProgram(paths, ["-B", "-c", `import ${module}`]);
}

/** The Ruby in which an expression is true; Debian's before any other. */
export function findRuby(library: string, expression: string): string | null {
  const paths = ["/usr/bin/ruby", "ruby"];
  return findProgram(paths, ["-r", library, "-e", `exit(${expression})`]);
}

/** A test that a client may have to be installed for. */
export interface ClientTest {
  name: string;
  /** Why it cannot run, or null. */
  missing: string | null;
  /** Whether it may be left out even where the clients must be there. */
  isOptional?: boolean;
  /** How to start the server, beside its mode; may write to the directory,
   * which is there as long as the server. */
  start?: (directory: string) => Promise<Partial<ServeOptions>>;
  /** Told the directory, too, if there is a `start`. */
  body: (served: Served, directory: string) => Promise<void>;
}

/** Registers a test for every mode, with a fresh server each. */
export function clientTest(test: ClientTest): void {
  const { name, missing, isOptional = false, start, body } = test;
  for (const mode of MODES) {
    const title = `${name} (${mode.name})`;
    if (missing === null) {
      Deno.test(
        title,
        () =>
          start === undefined
            ? serving({ mode }, (served) => body(served, ""))
            : inTemporaryDirectory(async (path) => {
              const options = { mode, ...await start(path) };
              await serving(options, (served) => body(served, path));
            }),
      );
    } else if (isOptional || !mustHaveAll()) {
      Deno.test.ignore(`${title}: ${missing}`, () => {});
    } else {
      Deno.test(title, () => {
        throw new Error(missing);
      });
    }
  }
}

/** The user that SASL tests log in as. */
export const SASL_USER = { name: "ada", password: "pass word" };

/** Flags and environment for a server that knows this user. */
export async function saslServer(
  directory: string,
): Promise<Partial<ServeOptions>> {
  const path = `${directory}/users`;
  const { name, password } = SASL_USER;
  await Deno.writeTextFile(path, `${name}:${password}\n`);
  return { args: ["-S"], env: { MEMCACHED_SASL_PWDB: path } };
}

/** Says that a package of Debian is not installed. */
export function lacks(name: string, path: string | null): string | null {
  return path === null ? `${name} is not installed` : null;
}

/** A script of checks beside the tests, and how it is run. */
export interface Script {
  /** The interpreter. */
  path: string;
  /** Its arguments before the script. */
  args?: readonly string[];
  file: string;
  /** The arguments after the port. */
  more?: readonly string[];
  /** The number of checks that it must make. */
  checks: number;
}

/** Runs a script against a server; all its checks must be made and hold. */
export async function expectChecks(
  script: Script,
  port: number,
): Promise<void> {
  const { path, args = [], file, more = [], checks } = script;
  const at = new URL(file, import.meta.url).pathname;
  const ended = await run(path, [...args, at, String(port), ...more]);
  const said = `${ended.stdout}${ended.stderr}`;
  assertEquals([ended.code, ended.stdout], [0, `${checks} checks\n`], said);
}
