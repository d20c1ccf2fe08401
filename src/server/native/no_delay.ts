/**
 * Owns switching Nagle's algorithm off for connections that Deno offers no
 * way for: those of a TLS listener. Never accepts anything.
 *
 * Without it the last part of a reply that is written in two waits until the
 * client has acknowledged the first, 40 ms as a rule (RFC 896; RFC 1122,
 * 4.2.3.2).
 *
 * @module
 */
import { descriptorsEnd } from "../linux_files.ts";
import { Libc } from "./libc.ts";
import { AddressReader } from "./socket_address.ts";

/** Sets the options of TCP connections on the sockets of this process that
 * listen on `port`: on Linux those they accept inherit them. Returns how many
 * there are; throws where there is no glibc. */
export function setTcpOptionsOfListeners(port: number): number {
  const libc = new Libc();
  const reader = new AddressReader(libc);
  const end = descriptorsEnd();
  let count = 0;
  for (let fd = 0; fd < end; fd++) {
    if (!libc.isListening(fd)) continue;
    libc.localAddress(fd, reader.bytes);
    if (reader.read().port !== port) continue;
    libc.setStreamOptions(fd);
    count++;
  }
  return count;
}
