/**
 * Owns everything that looks on while commands run: watchers, prefix counts
 * and the verbose log. Costs one flag test when nobody looks.
 *
 * @module
 */
import * as bytes from "../base/bytes.ts";
import type { Settings } from "../base/settings.ts";
import type { Counters } from "./counters.ts";
import { HotKeys, type HotKeysReport } from "./hot_keys.ts";
import { PrefixStats } from "./prefixes.ts";
import { WatchHub } from "./watch.ts";
import * as watch from "./watch.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { latin1 } = bytes;
const {
  WATCH_CONNEVENTS,
  WATCH_DELETIONS,
  WATCH_EVICTIONS,
  WATCH_FETCHERS,
  WATCH_MUTATIONS,
} = watch;

/** How item_get events name what a look ended in (MISS, HIT, ...). */
const GET_STATUS = ["not_found", "found", "flushed", "expired"];
/** How item_store events name results (STORED, ...), and forms. */
const STORE_STATUS = [
  "stored",
  "not_stored",
  "exists",
  "not_found",
  "too_large",
  "no_memory",
];
const STORE_FORM = ["set", "add", "replace", "append", "prepend", "cas"];

/** A key as log lines show it: everything but unreserved characters escaped
 * (RFC 3986, section 2.3). */
export function uriKey(bytes: Uint8Array, at: number, length: number): string {
  let text = "";
  for (let i = at; i < at + length; i++) {
    const c = String.fromCharCode(bytes[i]);
    text += /[A-Za-z0-9\-._~]/.test(c)
      ? c
      : "%" + bytes[i].toString(16).toUpperCase().padStart(2, "0");
  }
  return text;
}

/** The onlookers of one worker. */
export class Observers {
  readonly watch: WatchHub;
  readonly prefixes: PrefixStats;
  /** Null unless `--hot-keys` asks for them. */
  readonly hotKeys: HotKeys | null;
  readonly #settings: Settings;
  /** What watchers of other workers want, beside our own. */
  remoteFlags = 0;
  /** True if any hook below has something to do. */
  active = false;
  /** Writes a line of the verbose log, about the connection that runs the
   * current command if no other is named. */
  log: (line: string, connection?: number) => void = () => {};
  /** Unix time with fractions; set by the server. */
  clock: () => number = () => 0;
  /** The connection that runs the current command. */
  connection = 0;
  /** Gives an event to watchers elsewhere; set in the multi-core mode. */
  publish: (flag: number, event: string) => void;

  constructor(settings: Settings, counters: Counters) {
    this.#settings = settings;
    this.watch = new WatchHub(settings.watcherBufferBytes, counters);
    this.prefixes = new PrefixStats(settings.prefixDelimiter);
    this.hotKeys = settings.hotKeysSample > 0
      ? new HotKeys(settings.hotKeysSample)
      : null;
    this.publish = (flag, event) =>
      this.watch.publish(flag, this.clock(), event);
    this.watch.onChange = () => this.refresh();
    this.refresh();
  }

  /** To be called whenever a setting, or a watcher, has changed. */
  refresh(): void {
    this.active = this.#flags !== 0 || this.#settings.detailEnabled ||
      this.#settings.verbosity > 1 || this.hotKeys !== null;
  }

  get #flags(): number {
    return this.watch.flags | this.remoteFlags;
  }

  wants(flag: number): boolean {
    return (this.#flags & flag) !== 0;
  }

  get isVerbose(): boolean {
    return this.#settings.verbosity > 1;
  }

  /** A get, or the look that comes before a store or delete. */
  itemGet(
    key: Uint8Array,
    at: number,
    length: number,
    status: number,
    slabClass: number,
    size: number,
  ): void {
    if (this.wants(WATCH_FETCHERS)) {
      this.publish(
        WATCH_FETCHERS,
        `type=item_get key=${uriKey(key, at, length)} ` +
          `status=${GET_STATUS[status]} clsid=${slabClass} ` +
          `cfd=${this.connection} size=${size}`,
      );
    }
    if (this.#settings.verbosity > 2) {
      const found = status === 0 ? "NOT FOUND" : "FOUND KEY";
      const gone = status === 2
        ? " -removed by flush"
        : status === 3
        ? " -removed by expire"
        : "";
      this.log(`> ${found} ${latin1(key, at, at + length)}${gone}`);
    }
  }

  itemStore(
    key: Uint8Array,
    at: number,
    length: number,
    result: number,
    form: number,
    ttl: number,
    slabClass: number,
    size: number,
  ): void {
    if (!this.wants(WATCH_MUTATIONS)) return;
    this.publish(
      WATCH_MUTATIONS,
      `type=item_store key=${uriKey(key, at, length)} ` +
        `status=${STORE_STATUS[result]} cmd=${STORE_FORM[form]} ttl=${ttl} ` +
        `clsid=${slabClass} cfd=${this.connection} size=${size}`,
    );
  }

  deleted(
    key: Uint8Array,
    at: number,
    length: number,
    command: string,
    slabClass: number,
    size: number,
  ): void {
    if (!this.wants(WATCH_DELETIONS)) return;
    this.publish(
      WATCH_DELETIONS,
      `type=deleted key=${uriKey(key, at, length)} cmd=${command} ` +
        `clsid=${slabClass} size=${size}`,
    );
  }

  eviction(
    key: Uint8Array,
    at: number,
    length: number,
    item: {
      fetched: boolean;
      ttl: number;
      idleSeconds: number;
      slabClass: number;
      size: number;
    },
  ): void {
    this.publish(
      WATCH_EVICTIONS,
      `type=eviction key=${uriKey(key, at, length)} ` +
        `fetch=${item.fetched ? "yes" : "no"} ttl=${item.ttl} ` +
        `la=${item.idleSeconds} clsid=${item.slabClass} size=${item.size}`,
    );
  }

  /** A connection that came or went; `details` as memcached words them. */
  connectionEvent(details: string): void {
    if (this.wants(WATCH_CONNEVENTS)) this.publish(WATCH_CONNEVENTS, details);
  }

  /** A key that a client asks for: hot keys are found among a sample. */
  sampleGet(key: Uint8Array, at: number, length: number): void {
    const { hotKeys } = this;
    if (hotKeys === null || !hotKeys.isDue()) return;
    hotKeys.take(latin1(key, at, at + length), this.clock());
  }

  /** What is known of hot keys, for onlookers; empty if they are not looked
   * for. */
  hotKeysReport(): HotKeysReport[] {
    return this.hotKeys === null ? [] : [this.hotKeys.report(this.clock())];
  }

  get countsPrefixes(): boolean {
    return this.#settings.detailEnabled;
  }

  prefixGet(
    key: Uint8Array,
    at: number,
    length: number,
    isHit: boolean,
  ): void {
    if (!this.#settings.detailEnabled) return;
    this.prefixes.countGet(latin1(key, at, at + length), isHit);
  }

  prefixSet(key: Uint8Array, at: number, length: number): void {
    if (!this.#settings.detailEnabled) return;
    this.prefixes.countSet(latin1(key, at, at + length));
  }

  prefixDelete(key: Uint8Array, at: number, length: number): void {
    if (!this.#settings.detailEnabled) return;
    this.prefixes.countDelete(latin1(key, at, at + length));
  }
}
