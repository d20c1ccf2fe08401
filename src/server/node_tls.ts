/**
 * Owns TLS listeners by node:tls: for what `Deno.listenTls` lacks, which is
 * client certificates, a minimum of TLS 1.3, knowing whether a session is new,
 * and, without the C library, ending a handshake that a client does not go on
 * with. Costs twice the CPU.
 *
 * @module
 */
import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { TLS_ALERT_MS, TLS_HANDSHAKE_MS_MAX } from "../base/limits.ts";
import { plainIp } from "./address.ts";
import type { Certificates, LoadedCertificates } from "./certificates.ts";
import { NodeTlsConn } from "./node_tls_conn.ts";
import { reasonOf } from "./start_error.ts";
import { TlsListener, type TlsListenOptions } from "./tls_listener.ts";

const VERSIONS = { "tlsv1.2": "TLSv1.2", "tlsv1.3": "TLSv1.3" } as const;

/** A TLS address that may ask clients for certificates. */
export class NodeTlsListener extends TlsListener {
  readonly addr: Deno.NetAddr;
  override readonly ready: Promise<void>;
  readonly #options: TlsListenOptions;
  readonly #certificates: Certificates;
  readonly #server: ReturnType<typeof createServer>;
  readonly #replace: (loaded: LoadedCertificates) => void;

  /** Throws what `Deno.listen` throws. */
  constructor(options: TlsListenOptions, certificates: Certificates) {
    super();
    this.#options = options;
    this.#certificates = certificates;
    const { hostname, port } = options;
    this.addr = { transport: "tcp", hostname, port };
    this.#server = createServer({
      ...this.#context(certificates.current),
      handshakeTimeout: TLS_HANDSHAKE_MS_MAX,
    });
    this.#replace = (loaded) =>
      this.#server.setSecureContext(this.#context(loaded));
    certificates.onReplace.add(this.#replace);
    this.#serve();
    this.ready = this.#listen();
  }

  #context(loaded: LoadedCertificates) {
    const { clients } = this.#options;
    const certificates = this.#certificates;
    return {
      cert: loaded.chain,
      key: loaded.key,
      // Without authorities nobody is trusted, not those of the system.
      ca: loaded.authorities ?? [],
      minVersion: VERSIONS[certificates.settings.minVersion],
      requestCert: clients !== "none",
      rejectUnauthorized: clients === "require",
    };
  }

  #serve(): void {
    const server = this.#server;
    server.on("connection", (socket: Socket) => {
      // That ends as an error of the handshake, as any other.
      if (!this.begin()) socket.destroy();
      else closeLater(socket);
    });
    server.on("secureConnection", (socket) => this.#secured(socket));
    server.on("tlsClientError", (error, socket) => {
      this.#fail(socket, reasonOf(error));
    });
    server.on("error", (error) => {
      if (!this.isClosed) this.observer.acceptFailed(reasonOf(error));
    });
  }

  #listen(): Promise<void> {
    const { hostname, port } = this.addr;
    const { backlog, isShared } = this.#options;
    const where = { host: hostname, port, backlog, reusePort: isShared };
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(where, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  #secured(socket: TLSSocket): void {
    const reason = this.#distrust(socket);
    if (reason !== null) {
      socket.on("error", () => {});
      return this.#fail(socket, reason);
    }
    closeAtOnce(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    if (!socket.isSessionReused()) this.observer.sessionStarted();
    this.succeeded(new NodeTlsConn(socket));
  }

  // It counts as a handshake until its descriptor is free.
  #fail(socket: TLSSocket, reason: string): void {
    const address = addressOf(socket);
    socket.destroy();
    setTimeout(() => this.failed(address, reason), TLS_ALERT_MS);
  }

  // Why a client's certificate will not do; null if it will, or if there is
  // none and none is needed.
  #distrust(socket: TLSSocket): string | null {
    const { clients } = this.#options;
    const certificates = this.#certificates;
    if (clients === "none" || socket.authorized) {
      const isBlind = clients === "require" &&
        certificates.current.authorities === null;
      return isBlind ? "no ssl_ca_cert to check clients with" : null;
    }
    const shown = socket.getPeerCertificate();
    const isShown = shown !== null && shown !== undefined &&
      Object.keys(shown).length > 0;
    if (clients === "request" && !isShown) return null;
    return String(socket.authorizationError ?? "no certificate");
  }

  override close(): void {
    super.close();
    this.#certificates.onReplace.delete(this.#replace);
    this.#server.close();
  }
}

// Deno closes the socket of a failed handshake while the alert that tells the
// client why is still on its way: one client in four saw only the end.
function closeLater(socket: Socket): void {
  const destroy = socket.destroy;
  socket.destroy = (error) => {
    setTimeout(() => destroy.call(socket, error), TLS_ALERT_MS);
    return socket;
  };
}

// Ends what `closeLater` began, once the handshake is done.
function closeAtOnce(socket: TLSSocket): void {
  const below: Partial<Socket> | undefined = socketBelow(socket);
  delete below?.destroy;
}

function socketBelow(socket: TLSSocket): Socket | undefined {
  return (socket as TLSSocket & { _parent?: Socket })._parent;
}

// The address of a socket that may be gone already.
function addressOf(socket: TLSSocket): string {
  const address = socket.remoteAddress ?? socketBelow(socket)?.remoteAddress;
  return plainIp(address ?? "unknown");
}
