/**
 * Owns what the main thread and its workers say to each other. Types only.
 *
 * @module
 */
import type { Settings } from "../base/settings.ts";
import type { LogFields, LogLevelName } from "../observe/log.ts";
import type { SharedTable } from "../store/smp_store.ts";
import type { OpenListener } from "./listeners.ts";
import type { Secrets } from "./security.ts";
import type { CallMessage } from "./smp_channel.ts";
import type { ControlBuffers } from "./smp_control.ts";

/** An address that the main thread has opened. */
export interface SharedListener extends Omit<OpenListener, "listener"> {
  /** Of the socket, for native I/O; -1 if the worker opens it again. */
  fd: number;
}

/** A UDP address that one worker is to open. */
export interface SharedDatagrams {
  hostname: string;
  port: number;
}

/** Switches for tests only; no flag sets them. */
export interface TestSwitches {
  /** Locks exclude nobody. */
  brokenLock?: boolean;
}

/** Everything a worker needs. */
export interface WorkerStart {
  type: "start";
  worker: number;
  workers: number;
  settings: Settings;
  table: SharedTable;
  control: ControlBuffers;
  counters: SharedArrayBuffer;
  listeners: SharedListener[];
  /** None but for one worker. */
  datagrams: SharedDatagrams[];
  secrets: Secrets;
  switches: TestSwitches;
}

/** What the main thread asks of a worker. */
export type WorkerCall =
  | { name: "settings"; settings: Settings }
  | { name: "connections" }
  | { name: "prefixRows" }
  | { name: "hotKeys" }
  | { name: "resetPrefixes" }
  | { name: "watchersChanged" }
  | { name: "stopListening" }
  | { name: "finishConnections" }
  /** Answered by null, or by why they cannot be used. */
  | { name: "secrets"; secrets: Secrets }
  | { name: "stop" }
  | { name: "fail" };

/** What a worker asks of the main thread, for all workers. */
export type MainCall =
  | { name: "settings"; settings: Settings }
  | { name: "connections" }
  | { name: "prefixRows" }
  | { name: "resetPrefixes" }
  | { name: "watchersChanged" }
  | { name: "refreshCertificates" }
  | { name: "shutdown"; graceful: boolean }
  | { name: "moveClock"; seconds: number }
  | { name: "pauseClock"; paused: boolean };

/** An event for the watchers of other workers. */
export type WatchLine = [flag: number, line: string];

export type ToWorker =
  | WorkerStart
  | CallMessage<WorkerCall>
  | { type: "lines"; lines: WatchLine[] };

export type FromWorker =
  | { type: "ready" }
  | { type: "failed"; reason: string }
  | { type: "log"; level: LogLevelName; message: string; fields?: LogFields }
  | { type: "lines"; lines: WatchLine[] }
  | CallMessage<MainCall>;
