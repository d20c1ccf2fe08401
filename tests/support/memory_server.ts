/**
 * Owns a server without sockets: sessions over the engine, with a clock that
 * tests move. Never waits.
 *
 * @module
 */
import { latin1, toLatin1 } from "../../src/base/bytes.ts";
import { tableSeconds, unixSeconds } from "../../src/base/clock.ts";
import { type Settings, SETTINGS_DEFAULT } from "../../src/base/settings.ts";
import { Context } from "../../src/engine/context.ts";
import { Engine } from "../../src/engine/engine.ts";
import type {
  ConnectionInfo,
  PrefixRow,
  ServerPort,
  ViewPort,
} from "../../src/engine/ports.ts";
import { Session } from "../../src/engine/session.ts";
import {
  RUN_CLOSE,
  RUN_READ,
  RUN_WAIT,
  RUN_WATCH,
} from "../../src/engine/session_states.ts";
import { EngineView } from "../../src/engine/view.ts";
import { Counters } from "../../src/observe/counters.ts";
import type { HotKeysReport } from "../../src/observe/hot_keys.ts";
import type { ProcessFacts, Stat } from "../../src/observe/stats.ts";
import { Output } from "../../src/protocol/output.ts";
import {
  attachStore,
  createSharedTable,
  type SharedTable,
} from "../../src/store/smp_store.ts";
import {
  createStore,
  type Store,
  type StoreOptions,
} from "../../src/store/store.ts";

/** Unix time at which the tests' servers start. */
export const START_UNIX_SECONDS = 1_800_000_000;

/** Makes the table of a server. */
export type StoreMaker = (options: Partial<StoreOptions>) => Store;

/** Servers that share one table, as the workers of the multi-core mode do. */
export function createSharingServers(
  settings: Partial<Settings>,
  count: number,
): MemoryServer[] {
  let table: SharedTable | null = null;
  return Array.from(
    { length: count },
    (_, owner) =>
      new MemoryServer(settings, (options) => {
        table ??= createSharedTable(options, count, count);
        return attachStore(table, { owner });
      }),
  );
}

/** The engine with everything around it but sockets. */
export class MemoryServer implements ServerPort, ViewPort {
  readonly settings: Settings;
  readonly store: Store;
  readonly context: Context;
  readonly engine: Engine;
  readonly view: EngineView;
  /** "", "stop" or "graceful" once `shutdown` was run. */
  shutdownMode = "";
  #nextId = 27;

  constructor(
    settings: Partial<Settings> = {},
    makeStore: StoreMaker = createStore,
  ) {
    this.settings = structuredClone({ ...SETTINGS_DEFAULT, ...settings });
    this.store = makeStore({
      limitBytes: this.settings.memoryBytes,
      itemBytesMax: this.settings.itemBytesMax,
      evicts: this.settings.evictions,
      useCas: this.settings.useCas,
      hashSeed: 1,
    });
    const now = tableSeconds(START_UNIX_SECONDS);
    this.context = new Context(this.store, this.settings, now);
    this.engine = new Engine(this.context, this);
    this.view = new EngineView(this.context, this);
  }

  connect(): MemoryConnection {
    return new MemoryConnection(new Session(this.engine, this.#nextId++));
  }

  /** Moves the clock, and does the work of each second that passes. */
  advance(seconds: number): void {
    for (let i = 0; i < seconds; i++) {
      this.context.setTime(this.context.now + 1);
      while (this.store.sweep(1000, this.context.now));
    }
  }

  // ---- what the engine asks ----

  processFacts(): ProcessFacts {
    return {
      pid: 4711,
      uptimeSeconds: this.context.now - this.context.started,
      unixSeconds: unixSeconds(this.context.now),
      userMicroseconds: 5811,
      systemMicroseconds: 1_000_000,
      acceptsConnections: true,
      watchers: this.context.observers.watch.count,
      version: "0.0.0",
    };
  }
  counters(): Counters {
    return this.context.counters;
  }
  workerCounters(): Counters[] {
    return [this.context.counters];
  }
  hotKeys(): HotKeysReport[] {
    return this.context.observers.hotKeysReport();
  }
  unreadyReason(): string | null {
    return this.shutdownMode === "" ? null : "stopping";
  }
  connections(): ConnectionInfo[] {
    return [];
  }
  prefixRows(): PrefixRow[] {
    return this.context.observers.prefixes.rows();
  }
  threadStats(): Stat[] {
    return [];
  }
  port(): number {
    return this.settings.port;
  }
  resetCounters(): void {
    this.context.counters.reset();
  }
  settingsChanged(): void {}

  takePendingChange(): null {
    return null;
  }
  flush(exptime: number): void {
    this.context.flush(exptime);
  }
  setMemoryLimit(limitBytes: number): boolean {
    return this.store.setLimit(limitBytes);
  }
  shutdown(graceful: boolean): void {
    this.shutdownMode = graceful ? "graceful" : "stop";
  }
  isReady(): boolean {
    return this.shutdownMode === "";
  }
  refreshCertificates(): Promise<string> {
    return Promise.resolve("OK");
  }
  moveClock(seconds: number): void {
    this.context.setTime(this.context.now + seconds);
  }
  pauseClock(): void {}
  yield(): Promise<void> {
    return Promise.resolve();
  }
}

/** One client of a {@linkcode MemoryServer}. */
export class MemoryConnection {
  readonly session: Session;
  #isClosed = false;

  constructor(session: Session) {
    this.session = session;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends characters, one byte each; returns all that came back. */
  async send(text: string): Promise<string> {
    return latin1(...span(await this.sendBytes(toLatin1(text))));
  }

  /** Sends `text` in pieces of `size` bytes. */
  async sendInPieces(text: string, size: number): Promise<string> {
    let reply = "";
    for (let i = 0; i < text.length && !this.#isClosed; i += size) {
      reply += await this.send(text.slice(i, i + size));
    }
    return reply;
  }

  async sendBytes(bytes: Uint8Array): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let at = 0;
    const { session } = this;
    while (at < bytes.length && !this.#isClosed) {
      at += session.feed(bytes.subarray(at));
      await this.#run(parts);
    }
    if (bytes.length === 0) await this.#run(parts);
    return concat(parts);
  }

  async #run(parts: Uint8Array[]): Promise<void> {
    const { session } = this;
    for (;;) {
      session.output = new Output();
      const code = session.run();
      parts.push(session.output.filled().slice());
      if (code === RUN_CLOSE) {
        this.#isClosed = true;
        session.dispose();
        return;
      }
      if (code === RUN_READ || code === RUN_WATCH) return;
      if (code === RUN_WAIT) session.resolveDeferred(await session.deferred!);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.session.dispose();
  }
}

function span(bytes: Uint8Array): [Uint8Array, number, number] {
  return [bytes, 0, bytes.length];
}

/** Joins byte arrays. */
export function concat(parts: Uint8Array[]): Uint8Array {
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  const all = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
