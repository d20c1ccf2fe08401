/**
 * Owns socket addresses as Linux lays them out (struct sockaddr_in,
 * sockaddr_in6, sockaddr_un) and the names they come from. Never opens a
 * socket.
 *
 * @module
 */
import { latin1 } from "../../base/bytes.ts";
import { ADDRESS_BYTES_MAX, AF_INET, AF_INET6, AF_UNIX, Libc } from "./libc.ts";

// getaddrinfo(3), struct addrinfo on 64-bit systems.
const AI_PASSIVE = 1;
const SOCK_STREAM = 1;
const INFO_BYTES = 48;
const INFO_FAMILY = 4;
const INFO_TYPE = 8;
const INFO_ADDRESS_LENGTH = 16;
const INFO_ADDRESS = 24;

/** Bytes of sun_path, its final 0 included. */
const UNIX_PATH_BYTES = 108;

/** A socket address and its family. */
export interface SocketAddress {
  family: number;
  bytes: Uint8Array<ArrayBuffer>;
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** The first address of a host name or an address; throws if there is none,
 * worded as Deno words it. */
export function resolve(
  libc: Libc,
  hostname: string,
  port: number,
): SocketAddress {
  const hints = new Uint8Array(INFO_BYTES);
  const hintsView = new DataView(hints.buffer);
  hintsView.setInt32(0, AI_PASSIVE, true);
  hintsView.setInt32(INFO_TYPE, SOCK_STREAM, true);
  const result = new BigUint64Array(1);
  const { calls } = libc;
  const code = calls.getaddrinfo(cString(hostname), null, hints, result);
  if (code !== 0) {
    const text = Deno.UnsafePointerView.getCString(calls.gai_strerror(code)!);
    throw new Error(`failed to lookup address information: ${text}`);
  }
  const info = Deno.UnsafePointer.create(result[0])!;
  const view = new Deno.UnsafePointerView(info);
  const family = view.getInt32(INFO_FAMILY);
  const bytes = new Uint8Array(view.getUint32(INFO_ADDRESS_LENGTH));
  const address = view.getPointer(INFO_ADDRESS)!;
  new Deno.UnsafePointerView(address).copyInto(bytes);
  calls.freeaddrinfo(info);
  new DataView(bytes.buffer).setUint16(2, port);
  return { family, bytes };
}

/** The address of a socket file; throws if the path is too long. */
export function unixAddress(path: string): SocketAddress {
  const text = cString(path);
  if (text.length > UNIX_PATH_BYTES) {
    throw new Error("path must be shorter than SUN_LEN");
  }
  const bytes = new Uint8Array(2 + text.length);
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, true);
  bytes.set(text, 2);
  return { family: AF_UNIX, bytes };
}

/** Reads addresses that the system wrote. */
export class AddressReader {
  readonly #libc: Libc;
  /** Where calls put an address. */
  readonly bytes = new Uint8Array(ADDRESS_BYTES_MAX);
  readonly #view = new DataView(this.bytes.buffer);
  readonly #text = new Uint8Array(ADDRESS_BYTES_MAX);

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** The IPv4 or IPv6 address in `bytes`. */
  read(): Deno.NetAddr {
    const family = this.#view.getUint16(0, true);
    const at = family === AF_INET6 ? 8 : 4;
    const length = family === AF_INET6 ? 16 : 4;
    const address = this.bytes.slice(at, at + length);
    const { inet_ntop } = this.#libc.calls;
    inet_ntop(
      family === AF_INET6 ? AF_INET6 : AF_INET,
      address,
      this.#text,
      this.#text.length,
    );
    return {
      transport: "tcp",
      hostname: latin1(this.#text, 0, this.#text.indexOf(0)),
      port: this.#view.getUint16(2),
    };
  }
}
