/**
 * Owns ending a server without breaking off: the phases, their bounds, what
 * is logged. Never closes anything itself.
 *
 *     serving   readiness is reported as before
 *     waiting   not ready any more, everything else as before, `--drain-grace`
 *     closing   nobody is let in; who has nothing under way is sent away, the
 *               others when their batch is answered, `--drain-timeout` at most
 *     drained   nobody is left
 *
 * @module
 */
import type { LogPort } from "../observe/log.ts";

/** How often connections are looked at while some are left. */
const POLL_MS = 20;
/** How often progress is logged. */
const REPORT_MS = 1000;

/** What a drain asks of the server. */
export interface DrainPort {
  /** Lets nobody in any more. */
  stopListening(): void | Promise<void>;
  /** Ends connections with nothing under way; others end with their batch.
   * Called again and again. */
  finishConnections(): void;
  connectionCount(): number;
  /** Ends all connections at once. */
  closeConnections(): void;
}

/** The end of one server, once. */
export class Drain {
  readonly #port: DrainPort;
  readonly #log: LogPort;
  #run: Promise<boolean> | null = null;
  #isCancelled = false;
  #wake: (() => void) | null = null;

  constructor(port: DrainPort, log: LogPort) {
    this.#port = port;
    this.#log = log;
  }

  get hasBegun(): boolean {
    return this.#run !== null;
  }

  /**
   * Begins, unless it has begun; resolves to true when no connection is left,
   * to false after `cancel`.
   *
   * @param reason what asked for it, for the log
   */
  begin(
    reason: string,
    graceSeconds: number,
    timeoutSeconds: number,
  ): Promise<boolean> {
    return this.#run ??= this.#drain(reason, graceSeconds, timeoutSeconds);
  }

  /** The server ends at once. */
  cancel(): void {
    this.#isCancelled = true;
    this.#wake?.();
  }

  async #drain(
    reason: string,
    graceSeconds: number,
    timeoutSeconds: number,
  ): Promise<boolean> {
    const log = this.#log;
    const started = performance.now();
    log.info("Gracefully stopping", {
      reason,
      connections: this.#port.connectionCount(),
      grace_seconds: graceSeconds,
    });
    await this.#until(graceSeconds, "waiting", () => false);
    if (this.#isCancelled) return false;
    await this.#port.stopListening();
    log.info("listeners closed", {
      connections: this.#port.connectionCount(),
      timeout_seconds: timeoutSeconds,
    });
    const isDone = await this.#until(timeoutSeconds, "draining", () => {
      this.#port.finishConnections();
      return this.#port.connectionCount() === 0;
    });
    if (this.#isCancelled) return false;
    if (!isDone) {
      const connections = this.#port.connectionCount();
      log.warn("drain timeout, connections are cut off", { connections });
      this.#port.closeConnections();
    }
    const seconds = (performance.now() - started) / 1000;
    log.info("drained", { seconds: Number(seconds.toFixed(3)) });
    return true;
  }

  // Polls until something is so; false if the time is over before.
  async #until(
    seconds: number,
    phase: string,
    isSo: () => boolean,
  ): Promise<boolean> {
    const end = performance.now() + seconds * 1000;
    let reportAt = performance.now() + REPORT_MS;
    while (!this.#isCancelled) {
      if (isSo()) return true;
      const now = performance.now();
      if (now >= end) return false;
      if (now >= reportAt) {
        reportAt = now + REPORT_MS;
        const connections = this.#port.connectionCount();
        const left = Math.ceil((end - now) / 1000);
        this.#log.info(phase, { connections, seconds_left: left });
      }
      await this.#pause(Math.min(POLL_MS, end - now));
    }
    return false;
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    this.#wake = null;
    clearTimeout(timer);
  }
}
