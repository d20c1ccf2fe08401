/**
 * Owns which TLS does what a listener is asked for. Never accepts.
 *
 * @module
 */
import type { Certificates } from "./certificates.ts";
import { DenoTlsListener } from "./deno_tls.ts";
import { SocketBreaker } from "./native/socket_breaker.ts";
import { NodeTlsListener } from "./node_tls.ts";
import type { TlsListener, TlsListenOptions } from "./tls_listener.ts";

/** A listener that nobody uses: its address is all that is wanted. */
const NOBODY = {
  accept: () => Promise.reject(new Deno.errors.BadResource()),
  close() {},
};

/** Opens a listener; without certificates only its address is found out.
 * Throws what `Deno.listen` throws. */
export function openTls(
  options: TlsListenOptions,
  certificates: Certificates | null,
): { listener: TlsListener | typeof NOBODY; addr: Deno.NetAddr } {
  if (certificates === null) {
    return { listener: NOBODY, addr: probe(options) };
  }
  // Workers share a port that their main thread has looked at.
  if (!options.isShared) {
    const { hostname, port } = probe(options);
    options = { ...options, hostname, port };
  }
  const { minVersion, sessionCache } = certificates.settings;
  const breaker = SocketBreaker.create();
  const isPlain = options.clients === "none" && minVersion === "tlsv1.2" &&
    !sessionCache;
  const listener = isPlain && breaker !== null
    ? new DenoTlsListener(options, certificates, breaker)
    : new NodeTlsListener(options, certificates);
  return { listener, addr: listener.addr };
}

// Whether a port is free, and which one if any will do. The listeners cannot
// tell: with reusePort a second server would share the port without a word,
// and node:net opens a moment later.
function probe({ hostname, port }: TlsListenOptions): Deno.NetAddr {
  const listener = Deno.listen({ hostname, port });
  listener.close();
  return listener.addr as Deno.NetAddr;
}
