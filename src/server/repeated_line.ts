/**
 * Owns keeping a log readable while one thing happens over and over: the
 * first line at once, then one every few seconds with a count.
 *
 * @module
 */
import { LOG_REPEAT_SECONDS } from "../base/limits.ts";
import type { LogFields, LogPort } from "../observe/log.ts";

/** One kind of warning. */
export class RepeatedLine {
  readonly #log: LogPort;
  readonly #message: string;
  readonly #seconds: () => number;
  #last = -Infinity;
  #left = 0;

  /** @param seconds a clock that never goes back */
  constructor(log: LogPort, message: string, seconds: () => number) {
    this.#log = log;
    this.#message = message;
    this.#seconds = seconds;
  }

  /** Logs, or counts for the next line. */
  warn(fields: LogFields): void {
    const now = this.#seconds();
    if (now - this.#last < LOG_REPEAT_SECONDS) {
      this.#left++;
      return;
    }
    this.#last = now;
    const more: LogFields = this.#left > 0 ? { left_out: this.#left } : {};
    this.#left = 0;
    this.#log.warn(this.#message, { ...fields, ...more });
  }
}
