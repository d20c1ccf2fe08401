/**
 * Owns what the engine asks of the server around it: facts and actions that
 * concern the whole process. Implemented by src/server, and by the tests.
 *
 * @module
 */
import type { Counters } from "../observe/counters.ts";
import type { HotKeysReport } from "../observe/hot_keys.ts";
import type { ProcessFacts, Stat } from "../observe/stats.ts";

/** One connection, as `stats conns` shows it. */
export interface ConnectionInfo {
  id: number;
  /** tcp:<ip>:<port>, tcp6:[<ip>]:<port>, udp:..., unix:<path>. */
  address: string;
  /** Of the listener it came through; null for a listener. */
  listenAddress: string | null;
  state: string;
  idleSeconds: number;
  isUdp: boolean;
}

export type PrefixRow = [string, number, number, number, number];

/** The server, as the engine sees it. */
export interface ServerPort {
  processFacts(): ProcessFacts;
  /** The counters of all workers together. */
  counters(): Counters;
  connections(): ConnectionInfo[] | Promise<ConnectionInfo[]>;
  prefixRows(): PrefixRow[] | Promise<PrefixRow[]>;
  /** `stats threads`: what each worker does. */
  threadStats(): Stat[];
  /** The TCP port in use. */
  port(): number;
  resetCounters(): void;
  /** A setting may have been changed by a command: every worker must know. */
  settingsChanged(): void;
  /** Resolves when what the last command changed holds in every worker; null
   * if it does already. The reply waits for it. */
  takePendingChange(): Promise<void> | null;
  flush(exptime: number): void;
  setMemoryLimit(limitBytes: number): boolean;
  /** Stops the process: after this batch, or `graceful` when every client
   * has got its answers. */
  shutdown(graceful: boolean): void;
  /** False once the server has begun to stop: new clients should go
   * elsewhere. */
  isReady(): boolean;
  /** Reads the certificates again; the text that answers `refresh_certs`. */
  refreshCertificates(): Promise<string>;
  /** `debugtime`: moves, stops or restarts the clock. */
  moveClock(seconds: number): void;
  pauseClock(paused: boolean): void;
  /** Lets other work of this thread go first. */
  yield(): Promise<void>;
}

/** What the statistics of a server are made from, beside its table. */
export type FactsPort = Pick<ServerPort, "processFacts" | "counters" | "port">;

/** The server, as its view sees it. */
export interface ViewPort extends FactsPort, Pick<ServerPort, "yield"> {
  /** The counters of each worker, since it started. */
  workerCounters(): Counters[];
  /** What each worker knows of its hot keys. */
  hotKeys(): HotKeysReport[] | Promise<HotKeysReport[]>;
  /** Why no more clients should come; null if they may. */
  unreadyReason(): string | null;
}

/** Who checks passwords. */
export interface LoginPort {
  /**
   * Whether this is a user's password. `from` is where the client comes
   * from: after too many failures the answer is no without a look. Never
   * rejects.
   */
  check(user: string, password: string, from: string): Promise<boolean>;
}
