/**
 * Owns the answers to commands that tune what this design does not have:
 * slabs, lru, extstore. They are checked as memcached checks them, kept for
 * `stats settings`, and change nothing else.
 *
 * @module
 */
import type { Settings } from "../base/settings.ts";
import * as words from "./words.ts";
import type { Context } from "./context.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { toInt32, toUint32 } = words;

const BAD_FORMAT = "CLIENT_ERROR bad command line format";
const SLAB_NUMBERS = 64;

function toNumber(word: string | undefined): number | null {
  if (word === undefined || word === "") return null;
  const value = Number(word);
  return Number.isFinite(value) ? value : null;
}

/** `slabs reassign|automove ...` */
export function slabsCommand(words: string[], context: Context): string {
  const { settings } = context;
  const [, verb] = words;
  if (verb === undefined) return "ERROR";
  if (words.length === 4 && "reassign".startsWith(verb)) {
    if (!settings.slabReassign) {
      return "CLIENT_ERROR slab reassignment disabled";
    }
    const source = toInt32(words[2]), target = toInt32(words[3]);
    if (source === null || target === null) return BAD_FORMAT;
    return reassign(source, target, context);
  }
  if (words.length >= 3 && "automove".startsWith(verb)) {
    return automove(words, settings);
  }
  return "ERROR";
}

function reassign(source: number, target: number, context: Context): string {
  const { largest } = context.store.slabs;
  if (source === target) return "SAME src and dst class are identical";
  const isClass = (n: number) => n >= 0 && n <= Math.min(largest, SLAB_NUMBERS);
  if ((source !== -1 && !isClass(source)) || !isClass(target)) {
    return "BADCLASS invalid src or dst class id";
  }
  // Pages belong to no class here: none can be spared, none is needed.
  return source === -1
    ? "BADCLASS invalid src or dst class id"
    : "NOSPARE source class has no spare pages";
}

function automove(words: string[], settings: Settings): string {
  const verb = words[2];
  if ("ratio".startsWith(verb)) {
    const ratio = toNumber(words[3]);
    if (ratio === null) return "ERROR";
    settings.slabAutomoveRatio = ratio;
    return "OK";
  }
  if ("freeratio".startsWith(verb)) {
    const ratio = toNumber(words[3]);
    if (ratio === null) return "ERROR";
    settings.slabAutomoveFreeratio = ratio;
    return "OK";
  }
  if ("window".startsWith(verb)) {
    const window = toUint32(words[3]);
    if (window < 0) return BAD_FORMAT;
    if (window < 3 || window > 1800) {
      return "CLIENT_ERROR automove window too low or too high";
    }
    settings.slabAutomoveWindow = window;
    return "OK";
  }
  const level = toUint32(verb);
  if (level < 0) return BAD_FORMAT;
  if (level > 2) return "ERROR";
  settings.slabAutomove = level;
  return "OK";
}

/** `lru tune|mode|temp_ttl ...` */
export function lruCommand(words: string[], settings: Settings): string {
  const [, verb] = words;
  if (verb === undefined) return "ERROR";
  if ("tune".startsWith(verb) && words.length >= 6) {
    return lruTune(words, settings);
  }
  if (!settings.lruMaintainer || words.length < 3) return "ERROR";
  if ("mode".startsWith(verb)) {
    if (words[2] !== "flat" && words[2] !== "segmented") return "ERROR";
    settings.lruSegmented = words[2] === "segmented";
    return "OK";
  }
  if ("temp_ttl".startsWith(verb)) {
    const ttl = toInt32(words[2]);
    if (ttl === null) return "ERROR";
    settings.tempLru = ttl >= 0;
    if (ttl >= 0) settings.temporaryTtl = ttl;
    return "OK";
  }
  return "ERROR";
}

function lruTune(words: string[], settings: Settings): string {
  const hot = toUint32(words[2]), warm = toUint32(words[3]);
  const hotFactor = toNumber(words[4]), warmFactor = toNumber(words[5]);
  if (hot < 0 || warm < 0 || hotFactor === null || warmFactor === null) {
    return "ERROR";
  }
  if (hot + warm > 80) return "ERROR hot and warm pcts must not exceed 80";
  if (hotFactor <= 0 || warmFactor <= 0) {
    return "ERROR hot/warm age factors must be greater than 0";
  }
  settings.hotLruPct = hot;
  settings.warmLruPct = warm;
  settings.hotMaxFactor = hotFactor;
  settings.warmMaxFactor = warmFactor;
  return "OK";
}

/** `extstore <setting> <value>` */
export function extstoreCommand(words: string[], settings: Settings): string {
  const [, name, value] = words;
  if (words.length < 3) return "ERROR";
  if (name === "free_memchunks" && words.length > 3) {
    const slabClass = toUint32(value), limit = toUint32(words[3]);
    const isFine = slabClass >= 0 && limit >= 0 && slabClass < SLAB_NUMBERS;
    return isFine ? "OK" : "ERROR";
  }
  const field = `ext_${name}`;
  if (!(field in settings.extstore) || name === "wbuf_size") return "ERROR";
  if (name === "max_frag") {
    const fraction = toNumber(value);
    if (fraction === null) return "ERROR";
    settings.extstore[field] = fraction.toFixed(2);
    return "OK";
  }
  const number = toUint32(value);
  if (number < 0) return "ERROR";
  settings.extstore[field] = name === "drop_unread"
    ? (number === 0 ? "no" : "yes")
    : String(number);
  return "OK";
}
