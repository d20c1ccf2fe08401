/**
 * Owns what the engine of one worker asks of the whole process: through
 * shared words where they will do, else by a call of the main thread.
 *
 * @module
 */
import type { Settings } from "../base/settings.ts";
import type { Context } from "../engine/context.ts";
import type { ConnectionInfo, PrefixRow, ServerPort } from "../engine/ports.ts";
import type { Counters } from "../observe/counters.ts";
import type { ProcessFacts, Stat } from "../observe/stats.ts";
import type { SmpStore } from "../store/smp_store.ts";
import type { Certificates } from "./certificates.ts";
import { smpProcessFacts, smpThreadStats } from "./smp_facts.ts";
import type { Control } from "./smp_control.ts";
import type { SmpCounters } from "./smp_counters.ts";
import type { MainCall } from "./smp_messages.ts";

/** What the port is made of. */
export interface PortParts {
  settings: Settings;
  store: SmpStore;
  control: Control;
  counters: SmpCounters;
  /** The TCP port that is listened on. */
  tcpPort: number;
  /** Null without `-Z`. */
  certificates: Certificates | null;
  call: (call: MainCall) => Promise<unknown>;
}

/** The process, as the engine of one worker sees it. */
export class WorkerPort implements ServerPort {
  readonly #parts: PortParts;
  #sentSettings: string;
  #pending: Promise<unknown> | null = null;
  /** Set once the engine is there. */
  context!: Context;
  /** As `Service.pause`; set with it. */
  pause!: (ms: number) => Promise<void>;

  constructor(parts: PortParts) {
    this.#parts = parts;
    this.#sentSettings = JSON.stringify(parts.settings);
  }

  processFacts(): ProcessFacts {
    const { control, certificates } = this.#parts;
    return {
      ...smpProcessFacts(control),
      certificateSeconds: certificates?.ageSeconds,
    };
  }

  counters(): Counters {
    return this.#parts.counters.sum();
  }

  async connections(): Promise<ConnectionInfo[]> {
    const list = await this.#parts.call({ name: "connections" });
    return list as ConnectionInfo[];
  }

  async prefixRows(): Promise<PrefixRow[]> {
    return await this.#parts.call({ name: "prefixRows" }) as PrefixRow[];
  }

  threadStats(): Stat[] {
    return smpThreadStats(this.#parts.control, this.#parts.counters);
  }

  port(): number {
    return this.#parts.tcpPort;
  }

  resetCounters(): void {
    this.#parts.counters.reset();
    this.#change({ name: "resetPrefixes" });
  }

  /** Tells the other workers, unless nothing is different. */
  settingsChanged(): void {
    const { settings } = this.#parts;
    const text = JSON.stringify(settings);
    if (text === this.#sentSettings) return;
    this.#sentSettings = text;
    this.#change({ name: "settings", settings });
  }

  /** Settings that another worker has changed. */
  takeSettings(settings: Settings): void {
    Object.assign(this.#parts.settings, settings);
    this.#sentSettings = JSON.stringify(this.#parts.settings);
    this.context.observers.refresh();
  }

  watchersChanged(): void {
    this.#change({ name: "watchersChanged" });
  }

  #change(call: MainCall): void {
    const done = this.#parts.call(call);
    this.#pending = this.#pending === null
      ? done
      : Promise.all([this.#pending, done]);
  }

  async #settle(pending: Promise<unknown>): Promise<void> {
    await pending;
  }

  takePendingChange(): Promise<void> | null {
    const pending = this.#pending;
    this.#pending = null;
    return pending === null ? null : this.#settle(pending);
  }

  flush(exptime: number): void {
    const { control, store } = this.#parts;
    const second = this.context.flushSecond(exptime);
    control.flushAt = second;
    if (second === 0) store.flush();
  }

  setMemoryLimit(limitBytes: number): boolean {
    return this.#parts.store.setLimit(limitBytes);
  }

  isReady(): boolean {
    return !this.#parts.control.isDraining;
  }

  async refreshCertificates(): Promise<string> {
    return await this.#parts.call({ name: "refreshCertificates" }) as string;
  }

  shutdown(graceful: boolean): void {
    this.#parts.call({ name: "shutdown", graceful });
  }

  moveClock(seconds: number): void {
    this.#change({ name: "moveClock", seconds });
  }

  pauseClock(paused: boolean): void {
    this.#change({ name: "pauseClock", paused });
  }

  yield(): Promise<void> {
    return this.pause(0);
  }
}
