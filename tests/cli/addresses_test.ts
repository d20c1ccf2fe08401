/**
 * Owns the tests of reading the addresses of -l.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { parseAddresses } from "../../src/cli/addresses.ts";
import { UsageError } from "../../src/cli/usage_error.ts";

/** Addresses as `host|port`, joined by spaces. */
function parsed(text: string): string {
  return parseAddresses(text).map((a) => `${a.host}|${a.port}`).join(" ");
}

Deno.test("an address is a host with or without a port", () => {
  assertEquals(parsed("127.0.0.1"), "127.0.0.1|-1");
  assertEquals(parsed("127.0.0.1:11300"), "127.0.0.1|11300");
  assertEquals(parsed("localhost"), "localhost|-1");
  assertEquals(parsed("cache-0.cache:1"), "cache-0.cache|1");
  assertEquals(parsed("a:0"), "a|0");
  assertEquals(parsed("a:65535"), "a|65535");
});

Deno.test("IPv6 addresses need brackets only for a port", () => {
  assertEquals(parsed("::1"), "::1|-1");
  assertEquals(parsed("[::1]"), "::1|-1");
  assertEquals(parsed("[::1]:11300"), "::1|11300");
  assertEquals(parsed("[fe80::1%eth0]:5"), "fe80::1%eth0|5");
  assertEquals(parsed("fd00::2"), "fd00::2|-1");
  assertEquals(parsed("::"), "::|-1");
});

Deno.test("a star is all addresses", () => {
  assertEquals(parsed("*"), "|-1");
  assertEquals(parsed("*:11300"), "|11300");
});

Deno.test("a list has commas or semicolons", () => {
  const both = "127.0.0.1|1 ::1|2 c|-1";
  assertEquals(parsed("127.0.0.1:1,[::1]:2,c"), both);
  assertEquals(parsed("127.0.0.1:1;[::1]:2;c"), both);
  assertEquals(parsed(" 127.0.0.1:1 , [::1]:2,,c, "), both);
  assertEquals(parsed(""), "");
});

Deno.test("memcached's prefixes are accepted", () => {
  assertEquals(parsed("notls:127.0.0.1:1"), "127.0.0.1|1");
  assertEquals(parsed("proto[ascii]:127.0.0.1:1"), "127.0.0.1|1");
  assertEquals(parsed("tag[b]:127.0.0.1:1"), "127.0.0.1|1");
  assertEquals(parsed("tag_b_:127.0.0.1:1"), "127.0.0.1|1");
  assertEquals(parsed("notls:tag[b]:[::1]:1,d"), "::1|1 d|-1");
});

Deno.test("prefixes say how an address does TLS", () => {
  const modes = parseAddresses("notls:a,btls:a,mtls:proto[ascii]:a,a");
  assertEquals(
    modes.map(({ tls }) => tls),
    ["none", "basic", "mutual", undefined],
  );
});

Deno.test("a port above 65535 is refused", () => {
  for (const text of ["a:65536", "[::1]:70000", "ok:1,a:65536"]) {
    const error = assertThrows(
      () => parseAddresses(text),
      UsageError,
      "Invalid port number",
    );
    assertEquals((error as UsageError).exitCode, 64);
  }
});
