/**
 * Owns what the benchmark and its workers say to each other. Types only.
 *
 * @module
 */
import type { SharedTable } from "../../src/store/smp_store.ts";
import type { Row } from "./workload.ts";

/** What a worker needs before its first run. */
export interface Setup {
  type: "setup";
  table: SharedTable;
  owner: number;
  /** One word; runs begin when it reaches their number. */
  start: SharedArrayBuffer;
}

/** One run. */
export interface Run {
  type: "run";
  number: number;
  row: Row;
  seconds: number;
}

/** What a worker did in a run. */
export interface Done {
  operations: number;
  reads: number;
  hits: number;
  stores: number;
  ms: number;
  /** CPU time of the thread in ns; 0 where the system does not tell. */
  cpuNs: number;
}

export type ToWorker = Setup | Run;
export type FromWorker =
  | { type: "ready" }
  | { type: "done"; done: Done }
  | { type: "failed"; reason: string };
