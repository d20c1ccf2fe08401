/**
 * Owns serving clients in one thread: the engine, its connections, the accept
 * loops. Never owns the process: see `single.ts`.
 *
 * @module
 */
import { toLatin1 } from "../base/bytes.ts";
import type { Settings } from "../base/settings.ts";
import { Context } from "../engine/context.ts";
import { Engine } from "../engine/engine.ts";
import type { ConnectionInfo, LoginPort, ServerPort } from "../engine/ports.ts";
import {
  type Counters,
  LISTEN_DISABLED,
  LISTEN_DISABLED_US,
  REJECTED_CONNECTIONS,
  TLS_HANDSHAKE_ERRORS,
  TLS_NEW_SESSIONS,
} from "../observe/counters.ts";
import type { LogPort } from "../observe/log.ts";
import type { Store } from "../store/store.ts";
import { addressText, plainIp } from "./address.ts";
import { ConnectionSet } from "./connections.ts";
import type { Peer } from "./connection.ts";
import type { OpenDatagrams, OpenListener } from "./listeners.ts";
import { OutputPool } from "./output_pool.ts";
import { RepeatedLine } from "./repeated_line.ts";
import type { TlsObserver } from "./tls_listener.ts";
import { UdpServer } from "./udp_server.ts";

const TOO_MANY = toLatin1("ERROR Too many open connections\r\n");
/** Pause after a failed accept, such as one for want of descriptors. */
const ACCEPT_BACKOFF_MS = 30;

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
  /** Who checks passwords; needed with `-Y` and `-S`. */
  login?: LoginPort | null;
}

/** Serves clients in this thread. */
export class Service {
  readonly settings: Settings;
  readonly engine: Engine;
  readonly connections: ConnectionSet;
  readonly pool: OutputPool;
  readonly log: LogPort;
  readonly #listeners: OpenListener[] = [];
  readonly #datagrams: UdpServer[] = [];
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
    this.engine.login = parts.login ?? null;
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
    if (open.tls !== undefined) open.tls.observer = this.#tlsObserver();
    this.#accept(open);
  }

  /** Serves requests by UDP until stopped. */
  serveDatagrams(open: OpenDatagrams): void {
    const server = new UdpServer(open.socket, this);
    this.#datagrams.push(server);
    server.serve();
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
      acceptFailed: (error) => this.log.warn("accept failed", { error }),
    };
  }

  async #accept(open: OpenListener): Promise<void> {
    for (;;) {
      if (!this.settings.maxconnsFast) await this.#waitForRoom();
      let conn: Deno.Conn;
      try {
        conn = await open.listener.accept();
      } catch (error) {
        if (this.#isStopping) return;
        if (error instanceof Deno.errors.BadResource) return;
        // Out of descriptors, or the client was gone already.
        this.log.warn("accept failed", { error: String(error) });
        await new Promise((r) => setTimeout(r, ACCEPT_BACKOFF_MS));
        continue;
      }
      // Another address may have taken the last place meanwhile.
      if (!this.settings.maxconnsFast) await this.#waitForRoom();
      if (this.#isStopping) return conn.close();
      if (this.admission.mayAdmit()) this.#admit(conn, open);
      else this.#reject(conn);
    }
  }

  // Without maxconns_fast clients queue in the system until there is room.
  async #waitForRoom(): Promise<void> {
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
    if (open.isUnix) {
      return this.connections.add(conn, {
        address: open.address,
        listenAddress: open.address,
        transport: "local",
        remoteIp: "unix",
        remotePort: 0,
      });
    }
    const tcp = conn as Deno.TcpConn;
    try {
      tcp.setNoDelay(true);
      tcp.setKeepAlive(true);
    } catch {
      // It is gone again; the first read will tell.
    }
    this.connections.add(conn, peerOf(tcp, open));
  }

  #reject(conn: Deno.Conn): void {
    const { counters } = this.engine.context;
    counters.values[REJECTED_CONNECTIONS]++;
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
    const datagrams = this.#datagrams.map((server) => server.info(this.now));
    return [
      ...listeners,
      ...datagrams,
      ...this.connections.list(this.now),
    ];
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
    for (const server of this.#datagrams.splice(0)) server.close();
  }

  /** Ends everything at once. */
  stop(): void {
    this.stopListening();
    this.connections.closeAll("shutdown");
  }
}

/** Number of the first listener in `stats conns`. */
const LISTENER_ID = 26;

function peerOf(conn: Deno.TcpConn, open: OpenListener): Peer {
  const remote = conn.remoteAddr as Deno.NetAddr;
  const local = conn.localAddr as Deno.NetAddr;
  return {
    address: addressText(remote),
    listenAddress: open.address.startsWith("tcp6:[::]")
      ? open.address
      : addressText({ ...local }),
    transport: "tcp",
    remoteIp: plainIp(remote.hostname),
    remotePort: remote.port,
  };
}
