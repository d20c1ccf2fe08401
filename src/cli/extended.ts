/**
 * Owns the options of `-o`. All of memcached's are known; those that tune
 * what this design does not have are checked, kept for `stats settings`, and
 * change nothing else.
 *
 * @module
 */
import type { Settings } from "../base/settings.ts";
import { TLS_OPTIONS } from "./tls_options.ts";
import { UsageError } from "./usage_error.ts";

type Apply = (settings: Settings, value: string | null, name: string) => void;

function missing(name: string): UsageError {
  return new UsageError(`Missing ${name} argument`, 1);
}

function integer(name: string, value: string | null): number {
  if (value === null) throw missing(name);
  if (!/^-?[0-9]+$/.test(value)) {
    throw new UsageError(`could not parse argument to ${name}`, 1);
  }
  return Number(value);
}

function unsigned(name: string, value: string | null): number {
  const parsed = integer(name, value);
  if (parsed < 0) {
    throw new UsageError(`could not parse argument to ${name}`, 1);
  }
  return parsed;
}

function number(name: string, value: string | null): number {
  if (value === null) throw missing(name);
  const parsed = Number(value);
  if (value === "" || !Number.isFinite(parsed)) {
    throw new UsageError(`could not parse argument to ${name}`, 1);
  }
  return parsed;
}

/** Accepted with any value, or none, and without effect. */
const ignore: Apply = () => {};

function percent(field: "hotLruPct" | "warmLruPct"): Apply {
  return (settings, value, name) => {
    const parsed = integer(name, value);
    if (parsed < 1 || parsed >= 80) {
      throw new UsageError(`${name} must be > 1 and < 80`, 1);
    }
    settings[field] = parsed;
  };
}

function factor(field: "hotMaxFactor" | "warmMaxFactor"): Apply {
  return (settings, value, name) => {
    const parsed = number(name, value);
    if (parsed <= 0) throw new UsageError(`${name} must be > 0`, 1);
    settings[field] = parsed;
  };
}

function kilobytes(field: "watcherBufferBytes" | "workerLogbufBytes"): Apply {
  return (settings, value, name) => {
    settings[field] = unsigned(name, value) * 1024;
  };
}

function modern(settings: Settings, isModern: boolean): void {
  if (isModern) return;
  settings.maxconnsFast = false;
  settings.slabReassign = false;
  settings.slabAutomove = 0;
  settings.lruCrawler = false;
  settings.lruMaintainer = false;
  settings.lruSegmented = false;
}

function hashAlgorithm(settings: Settings, value: string | null): void {
  if (value === null) throw missing("hash_algorithm");
  if (!["jenkins", "murmur3", "xxh3"].includes(value)) {
    throw new UsageError(
      "Unknown hash_algorithm option (jenkins, murmur3, xxh3)",
      1,
    );
  }
  settings.hashAlgorithm = value;
}

function hashpower(settings: Settings, value: string | null): void {
  if (value === null) {
    throw new UsageError("Missing numeric argument for hashpower", 1);
  }
  const power = integer("hashpower", value);
  if (power < 12) {
    throw new UsageError(
      `Initial hashtable multiplier of ${power} is too low`,
      1,
    );
  }
  if (power > 32) {
    throw new UsageError(
      `Initial hashtable multiplier of ${power} is too high`,
      1,
    );
  }
  settings.hashpowerInit = power;
}

function slabChunkMax(settings: Settings, value: string | null): void {
  const kilobytes = integer("slab_chunk_max", value);
  if (kilobytes <= 0) throw new UsageError("slab_chunk_max must be >= 0", 1);
  if (kilobytes > 512 * 1024) {
    throw new UsageError("slab_chunk_max must be specified in kilobytes.", 1);
  }
  settings.slabChunkMax = kilobytes * 1024;
}

function automove(settings: Settings, value: string | null): void {
  const level = value === null ? 1 : integer("slab_automove", value);
  if (level < 0 || level > 2) {
    throw new UsageError("slab_automove must be between 0 and 2", 1);
  }
  settings.slabAutomove = level;
}

function crawlerSleep(settings: Settings, value: string | null): void {
  const sleep = integer("lru_crawler_sleep", value);
  if (sleep < 0 || sleep > 1_000_000) {
    throw new UsageError("LRU crawler sleep must be between 0 and 1 second", 1);
  }
  settings.lruCrawlerSleep = sleep;
}

function tailRepair(settings: Settings, value: string | null): void {
  const seconds = integer("tail_repair_time", value);
  if (seconds < 10) {
    throw new UsageError(
      "Cannot set tail_repair_time to less than 10 seconds",
      1,
    );
  }
  settings.tailRepairTime = seconds;
}

function sizeBias(settings: Settings, value: string | null): void {
  const bias = number("size_bias", value);
  if (bias < 0 || bias > 1) {
    throw new UsageError("size_bias must be between 0 and 1", 1);
  }
  settings.sizeBias = bias;
}

