/**
 * Owns the tests of how many logins may fail, and of the log about them.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { toLatin1 } from "../../../src/base/bytes.ts";
import {
  LOG_REPEAT_SECONDS,
  LOGIN_ADDRESSES_MAX,
  LOGIN_FAILURES_PER_ADDRESS_MAX,
  LOGIN_WINDOW_SECONDS,
} from "../../../src/base/limits.ts";
import { SETTINGS_DEFAULT } from "../../../src/base/settings.ts";
import type { LogFields } from "../../../src/observe/log.ts";
import { FailureLimit, Login } from "../../../src/server/login.ts";

function addressOf(i: number): string {
  return `10.${i >> 16}.${i >> 8 & 255}.${i & 255}`;
}

Deno.test("an address is over at the limit, not before, until the window ends", () => {
  const limit = new FailureLimit();
  for (let i = 0; i < LOGIN_FAILURES_PER_ADDRESS_MAX; i++) {
    assertEquals(limit.isOver("10.0.0.1", 100), false, String(i));
    limit.add("10.0.0.1", 100);
  }
  assertEquals(limit.isOver("10.0.0.1", 100), true);
  assertEquals(limit.isOver("10.0.0.2", 100), false);
  const end = 100 + LOGIN_WINDOW_SECONDS;
  assertEquals(limit.isOver("10.0.0.1", end - 1), true);
  assertEquals(limit.isOver("10.0.0.1", end), false);
  limit.add("10.0.0.1", end);
  assertEquals(limit.isOver("10.0.0.1", end), false, "it starts again");
});

Deno.test("IPv6 addresses count by their /64", () => {
  const limit = new FailureLimit(1);
  limit.add("2001:db8::1", 0);
  for (const same of ["2001:db8::2", "2001:db8:0:0:a:b:c:d", "2001:0db8::"]) {
    assert(limit.isOver(same, 0), same);
  }
  assert(!limit.isOver("2001:db8:0:1::1", 0));
  limit.add("fe80::1%eth0", 0);
  assert(limit.isOver("fe80::2", 0));
});

Deno.test("only so many addresses are remembered; the oldest gives way", () => {
  const limit = new FailureLimit(1);
  for (let i = 0; i < LOGIN_ADDRESSES_MAX; i++) limit.add(addressOf(i), 0);
  assertEquals(limit.size, LOGIN_ADDRESSES_MAX);
  assert(limit.isOver(addressOf(0), 0));
  limit.add(addressOf(LOGIN_ADDRESSES_MAX), 0);
  assertEquals(limit.size, LOGIN_ADDRESSES_MAX);
  assert(!limit.isOver(addressOf(0), 0));
  assert(limit.isOver(addressOf(1), 0));
});

Deno.test("after too many failures the right password is not looked at", async () => {
  const lines: [string, LogFields | undefined][] = [];
  const ignore = () => {};
  let now = 0;
  const settings = { ...structuredClone(SETTINGS_DEFAULT), authFile: "x" };
  const login = new Login(settings, toLatin1("user:right\n"), {
    log: {
      debug: ignore,
      info: ignore,
      error: ignore,
      warn: (message, fields) => lines.push([message, fields]),
    },
    seconds: () => now,
    workers: 1,
  });
  const right = () => login.check("user", "right", "10.0.0.1");
  for (let i = 0; i < LOGIN_FAILURES_PER_ADDRESS_MAX; i++) {
    assertEquals(await right(), true);
    assertEquals(await login.check("user", "wrong", "10.0.0.1"), false);
  }
  assertEquals(await right(), false);
  assertEquals(await login.check("user", "right", "10.0.0.2"), true);
  assertEquals(lines, [
    ["login failed", { address: "10.0.0.1" }],
    ["login refused", { address: "10.0.0.1", reason: "too many failures" }],
  ]);
  now = LOGIN_WINDOW_SECONDS;
  assertEquals(await right(), true);
  assert(LOG_REPEAT_SECONDS < LOGIN_WINDOW_SECONDS);
  await login.check("nobody", "right", "10.0.0.3");
  assertEquals(lines.at(-1), ["login failed", {
    address: "10.0.0.3",
    left_out: LOGIN_FAILURES_PER_ADDRESS_MAX - 1,
  }]);
});

Deno.test("new users take the place of the old ones", async () => {
  const ignore = () => {};
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const settings = { ...structuredClone(SETTINGS_DEFAULT), authFile: "x" };
  const login = new Login(settings, toLatin1("a:1"), {
    log,
    seconds: () => 0,
    workers: 1,
  });
  assertEquals(await login.check("a", "1", "x"), true);
  login.replace(toLatin1("b:2"));
  assertEquals(await login.check("a", "1", "x"), false);
  assertEquals(await login.check("b", "2", "x"), true);
});
