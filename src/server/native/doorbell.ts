/**
 * Owns how a busy loop lets the runtime's event loop have a turn: timers,
 * signals, messages, sockets of Deno. Never serves.
 *
 * setImmediate and messages between ports do not do: they keep the runtime
 * busy, and a busy runtime looks at its descriptors every 61st turn only
 * (tokio's `event_interval`): with 2 ms between turns another socket was
 * answered after 120 ms. A byte on a connection of our own makes the runtime
 * look at its descriptors, find that one among others, and come back. It
 * costs 8 us where nothing else runs; another thread as the waker costs 25 us.
 *
 * Whether a turn is due is told by the descriptor that the runtime waits by:
 * an epoll descriptor is itself ready when something in it is (epoll(7)). The
 * runtime of each thread has one, and Deno does not say which; it is the one
 * that our connection was added to.
 *
 * @module
 */
import { descriptorsEnd } from "../linux_files.ts";
import { ADDRESS_BYTES_MAX, AF_UNIX, type Libc } from "./libc.ts";
import { unixAddress } from "./socket_address.ts";

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const ONE = new Uint8Array(1);

/** A connection of this process with itself. */
export class Doorbell {
  readonly #libc: Libc;
  /** The end that rings. */
  readonly fd: number;
  readonly #conn: Deno.Conn;
  readonly #read = new Uint8Array(64);
  /** The epoll descriptor by which the runtime of this thread waits for its
   * sockets and for wake-ups by other threads; -1 if it was not found. */
  readonly runtime: number;

  private constructor(
    libc: Libc,
    fd: number,
    conn: Deno.Conn,
    address: Uint8Array<ArrayBuffer>,
  ) {
    this.runtime = findRuntime(libc, address);
    this.#libc = libc;
    this.fd = fd;
    this.#conn = conn;
  }

  /** Makes one; null if that is not possible. */
  static async create(libc: Libc): Promise<Doorbell | null> {
    // An abstract socket: there is no file, and the name is nobody else's.
    const name = `\0denocached-${crypto.randomUUID()}`;
    const listening = libc.socket(AF_UNIX);
    try {
      const bytes = unixAddress(name).bytes.subarray(0, -1);
      if (libc.calls.bind(listening, bytes, bytes.length) < 0) return null;
      if (libc.calls.listen(listening, 1) < 0) return null;
      const conn = await Deno.connect({ transport: "unix", path: name });
      const fd = libc.accept(listening, new Uint8Array(ADDRESS_BYTES_MAX));
      if (fd >= 0 && isOurs(libc, fd)) {
        return new Doorbell(libc, fd, conn, bytes);
      }
      if (fd >= 0) libc.close(fd);
      conn.close();
      return null;
    } catch {
      return null;
    } finally {
      libc.close(listening);
    }
  }

  /** Resolves after one turn of the event loop. */
  async ring(): Promise<void> {
    // The read has to wait first: one that finds its byte is no turn. It is the
    // connection's, which comes back later than the runtime's call (see
    // `deno_socket.ts`) by some microtasks: others of this turn come first.
    const turn = this.#conn.read(this.#read);
    this.#libc.send(this.fd, ONE);
    await turn;
  }

  close(): void {
    this.#libc.close(this.fd);
    this.#conn.close();
  }
}

// The epoll descriptor that reports the one socket connected to `address`.
function findRuntime(libc: Libc, address: Uint8Array<ArrayBuffer>): number {
  const end = descriptorsEnd();
  for (let socket = 0; socket < end; socket++) {
    if (!libc.isConnectedTo(socket, address)) continue;
    for (let fd = 0; fd < end; fd++) {
      if (libc.isPolledBy(fd, socket)) return fd;
    }
  }
  return -1;
}

// Whether the other end is this process: the name was to be seen for a moment.
function isOurs(libc: Libc, fd: number): boolean {
  const credentials = new Int32Array(3);
  const length = new Int32Array([credentials.byteLength]);
  libc.calls.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length);
  return credentials[0] === Deno.pid;
}
