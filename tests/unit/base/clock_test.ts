/**
 * Owns the checks of how an exptime becomes a table second.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  EPOCH_UNIX_SECONDS,
  expirySecond,
  RELATIVE_SECONDS_MAX,
  SECONDS_MAX,
  tableSeconds,
  unixSeconds,
} from "../../../src/base/clock.ts";

const NOW = 200_000_000, STARTED = 199_999_000;
const expiry = (exptime: number) => expirySecond(exptime, NOW, STARTED);

Deno.test("expirySecond() follows memcached's rules at every border", () => {
  assertEquals(expiry(0), 0);
  assertEquals(expiry(-1), 1);
  assertEquals(expiry(1), NOW + 1);
  assertEquals(expiry(RELATIVE_SECONDS_MAX), NOW + RELATIVE_SECONDS_MAX);
  // One more is an absolute time in January 1970.
  assertEquals(expiry(RELATIVE_SECONDS_MAX + 1), 1);
  assertEquals(expiry(unixSeconds(STARTED)), 1);
  assertEquals(expiry(unixSeconds(STARTED) + 1), STARTED + 1);
  assertEquals(expiry(unixSeconds(NOW + 50)), NOW + 50);
  assertEquals(expiry(0xffffffff), SECONDS_MAX);
});

Deno.test("tableSeconds() stays within 1 and the last second", () => {
  assertEquals(tableSeconds(0), 1);
  assertEquals(tableSeconds(EPOCH_UNIX_SECONDS + 77.9), 77);
  assertEquals(tableSeconds(1e12), SECONDS_MAX);
  assertEquals(unixSeconds(tableSeconds(1_800_000_000)), 1_800_000_000);
});
