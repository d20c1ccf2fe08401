/**
 * Owns the time of a process: table seconds that never go back, whatever
 * happens to the machine's clock. Never waits.
 *
 * @module
 */
import { EPOCH_UNIX_SECONDS, tableSeconds } from "../base/clock.ts";

/** Seconds since 2020 by the machine's clock at the start and a monotonic
 * clock from then on, as memcached counts them. */
export class ServerClock {
  /** Unix time of the start, with fractions. */
  readonly startedUnix: number;
  readonly #startedMonotonicMs: number;
  /** Seconds added by `debugtime`. */
  #moved = 0;
  #pausedAt: number | null = null;

  constructor() {
    this.startedUnix = Date.now() / 1000;
    this.#startedMonotonicMs = performance.now();
  }

  /** Unix time with fractions. */
  unixTime(): number {
    const elapsedMs = performance.now() - this.#startedMonotonicMs;
    return this.startedUnix + elapsedMs / 1000;
  }

  /** The current table second. */
  seconds(): number {
    const unix = this.#pausedAt ?? this.unixTime();
    return tableSeconds(unix + this.#moved);
  }

  /** Whole Unix seconds as the table sees them. */
  tableUnixSeconds(): number {
    return this.seconds() + EPOCH_UNIX_SECONDS;
  }

  /** How far the table's clock is ahead of the machine's, with fractions. */
  secondsAhead(): number {
    const unix = this.#pausedAt ?? this.unixTime();
    return unix + this.#moved - Date.now() / 1000;
  }

  uptimeSeconds(): number {
    return Math.floor(this.unixTime() + this.#moved - this.startedUnix);
  }

  /** `debugtime <n>`. */
  move(seconds: number): void {
    this.#moved += seconds;
  }

  /** `debugtime p|r`. */
  pause(paused: boolean): void {
    if (paused) this.#pausedAt ??= this.unixTime();
    else if (this.#pausedAt !== null) {
      this.#moved -= this.unixTime() - this.#pausedAt;
      this.#pausedAt = null;
    }
  }
}
