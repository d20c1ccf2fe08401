/**
 * Owns TLS by `Deno.listenTls`: the fast way, for listeners that ask clients
 * for no certificate. It takes half the CPU of node:tls, and as much as
 * memcached's TLS; new certificates need a new listener.
 *
 * Deno cannot end a handshake that a client does not go on with: closing such
 * a connection only hides it. So it takes a {@linkcode SocketBreaker}.
 *
 * @module
 */
import { TLS_HANDSHAKE_MS_MAX } from "../base/limits.ts";
import { plainIp } from "./address.ts";
import type { Certificates, LoadedCertificates } from "./certificates.ts";
import { reasonOf } from "./start_error.ts";
import { setTcpOptionsOfListeners } from "./native/no_delay.ts";
import type { SocketBreaker } from "./native/socket_breaker.ts";
import { TlsListener, type TlsListenOptions } from "./tls_listener.ts";

const ACCEPT_BACKOFF_MS = 30;

/** A TLS address without client certificates. */
export class DenoTlsListener extends TlsListener {
  readonly #options: TlsListenOptions;
  readonly #certificates: Certificates;
  readonly #breaker: SocketBreaker;
  readonly #replace: (loaded: LoadedCertificates) => void;
  #listener: Deno.TlsListener;
  readonly addr: Deno.NetAddr;

  /** Throws what `Deno.listen` throws. */
  constructor(
    options: TlsListenOptions,
    certificates: Certificates,
    breaker: SocketBreaker,
  ) {
    super();
    this.#breaker = breaker;
    this.#options = options;
    this.#certificates = certificates;
    this.#listener = this.#open(options.port, certificates.current);
    this.addr = this.#listener.addr as Deno.NetAddr;
    this.#replace = (loaded) => this.#reopen(loaded);
    certificates.onReplace.add(this.#replace);
    this.#accept(this.#listener);
  }

  #open(port: number, loaded: LoadedCertificates): Deno.TlsListener {
    const { hostname, backlog } = this.#options;
    // `tcpBacklog` is newer than the type says.
    const options = {
      hostname,
      port,
      tcpBacklog: backlog,
      cert: loaded.chain,
      key: loaded.key,
      // So that the listener with new certificates opens before the old one
      // closes: nobody is refused in between.
      reusePort: Deno.build.os === "linux",
    };
    const listener = Deno.listenTls(
      options as Deno.ListenTlsOptions & Deno.TlsCertifiedKeyPem,
    );
    setTcpOptionsOfListeners((listener.addr as Deno.NetAddr).port);
    return listener;
  }

  #reopen(loaded: LoadedCertificates): void {
    const old = this.#listener;
    if (Deno.build.os !== "linux") old.close();
    this.#listener = this.#open(this.addr.port, loaded);
    this.#accept(this.#listener);
    if (Deno.build.os === "linux") old.close();
  }

  async #accept(listener: Deno.TlsListener): Promise<void> {
    while (!this.isClosed && listener === this.#listener) {
      let conn;
      try {
        conn = await listener.accept();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
        this.observer.acceptFailed(reasonOf(error));
        await new Promise((r) => setTimeout(r, ACCEPT_BACKOFF_MS));
        continue;
      }
      this.#handshake(conn);
    }
  }

  async #handshake(conn: Deno.TlsConn): Promise<void> {
    const address = plainIp((conn.remoteAddr as Deno.NetAddr).hostname);
    let reason: string | null = null;
    const giveUp = (why: string) => {
      reason = why;
      this.#breaker.break(conn);
    };
    if (!this.begin()) giveUp("too many handshakes");
    const timer = setTimeout(() => giveUp("timeout"), TLS_HANDSHAKE_MS_MAX);
    try {
      await conn.handshake();
      // It was faster than the end.
      if (reason !== null) throw reason;
    } catch (error) {
      conn.close();
      return this.failed(address, reason ?? reasonOf(error));
    } finally {
      clearTimeout(timer);
    }
    // No reading whether it was resumed: each counts as new.
    this.observer.sessionStarted();
    this.succeeded(conn);
  }

  override close(): void {
    super.close();
    this.#certificates.onReplace.delete(this.#replace);
    this.#listener.close();
    this.#breaker.stop();
  }
}
