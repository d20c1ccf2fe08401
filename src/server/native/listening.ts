/**
 * Owns listening sockets made by the C library, so that they can be watched
 * by epoll. Never accepts.
 *
 * @module
 */
import type { Settings } from "../../base/settings.ts";
import { EADDRINUSE, Libc, LibcError } from "./libc.ts";
import {
  AddressReader,
  resolve,
  type SocketAddress,
  unixAddress,
} from "./socket_address.ts";

/** A listening socket. A worker may wrap the descriptor of another one's. */
export class NativeListener {
  readonly fd: number;
  readonly libc: Libc;
  /** The file of a UNIX socket, which goes with it. */
  readonly #path: string | null;
  #isClosed = false;

  constructor(libc: Libc, fd: number, path: string | null = null) {
    this.libc = libc;
    this.fd = fd;
    this.#path = path;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.libc.close(this.fd);
    if (this.#path === null) return;
    try {
      Deno.removeSync(this.#path);
    } catch {
      // Somebody else removed it.
    }
  }
}

// Deno's own kind of error where callers tell it from others.
function inDenosWords(error: unknown): unknown {
  return error instanceof LibcError && error.errno === EADDRINUSE
    ? new Deno.errors.AddrInUse(error.message)
    : error;
}

function listenAt(
  libc: Libc,
  { family, bytes }: SocketAddress,
  backlog: number,
  isTcp: boolean,
): number {
  const fd = libc.socket(family);
  if (isTcp) libc.setTcpOptions(fd, family);
  if (
    libc.calls.bind(fd, bytes, bytes.length) < 0 ||
    libc.calls.listen(fd, backlog) < 0
  ) {
    const error = libc.failure();
    libc.close(fd);
    throw inDenosWords(error);
  }
  return fd;
}

/** Listens on a TCP port, 0 for a free one; throws as Deno.listen does. */
export function listenNativeTcp(
  libc: Libc,
  hostname: string,
  port: number,
  { backlog }: Settings,
): { listener: NativeListener; addr: Deno.NetAddr } {
  const fd = listenAt(libc, resolve(libc, hostname, port), backlog, true);
  const reader = new AddressReader(libc);
  libc.localAddress(fd, reader.bytes);
  return { listener: new NativeListener(libc, fd), addr: reader.read() };
}

/** Listens on a socket file; throws as Deno.listen does. */
export function listenNativeUnix(
  libc: Libc,
  path: string,
  { backlog }: Settings,
): NativeListener {
  const fd = listenAt(libc, unixAddress(path), backlog, false);
  return new NativeListener(libc, fd, path);
}
