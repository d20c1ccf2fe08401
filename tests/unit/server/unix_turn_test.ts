/**
 * Owns the test that clients who only one worker can serve do not wait until
 * other workers have as many.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { SETTINGS_DEFAULT } from "../../../src/base/settings.ts";
import { openListeners } from "../../../src/server/listeners.ts";
import { serviceOfTwo } from "./service_of_two.ts";

Deno.test({
  name: "clients of a UNIX socket wait for no other worker's turn",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    const path = join(folder, "socket");
    const settings = { ...SETTINGS_DEFAULT, unixSocket: path };
    let turns = 0;
    const service = serviceOfTwo({
      // Never ours: another worker has fewer connections for ever.
      turn() {
        turns++;
        return new Promise(() => {});
      },
    }, settings);
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
