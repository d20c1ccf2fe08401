/**
 * Owns the multi-core server, `-t N`: workers that share one table and serve,
 * and the main thread, which keeps the clock, the signals and the sums and
 * serves no data. Never parses flags.
 *
 * @module
 */
import type { Settings } from "../base/settings.ts";
import { Context } from "../engine/context.ts";
import type { ConnectionInfo, PrefixRow, ViewPort } from "../engine/ports.ts";
import { EngineView } from "../engine/view.ts";
import type { Counters } from "../observe/counters.ts";
import type { HotKeysReport } from "../observe/hot_keys.ts";
import type { Log } from "../observe/log.ts";
import type { ProcessFacts, Stat } from "../observe/stats.ts";
import {
  attachStore,
  createSharedTable,
  type SharedTable,
  type SmpStore,
} from "../store/smp_store.ts";
import { ServerClock } from "./clock.ts";
import { Drain, type DrainPort } from "./drain.ts";
import {
  type Announced,
  ListenError,
  openDatagrams,
  type OpenListener,
  openListeners,
} from "./listeners.ts";
import { chooseIo } from "./native/choice.ts";
import type { Libc } from "./native/libc.ts";
import { NativeListener } from "./native/listening.ts";
import { announce } from "./process.ts";
import { SecretFiles, type Secrets } from "./security.ts";
import {
  allocateControl,
  Control,
  type ControlBuffers,
} from "./smp_control.ts";
import { allocateCounters, SmpCounters } from "./smp_counters.ts";
import { smpProcessFacts, smpThreadStats } from "./smp_facts.ts";
import { LimboKeeper } from "./smp_limbo.ts";
import type {
  MainCall,
  SharedDatagrams,
  SharedListener,
  TestSwitches,
  WatchLine,
  WorkerCall,
} from "./smp_messages.ts";
import { WorkerHandle } from "./smp_worker_handle.ts";
import { EXIT_NO_SNAPSHOT } from "./snapshot_file.ts";
import { storeOptions } from "./store_options.ts";
import { WarmRestart } from "./warm_restart.ts";

/** How often the time is read, which takes a core away from a worker where all
 * are busy: less often than by a server that is one thread. */
const TICK_MS = 250;
/** Background work while there is more of it: records looked at in one go,
 * and the pause between. */
const SWEEP_RECORDS = 1024;
const SWEEP_PAUSE_MS = 10;
/** How long a thread that was ended may go on running. */
const ENDING_MS = 200;

/** A running multi-core server. */
export class SmpServer implements ViewPort {
  readonly settings: Settings;
  readonly clock = new ServerClock();
  readonly store: SmpStore;
  readonly listeners: OpenListener[];
  readonly #datagrams: (Announced & SharedDatagrams)[];
  readonly #files: SecretFiles;
  readonly control: Control;
  readonly workers: WorkerHandle[] = [];
  readonly view: EngineView;
  /** The table as the main thread looks at it; it runs no commands. */
  readonly #context: Context;
  readonly #table: SharedTable;
  readonly #controlBuffers: ControlBuffers;
  readonly #countersBuffer: SharedArrayBuffer;
  readonly #counters: SmpCounters;
  readonly #log: Log;
  readonly #libc: Libc | null;
  readonly #limbo: LimboKeeper;
  readonly #switches: TestSwitches;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #sweeping: ReturnType<typeof setTimeout> | null = null;
  #isStopping = false;
  readonly #drain: Drain;
  readonly #warmRestart: WarmRestart | null;
  #ending: Promise<void> | null = null;
  readonly #stopped = Promise.withResolvers<number>();

