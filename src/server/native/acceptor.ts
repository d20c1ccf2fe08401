/**
 * Owns accepting the clients of one listening socket. Never serves them.
 *
 * @module
 */
import { ACCEPT_BACKOFF_MS, TOO_MANY } from "../accepting.ts";
import { localPeer, type Peer, tcpPeer } from "../client.ts";
import type { OpenListener } from "../listeners.ts";
import { NativeConnection } from "./connection.ts";
import { EAGAIN, EINTR, EPOLLIN, LibcError } from "./libc.ts";
import type { NativeListener } from "./listening.ts";
import type { Watched } from "./loop.ts";
import type { NativeIo } from "./native_io.ts";
import { AddressReader } from "./socket_address.ts";

/** Clients accepted before others have a turn. */
const ACCEPTED_MAX = 16;
/** The descriptor is closed. */
const EBADF = 9;
/** The client was gone before it was accepted. */
const ECONNABORTED = 103;

/** Accepts from one listening socket. */
export class Acceptor implements Watched {
  readonly #open: OpenListener;
  readonly #listener: NativeListener;
  readonly #io: NativeIo;
  readonly #address: AddressReader;

  constructor(open: OpenListener, listener: NativeListener, io: NativeIo) {
    this.#open = open;
    this.#listener = listener;
    this.#io = io;
    this.#address = new AddressReader(io.libc);
  }

  start(): void {
    if (this.#listener.isClosed) return;
    this.#io.loop.watch(this.#listener.fd, this, EPOLLIN);
    this.#listener.onClose = () => this.#unwatch();
  }

  #unwatch(): void {
    this.#listener.onClose = () => {};
    this.#io.loop.change(this.#listener.fd, EPOLLIN, 0);
  }

  ready(): void {
    const { service, libc } = this.#io;
    const mayWait = !service.settings.maxconnsFast;
    for (let i = 0; i < ACCEPTED_MAX; i++) {
      if (this.#listener.isClosed) return;
      if (mayWait && !service.admission.hasRoom()) {
        return this.#pause(service.waitForRoom());
      }
      const turn = service.admission.turn();
      if (turn !== null) return this.#pause(turn);
      const fd = libc.accept(this.#listener.fd, this.#address.bytes);
      if (fd < 0) return this.#explain();
      if (service.admission.admit()) this.#admit(fd);
      else this.#reject(fd);
    }
  }

  resume(): void {}

  failed(error: unknown): void {
    this.#io.service.acceptFailed(error);
  }

  // Nobody is waiting any more, or something is wrong for a while, such as a
  // want of descriptors.
  #explain(): void {
    const { libc } = this.#io;
    const errno = libc.errno();
    if (errno === EAGAIN || errno === EINTR || errno === ECONNABORTED) return;
    this.failed(libc.failure());
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, ACCEPT_BACKOFF_MS);
    this.#pause(promise);
  }

  #pause(until: Promise<void>): void {
    this.#unwatch();
    this.#io.loop.awaiting(until).then(() => this.start()).catch((error) => {
      // The main thread, or the end of the loop, has closed what was watched.
      const isClosed = error instanceof LibcError && error.errno === EBADF;
      if (!isClosed) this.failed(error);
    });
  }

  #admit(fd: number): void {
    const { connections, descriptors } = this.#io.service;
    descriptors?.opened(fd);
    const id = connections.takeId();
    const client = new NativeConnection(fd, this.#peer(fd), id, this.#io);
    connections.add(client);
    client.serve();
  }

  #peer(fd: number): Peer {
    const open = this.#open;
    if (open.isUnix) return localPeer(open.address);
    const remote = this.#address.read();
    this.#io.libc.localAddress(fd, this.#address.bytes);
    return tcpPeer(remote, this.#address.read(), open.address);
  }

  #reject(fd: number): void {
    this.#io.service.countRejected();
    this.#io.libc.send(fd, TOO_MANY);
    this.#io.libc.close(fd);
  }
}