// What this design has and honours.
const HONOURED: [string, Apply][] = [
  ["maxconns_fast", (s) => s.maxconnsFast = true],
  ["no_maxconns_fast", (s) => s.maxconnsFast = false],
  ["idle_timeout", (s, value) => {
    if (value === null) {
      throw new UsageError("Missing numeric argument for idle_timeout", 1);
    }
    s.idleTimeoutSeconds = integer("idle_timeout", value);
  }],
  ["track_sizes", (s) => s.trackSizes = true],
  ["watcher_logbuf_size", kilobytes("watcherBufferBytes")],
  ["size_bias", sizeBias],
  ["modern", (s) => modern(s, true)],
  ["no_modern", (s) => modern(s, false)],
  // memcached's debug build takes it from its tests: it opens debugtime.
  ["relaxed_privileges", (s) => s.debugCommands = true],
];

// What is only reported.
const REPORTED: [string, Apply][] = [
  ["worker_logbuf_size", kilobytes("workerLogbufBytes")],
  ["hashpower", hashpower],
  ["hash_algorithm", hashAlgorithm],
  ["tail_repair_time", tailRepair],
  ["slab_reassign", (s) => s.slabReassign = true],
  ["no_slab_reassign", (s) => s.slabReassign = false],
  ["slab_automove", automove],
  ["no_slab_automove", (s) => s.slabAutomove = 0],
  ["slab_automove_ratio", (s, value, name) => {
    s.slabAutomoveRatio = number(name, value);
    if (s.slabAutomoveRatio <= 0 || s.slabAutomoveRatio > 1) {
      throw new UsageError("slab_automove_ratio must be > 0 and < 1", 1);
    }
  }],
  ["slab_automove_window", (s, value, name) => {
    s.slabAutomoveWindow = integer(name, value);
    if (s.slabAutomoveWindow < 3) {
      throw new UsageError("slab_automove_window must be > 2 and < 1800", 1);
    }
  }],
  ["slab_automove_freeratio", (s, value, name) => {
    s.slabAutomoveFreeratio = number(name, value);
  }],
  ["slab_chunk_max", slabChunkMax],
  ["lru_crawler", (s) => s.lruCrawler = true],
  ["no_lru_crawler", (s) => s.lruCrawler = false],
  ["lru_crawler_sleep", crawlerSleep],
  ["lru_crawler_tocrawl", (s, value, name) => {
    s.lruCrawlerTocrawl = integer(name, value);
    if (s.lruCrawlerTocrawl < 0 || s.lruCrawlerTocrawl > 0xffffffff) {
      throw new UsageError(
        "lru_crawler_tocrawl takes a numeric 32bit value",
        1,
      );
    }
  }],
  ["lru_maintainer", (s) => s.lruMaintainer = s.lruSegmented = true],
  ["no_lru_maintainer", (s) => s.lruMaintainer = s.lruSegmented = false],
  ["hot_lru_pct", percent("hotLruPct")],
  ["warm_lru_pct", percent("warmLruPct")],
  ["hot_max_factor", factor("hotMaxFactor")],
  ["warm_max_factor", factor("warmMaxFactor")],
  ["temporary_ttl", (s, value, name) => {
    s.temporaryTtl = integer(name, value);
    s.tempLru = true;
  }],
  ["inline_ascii_resp", (s) => s.inlineAsciiResponse = true],
  ["no_inline_ascii_resp", (s) => s.inlineAsciiResponse = false],
  ["read_buf_mem_limit", (s, value, name) => {
    s.readBufMemLimit = unsigned(name, value) * 1024 * 1024;
  }],
];

const IGNORED = [
  "no_hashexpand",
  "slab_sizes",
  "no_chunked_items",
  "resp_obj_mem_limit",
  "drop_privileges",
  "no_drop_privileges",
  "sock_cookie_id",
  "ext_path",
  "ext_page_size",
  "ext_wbuf_size",
  "ext_threads",
  "ext_io_depth",
  "ext_item_size",
  "ext_item_age",
  "ext_low_ttl",
  "ext_drop_unread",
  "ext_recache_rate",
  "ext_compact_under",
  "ext_drop_under",
  "ext_max_frag",
  "ext_max_sleep",
];

/** Every option of `-o`. */
export const EXTENDED: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ...HONOURED,
  ...TLS_OPTIONS,
  ...REPORTED,
  ...IGNORED.map((name): [string, Apply] => [name, ignore]),
]);

/** Those that are accepted for compatibility only: one warning names them. */
export const WITHOUT_EFFECT: ReadonlySet<string> = new Set(IGNORED);

/** Options that a later version brings. */
const MISSING = /^proxy_/;

/** Applies the options of one `-o`; returns those without effect. */
export function applyExtended(settings: Settings, list: string): string[] {
  const idle: string[] = [];
  for (const part of list.split(",")) {
    if (part === "") continue;
    const at = part.indexOf("=");
    const name = at < 0 ? part : part.slice(0, at);
    const value = at < 0 ? null : part.slice(at + 1);
    if (MISSING.test(name)) {
      throw new UsageError(`-o ${name} is not available in this version`);
    }
    const apply = EXTENDED.get(name);
    if (apply === undefined) {
      throw new UsageError(`Illegal suboption "${name}"`, 1);
    }
    apply(settings, value, name);
    if (WITHOUT_EFFECT.has(name)) idle.push(name);
  }
  return idle;
}
