/**
 * Owns the shape of a `Deno.Conn` around a socket of node:tls. Holds at most
 * what the socket has read ahead.
 *
 * @module
 */
import type { TLSSocket } from "node:tls";

/** One TLS connection; reads and writes may be under way at the same time,
 * one of each. */
export class NodeTlsConn implements Deno.Conn {
  readonly #socket: TLSSocket;
  readonly remoteAddr: Deno.NetAddr;
  readonly localAddr: Deno.NetAddr;
  /** Read from the socket, not yet taken. */
  #rest: Uint8Array = new Uint8Array(0);
  #isEnded = false;
  #isClosed = false;
  #error: Error | null = null;
  #onChange: (() => void) | null = null;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.remoteAddr = netAddr(socket.remoteAddress, socket.remotePort);
    this.localAddr = netAddr(socket.localAddress, socket.localPort);
    socket.on("readable", () => this.#onChange?.());
    socket.on("end", () => this.#end(null));
    socket.on("close", () => this.#end(null));
    socket.on("error", (error) => this.#end(translated(error)));
  }

  #end(error: Error | null): void {
    this.#isEnded = true;
    this.#error ??= error;
    this.#onChange?.();
  }

  async read(target: Uint8Array): Promise<number | null> {
    for (;;) {
      // The target may be memory that was given up with the client.
      if (this.#isClosed) throw new Deno.errors.BadResource();
      if (this.#rest.length === 0) {
        const chunk = this.#socket.read() as Uint8Array | null;
        if (chunk !== null) this.#rest = chunk;
      }
      if (this.#rest.length > 0) {
        const part = this.#rest.subarray(0, target.length);
        target.set(part);
        this.#rest = this.#rest.subarray(part.length);
        return part.length;
      }
      if (this.#error !== null) throw this.#error;
      if (this.#isEnded) return null;
      await new Promise<void>((resolve) => this.#onChange = resolve);
      this.#onChange = null;
    }
  }

  write(source: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        return reject(this.#error ?? new Deno.errors.BadResource());
      }
      const stop = () => reject(this.#error ?? new Deno.errors.BadResource());
      this.#socket.once("close", stop);
      this.#socket.write(source, (error) => {
        this.#socket.off("close", stop);
        if (error) reject(translated(error));
        else resolve(source.length);
      });
    });
  }

  close(): void {
    this.#isClosed = true;
    // Nothing waits to be written: say goodbye first, as TLS wants it.
    if (this.#socket.writableLength === 0) this.#socket.destroySoon();
    else this.#socket.destroy();
    this.#end(new Deno.errors.BadResource());
  }

  closeWrite(): Promise<void> {
    this.#socket.end();
    return Promise.resolve();
  }

  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    throw new Deno.errors.NotSupported();
  }
  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    throw new Deno.errors.NotSupported();
  }
  ref(): void {
    this.#socket.ref();
  }
  unref(): void {
    this.#socket.unref();
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

function netAddr(hostname?: string, port?: number): Deno.NetAddr {
  return { transport: "tcp", hostname: hostname ?? "", port: port ?? 0 };
}

// What the rest of the server knows of errors is Deno's.
function translated(error: Error): Error {
  const { code } = error as Error & { code?: string };
  if (code === "ECONNRESET") return new Deno.errors.ConnectionReset();
  if (code === "EPIPE") return new Deno.errors.BrokenPipe();
  if (code?.startsWith("ERR_SSL_") || code === "EPROTO") {
    return new Deno.errors.InvalidData(error.message);
  }
  return error;
}
