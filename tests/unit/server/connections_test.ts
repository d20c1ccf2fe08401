/**
 * Owns the test of the order in which a connection that ends is counted out.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { SETTINGS_DEFAULT } from "../../../src/base/settings.ts";
import { Session } from "../../../src/engine/session.ts";
import { Counters, CURR_CONNECTIONS } from "../../../src/observe/counters.ts";
import { localPeer, type ServedClient } from "../../../src/server/client.ts";
import { Service } from "../../../src/server/service.ts";
import { MemoryServer } from "../../support/memory_server.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

Deno.test("there is room for who sees that a connection has ended", () => {
  const server = new MemoryServer();
  const counters = new Counters();
  const shown: number[] = [];
  const service = new Service({
    settings: SETTINGS_DEFAULT,
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
      // Another thread may read the number at this moment.
      left: () => shown.push(counters.values[CURR_CONNECTIONS]),
      roomAgain: () => Promise.resolve(),
      turn: () => null,
    },
  });
  const { connections, engine } = service;
  const id = connections.takeId();
  const client: ServedClient = {
    id,
    session: new Session(engine, id),
    peer: localPeer("unix:/socket"),
    isWriting: false,
    isAtCommand: true,
    finish() {},
    close() {},
  };
  connections.add(client);
  assertEquals(counters.values[CURR_CONNECTIONS], 1);
  connections.removed(client, "normal");
  assertEquals(shown, [1]);
  assertEquals(counters.values[CURR_CONNECTIONS], 0);
});
