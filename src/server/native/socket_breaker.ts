/**
 * Owns breaking off connections that Deno holds and does not let go: a TLS
 * handshake that never ends goes on after `close`, for as long as the client
 * likes (Deno 2.9). Their descriptors are found by their addresses. Never
 * closes a descriptor: that stays with whoever opened it.
 *
 * @module
 */
import { descriptorsEnd } from "../linux_files.ts";
import { Libc } from "./libc.ts";
import { AddressReader } from "./socket_address.ts";

/** Connections are broken off together: one look at all descriptors, 0.3 µs
 * each, serves all of them. */
const GATHER_MS = 100;

/** Both ends of a connection. */
type Ends = Pick<Deno.Conn<Deno.NetAddr>, "localAddr" | "remoteAddr">;

function endText({ hostname, port }: Deno.NetAddr): string {
  return `${hostname} ${port}`;
}

function endsText(remote: Deno.NetAddr, local: Deno.NetAddr): string {
  return `${endText(remote)} ${endText(local)}`;
}

/** Breaks connections of this process off. */
export class SocketBreaker {
  readonly #libc: Libc;
  readonly #reader: AddressReader;
  readonly #wanted = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  private constructor(libc: Libc) {
    this.#libc = libc;
    this.#reader = new AddressReader(libc);
  }

  /** Null where there is none: it needs Linux and --allow-ffi. */
  static create(): SocketBreaker | null {
    if (Deno.build.os !== "linux") return null;
    const ffi = Deno.permissions.querySync({ name: "ffi" });
    if (ffi.state !== "granted") return null;
    try {
      return new SocketBreaker(new Libc());
    } catch {
      // Another C library.
      return null;
    }
  }

  /** Ends both directions of a connection soon, as if its client had. */
  break({ remoteAddr, localAddr }: Ends): void {
    this.#wanted.add(endsText(remoteAddr, localAddr));
    this.#timer ??= setTimeout(() => this.#breakAll(), GATHER_MS);
  }

  #breakAll(): void {
    this.#timer = null;
    const { bytes } = this.#reader;
    const end = descriptorsEnd();
    for (let fd = 0; fd < end && this.#wanted.size > 0; fd++) {
      if (!this.#libc.remoteAddress(fd, bytes)) continue;
      const remote = this.#reader.read();
      this.#libc.localAddress(fd, bytes);
      const local = this.#reader.read();
      if (!this.#wanted.delete(endsText(remote, local))) continue;
      this.#libc.end(fd);
    }
    // The others have gone by themselves.
    this.#wanted.clear();
  }

  /** Nothing is broken off any more. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
