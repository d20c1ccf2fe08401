/**
 * Owns the options of the load driver: their names, defaults and limits.
 *
 * @module
 */
import { parseArgs } from "@std/cli";

/** What a run sends. */
export const MODES = [
  "fill",
  "get",
  "set",
  "mix",
  "mget",
  "mg",
  "ms",
  "bget",
] as const;

export type Mode = typeof MODES[number];

/** One run. */
export interface LoadOptions {
  mode: Mode;
  host: string;
  port: number;
  /** Connections. */
  conns: number;
  /** Requests sent together on one connection; the next ones follow when all
   * of them are answered. */
  pipe: number;
  /** Length of the window that is measured. */
  secs: number;
  /** How long the load runs before the window opens. */
  warmUpSecs: number;
  /** Keys are numbered first..first+keys-1. */
  keys: number;
  first: number;
  valueBytes: number;
  /** Keys in one `mget` line. */
  mgetKeys: number;
  /** Requests a second over all connections; 0 for as fast as possible. */
  rate: number;
  seed: number;
  /** Process of the server, whose CPU time is to be measured; 0 for none. */
  pid: number;
  /** Use connections only that this worker of a denocached serves; -1 for any.
   * With epoll only. */
  worker: number;
  /** Avoid FFI even where it could be used. */
  portable: boolean;
}

export const LOAD_DEFAULT: LoadOptions = {
  mode: "get",
  host: "127.0.0.1",
  port: 11211,
  conns: 50,
  pipe: 1,
  secs: 5,
  warmUpSecs: 0,
  keys: 100_000,
  first: 0,
  valueBytes: 100,
  mgetKeys: 50,
  rate: 0,
  seed: 1,
  pid: 0,
  worker: -1,
  portable: false,
};

/** How each number is called on the command line, and its least value. */
const NUMBERS: readonly [keyof LoadOptions & string, string, number][] = [
  ["port", "port", 1],
  ["conns", "conns", 1],
  ["pipe", "pipe", 1],
  ["secs", "secs", 0],
  ["warmUpSecs", "warm-up", 0],
  ["keys", "keys", 1],
  ["first", "first", 0],
  ["valueBytes", "value", 1],
  ["mgetKeys", "mget", 1],
  ["rate", "rate", 0],
  ["seed", "seed", 0],
  ["pid", "pid", 0],
  ["worker", "worker", -1],
];

/** Keys have eight digits. */
const KEYS_END = 100_000_000;

/** The usage, for a mistake in the arguments. */
export const USAGE = `usage: main.ts <${MODES.join("|")}> [--host=127.0.0.1] ` +
  NUMBERS.map(([key, name]) => `[--${name}=${LOAD_DEFAULT[key]}]`).join(" ") +
  " [--portable]";

/** Reads the arguments; throws an Error that says what is wrong. */
export function readLoadOptions(args: readonly string[]): LoadOptions {
  const parsed = parseArgs(args, {
    string: ["host", ...NUMBERS.map(([, name]) => name)],
    boolean: ["portable"],
    unknown: (arg, key) => {
      if (key !== undefined) throw new Error(`unknown option ${arg}`);
    },
  });
  const mode = String(parsed._[0] ?? "") as Mode;
  if (!MODES.includes(mode)) throw new Error(`unknown mode "${mode}"`);
  const options: LoadOptions = { ...LOAD_DEFAULT, mode };
  for (const [key, name, least] of NUMBERS) {
    if (parsed[name] === undefined) continue;
    const value = Number(parsed[name]);
    if (!(value >= least)) throw new Error(`bad --${name}=${parsed[name]}`);
    (options as unknown as Record<string, number>)[key] = value;
  }
  if (parsed.host !== undefined) options.host = parsed.host;
  options.portable = parsed.portable;
  if (options.first + options.keys > KEYS_END) {
    throw new Error(`keys must stay below ${KEYS_END}`);
  }
  return options;
}

/** The arguments that stand for `options`. */
export function loadArguments(options: LoadOptions): string[] {
  const args: string[] = [options.mode, `--host=${options.host}`];
  for (const [key, name] of NUMBERS) args.push(`--${name}=${options[key]}`);
  if (options.portable) args.push("--portable");
  return args;
}
