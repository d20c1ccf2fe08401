/**
 * Owns taking the samples that the charts are drawn from, and measuring how
 * late timers are. Never keeps more than the history does.
 *
 * @module
 */
import { HISTORY_INTERVAL_SECONDS } from "../base/limits.ts";
import {
  copyCounters,
  History,
  historyRow,
  type Snapshot,
} from "../observe/history.ts";
import type { ServerView } from "../observe/view.ts";

/** A timer as often as this shows how late timers are. */
const LAG_INTERVAL_MS = 100;

/** Samples a server for as long as it runs. */
export class Sampler {
  readonly history = new History();
  readonly #view: ServerView;
  readonly #timers: ReturnType<typeof setInterval>[];
  #before: Snapshot;
  #dueMs: number;
  #lagMs = 0;
  /** Lag of the interval that is over, for those who ask in between. */
  #lastLagMs = 0;

  constructor(view: ServerView) {
    this.#view = view;
    this.#before = this.#snapshot();
    this.#dueMs = performance.now() + LAG_INTERVAL_MS;
    this.#timers = [
      setInterval(() => this.#measureLag(), LAG_INTERVAL_MS),
      setInterval(() => this.#sample(), HISTORY_INTERVAL_SECONDS * 1000),
    ];
  }

  /** Longest delay of a timer in the last interval, or since it. */
  get lagMs(): number {
    return Math.max(this.#lagMs, this.#lastLagMs);
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #measureLag(): void {
    const now = performance.now();
    this.#lagMs = Math.max(this.#lagMs, now - this.#dueMs);
    this.#dueMs = now + LAG_INTERVAL_MS;
  }

  #snapshot(): Snapshot {
    return {
      time: Date.now() / 1000,
      process: this.#view.process(),
      table: this.#view.table(),
      counters: copyCounters(this.#view.counters()),
      lagMs: this.#lagMs,
    };
  }

  #sample(): void {
    const now = this.#snapshot();
    this.history.add(historyRow(this.#before, now));
    this.#before = now;
    this.#lastLagMs = this.#lagMs;
    this.#lagMs = 0;
  }
}
