/**
 * Owns serving clients in one thread: the engine, its connections, the accept
 * loops. Never owns the process: see `single.ts`.
 *
 * @module
 */
import type { Settings } from "../base/settings.ts";
import { Context } from "../engine/context.ts";
import { Engine } from "../engine/engine.ts";
import type { ConnectionInfo, LoginPort, ServerPort } from "../engine/ports.ts";
import type { Session } from "../engine/session.ts";
import type { Counters } from "../observe/counters.ts";
import * as counters from "../observe/counters.ts";
import type { LogPort } from "../observe/log.ts";
import type { Store } from "../store/store.ts";
import * as accepting from "./accepting.ts";
import type { Peer } from "./client.ts";
import * as client from "./client.ts";
import { Connection } from "./connection.ts";
import { ConnectionSet } from "./connections.ts";
import { FairTurns } from "./fair_turns.ts";
import type { Acceptor, OpenDatagrams, OpenListener } from "./listeners.ts";
import { NativeListener } from "./native/listening.ts";
import { NativeIo } from "./native/native_io.ts";
import { OutputPool } from "./output_pool.ts";
import { RepeatedLine } from "./repeated_line.ts";
import { TlsListener, type TlsObserver } from "./tls_listener.ts";
import { UdpServer } from "./udp_server.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const {
  LISTEN_DISABLED,
  LISTEN_DISABLED_US,
  REJECTED_CONNECTIONS,
  TLS_HANDSHAKE_ERRORS,
  TLS_NEW_SESSIONS,
} = counters;
const { ACCEPT_BACKOFF_MS, TOO_MANY } = accepting;
const { localPeer, tcpPeer } = client;

/** Who decides how many connections there may be, and whose turn it is. */
export interface Admission {
  /** Whether one more connection may be served. */
  hasRoom(): boolean;
  /** Takes a place for one more connection; false if there is none. */
  admit(): boolean;
  /** A connection that was admitted has ended. */
  left(): void;
  /** Resolves when it is worth asking for room again. */
  roomAgain(): Promise<void>;
  /** Null if this worker may accept now; else it should ask again when the
   * promise resolves, since others have fewer connections. */
  turn(): Promise<void> | null;
}

/** What a service is made of. */
export interface ServiceParts {
  settings: Settings;
  store: Store;
  counters: Counters;
  log: LogPort;
  port: ServerPort;
  /** One word: the current table second; somebody else may write it. */
  clock: Int32Array;
  /** One word, odd while a batch runs. */
  heartbeat: Int32Array;
  /** Table second at which the server started. */
  started: number;
  /** Unix time with fractions, for log lines. */
  unixTime: () => number;
  /** Number of this worker, and how many there are. */
  worker: number;
  workers: number;
  /** For the multi-core mode; else the count of connections decides. */
  admission?: Admission;
  /** Puts the table in order after something was thrown; returns how many
   * shards needed it. */
  recover?: () => number;
  /** Told of every descriptor that native I/O opens or closes. */
  descriptors?: DescriptorLog;
  /** Who checks passwords; needed with `-Y` and `-S`. */
  login?: LoginPort | null;
}

/** Keeps track of descriptors that nobody closes when a thread dies. */
export interface DescriptorLog {
  opened(fd: number): void;
  closed(fd: number): void;
}

/** Serves clients in this thread. */
export class Service {
  readonly settings: Settings;
  readonly engine: Engine;
  readonly connections: ConnectionSet;
  readonly pool: OutputPool;
  /** Of those who are served over Deno's I/O. */
  readonly turns = new FairTurns((run, ms) => void this.pause(ms).then(run));
  readonly log: LogPort;
  readonly #listeners: OpenListener[] = [];
  readonly #datagrams: UdpServer[] = [];
  /** There once a native listener is. */
  #native: NativeIo | null = null;
  #isStopping = false;
  readonly #clock: Int32Array;
  readonly #heartbeat: Int32Array;
  readonly #recover: () => number;
  readonly #acceptFailed: RepeatedLine;
  acceptsConnections = true;
  readonly admission: Admission;
  readonly descriptors: DescriptorLog | null;

  constructor(parts: ServiceParts) {
    const { settings, store, counters, log, port } = parts;
    this.settings = settings;
    this.log = log;
    const seconds = () => performance.now() / 1000;
    this.#acceptFailed = new RepeatedLine(log, "accept failed", seconds);
    this.#clock = parts.clock;
    this.#heartbeat = parts.heartbeat;
    this.#recover = parts.recover ?? (() => 0);
    this.descriptors = parts.descriptors ?? null;
    const context = new Context(store, settings, parts.started, counters);
    context.setTime(this.now);
    context.observers.clock = parts.unixTime;
    // The text of the line has the number already.
    context.observers.log = (line, connection) =>
      log.debug(
        line,
        settings.jsonLog
          ? { connection: connection ?? context.observers.connection }
          : undefined,
      );
    this.engine = new Engine(context, port);
    this.engine.login = parts.login ?? null;
    this.connections = new ConnectionSet(this, parts.worker, parts.workers);
    this.pool = new OutputPool(this.engine);
    const hasRoom = () => this.connections.count < settings.connectionsMax;
    this.admission = parts.admission ?? {
      hasRoom,
      admit: hasRoom,
      left: () => {},
      roomAgain: () => this.connections.nextRemoved(),
      turn: () => null,
    };
  }

  /** The current table second: set by a timer, read by every batch. */
  get now(): number {
    return this.#clock[0];
  }

