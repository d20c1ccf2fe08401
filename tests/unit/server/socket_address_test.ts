/**
 * Owns the tests of addresses as Linux lays them out.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { ADDRESS_BYTES_MAX, Libc } from "../../../src/server/native/libc.ts";
import {
  AddressReader,
  resolve,
  unixAddress,
} from "../../../src/server/native/socket_address.ts";

const ignore = Deno.build.os !== "linux";
if (ignore) console.log("skipped: Linux's socket addresses");

Deno.test({
  name: "addresses are read as they were resolved",
  ignore,
  // The library stays open as long as the process lives.
  sanitizeResources: false,
  fn() {
    const libc = new Libc();
    const reader = new AddressReader(libc);
    for (
      const [name, hostname] of [
        ["127.0.0.1", "127.0.0.1"],
        ["0.0.0.0", "0.0.0.0"],
        ["::", "::"],
        ["::1", "::1"],
        ["2001:db8:0:0:0:0:0:1", "2001:db8::1"],
        ["::ffff:10.1.2.3", "::ffff:10.1.2.3"],
      ]
    ) {
      for (const port of [0, 11211, 65535]) {
        reader.bytes.fill(255);
        reader.bytes.set(resolve(libc, name, port).bytes);
        assertEquals(reader.read(), { transport: "tcp", hostname, port });
      }
    }
  },
});

Deno.test({
  name: "a name that is none is refused as Deno refuses it",
  ignore,
  // The library stays open as long as the process lives.
  sanitizeResources: false,
  fn() {
    const libc = new Libc();
    assertThrows(
      () => resolve(libc, "no such name", 1),
      Error,
      "failed to lookup address information: ",
    );
  },
});

Deno.test("a path of 107 bytes is the longest", () => {
  const { bytes } = unixAddress("p".repeat(107));
  assertEquals(bytes.length, 2 + 108);
  assertEquals(bytes.length <= ADDRESS_BYTES_MAX, true);
  assertThrows(() => unixAddress("p".repeat(108)), Error, "SUN_LEN");
  assertThrows(() => unixAddress("ü".repeat(54)), Error, "SUN_LEN");
});
