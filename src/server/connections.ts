/**
 * Owns the connections of one worker: who is there, how many may be, who has
 * been idle too long. Never reads or writes.
 *
 * @module
 */
import type { ConnectionInfo } from "../engine/ports.ts";
import {
  CURR_CONNECTIONS,
  IDLE_KICKS,
  TOTAL_CONNECTIONS,
} from "../observe/counters.ts";
import type { ServedClient } from "./client.ts";
import type { Service } from "./service.ts";

/** memcached's numbers are descriptors, and these come after the usual ones;
 * ours only have to be unlike those of listeners. */
const FIRST_ID = 27;

/** The connections of one worker. */
export class ConnectionSet {
  readonly #service: Service;
  readonly #open = new Map<number, ServedClient>();
  readonly #freeIds: number[] = [];
  #nextId: number;
  readonly #idStep: number;
  /** Resolved when a connection ends, for those who wait for room. */
  #onRemoved: (() => void)[] = [];

  /** @param worker number of this worker among `workers` */
  constructor(service: Service, worker: number, workers: number) {
    this.#service = service;
    this.#nextId = FIRST_ID + worker;
    this.#idStep = workers;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Takes a number that no connection of this worker has. */
  takeId(): number {
    const free = this.#freeIds.pop();
    if (free !== undefined) return free;
    const id = this.#nextId;
    this.#nextId += this.#idStep;
    return id;
  }

  /** Counts a client in, before it is served. */
  add(connection: ServedClient): void {
    this.#open.set(connection.id, connection);
    const { login } = connection.session;
    if (login !== null) login.from = connection.peer.remoteIp;
    const { counters, observers } = this.#service.engine.context;
    counters.values[TOTAL_CONNECTIONS]++;
    counters.values[CURR_CONNECTIONS]++;
    observers.connectionEvent(`type=conn_new ${peerText(connection)}`);
    if (observers.isVerbose) {
      observers.log(`<${connection.id} new client connection`, connection.id);
    }
  }

  /** Called by a connection that has ended. */
  removed(connection: ServedClient, reason: string): void {
    this.#open.delete(connection.id);
    this.#freeIds.push(connection.id);
    const { counters, observers } = this.#service.engine.context;
    // In this order, so that there is room for who sees the lower number.
    this.#service.admission.left();
    counters.values[CURR_CONNECTIONS]--;
    const { rip, cfd } = peerParts(connection);
    observers.connectionEvent(
      `type=conn_close ${rip} reason=${reason} ${cfd}`,
    );
    if (observers.isVerbose) {
      observers.log(`<${connection.id} connection closed.`, connection.id);
    }
    const waiting = this.#onRemoved;
    this.#onRemoved = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when the next connection has ended. */
  nextRemoved(): Promise<void> {
    return new Promise((resolve) => this.#onRemoved.push(resolve));
  }

  /** Closes TCP connections that wait for a command longer than `seconds`;
   * one in the middle of a value or of a reply, or watching, is not idle. */
  closeIdle(seconds: number, now: number): void {
    for (const connection of this.#open.values()) {
      if (connection.peer.transport !== "tcp") continue;
      if (!connection.isAtCommand) continue;
      if (now - connection.session.lastCommand <= seconds) continue;
      this.#service.engine.context.counters.values[IDLE_KICKS]++;
      connection.close("idle_timeout");
    }
  }

  /** See {@linkcode Connection.finish}. */
  finishAll(): void {
    for (const connection of [...this.#open.values()]) connection.finish();
  }

  closeAll(reason: string): void {
    for (const connection of [...this.#open.values()]) {
      connection.close(reason);
    }
  }

  /** What `stats conns` shows. */
  list(now: number): ConnectionInfo[] {
    return [...this.#open.values()].map((connection) => ({
      id: connection.id,
      address: connection.peer.address,
      listenAddress: connection.peer.listenAddress,
      state: this.#stateOf(connection),
      idleSeconds: now - connection.session.lastCommand,
      isUdp: false,
    }));
  }

  #stateOf(connection: ServedClient): string {
    const { observers } = this.#service.engine.context;
    // The one that asks; its answer may be waited for.
    const isRunning = connection.id === observers.connection ||
      connection.session.deferred !== null;
    if (isRunning) return "conn_parse_cmd";
    return connection.session.stateName(connection.isWriting);
  }
}

function peerParts(connection: ServedClient): { rip: string; cfd: string } {
  const { remoteIp, remotePort, transport } = connection.peer;
  return {
    rip: `rip=${remoteIp} rport=${remotePort} transport=${transport}`,
    cfd: `cfd=${connection.id}`,
  };
}

function peerText(connection: ServedClient): string {
  const { rip, cfd } = peerParts(connection);
  return `${rip} ${cfd}`;
}
