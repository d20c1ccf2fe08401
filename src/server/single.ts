/**
 * Owns the single-threaded server, `-t 1`: one thread, one unshared table, no
 * synchronization of any kind. Never parses flags.
 *
 * @module
 */
import type { Settings } from "../base/settings.ts";
import type {
  ConnectionInfo,
  PrefixRow,
  ServerPort,
  ViewPort,
} from "../engine/ports.ts";
import { EngineView } from "../engine/view.ts";
import { BATCHES, Counters } from "../observe/counters.ts";
import type { HotKeysReport } from "../observe/hot_keys.ts";
import type { Log } from "../observe/log.ts";
import type { ProcessFacts, Stat } from "../observe/stats.ts";
import { createStore, type Store } from "../store/store.ts";
import { ServerClock } from "./clock.ts";
import { Drain, type DrainPort } from "./drain.ts";
import {
  allReady,
  type OpenDatagrams,
  openDatagrams,
  type OpenListener,
  openListeners,
} from "./listeners.ts";
import { chooseIo } from "./native/choice.ts";
import { announce, cpuFacts } from "./process.ts";
import { SecretFiles, Security } from "./security.ts";
import { Service } from "./service.ts";
import { EXIT_NO_SNAPSHOT } from "./snapshot_file.ts";
import { storeOptions } from "./store_options.ts";
import { WarmRestart } from "./warm_restart.ts";

/** How often the time is read. */
const TICK_MS = 100;
/** Background work while there is more of it: records looked at in one go,
 * and the pause between. */
const SWEEP_RECORDS = 4096;
const SWEEP_PAUSE_MS = 10;

/** A running single-threaded server. */
export class SingleServer implements ServerPort, ViewPort {
  readonly settings: Settings;
  readonly clock = new ServerClock();
  readonly store: Store;
  readonly service: Service;
  readonly listeners: OpenListener[];
  readonly view: EngineView;
  readonly #datagrams: OpenDatagrams[];
  readonly #files: SecretFiles;
  readonly #security: Security;
  readonly #log: Log;
  #isStopping = false;
  /** Nothing changes the table any more. */
  #isResting = false;
  readonly #counters = new Counters();
  /** The current table second, where every batch reads it. */
  readonly #now = new Int32Array(1);
  readonly #ticking: ReturnType<typeof setInterval>;
  #isSweeping = false;
  readonly #stopped = Promise.withResolvers<number>();
  readonly #drain: Drain;
  readonly #warmRestart: WarmRestart | null;

  private constructor(settings: Settings, log: Log) {
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
    this.#datagrams = openDatagrams(settings);
    if (this.#datagrams.length > 0) settings.udpPort = this.#datagrams[0].port;
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
    const { context } = this.service.engine;
    this.view = new EngineView(context, this);
    this.#drain = new Drain(this.#drainPort(), log);
    this.#warmRestart = WarmRestart.create(settings.memoryFile, {
      store: this.store,
      clock: this.clock,
      log,
      flushAt: () => context.flushAt,
      setFlushAt: (second) => context.flushAt = second,
      batches: () => this.#counters.values[BATCHES],
      pause: (ms) => this.service.pause(ms),
    });
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
  }

  #drainPort(): DrainPort {
    const { connections } = this.service;
    return {
      stopListening: () => this.service.stopListening(),
      finishConnections: () => connections.finishAll(),
      connectionCount: () => connections.count,
      closeConnections: () => connections.closeAll("drain"),
    };
  }

  /** Opens the listeners, serves, and has announced it when this resolves,
   * unless a client has told it to stop meanwhile; throws ListenError,
   * StartError and SnapshotPlaceError. */
  static async start(settings: Settings, log: Log): Promise<SingleServer> {
    const server = new SingleServer(settings, log);
    await server.#serve();
    return server;
  }

  async #serve(): Promise<void> {
    const start = this.#warmRestart?.start();
    const listeners = this.listeners, datagrams = this.#datagrams;
    for (const listener of listeners) this.service.listen(listener, start);
    for (const open of datagrams) this.service.serveDatagrams(open, start);
    try {
      await allReady(listeners);
    } catch (error) {
      await this.#warmRestart?.giveBack();
      throw error;
    }
    // A client that was early may have told it to stop.
    if (!this.isReady()) return;
    announce([...listeners, ...datagrams], this.settings, this.#log);
  }

  /** Resolves to the exit code when the server has stopped. */
  get stopped(): Promise<number> {
    return this.#stopped.promise;
  }

  /** False from the moment the server has begun to stop. */
  isReady(): boolean {
    return this.unreadyReason() === null;
  }

  /** Stops without breaking off, and writes the snapshot if there is to be
   * one; `reason` is for the log. */
  async drain(reason: string): Promise<void> {
    if (this.#drain.hasBegun) return;
    const { drainGraceSeconds, drainTimeoutSeconds } = this.settings;
    const isDone = await this.#drain.begin(
      reason,
      drainGraceSeconds,
      drainTimeoutSeconds,
    );
    if (!isDone) return;
    this.#rest();
    const isWritten = await this.#warmRestart?.write() ?? true;
    this.#end(isWritten ? 0 : EXIT_NO_SNAPSHOT);
  }

  #rest(): void {
    clearInterval(this.#ticking);
    this.#isResting = true;
  }

  #tick(): void {
    const now = this.clock.seconds();
    if (now === this.#now[0]) return;
    this.#now[0] = now;
    this.service.timePassed();
    if (!this.#isSweeping) this.#sweep();
  }

  async #sweep(): Promise<void> {
    this.#isSweeping = true;
    while (
      !this.#isResting && this.store.sweep(SWEEP_RECORDS, this.service.now)
    ) await this.service.pause(SWEEP_PAUSE_MS);
    this.#isSweeping = false;
  }

  /** Stops at once: connections end, nothing is accepted any more. */
  stop(): void {
    this.#isStopping = true;
    this.#drain.cancel();
    this.#warmRestart?.abandon();
    this.#end(0);
  }

  #end(exitCode: number): void {
    this.#rest();
    this.service.stop();
    this.#stopped.resolve(exitCode);
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
      certificateSeconds: this.#files.certificateSeconds,
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
    if (graceful) {
      this.drain("shutdown graceful");
      return;
    }
    this.#log.info("shutdown by a client");
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

  // ---- what onlookers ask ----

  workerCounters(): Counters[] {
    return [this.#counters];
  }

  hotKeys(): HotKeysReport[] {
    return this.service.engine.context.observers.hotKeysReport();
  }

  unreadyReason(): string | null {
    if (this.#isStopping) return "stopping";
    return this.#drain.hasBegun ? "draining" : null;
  }
}
