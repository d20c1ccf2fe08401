/**
 * Owns the environment variables that stand for flags: `MEMCACHED_` and the
 * flag's long name in capitals. Never reads the process' environment itself.
 *
 * @module
 */
import { type Flag, FLAGS } from "./flags.ts";
import type { SourcePart, TextSource } from "./sources.ts";
import { UsageError } from "./usage_error.ts";

const PREFIX = "MEMCACHED_";
/** Added to a variable's name: the value is in that file. */
const IN_FILE = "_FILE";

/** What other images of memcached call the same. */
const OTHER_NAMES: Record<string, readonly string[]> = {
  "memory-limit": ["MEMCACHED_CACHESIZE", "MEMCACHED_CACHE_SIZE"],
  "conn-limit": [
    "MEMCACHED_MAXCONN",
    "MEMCACHED_MAX_CONNECTIONS",
    "MEMCACHED_CONNECTIONS",
  ],
  "port": ["MEMCACHED_PORT_NUMBER"],
  "listen": ["MEMCACHED_LISTEN_ADDRESS"],
};

/** These are asked for, not set up; images set MEMCACHED_VERSION for others,
 * and a container that goes into the background ends. */
const COMMAND_LINE_ONLY = [
  "help",
  "version",
  "license",
  "print-config",
  "daemon",
];

/** The variable of a flag. */
export function variableOf(flagName: string): string {
  return PREFIX + flagName.toUpperCase().replaceAll("-", "_");
}

/** What each variable that is set gives; throws UsageError. */
export function readEnvironment(system: TextSource): SourcePart[] {
  const flags = FLAGS.filter(({ name }) => !COMMAND_LINE_ONLY.includes(name));
  const flagVariables = new Set(flags.map(({ name }) => variableOf(name)));
  const parts: SourcePart[] = [];
  for (const flag of flags) {
    const names = [variableOf(flag.name), ...OTHER_NAMES[flag.name] ?? []];
    for (const name of names) {
      const file = name + IN_FILE;
      const found = lookUp(name, flagVariables.has(file) ? null : file, system);
      if (found === null) continue;
      parts.push({
        origin: found.origin,
        given: new Map([[flag.name, valuesOf(flag, found)]]),
      });
      break;
    }
  }
  return parts;
}

interface Found {
  origin: string;
  text: string;
}

function lookUp(
  name: string,
  fileName: string | null,
  system: TextSource,
): Found | null {
  const text = system.environment(name) ?? "";
  const path = fileName === null ? "" : system.environment(fileName) ?? "";
  // Kubernetes sets such variables for a service that is called memcached.
  const isServiceLink = /^(tcp|udp|sctp):\/\//.test(text);
  const isSet = text !== "" && !isServiceLink;
  if (path === "") return isSet ? { origin: name, text } : null;
  if (isSet) throw new UsageError(`${name} and ${fileName} are both set`);
  try {
    // Editors end a file with a newline, which is no part of a secret.
    const content = system.readFile(path).replace(/\r?\n$/, "");
    return { origin: fileName!, text: content };
  } catch (error) {
    throw new UsageError(`${fileName}: cannot read ${path}: ${reason(error)}`);
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// An empty list turns off what a file has turned on.
function valuesOf(flag: Flag, { origin, text }: Found): string[] {
  if (flag.value !== "") return [text];
  const word = text.trim().toLowerCase();
  if (flag.name === "verbose" && /^[0-9]$/.test(word)) {
    return Array(Number(word)).fill("true");
  }
  if (["1", "true", "yes", "on"].includes(word)) return ["true"];
  if (["0", "false", "no", "off"].includes(word)) return [];
  throw new UsageError(`${origin}: ${text} is neither yes nor no`);
}
