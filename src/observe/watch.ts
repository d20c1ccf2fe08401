/**
 * Owns the log streams that `watch` opens: who gets which lines, and what
 * happens to a reader that is too slow. Never touches a socket.
 *
 * @module
 */
import { WATCHERS_MAX } from "../base/limits.ts";
import { type Counters, WATCH_SENT, WATCH_SKIPPED } from "./counters.ts";

// What can be watched, as bits (memcached's doc/protocol.txt, "Watchers").
export const WATCH_RAWCMDS = 1 << 0;
export const WATCH_EVICTIONS = 1 << 1;
export const WATCH_FETCHERS = 1 << 2;
export const WATCH_MUTATIONS = 1 << 3;
export const WATCH_SYSEVENTS = 1 << 4;
export const WATCH_CONNEVENTS = 1 << 5;
export const WATCH_PROXYREQS = 1 << 6;
export const WATCH_PROXYEVENTS = 1 << 7;
export const WATCH_PROXYUSER = 1 << 8;
export const WATCH_DELETIONS = 1 << 9;

/** The words in memcached's order: a word may be cut short. */
const WORDS: readonly [string, number][] = [
  ["rawcmds", WATCH_RAWCMDS],
  ["evictions", WATCH_EVICTIONS],
  ["fetchers", WATCH_FETCHERS],
  ["mutations", WATCH_MUTATIONS],
  ["sysevents", WATCH_SYSEVENTS],
  ["connevents", WATCH_CONNEVENTS],
  ["proxyreqs", WATCH_PROXYREQS],
  ["proxyevents", WATCH_PROXYEVENTS],
  ["proxyuser", WATCH_PROXYUSER],
  ["deletions", WATCH_DELETIONS],
];

/** The bit of a word, 0 if there is no such word. */
export function watchFlag(word: string): number {
  for (const [name, flag] of WORDS) if (name.startsWith(word)) return flag;
  return 0;
}

/** An event as streams show it; `gid` numbers the events of the process. */
export function watchLine(seconds: number, gid: number, event: string): string {
  return `ts=${seconds.toFixed(6)} gid=${gid} ${event}\n`;
}

/** One open stream. Invariant: it holds at most `bufferBytes` characters. */
export class Watcher {
  readonly flags: number;
  readonly #bufferBytes: number;
  #lines: string[] = [];
  #held = 0;
  #skipped = 0;
  /** Called when there is something to take. */
  onLine: (() => void) | null = null;

  constructor(flags: number, bufferBytes: number) {
    this.flags = flags;
    this.#bufferBytes = bufferBytes;
  }

  /** Takes a line, or counts it as skipped; true if it was taken. */
  push(line: string): boolean {
    const isFull = this.#held + line.length > this.#bufferBytes;
    // Once something was skipped, the notice comes before anything else.
    if (isFull || this.#skipped > 0) {
      this.#skipped++;
      return false;
    }
    this.#lines.push(line);
    this.#held += line.length;
    this.onLine?.();
    return true;
  }

  /** Everything that waits, as one text, and how much was skipped after it;
   * nothing of it is held any more. */
  take(): string {
    let text = this.#lines.join("");
    if (this.#skipped > 0) text += `skipped=${this.#skipped}\n`;
    this.#lines = [];
    this.#held = 0;
    this.#skipped = 0;
    return text;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }
}

/** All open streams of one process, or of one worker. */
export class WatchHub {
  readonly #watchers = new Set<Watcher>();
  readonly #bufferBytes: number;
  readonly #counters: Counters;
  /** Everything that some stream of this hub wants. */
  flags = 0;
  #gid = 0;
  /** Called when `flags` has changed. */
  onChange: (() => void) | null = null;

  constructor(bufferBytes: number, counters: Counters) {
    this.#bufferBytes = bufferBytes;
    this.#counters = counters;
  }

  get count(): number {
    return this.#watchers.size;
  }

  /** Opens a stream; null if there are too many. */
  open(flags: number): Watcher | null {
    if (this.#watchers.size >= WATCHERS_MAX) return null;
    const watcher = new Watcher(flags, this.#bufferBytes);
    this.#watchers.add(watcher);
    this.#refresh();
    return watcher;
  }

  close(watcher: Watcher): void {
    if (this.#watchers.delete(watcher)) this.#refresh();
  }

  #refresh(): void {
    this.flags = 0;
    for (const watcher of this.#watchers) this.flags |= watcher.flags;
    this.onChange?.();
  }

  /** Gives an event to every stream that wants it. */
  publish(flag: number, seconds: number, event: string): void {
    this.deliver(flag, watchLine(seconds, ++this.#gid, event));
  }

  /** Gives a finished line to every stream that wants it. */
  deliver(flag: number, line: string): void {
    for (const watcher of this.#watchers) {
      if ((watcher.flags & flag) === 0) continue;
      this.#counters.values[watcher.push(line) ? WATCH_SENT : WATCH_SKIPPED]++;
    }
  }
}
