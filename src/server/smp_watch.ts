/**
 * Owns how watchers of one worker hear of what happens in the others. Never
 * keeps a line for long: what cannot be passed on is counted as skipped.
 *
 * @module
 */
import type { Counters } from "../observe/counters.ts";
import { WATCH_SKIPPED } from "../observe/counters.ts";
import type { Observers } from "../observe/observers.ts";
import { watchLine } from "../observe/watch.ts";
import type { Control } from "./smp_control.ts";
import type { WatchLine } from "./smp_messages.ts";

/** Lines on their way to the main thread, per worker. */
export const POSTED_BYTES_MAX = 4 * 1024 * 1024;

/** Ties the watchers of one worker to those of the others. */
export class WatchRelay {
  readonly #observers: Observers;
  readonly #control: Control;
  readonly #worker: number;
  readonly #counters: Counters;
  readonly #post: (lines: WatchLine[]) => void;
  #lines: WatchLine[] = [];

  constructor(
    observers: Observers,
    control: Control,
    worker: number,
    counters: Counters,
    post: (lines: WatchLine[]) => void,
  ) {
    this.#observers = observers;
    this.#control = control;
    this.#worker = worker;
    this.#counters = counters;
    this.#post = post;
    observers.publish = (flag, event) => this.#publish(flag, event);
    this.refresh();
  }

  /** Publishes what the watchers of this worker want. */
  share(): void {
    const { watch } = this.#observers;
    this.#control.setWatch(this.#worker, watch.flags, watch.count);
  }

  /** Takes notice of what those of the others want. */
  refresh(): void {
    this.#observers.remoteFlags = this.#control.watchFlagsBut(this.#worker);
    this.#observers.refresh();
  }

  #publish(flag: number, event: string): void {
    const { watch, remoteFlags, clock } = this.#observers;
    const number = this.#control.nextEventNumber();
    const line = watchLine(clock(), number, event);
    watch.deliver(flag, line);
    if ((remoteFlags & flag) === 0) return;
    const posted = this.#control.countPosted(this.#worker, line.length);
    if (posted > POSTED_BYTES_MAX) {
      this.#control.countPosted(this.#worker, -line.length);
      this.#counters.values[WATCH_SKIPPED]++;
      return;
    }
    this.#lines.push([flag, line]);
    if (this.#lines.length === 1) setTimeout(() => this.#send(), 0);
  }

  #send(): void {
    this.#post(this.#lines);
    this.#lines = [];
  }

  /** Lines of other workers. */
  deliver(lines: WatchLine[]): void {
    for (const [flag, line] of lines) this.#observers.watch.deliver(flag, line);
  }
}
