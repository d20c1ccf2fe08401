/**
 * Owns the table of command-line flags and how they are written: memcached's
 * letters and long names, and ours. Never gives them a meaning.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { UsageError } from "./usage_error.ts";

/** One flag. */
export interface Flag {
  /** memcached's letter, "" if it has none. */
  letter: string;
  name: string;
  /** What stands for the value in the help; "" if the flag takes none, in
   * brackets if it may be left out. */
  value: string;
  help: string;
}

/** Every flag, in the order of the help. */
export const FLAGS: readonly Flag[] = [
  flag("p", "port", "num", "TCP port (default 11211; 0: any free one)"),
  flag("U", "udp-port", "num", "UDP port (default 0: off; -1: any free one)"),
  flag("s", "unix-socket", "file", "UNIX socket to listen on, instead of TCP"),
  flag("a", "unix-mask", "mask", "access mask of the socket, octal (700)"),
  flag("A", "enable-shutdown", "", 'enable the "shutdown" command'),
  flag("l", "listen", "addr", "addresses to listen on: host[:port],..."),
  flag("d", "daemon", "", "run in the background"),
  flag("r", "enable-coredumps", "", "accepted; has no effect"),
  flag("u", "user", "user", "accepted; start as that user instead"),
  flag(
    "m",
    "memory-limit",
    "num",
    "item memory: 64 (MB), 1g, 75% (default 64)",
  ),
  flag("M", "disable-evictions", "", "refuse to store when memory is full"),
  flag("c", "conn-limit", "num", "clients at the same time (default 1024)"),
  flag("k", "lock-memory", "", "accepted; has no effect"),
  flag("v", "verbose", "", "log more: -v, -vv (commands), -vvv"),
  flag("h", "help", "", "print this help and exit"),
  flag("i", "license", "", "print the licence and exit"),
  flag("V", "version", "", "print the version and exit"),
  flag("P", "pidfile", "file", "write the process id to a file"),
  flag("f", "slab-growth-factor", "num", "of the reported classes (1.25)"),
  flag("n", "slab-min-size", "bytes", "of the reported classes (48)"),
  flag("L", "enable-largepages", "", "accepted; has no effect"),
  flag("D", "delimiter", "char", "prefix delimiter; turns stats detail on"),
  flag("t", "threads", "num", "threads that serve (default 1)"),
  flag("", "smp", "[num]", "as -t: all cores, or that many"),
  flag("R", "max-reqs-per-event", "num", "requests counted as a turn (20)"),
  flag("C", "disable-cas", "", "disable CAS ids"),
  flag("b", "listen-backlog", "num", "connections that may queue (1024)"),
  flag("B", "protocol", "name", "ascii, binary, or auto (default)"),
  flag("I", "max-item-size", "num", "largest value: 1k..1024m (default 1m)"),
  flag("Z", "enable-ssl", "", "TLS on all TCP addresses; see ssl_ below"),
  flag("S", "enable-sasl", "", "SASL, with MEMCACHED_SASL_PWDB; binary only"),
  flag("Y", "auth-file", "file", "lines user:password; text protocol only"),
  flag("F", "disable-flush-all", "", "disable flush_all"),
  flag("X", "disable-dumping", "", "disable cachedump, detail and metadump"),
  flag("W", "disable-watch", "", "disable watch"),
  flag("o", "extended", "list", "further options, comma separated; see below"),
  flag("N", "napi_ids", "num", "accepted; has no effect"),
  flag("e", "memory-file", "file", "the same as --snapshot"),
  flag("", "snapshot", "file", "write items at a graceful stop, load at start"),
  flag("", "drain-grace", "sec", "serve on after readiness has ended (0)"),
  flag("", "drain-timeout", "sec", "let clients finish when stopping (5)"),
  flag("", "io", "name", "deno (default), native (Linux epoll), or auto"),
  flag("", "log-format", "name", "text (default) or json"),
  flag("", "log-file", "file", "append the log to a file, not to stderr"),
  flag("", "config", "file", "read flags from a file, one a line"),
  flag("", "print-config", "", "print the settings in force as JSON and exit"),
  flag("", "http", "addr", "metrics and the page at host:port (off)"),
  flag("", "hot-keys", "[num]", "find hot keys; look at 1 of num gets (100)"),
];

function flag(
  letter: string,
  name: string,
  value: string,
  help: string,
): Flag {
  return { letter, name, value, help };
}

/** Stands for a value that was left out. */
export const DEFAULT_VALUE = "default";

/** What was given: the values of each flag by long name, in order. */
export type GivenFlags = Map<string, string[]>;

/**
 * Reads a command line. Letters may be joined (`-vv`, `-p11211`), values may
 * begin with a minus, as getopt has it; other arguments are ignored, as
 * memcached ignores them; they are added to `words` for those who do not.
 */
export function readFlags(
  args: readonly string[],
  words: string[] = [],
): GivenFlags {
  const parsed = parseArgs(spellOut(args), {
    string: FLAGS.filter((f) => f.value !== "").map((f) => f.name),
    boolean: FLAGS.filter((f) => f.value === "").map((f) => f.name),
    collect: FLAGS.map((f) => f.name),
    unknown: (arg, key) => {
      if (key !== undefined) {
        throw new UsageError(`Illegal argument "${key}"`, 1);
      }
      words.push(arg);
    },
  });
  const given: GivenFlags = new Map();
  for (const { name, value } of FLAGS) {
    const list = parsed[name] as (string | boolean)[] | undefined;
    const values = (list ?? []).filter((v) => v !== false).map(String);
    if (values.length === 0) continue;
    if (value !== "" && values.some((v) => v === "")) {
      throw new UsageError(`Missing argument of --${name}`, 1);
    }
    given.set(name, values);
  }
  return given;
}

// Letters and detached values become --name=value, one argument each.
function spellOut(args: readonly string[]): string[] {
  const spelled: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === "--") break;
    if (arg.startsWith("--")) {
      refuseNeedlessValue(arg);
      const name = arg.slice(2);
      const known = FLAGS.find((f) => f.name === name);
      if (known?.value.startsWith("[")) spelled.push(`${arg}=${DEFAULT_VALUE}`);
      else if (
        known !== undefined && known.value !== "" && i + 1 < args.length
      ) {
        spelled.push(`${arg}=${args[++i]}`);
      } else spelled.push(arg);
    } else if (arg.startsWith("-") && arg !== "-") {
      i += spellLetters(arg, args[i + 1], spelled);
    } else spelled.push(arg);
  }
  return spelled;
}

function refuseNeedlessValue(arg: string): void {
  const at = arg.indexOf("=");
  if (at < 0) return;
  const name = arg.slice(2, at);
  if (FLAGS.some((f) => f.name === name && f.value === "")) {
    throw new UsageError(`--${name} takes no argument`, 1);
  }
}

// Returns how many further arguments the letters have used.
function spellLetters(
  arg: string,
  next: string | undefined,
  spelled: string[],
): number {
  for (let at = 1; at < arg.length; at++) {
    const known = FLAGS.find((f) => f.letter !== "" && f.letter === arg[at]);
    if (known === undefined) {
      throw new UsageError(`Illegal argument "${arg[at]}"`, 1);
    }
    if (known.value === "") {
      spelled.push(`--${known.name}`);
      continue;
    }
    const rest = arg.slice(at + 1);
    if (rest === "" && next === undefined) {
      throw new UsageError(`Missing argument of -${known.letter}`, 1);
    }
    spelled.push(`--${known.name}=${rest === "" ? next : rest}`);
    return rest === "" ? 1 : 0;
  }
  return 0;
}
