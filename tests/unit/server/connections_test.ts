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
import { serviceOfTwo } from "./service_of_two.ts";

Deno.test("there is room for who sees that a connection has ended", () => {
  const counters = new Counters();
  const shown: number[] = [];
  // Another thread may read the number at this moment.
  const left = () => shown.push(counters.values[CURR_CONNECTIONS]);
  const service = serviceOfTwo({ left }, SETTINGS_DEFAULT, counters);
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
