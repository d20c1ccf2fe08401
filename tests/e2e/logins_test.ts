/**
 * Owns the end-to-end tests of `-Y`: who is let in, new users by SIGHUP, and
 * what happens to those who guess. SASL is driven by clients
 * (`../clients/pylibmc_test.ts`, `../clients/memjs_test.ts`).
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { LOGIN_FAILURES_PER_CONNECTION_MAX } from "../../src/base/limits.ts";
import {
  inEveryMode,
  inTemporaryDirectory,
  type Served,
  serving,
} from "../support/serving.ts";
import type { Wire } from "../support/wire.ts";

const WRONG = "CLIENT_ERROR authentication failure";
const VALUE = new TextEncoder().encode("v");

/** Logs in; returns what the server says. */
async function logIn(wire: Wire, token: string): Promise<string> {
  await wire.send(`set login 0 0 ${token.length}\r\n${token}\r\n`);
  return await wire.line();
}

/** Registers a test with a server that knows these users. */
function loginTest(
  name: string,
  users: string,
  body: (served: Served, path: string) => Promise<void>,
): void {
  inEveryMode(name, (mode) =>
    inTemporaryDirectory(async (folder) => {
      const path = `${folder}/users`;
      await Deno.writeTextFile(path, users);
      await serving({ mode, args: ["-Y", path] }, (s) => body(s, path));
    }));
}

loginTest("-Y lets users in, and nobody else", "ada:pw\nbob:x y\n", async ({
  server,
  connect,
}) => {
  using wire = await connect();
  for (const command of ["get k", "version", "stats", "mg k v", "flush_all"]) {
    assertEquals(await wire.ask(command), "CLIENT_ERROR unauthenticated");
  }
  assertEquals(await logIn(wire, "ada wrong"), WRONG);
  assertEquals(await logIn(wire, "eve pw"), WRONG);
  assertEquals(await wire.ask("get k"), "CLIENT_ERROR unauthenticated");
  assertEquals(await logIn(wire, "ada pw"), "STORED");
  assertEquals(await wire.set("k", VALUE), "STORED");
  await wire.expectValue("k", VALUE);
  // The token itself is not stored.
  assertEquals(await wire.ask("get login"), "END");
  using other = await connect();
  assertEquals(await logIn(other, "bob x y"), "STORED");
  await other.expectValue("k", VALUE);
  assertEquals(await wire.stat("auth_errors"), 2);
  assertEquals(await wire.stat("auth_cmds"), 4);
  await server.waitForLog(/WARN login failed .*address=127\.0\.0\.1/);
  assert(!/ada|eve|pw|x y/.test(server.log), "names and passwords are logged");
});

loginTest("SIGHUP reads the users again", "ada:pw\n", async (
  { server, connect },
  path,
) => {
  using old = await connect();
  assertEquals(await logIn(old, "ada pw"), "STORED");
  await Deno.writeTextFile(path, "ada:new\n");
  server.child.kill("SIGHUP");
  await server.waitForLog(/users reloaded/);
  using wire = await connect();
  assertEquals(await logIn(wire, "ada pw"), WRONG);
  assertEquals(await logIn(wire, "ada new"), "STORED");
  // Who is in stays in.
  assertEquals(await old.set("k", VALUE), "STORED");
  await Deno.writeTextFile(path, "no users\n");
  server.child.kill("SIGHUP");
  await server.waitForLog(/ERROR users not reloaded .*line 1/);
  using late = await connect();
  assertEquals(await logIn(late, "ada new"), "STORED");
});

loginTest("who guesses is cut off, then refused", "ada:pw\n", async ({
  server,
  connect,
}) => {
  using inside = await connect();
  assertEquals(await logIn(inside, "ada pw"), "STORED");
  const guess = async () => {
    using wire = await connect();
    for (let i = 1; i < LOGIN_FAILURES_PER_CONNECTION_MAX; i++) {
      assertEquals(await logIn(wire, `ada ${i}`), WRONG);
    }
    await logIn(wire, "ada last").catch(() => {});
    await wire.expectEnd();
  };
  while (!/login refused/.test(server.log)) await guess();
  assertMatch(server.log, /WARN login refused .*reason="too many failures"/);
  // Who is in is not disturbed.
  await inside.send("mn\r\n");
  assertEquals(await inside.line(), "MN");
});