  private constructor(settings: Settings, log: Log, switches: TestSwitches) {
    this.settings = settings;
    this.#log = log;
    this.#switches = switches;
    const { threads } = settings;
    this.#files = new SecretFiles(settings, log);
    this.#libc = chooseIo(settings.io, log);
    // Without native I/O only a worker can accept from a UNIX socket.
    this.listeners = settings.unixSocket !== null && this.#libc === null
      ? []
      : openListeners(settings, { loadBalanced: true, libc: this.#libc });
    // One worker opens them again.
    this.#datagrams = openDatagrams(settings).map(({ socket, ...rest }) => {
      socket.close();
      return rest;
    });
    if (this.#datagrams.length > 0) settings.udpPort = this.#datagrams[0].port;
    this.#controlBuffers = allocateControl(threads);
    this.control = new Control(this.#controlBuffers, threads);
    this.control.clock[0] = this.clock.seconds();
    this.control.started = this.control.clock[0];
    this.#countersBuffer = allocateCounters(threads);
    this.#counters = new SmpCounters(this.#countersBuffer, threads);
    // The main thread takes part with the number after the last worker's.
    this.#table = createSharedTable(
      storeOptions(settings),
      threads,
      threads + 1,
    );
    this.store = attachStore(this.#table, { owner: threads });
    this.#limbo = new LimboKeeper(this.store, this.control);
    const now = this.control.clock[0];
    this.#context = new Context(this.store, settings, now);
    this.view = new EngineView(this.#context, this);
    this.#drain = new Drain(this.#drainPort(), log);
    this.#warmRestart = WarmRestart.create(settings.memoryFile, {
      store: this.store,
      clock: this.clock,
      log,
      flushAt: () => this.control.flushAt,
      setFlushAt: (second) => this.control.flushAt = second,
      batches: () => this.#counters.batches(),
      pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    });
  }

  #drainPort(): DrainPort {
    return {
      stopListening: () => this.#stopListening(),
      finishConnections: () => {
        this.#callOthers({ name: "finishConnections" }, -1);
      },
      connectionCount: () => this.control.connections,
      // They end with their threads.
      closeConnections: () => {},
    };
  }

  /** Opens the listeners and starts the workers, and has announced it when
   * this resolves, unless a client has told it to stop meanwhile; throws
   * ListenError, StartError and SnapshotPlaceError. */
  static async start(
    settings: Settings,
    log: Log,
    switches: TestSwitches = {},
  ): Promise<SmpServer> {
    const server = new SmpServer(settings, log, switches);
    await server.#startAll();
    return server;
  }

  async #startAll(): Promise<void> {
    await this.#warmRestart?.start();
    for (let i = 0; i < this.settings.threads; i++) this.#startWorker(i);
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    // Meanwhile a client of the first worker may have told it to stop.
    try {
      await Promise.all(this.workers.map((worker) => worker.ready));
    } catch (error) {
      if (!this.isReady()) return;
      await this.#warmRestart?.giveBack();
      this.stop();
      throw new ListenError(error instanceof Error ? error.message : "");
    }
    if (!this.isReady()) return;
    announce(this.#announced(), this.settings, this.#log);
  }

  // A UNIX socket that a worker has opened is announced all the same.
  #announced(): Announced[] {
    const { unixSocket } = this.settings;
    if (this.listeners.length > 0 || unixSocket === null) {
      return [...this.listeners, ...this.#datagrams];
    }
    return [{ address: `unix:${unixSocket}`, port: 0, isUnix: true }];
  }

