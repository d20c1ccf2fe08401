/**
 * Owns turning given flags into settings, with memcached's checks, messages
 * and exit codes. Reads the system only through `SystemFacts`.
 *
 * @module
 */
import {
  DRAIN_SECONDS_MAX,
  ITEM_BYTES_MAX,
  ITEM_BYTES_MIN,
  MEMORY_BYTES_MIN,
  THREADS_MAX,
} from "../base/limits.ts";
import { type Settings, SETTINGS_DEFAULT } from "../base/settings.ts";
import { parseAddresses } from "./addresses.ts";
import { applyExtended } from "./extended.ts";
import { DEFAULT_VALUE, type GivenFlags } from "./flags.ts";
import { applyObserving } from "./observing.ts";
import { applySecurity } from "./security_flags.ts";
import { parseSize } from "./sizes.ts";
import { EXIT_NO_USER, UsageError } from "./usage_error.ts";

const MIB = 1024 * 1024;

/** What the configuration needs to know of the system. */
export interface SystemFacts {
  /** Memory that this process may use: the cgroup's limit, or the machine's. */
  memoryBytes(): number;
  /** Processors that this process may use. */
  cores(): number;
  /** Whether there is such a user; null if nobody can tell. */
  hasUser(name: string): boolean | null;
  environment(name: string): string | undefined;
}

/** Settings, and what to do beside serving. */
export interface Config {
  settings: Settings;
  /** `-d`. */
  daemon: boolean;
  /** Warnings for the log. */
  warnings: string[];
}

/** Flags that are accepted and do nothing. */
const WITHOUT_EFFECT = [
  "enable-coredumps",
  "lock-memory",
  "enable-largepages",
  "napi_ids",
];

function last(given: GivenFlags, name: string): string | undefined {
  return given.get(name)?.at(-1);
}

// As C's atoi: leading digits count, anything else is 0.
function toInteger(text: string): number {
  const match = /^\s*[-+]?[0-9]+/.exec(text);
  return match === null ? 0 : Number(match[0]);
}

/** Settings for the flags; throws UsageError. */
export function configure(given: GivenFlags, system: SystemFacts): Config {
  const settings: Settings = structuredClone(SETTINGS_DEFAULT);
  const warnings: string[] = [];
  settings.portFile = system.environment("MEMCACHED_PORT_FILENAME") ?? null;
  applyNetwork(settings, given);
  applyLimits(settings, given);
  applyThreads(settings, given, system);
  applySwitches(settings, given);
  applyMemory(settings, given, system);
  applyObserving(settings, given, warnings);
  const idle = (given.get("extended") ?? []).flatMap((list) =>
    applyExtended(settings, list)
  );
  if (idle.length > 0) {
    warnings.push(`-o ${idle.join(",")}: accepted, without effect`);
  }
  for (const name of WITHOUT_EFFECT) {
    if (given.has(name)) warnings.push(`--${name}: accepted, without effect`);
  }
  checkUser(given, system, warnings);
  applySecurity(settings, given, system);
  checkTogether(settings);
  return { settings, daemon: given.has("daemon"), warnings };
}

function applyNetwork(settings: Settings, given: GivenFlags): void {
  const port = last(given, "port");
  if (port !== undefined) {
    settings.port = toInteger(port);
    if (settings.port < -1 || settings.port > 65535) {
      throw new UsageError(`ERROR: Invalid port number ${settings.port}.`);
    }
  }
  const udpPort = last(given, "udp-port");
  if (udpPort !== undefined) {
    settings.udpPort = toInteger(udpPort);
    if (settings.udpPort < -1 || settings.udpPort > 65535) {
      throw new UsageError(`ERROR: Invalid port number ${settings.udpPort}.`);
    }
    if (settings.udpPort !== 0 && port === undefined) {
      settings.port = settings.udpPort;
    }
  }
  const listen = given.get("listen");
  if (listen !== undefined) {
    settings.listenText = listen.join(",");
    settings.addresses = parseAddresses(settings.listenText);
  }
  settings.unixSocket = last(given, "unix-socket") ?? null;
  const mask = last(given, "unix-mask");
  if (mask !== undefined) {
    if (!/^[0-7]+$/.test(mask)) {
      throw new UsageError(`--unix-mask: ${mask} is no octal number`);
    }
    settings.unixMask = parseInt(mask, 8);
  }
  const protocol = last(given, "protocol") ?? "auto";
  if (protocol !== "auto" && protocol !== "ascii" && protocol !== "binary") {
    throw new UsageError(
      `Invalid value for binding protocol: ${protocol}\n` +
        " -- should be one of auto, binary, or ascii",
    );
  }
  settings.protocol = protocol;
  const io = last(given, "io") ?? "deno";
  if (io !== "deno" && io !== "native" && io !== "auto") {
    throw new UsageError(`--io: ${io} is not one of deno, native, auto`);
  }
  settings.io = io;
}

// A number that must be greater than 0, with memcached's complaint.
function positive(
  given: GivenFlags,
  name: string,
  complaint: string,
  fallback: number,
): number {
  const text = last(given, name);
  if (text === undefined) return fallback;
  const value = toInteger(text);
  if (value <= 0) throw new UsageError(complaint, 1);
  return value;
}

