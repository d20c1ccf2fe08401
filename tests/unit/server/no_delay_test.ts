/**
 * Owns tests that connections of a listener that Deno cannot set options of
 * send at once.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Libc } from "../../../src/server/native/libc.ts";
import { setTcpOptionsOfListeners } from "../../../src/server/native/no_delay.ts";
import { AddressReader } from "../../../src/server/native/socket_address.ts";
import { hasIpv6 } from "../../support/serving.ts";

const FDS = 1024;

// The descriptor of our side of a connection, by both its ports.
function descriptorOf(libc: Libc, local: number, remote: number): number {
  const reader = new AddressReader(libc);
  for (let fd = 0; fd < FDS; fd++) {
    if (!libc.remoteAddress(fd, reader.bytes)) continue;
    if (reader.read().port !== remote) continue;
    libc.localAddress(fd, reader.bytes);
    if (reader.read().port === local) return fd;
  }
  return -1;
}

Deno.test({
  name: "what a listener accepts sends at once, and its neighbours do not",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const libc = new Libc();
    for (const hostname of hasIpv6() ? ["127.0.0.1", "::1"] : ["127.0.0.1"]) {
      using set = Deno.listen({ hostname, port: 0 });
      using other = Deno.listen({ hostname, port: 0 });
      const port = (set.addr as Deno.NetAddr).port;
      assertEquals(setTcpOptionsOfListeners(port), 1);
      for (const listener of [set, other]) {
        const { port } = listener.addr as Deno.NetAddr;
        using client = await Deno.connect({ hostname, port });
        using conn = await listener.accept();
        const fd = descriptorOf(
          libc,
          port,
          (conn.remoteAddr as Deno.NetAddr).port,
        );
        assert(fd >= 0);
        assertEquals(libc.hasNoDelay(fd), listener === set);
        assertEquals(client.remoteAddr, conn.localAddr);
      }
    }
  },
});
