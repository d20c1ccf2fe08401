/**
 * Owns the tests of the processes of a comparison: they end whatever was done to
 * them. Never drives them.
 *
 * @module
 */
import { assertThrows } from "@std/assert";
import { startCommand, startServer } from "../../../bench/compare/servers.ts";

Deno.test({
  name: "a server that the driver has left stopped is ended",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const pinning = { servers: null, driver: null, text: "" };
    // One that handles SIGTERM, and so does not while it is stopped.
    const command = [...startCommand(), "-l", "127.0.0.1", "-p", "{port}"];
    const server = await startServer("ours", command, pinning);
    Deno.kill(server.pid, "SIGSTOP");
    // It may be asked twice: by what ends the comparison, and by a signal.
    await Promise.all([server.stop(), server.stop()]);
    assertThrows(() => Deno.kill(server.pid, "SIGCONT"), Deno.errors.NotFound);
  },
});