function applyLimits(settings: Settings, given: GivenFlags): void {
  settings.connectionsMax = positive(
    given,
    "conn-limit",
    "Maximum connections must be greater than 0",
    settings.connectionsMax,
  );
  settings.commandsPerTurn = positive(
    given,
    "max-reqs-per-event",
    "Number of requests per event must be greater than 0",
    settings.commandsPerTurn,
  );
  settings.chunkSize = positive(
    given,
    "slab-min-size",
    "Chunk size must be greater than 0",
    settings.chunkSize,
  );
  const factor = last(given, "slab-growth-factor");
  if (factor !== undefined) {
    settings.growthFactor = parseFloat(factor);
    if (!(settings.growthFactor > 1)) {
      throw new UsageError("Factor must be greater than 1", 1);
    }
  }
  const backlog = last(given, "listen-backlog");
  if (backlog !== undefined) settings.backlog = toInteger(backlog);
}

function drainSeconds(
  given: GivenFlags,
  name: string,
  fallback: number,
): number {
  const text = last(given, name);
  if (text === undefined) return fallback;
  if (!/^[0-9]{1,9}$/.test(text) || Number(text) > DRAIN_SECONDS_MAX) {
    throw new UsageError(
      `--${name}: ${text} is not 0 to ${DRAIN_SECONDS_MAX} seconds`,
    );
  }
  return Number(text);
}

function applyThreads(
  settings: Settings,
  given: GivenFlags,
  system: SystemFacts,
): void {
  const isSmp = given.has("smp");
  if (isSmp && given.has("threads")) {
    throw new UsageError("--smp and --threads say the same thing: give one");
  }
  const name = isSmp ? "smp" : "threads";
  settings.threads = last(given, name) === DEFAULT_VALUE
    ? Math.min(system.cores(), THREADS_MAX)
    : positive(
      given,
      name,
      "Number of threads must be greater than 0",
      settings.threads,
    );
  if (settings.threads > THREADS_MAX) {
    throw new UsageError(`--${name}: at most ${THREADS_MAX}`, 1);
  }
}

function applySwitches(settings: Settings, given: GivenFlags): void {
  settings.evictions = !given.has("disable-evictions");
  settings.useCas = !given.has("disable-cas");
  settings.shutdownCommand = given.has("enable-shutdown");
  settings.flushEnabled = !given.has("disable-flush-all");
  settings.dumpEnabled = !given.has("disable-dumping");
  settings.watchEnabled = !given.has("disable-watch");
  settings.verbosity = given.get("verbose")?.length ?? 0;
  settings.pidFile = last(given, "pidfile") ?? null;
  settings.memoryFile = last(given, "snapshot") ??
    last(given, "memory-file") ?? null;
  settings.drainGraceSeconds = drainSeconds(
    given,
    "drain-grace",
    settings.drainGraceSeconds,
  );
  settings.drainTimeoutSeconds = drainSeconds(
    given,
    "drain-timeout",
    settings.drainTimeoutSeconds,
  );
  const delimiter = last(given, "delimiter");
  if (delimiter !== undefined) {
    settings.prefixDelimiter = delimiter[0];
    settings.detailEnabled = true;
  }
  const format = last(given, "log-format") ?? "text";
  if (format !== "text" && format !== "json") {
    throw new UsageError(`--log-format: ${format} is neither text nor json`);
  }
  settings.jsonLog = format === "json";
  settings.logFile = last(given, "log-file") ?? null;
}

function applyMemory(
  settings: Settings,
  given: GivenFlags,
  system: SystemFacts,
): void {
  const memory = last(given, "memory-limit");
  if (memory !== undefined) {
    const whole = memory.endsWith("%") ? system.memoryBytes() : undefined;
    settings.memoryBytes = parseSize(memory, "-m", MIB, whole);
  }
  const item = last(given, "max-item-size");
  if (item !== undefined) settings.itemBytesMax = parseSize(item, "-I", 1);
}

function checkUser(
  given: GivenFlags,
  system: SystemFacts,
  warnings: string[],
): void {
  const user = last(given, "user");
  if (user === undefined) return;
  if (system.hasUser(user) === false) {
    throw new UsageError(
      `can't find the user ${user} to switch to`,
      EXIT_NO_USER,
    );
  }
  const current = system.environment("USER") ?? system.environment("LOGNAME");
  if (current !== undefined && current !== user) {
    warnings.push(
      `--user ${user}: this program cannot change its user; start it as ` +
        `${user} instead`,
    );
  }
}

function checkTogether(settings: Settings): void {
  if (settings.itemBytesMax < ITEM_BYTES_MIN) {
    throw new UsageError("Item max size cannot be less than 1024 bytes.");
  }
  if (settings.itemBytesMax > settings.memoryBytes / 2) {
    throw new UsageError(
      "Cannot set item size limit higher than 1/2 of memory max.",
    );
  }
  if (settings.itemBytesMax > ITEM_BYTES_MAX) {
    throw new UsageError(
      "Cannot set item size limit higher than a gigabyte.",
    );
  }
  if (settings.memoryBytes < MEMORY_BYTES_MIN) {
    throw new UsageError("-m: at least 1 MB is needed");
  }
  if (settings.hotLruPct + settings.warmLruPct > 80) {
    throw new UsageError(
      "hot_lru_pct + warm_lru_pct cannot be more than 80% combined",
    );
  }
  // Without any other way in, no port means any port. memcached's own tests,
  // which ask for relaxed_privileges, expect no port at all.
  const isReachable = settings.unixSocket !== null ||
    settings.udpPort !== 0 || settings.debugCommands;
  if (settings.port === 0 && !isReachable) settings.port = -1;
}
