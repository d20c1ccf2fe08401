/**
 * Owns TLS listeners: they accept only clients whose handshake is done, and
 * bound how many handshakes are under way and for how long. Never reads what
 * a client sends.
 *
 * @module
 */
/** What a listener tells while it works. */
export interface TlsObserver {
  /** Handshakes that may be under way at the same time. */
  readonly handshakesMax: number;
  handshakeFailed(address: string, reason: string): void;
  /** A session that is not an earlier one resumed. */
  sessionStarted(): void;
  acceptFailed(reason: string): void;
}

/** Whether clients may, or must, show a certificate. */
export type TlsClients = "none" | "request" | "require";

/** Where a TLS listener listens, and what it asks of clients. */
export interface TlsListenOptions {
  hostname: string;
  port: number;
  backlog: number;
  /** Other workers listen on the same port. */
  isShared: boolean;
  clients: TlsClients;
}

const NOBODY: TlsObserver = {
  handshakesMax: Infinity,
  handshakeFailed() {},
  sessionStarted() {},
  acceptFailed() {},
};

/** One TLS address. Subclasses do the handshakes. */
export abstract class TlsListener {
  observer: TlsObserver = NOBODY;
  abstract readonly addr: Deno.NetAddr;
  /** Resolves when clients can connect; rejects if they never can. */
  readonly ready: Promise<void> = Promise.resolve();
  readonly #ready: Deno.Conn[] = [];
  readonly #waiting: PromiseWithResolvers<Deno.Conn>[] = [];
  #handshakes = 0;
  protected isClosed = false;

  /** The next client; rejects with BadResource once closed. */
  accept(): Promise<Deno.Conn> {
    const conn = this.#ready.shift();
    if (conn !== undefined) return Promise.resolve(conn);
    const waiting = Promise.withResolvers<Deno.Conn>();
    if (this.isClosed) waiting.reject(new Deno.errors.BadResource());
    else this.#waiting.push(waiting);
    return waiting.promise;
  }

  /** Counts a handshake, which has to succeed or fail; false if there are too
   * many already. */
  protected begin(): boolean {
    const waiting = this.#handshakes + this.#ready.length;
    this.#handshakes++;
    return waiting < this.observer.handshakesMax;
  }

  protected succeeded(conn: Deno.Conn): void {
    this.#handshakes--;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) waiting.resolve(conn);
    else if (this.isClosed) conn.close();
    else this.#ready.push(conn);
  }

  protected failed(address: string, reason: string): void {
    this.#handshakes--;
    if (!this.isClosed) this.observer.handshakeFailed(address, reason);
  }

  close(): void {
    this.isClosed = true;
    for (const conn of this.#ready.splice(0)) conn.close();
    for (const { reject } of this.#waiting.splice(0)) {
      reject(new Deno.errors.BadResource());
    }
  }
}