  /** Runs what a client has sent; returns one of the RUN_ codes. As
   * `Session.run`. */
  runBatch(session: Session): number {
    this.engine.context.setTime(this.now);
    this.#heartbeat[0]++;
    try {
      return session.run();
    } finally {
      this.#heartbeat[0]++;
      this.engine.context.observers.connection = 0;
    }
  }

  /** Appends a piece of what is too large to be appended at once; true at the
   * end. */
  pull(session: Session, most: number): boolean {
    this.#heartbeat[0]++;
    try {
      return session.source!.pull(session.output, most);
    } finally {
      this.#heartbeat[0]++;
    }
  }

  /** Something was thrown while a client was served: only that one ends. */
  connectionFailed(id: number, error: unknown): void {
    const repaired = this.#recover();
    this.log.error("connection failed", {
      connection: id,
      ...(repaired > 0 ? { repaired } : {}),
      error: String(error instanceof Error ? error.stack : error),
    });
  }

  /** Accepts clients of an open listener until it is closed; until `start`
   * resolves they queue in the system. */
  listen(open: OpenListener, start?: Promise<void>): void {
    this.#listeners.push(open);
    const { listener } = open;
    // It does handshakes from now on.
    if (listener instanceof TlsListener) {
      listener.observer = this.#tlsObserver();
    }
    if (start === undefined) this.#begin(open);
    else start.then(() => this.#begin(open));
  }

  #begin(open: OpenListener): void {
    const { listener } = open;
    if (this.#isStopping) return;
    if (listener instanceof NativeListener) {
      this.#native ??= new NativeIo(this, listener.libc);
      this.#native.listen(open, listener);
    } else this.#accept(open, listener);
  }

  /** Serves requests by UDP until stopped; until `start` resolves they queue
   * in the system. */
  serveDatagrams(open: OpenDatagrams, start?: Promise<void>): void {
    const server = new UdpServer(open.socket, this);
    this.#datagrams.push(server);
    if (start === undefined) server.serve();
    else start.then(() => server.serve());
  }

  #tlsObserver(): TlsObserver {
    const { counters, observers } = this.engine.context;
    const seconds = () => performance.now() / 1000;
    const failed = new RepeatedLine(this.log, "TLS handshake failed", seconds);
    return {
      handshakesMax: this.settings.connectionsMax,
      handshakeFailed: (address, error) => {
        counters.values[TLS_HANDSHAKE_ERRORS]++;
        observers.connectionEvent(`type=conntlserr fd=-1 msg=${error}`);
        failed.warn({ address, error });
      },
      sessionStarted: () => counters.values[TLS_NEW_SESSIONS]++,
      acceptFailed: (error) => this.acceptFailed(error),
    };
  }

  async #accept(open: OpenListener, listener: Acceptor): Promise<void> {
    // Nobody else can take the clients of a TLS listener or a UNIX socket.
    const isShared = !(listener instanceof TlsListener) && !open.isUnix;
    for (;;) {
      if (!this.settings.maxconnsFast) await this.waitForRoom();
      const turn = isShared ? this.admission.turn() : null;
      if (turn !== null) {
        await turn;
        if (this.#isStopping) return;
        continue;
      }
      let conn: Deno.Conn;
      try {
        conn = await listener.accept();
      } catch (error) {
        if (this.#isStopping) return;
        if (error instanceof Deno.errors.BadResource) return;
        // Out of descriptors, or the client was gone already.
        this.acceptFailed(error);
        await new Promise((r) => setTimeout(r, ACCEPT_BACKOFF_MS));
        continue;
      }
      // Another address may have taken the last place meanwhile.
      if (!this.settings.maxconnsFast) await this.waitForRoom();
      if (this.#isStopping) return conn.close();
      if (this.admission.admit()) this.#admit(conn, open);
      else this.#reject(conn);
    }
  }

  /** Says that a client could not be taken in, for want of descriptors as a
   * rule: that goes on for a while. */
  acceptFailed(error: unknown): void {
    this.#acceptFailed.warn({ error: String(error) });
  }

  /** Without maxconns_fast clients queue in the system until there is room. */
  async waitForRoom(): Promise<void> {
    if (this.admission.hasRoom()) return;
    const { values } = this.engine.context.counters;
    const since = performance.now();
    values[LISTEN_DISABLED]++;
    this.acceptsConnections = false;
    while (!this.admission.hasRoom() && !this.#isStopping) {
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
      // By TLS the listener has seen to that.
      tcp.setNoDelay?.(true);
      tcp.setKeepAlive?.(true);
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

  /** What is due because a second has passed. */
  timePassed(): void {
    this.engine.context.setTime(this.now);
    const { idleTimeoutSeconds } = this.settings;
    if (idleTimeoutSeconds > 0) {
      this.connections.closeIdle(idleTimeoutSeconds, this.now);
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
    const datagrams = this.#datagrams.map((server) => server.info(this.now));
    return [
      ...listeners,
      ...datagrams,
      ...this.connections.list(this.now),
    ];
  }

  /** Lets other connections go first. */
  yield(): Promise<void> {
    return this.pause(0);
  }

  /** Resolves after so long, and a few milliseconds more under load: native I/O
   * does not see timers, unless it is told that one is waited for. */
  pause(ms: number): Promise<void> {
    const over = new Promise<void>((resolve) => setTimeout(resolve, ms));
    return this.#native?.loop.awaiting(over) ?? over;
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
    for (const server of this.#datagrams.splice(0)) server.close();
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
