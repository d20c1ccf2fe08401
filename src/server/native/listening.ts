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

/** A listening socket: one's own, or a share in another thread's. */
export class NativeListener {
  readonly fd: number;
  readonly libc: Libc;
  /** The file of a UNIX socket, which goes with it. */
  readonly #path: string | null;
  readonly #isShared: boolean;
  #isClosed = false;
  /** Called when it is closed, before the descriptor is. */
  onClose: () => void = () => {};

  private constructor(
    libc: Libc,
    fd: number,
    path: string | null,
    isShared: boolean,
  ) {
    this.libc = libc;
    this.fd = fd;
    this.#path = path;
    this.#isShared = isShared;
  }

  /** The one who closes the descriptor, and removes the file. */
  static own(libc: Libc, fd: number, path: string | null = null) {
    return new NativeListener(libc, fd, path, false);
  }

  /** For another thread: closing it leaves the descriptor open. */
  static share(libc: Libc, fd: number) {
    return new NativeListener(libc, fd, null, true);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onClose();
    if (this.#isShared) return;
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
  return { listener: NativeListener.own(libc, fd), addr: reader.read() };
}

/** Listens on a socket file; throws as Deno.listen does. */
export function listenNativeUnix(
  libc: Libc,
  path: string,
  { backlog }: Settings,
): NativeListener {
  const fd = listenAt(libc, unixAddress(path), backlog, false);
  return NativeListener.own(libc, fd, path);
}
