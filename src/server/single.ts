/**
 * Owns the single-threaded server, `-t 1`: one thread, one unshared table, no
 * synchronization of any kind. Never parses flags.
 *
 * @module
 */
import type { Settings } from "../base/settings.ts";
import type { ConnectionInfo, PrefixRow, ServerPort } from "../engine/ports.ts";
import { Counters } from "../observe/counters.ts";
import type { Log } from "../observe/log.ts";
import type { ProcessFacts, Stat } from "../observe/stats.ts";
import { createStore, type Store } from "../store/store.ts";
import { ServerClock } from "./clock.ts";
import {
  allReady,
  openDatagrams,
  type OpenListener,
  openListeners,
} from "./listeners.ts";
import { chooseIo } from "./native/choice.ts";
import { announce, cpuFacts } from "./process.ts";
import { SecretFiles, Security } from "./security.ts";
import { Service } from "./service.ts";
import { storeOptions } from "./store_options.ts";

/** How often the time is read. */
const TICK_MS = 100;
/** Background work while there is more of it: records looked at in one go,
 * and the pause between. */
const SWEEP_RECORDS = 4096;
const SWEEP_PAUSE_MS = 10;

/** A running single-threaded server. */
export class SingleServer implements ServerPort {
  readonly settings: Settings;
  readonly clock = new ServerClock();
  readonly store: Store;
  readonly service: Service;
  readonly listeners: OpenListener[];
  readonly #files: SecretFiles;
  readonly #security: Security;
  readonly #log: Log;
  readonly #counters = new Counters();
  /** The current table second, where every batch reads it. */
  readonly #now = new Int32Array(1);
  readonly #ticking: ReturnType<typeof setInterval>;
  #sweeping: ReturnType<typeof setTimeout> | null = null;
  readonly #stopped = Promise.withResolvers<void>();

  /** Opens the listeners; throws ListenError or StartError. */
  constructor(settings: Settings, log: Log) {
    this.settings = settings;
    this.#log = log;
    this.#files = new SecretFiles(settings, log);
    this.#security = new Security(settings, this.#files.secrets, log, 1);
    const { certificates, login } = this.#security;
    this.listeners = openListeners(settings, {
      loadBalanced: false,
      libc: chooseIo(settings.io, log),
      certificates,
    });
    const datagrams = openDatagrams(settings);
    this.store = createStore(storeOptions(settings));
    this.#now[0] = this.clock.seconds();
    this.service = new Service({
      settings,
      store: this.store,
      counters: this.#counters,
      log,
      port: this,
      clock: this.#now,
      heartbeat: new Int32Array(1),
      started: this.#now[0],
      unixTime: () => this.clock.unixTime(),
      worker: 0,
      workers: 1,
      login,
    });
    for (const listener of this.listeners) this.service.listen(listener);
    for (const open of datagrams) this.service.serveDatagrams(open);
    if (datagrams.length > 0) settings.udpPort = datagrams[0].port;
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    allReady(this.listeners).then(
      () => announce([...this.listeners, ...datagrams], settings, log),
      (error) => this.#stopped.reject(error),
    );
  }

  /** Resolves when the server has stopped; rejects if it cannot listen. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  #tick(): void {
    const now = this.clock.seconds();
    if (now === this.#now[0]) return;
    this.#now[0] = now;
    this.service.timePassed();
    if (this.#sweeping === null) this.#sweep();
  }

  #sweep(): void {
    const more = this.store.sweep(SWEEP_RECORDS, this.service.now);
    this.#sweeping = more
      ? setTimeout(() => this.#sweep(), SWEEP_PAUSE_MS)
      : null;
  }

  /** Stops at once: connections end, nothing is accepted any more. */
  stop(): void {
    clearInterval(this.#ticking);
    if (this.#sweeping !== null) clearTimeout(this.#sweeping);
    this.service.stop();
    this.#stopped.resolve();
  }

  // ---- what the engine asks ----

  processFacts(): ProcessFacts {
    const { observers } = this.service.engine.context;
    return {
      ...cpuFacts(),
      uptimeSeconds: this.clock.uptimeSeconds(),
      unixSeconds: this.clock.tableUnixSeconds(),
      acceptsConnections: this.service.acceptsConnections,
      watchers: observers.watch.count,
      certificateSeconds: this.#security.certificates?.ageSeconds,
    };
  }

  counters(): Counters {
    return this.#counters;
  }

  connections(): ConnectionInfo[] {
    return this.service.connectionInfo();
  }

  prefixRows(): PrefixRow[] {
    return this.service.engine.context.observers.prefixes.rows();
  }

  threadStats(): Stat[] {
    return [["0:connections", this.service.connections.count]];
  }

  port(): number {
    return this.listeners.find((l) => !l.isUnix)?.port ?? this.settings.port;
  }

  resetCounters(): void {
    this.#counters.reset();
  }

  settingsChanged(): void {}

  takePendingChange(): null {
    return null;
  }

  flush(exptime: number): void {
    this.service.engine.context.flush(exptime);
  }

  setMemoryLimit(limitBytes: number): boolean {
    return this.store.setLimit(limitBytes);
  }

  shutdown(graceful: boolean): void {
    this.#log.info(graceful ? "Gracefully stopping" : "shutdown by a client");
    setTimeout(() => this.stop(), 0);
  }

  refreshCertificates(): Promise<string> {
    return this.#files.refreshCertificates((s) => this.#security.replace(s));
  }

  /** Reads certificates and users again: SIGHUP. */
  reload(): Promise<void> {
    return this.#files.reload((secrets) => this.#security.replace(secrets));
  }

  moveClock(seconds: number): void {
    this.clock.move(seconds);
    this.#tick();
  }

  pauseClock(paused: boolean): void {
    this.clock.pause(paused);
    this.#tick();
  }

  yield(): Promise<void> {
    return this.service.yield();
  }
}
