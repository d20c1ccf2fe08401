/**
 * Owns a service as one of two workers has it, without threads, for tests of
 * what one worker does. Never listens.
 *
 * @module
 */
import { type Settings, SETTINGS_DEFAULT } from "../../../src/base/settings.ts";
import { Counters } from "../../../src/observe/counters.ts";
import { type Admission, Service } from "../../../src/server/service.ts";
import { MemoryServer } from "../../support/memory_server.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** A service that lets everybody in at once, but for what `admission` says
 * otherwise. */
export function serviceOfTwo(
  admission: Partial<Admission>,
  settings: Settings = SETTINGS_DEFAULT,
  counters = new Counters(),
): Service {
  const server = new MemoryServer();
  return new Service({
    settings,
    store: server.store,
    counters,
    log: SILENT,
    port: server,
    clock: new Int32Array([server.context.now]),
    heartbeat: new Int32Array(1),
    started: server.context.now,
    unixTime: () => 0,
    worker: 0,
    workers: 2,
    admission: {
      hasRoom: () => true,
      admit: () => true,
      left() {},
      roomAgain: () => Promise.resolve(),
      turn: () => null,
      ...admission,
    },
  });
}
