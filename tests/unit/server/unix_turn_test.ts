/**
 * Owns the test that clients who only one worker can serve do not wait until
 * other workers have as many.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { SETTINGS_DEFAULT } from "../../../src/base/settings.ts";
import { Counters } from "../../../src/observe/counters.ts";
import { openListeners } from "../../../src/server/listeners.ts";
import { Service } from "../../../src/server/service.ts";
import { MemoryServer } from "../../support/memory_server.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

Deno.test({
  name: "clients of a UNIX socket wait for no other worker's turn",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    const path = join(folder, "socket");
    const settings = { ...SETTINGS_DEFAULT, unixSocket: path };
    const server = new MemoryServer();
    let turns = 0;
    const service = new Service({
      settings,
      store: server.store,
      counters: new Counters(),
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
        // Never ours: another worker has fewer connections for ever.
        turn() {
          turns++;
          return new Promise(() => {});
        },
      },
    });
    for (const listener of openListeners(settings)) service.listen(listener);
    try {
      using client = await Deno.connect({ transport: "unix", path });
      await client.write(new TextEncoder().encode("mn\r\n"));
      assertEquals(turns, 0);
      const reply = new Uint8Array(4);
      await client.read(reply);
      assertEquals(new TextDecoder().decode(reply), "MN\r\n");
    } finally {
      service.stop();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
