/**
 * Owns serving clients in one thread: the engine, its connections, the accept
 * loops. Never owns the process: see `single.ts`.
 *
 * @module
 */
import type { Settings } from "../base/settings.ts";
import { Context } from "../engine/context.ts";
import { Engine } from "../engine/engine.ts";
import type { ConnectionInfo, ServerPort } from "../engine/ports.ts";
import {
  type Counters,
  LISTEN_DISABLED,
  LISTEN_DISABLED_US,
  REJECTED_CONNECTIONS,
} from "../observe/counters.ts";
import type { LogPort } from "../observe/log.ts";
import type { Store } from "../store/store.ts";
import { ACCEPT_BACKOFF_MS, TOO_MANY } from "./accepting.ts";
import { localPeer, type Peer, tcpPeer } from "./client.ts";
import { Connection } from "./connection.ts";
import { ConnectionSet } from "./connections.ts";
import type { OpenListener } from "./listeners.ts";
import { NativeListener } from "./native/listening.ts";
import { NativeIo } from "./native/native_io.ts";
import { OutputPool } from "./output_pool.ts";

/** Who decides how many connections there may be. */
export interface Admission {
  /** Whether one more connection may be served. */
  mayAdmit(): boolean;
  /** Resolves when it is worth asking again. */
  roomAgain(): Promise<void>;
}

/** What a service is made of. */
export interface ServiceParts {
  settings: Settings;
  store: Store;
  counters: Counters;
  log: LogPort;
  port: ServerPort;
  /** The current table second. */
  now: number;
  /** Unix time with fractions, for log lines. */
  unixTime: () => number;
  /** Number of this worker, and how many there are. */
  worker: number;
  workers: number;
}

/** Serves clients in this thread. */
export class Service {
  readonly settings: Settings;
  readonly engine: Engine;
  readonly connections: ConnectionSet;
  readonly pool: OutputPool;
  readonly log: LogPort;
  readonly #listeners: OpenListener[] = [];
  /** There once a native listener is. */
  #native: NativeIo | null = null;
  #isStopping = false;
  /** The current table second: set by a timer, read by every batch. */
  now: number;
  acceptsConnections = true;
  admission: Admission;

  constructor(parts: ServiceParts) {
    const { settings, store, counters, log, port } = parts;
    this.settings = settings;
    this.log = log;
    this.now = parts.now;
    const context = new Context(store, settings, parts.now, counters);
    context.observers.clock = parts.unixTime;
    context.observers.log = (line) => log.debug(line);
    this.engine = new Engine(context, port);
    this.connections = new ConnectionSet(this, parts.worker, parts.workers);
    this.pool = new OutputPool(this.engine);
    this.admission = {
      mayAdmit: () => this.connections.count < settings.connectionsMax,
      roomAgain: () => this.connections.nextRemoved(),
    };
  }

  /** Accepts clients of an open listener until it is closed. */
  listen(open: OpenListener): void {
    this.#listeners.push(open);
    const { listener } = open;
    if (listener instanceof NativeListener) {
      this.#native ??= new NativeIo(this, listener.libc);
      this.#native.listen(open, listener);
    } else this.#accept(open, listener);
  }

  async #accept(open: OpenListener, listener: Deno.Listener): Promise<void> {
    for (;;) {
      if (!this.settings.maxconnsFast) await this.waitForRoom();
      let conn: Deno.Conn;
      try {
        conn = await listener.accept();
      } catch (error) {
        if (this.#isStopping) return;
        if (error instanceof Deno.errors.BadResource) return;
        // Out of descriptors, or the client was gone already.
        this.log.warn("accept failed", { error: String(error) });
        await new Promise((r) => setTimeout(r, ACCEPT_BACKOFF_MS));
        continue;
      }
      // Another address may have taken the last place meanwhile.
      if (!this.settings.maxconnsFast) await this.waitForRoom();
      if (this.#isStopping) return conn.close();
      if (this.admission.mayAdmit()) this.#admit(conn, open);
      else this.#reject(conn);
    }
  }

  /** Without maxconns_fast clients queue in the system until there is room. */
  async waitForRoom(): Promise<void> {
    if (this.admission.mayAdmit()) return;
    const { values } = this.engine.context.counters;
    const since = performance.now();
    values[LISTEN_DISABLED]++;
    this.acceptsConnections = false;
    while (!this.admission.mayAdmit() && !this.#isStopping) {
      await this.admission.roomAgain();
    }
    this.acceptsConnections = true;
    values[LISTEN_DISABLED_US] += Math.round(
      (performance.now() - since) * 1000,
    );
  }

  #admit(conn: Deno.Conn, open: OpenListener): void {
    if (open.isUnix) return this.#serve(conn, localPeer(open.address));
    const tcp = conn as Deno.TcpConn;
    try {
      tcp.setNoDelay(true);
      tcp.setKeepAlive(true);
    } catch {
      // It is gone again; the first read will tell.
    }
    const remote = tcp.remoteAddr as Deno.NetAddr;
    const local = tcp.localAddr as Deno.NetAddr;
    this.#serve(conn, tcpPeer(remote, local, open.address));
  }

  #serve(conn: Deno.Conn, peer: Peer): void {
    const id = this.connections.takeId();
    const connection = new Connection(conn, peer, id, this);
    this.connections.add(connection);
    connection.serve();
  }

  countRejected(): void {
    this.engine.context.counters.values[REJECTED_CONNECTIONS]++;
  }

  #reject(conn: Deno.Conn): void {
    this.countRejected();
    conn.write(TOO_MANY).catch(() => {}).finally(() => {
      try {
        conn.close();
      } catch {
        // It is closed already.
      }
    });
  }

  /** Sets the time; what is due because of it happens at once. */
  setTime(now: number): void {
    if (now === this.now) return;
    this.now = now;
    this.engine.context.setTime(now);
    const { idleTimeoutSeconds } = this.settings;
    if (idleTimeoutSeconds > 0) {
      this.connections.closeIdle(idleTimeoutSeconds, now);
    }
  }

  /** What `stats conns` shows of this thread. */
  connectionInfo(): ConnectionInfo[] {
    const listeners = this.#listeners.map(({ address }, i) => ({
      id: LISTENER_ID - i,
      address,
      listenAddress: null,
      state: "conn_listening",
      idleSeconds: this.now - this.engine.context.started,
      isUdp: false,
    }));
    return [...listeners, ...this.connections.list(this.now)];
  }

  /** Lets other connections go first. */
  yield(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 0));
  }

  /** Accepts nobody any more. */
  stopListening(): void {
    this.#isStopping = true;
    for (const { listener } of this.#listeners.splice(0)) {
      try {
        listener.close();
      } catch {
        // It is closed already.
      }
    }
  }

  /** Ends everything at once. */
  stop(): void {
    this.stopListening();
    this.connections.closeAll("shutdown");
    this.#native?.stop();
  }
}

/** Number of the first listener in `stats conns`. */
const LISTENER_ID = 26;