  #startWorker(worker: number): void {
    const handle = new WorkerHandle(worker, this.control, {
      log: this.#log,
      onCall: (call) => this.#answer(call, worker),
      onLines: (lines) => this.#relay(lines, worker),
      onDeath: (reason) => this.replaceWorker(worker, reason),
    });
    this.workers[worker] = handle;
    handle.start({
      type: "start",
      worker,
      workers: this.settings.threads,
      settings: this.settings,
      table: this.#table,
      control: this.#controlBuffers,
      counters: this.#countersBuffer,
      listeners: this.#sharedListeners(),
      datagrams: worker === 0
        ? this.#datagrams.map(({ hostname, port }) => ({ hostname, port }))
        : [],
      secrets: this.#files.secrets,
      switches: this.#switches,
    });
  }

  #sharedListeners(): SharedListener[] {
    const { unixSocket } = this.settings;
    if (this.listeners.length === 0 && unixSocket !== null) {
      return [{
        fd: -1,
        hostname: unixSocket,
        requestedPort: 0,
        ...this.#announced()[0],
      }];
    }
    return this.listeners.map(({ listener, ...rest }) => ({
      fd: listener instanceof NativeListener ? listener.fd : -1,
      ...rest,
    }));
  }

  /** Resolves to the exit code when the server has stopped. */
  get stopped(): Promise<number> {
    return this.#stopped.promise;
  }

  // ---- time ----

  #tick(): void {
    const now = this.clock.seconds();
    this.#limbo.look();
    if (now === this.control.clock[0]) return;
    const { flushAt } = this.control;
    if (flushAt !== 0 && now >= flushAt) {
      this.control.flushAt = 0;
      this.store.flush();
    }
    this.control.clock[0] = now;
    this.#context.setTime(now);
    if (this.#sweeping === null) this.#sweep();
  }

  #sweep(): void {
    const now = this.control.clock[0];
    const more = this.store.sweep(SWEEP_RECORDS, now);
    this.#sweeping = more
      ? setTimeout(() => this.#sweep(), SWEEP_PAUSE_MS)
      : null;
  }

  // ---- workers ----

  /** Ends a worker, cleans up after it, and starts another in its place. */
  async replaceWorker(worker: number, reason: string): Promise<void> {
    const handle = this.workers[worker];
    if (this.#isStopping || !handle.end()) return;
    this.#log.error("a worker died and is replaced", { worker, reason });
    // Its thread may run on for a moment, and what it holds is still its own.
    await new Promise((resolve) => setTimeout(resolve, ENDING_MS));
    if (this.#isStopping) return;
    this.#bury(worker);
    // Who leaves lets nobody in any more.
    if (this.#drain.hasBegun) return;
    this.#startWorker(worker);
    try {
      await this.workers[worker].ready;
    } catch (error) {
      this.#log.error("a worker cannot be replaced", {
        worker,
        error: String(error),
      });
    }
  }

  #bury(worker: number): void {
    for (const fd of this.control.takeDescriptors(worker)) {
      this.#libc?.close(fd);
    }
    const repaired = this.store.bury(worker);
    if (repaired > 0) this.#log.warn("shards were repaired", { repaired });
    // In this order, so that there is room for who sees the lower number.
    this.control.clearRow(worker);
    this.#counters.bury(worker);
    this.#callOthers({ name: "watchersChanged" }, worker);
  }

  async #callOthers(call: WorkerCall, but: number): Promise<unknown[]> {
    const others = this.workers.filter((w) => w.worker !== but && w.isAlive);
    return await Promise.all(others.map((w) => w.channel.call(call)));
  }

  async #rowsOfAll<Row>(call: WorkerCall): Promise<Row[]> {
    const lists = await this.#callOthers(call, -1);
    return lists.flatMap((list) => (list ?? []) as Row[]);
  }

  #relay(lines: WatchLine[], from: number): void {
    for (const { worker, isAlive } of this.workers) {
      if (worker === from || !isAlive) continue;
      const flags = this.control.watchFlagsOf(worker);
      const wanted = lines.filter(([flag]) => (flags & flag) !== 0);
      if (wanted.length > 0) this.workers[worker].sendLines(wanted);
    }
  }

  #answer(call: MainCall, from: number): unknown {
    switch (call.name) {
      case "settings":
        Object.assign(this.settings, call.settings);
        return this.#callOthers(call, from).then(() => null);
      case "resetPrefixes":
      case "watchersChanged":
        return this.#callOthers(call, from).then(() => null);
      case "refreshCertificates":
        return this.#files.refreshCertificates((s) => this.#spread(s));
      case "connections":
        return this.connections();
      case "prefixRows":
        return this.prefixRows();
      case "shutdown":
        return this.shutdown(call.graceful);
      case "moveClock":
        this.clock.move(call.seconds);
        return this.#tick();
      case "pauseClock":
        this.clock.pause(call.paused);
        return this.#tick();
    }
  }

  // Gives new secrets to all workers.
  async #spread(secrets: Secrets): Promise<void> {
    const call: WorkerCall = { name: "secrets", secrets };
    const reasons = await this.#callOthers(call, -1);
    const reason = reasons.find((answer) => typeof answer === "string");
    if (reason !== undefined) throw new Error(String(reason));
  }

  /** Reads certificates and users again: SIGHUP. */
  reload(): Promise<void> {
    return this.#files.reload((secrets) => this.#spread(secrets));
  }

  // ---- the whole process ----

  /** False from the moment the server has begun to stop. */
  isReady(): boolean {
    return this.unreadyReason() === null;
  }

  /** Stops without breaking off, and writes the snapshot if there is to be
   * one; `reason` is for the log. */
  async drain(reason: string): Promise<void> {
    if (!this.isReady()) return;
    this.control.isDraining = true;
    const { drainGraceSeconds, drainTimeoutSeconds } = this.settings;
    const isDone = await this.#drain.begin(
      reason,
      drainGraceSeconds,
      drainTimeoutSeconds,
    );
    if (!isDone) return;
    await this.#endWorkers();
    const isWritten = await this.#warmRestart?.write() ?? true;
    this.#stopped.resolve(isWritten ? 0 : EXIT_NO_SNAPSHOT);
  }

  /** Stops at once: connections end, nothing is accepted any more. */
  async stop(): Promise<void> {
    this.#drain.cancel();
    this.#warmRestart?.abandon();
    await this.#endWorkers();
    this.#stopped.resolve(0);
  }

  async #stopListening(): Promise<void> {
    await Promise.race([
      this.#callOthers({ name: "stopListening" }, -1),
      new Promise((resolve) => setTimeout(resolve, ENDING_MS)),
    ]);
    this.#closeListeners();
  }

  #closeListeners(): void {
    for (const { listener } of this.listeners) {
      try {
        listener.close();
      } catch {
        // It is closed already.
      }
    }
  }

  // Ends all threads but this one: then nobody changes the table any more.
  #endWorkers(): Promise<void> {
    return this.#ending ??= (async () => {
      this.#isStopping = true;
      clearInterval(this.#ticking);
      if (this.#sweeping !== null) clearTimeout(this.#sweeping);
      await Promise.all(this.workers.map((handle) => this.#endWorker(handle)));
      this.#closeListeners();
    })();
  }

  async #endWorker(handle: WorkerHandle): Promise<void> {
    if (!handle.isAlive) return;
    const late = new Promise<boolean>((resolve) =>
      setTimeout(() => resolve(false), ENDING_MS)
    );
    const stopped = handle.channel.call({ name: "stop" }).then(() => true);
    const hasAnswered = await Promise.race([stopped, late]);
    handle.end();
    if (hasAnswered) return;
    // What a thread holds that was broken off is its own for a moment more.
    await new Promise((resolve) => setTimeout(resolve, ENDING_MS));
    this.store.bury(handle.worker);
  }

  shutdown(graceful: boolean): void {
    if (graceful) {
      this.drain("shutdown graceful");
      return;
    }
    this.#log.info("shutdown by a client");
    this.stop();
  }

  processFacts(): ProcessFacts {
    const { certificateSeconds } = this.#files;
    return { ...smpProcessFacts(this.control), certificateSeconds };
  }

  /** The counters of all workers together. */
  counters(): Counters {
    return this.#counters.sum();
  }

  threadStats(): Stat[] {
    return smpThreadStats(this.control, this.#counters);
  }

  connections(): Promise<ConnectionInfo[]> {
    return this.#rowsOfAll<ConnectionInfo>({ name: "connections" });
  }

  prefixRows(): Promise<PrefixRow[]> {
    return this.#rowsOfAll<PrefixRow>({ name: "prefixRows" });
  }

  // ---- what onlookers ask ----

  workerCounters(): Counters[] {
    return this.workers.map(({ worker }) => this.#counters.of(worker));
  }

  hotKeys(): Promise<HotKeysReport[]> {
    return this.#rowsOfAll<HotKeysReport>({ name: "hotKeys" });
  }

  unreadyReason(): string | null {
    if (this.#isStopping) return "stopping";
    return this.#drain.hasBegun ? "draining" : null;
  }

  port(): number {
    return this.listeners.find((l) => !l.isUnix)?.port ?? this.settings.port;
  }

  yield(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 0));
  }
}
