/**
 * Owns opening the addresses that settings ask for, and the file that tells
 * which ports they got. Never accepts.
 *
 * @module
 */
import type { ListenAddress, ListenerTls, Settings } from "../base/settings.ts";
import { addressText } from "./address.ts";
import type { Certificates } from "./certificates.ts";
import { DenoTlsListener } from "./deno_tls.ts";
import { NodeTlsListener } from "./node_tls.ts";
import type { TlsListener, TlsListenOptions } from "./tls_listener.ts";

/** Exit code of memcached when it cannot listen (EX_OSERR). */
export const EXIT_CANNOT_LISTEN = 71;

/** An address could not be opened: says why, as memcached words it. */
export class ListenError extends Error {
  override name = "ListenError";
}

/** What accepts clients; each comes with its handshake done. */
export type Acceptor = Pick<Deno.Listener, "accept" | "close">;

/** One open address. */
export interface OpenListener {
  listener: Acceptor;
  /** The same, if it does TLS. */
  tls?: TlsListener;
  /** As `stats conns` shows it. */
  address: string;
  port: number;
  isUnix: boolean;
}

/** One open UDP address. */
export interface OpenDatagrams {
  socket: Deno.DatagramConn;
  /** As `stats conns` shows it. */
  address: string;
  port: number;
}

/** How listeners are opened: several workers share a port when balanced. */
export interface ListenMode {
  loadBalanced: boolean;
  /** Needed with `-Z`. */
  certificates?: Certificates;
}

function listenTls(
  hostname: string,
  port: number,
  settings: Settings,
  mode: ListenMode,
  tls: ListenerTls | undefined,
): OpenListener {
  const { minVersion, sessionCache } = settings.tls;
  const options: TlsListenOptions = {
    hostname,
    port: Math.max(0, port),
    backlog: settings.backlog,
    isShared: mode.loadBalanced,
    certificates: mode.certificates!,
    clients: clientsOf(settings, tls),
  };
  const isPlain = options.clients === "none" && minVersion === "tlsv1.2" &&
    !sessionCache;
  const listener = isPlain
    ? new DenoTlsListener(options)
    : new NodeTlsListener(options);
  return {
    listener,
    tls: listener,
    address: addressText(listener.addr),
    port: listener.addr.port,
    isUnix: false,
  };
}

function clientsOf(
  settings: Settings,
  tls: ListenerTls | undefined,
): TlsListenOptions["clients"] {
  if (tls === "mutual") return "require";
  const { verifyMode } = settings.tls;
  if (tls === "basic" || verifyMode === 0) return "none";
  return verifyMode === 1 ? "request" : "require";
}

function listenTcp(
  hostname: string,
  port: number,
  settings: Settings,
  mode: ListenMode,
  tls: ListenerTls | undefined,
): OpenListener {
  if (settings.tls.enabled && tls !== "none") {
    return listenTls(hostname, port, settings, mode, tls);
  }
  // `loadBalanced` and `tcpBacklog` are newer than the type says.
  const options = {
    hostname,
    port: Math.max(0, port),
    tcpBacklog: settings.backlog,
    ...(mode.loadBalanced ? { loadBalanced: true } : {}),
  } as Deno.TcpListenOptions;
  const listener = Deno.listen(options);
  const addr = listener.addr as Deno.NetAddr;
  return {
    listener,
    address: addressText(addr),
    port: addr.port,
    isUnix: false,
  };
}

// All addresses: one dual-stack socket where the system makes such, else two.
function everywhere<T>(
  port: number,
  open: (host: string, port: number) => T & {
    port: number;
  },
): T[] {
  if (Deno.build.os === "windows") {
    const first = open("0.0.0.0", port);
    try {
      return [first, open("::", first.port)];
    } catch {
      return [first];
    }
  }
  try {
    return [open("::", port)];
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw error;
    return [open("0.0.0.0", port)];
  }
}

function listenUnix(path: string, mask: number): OpenListener {
  try {
    if (Deno.lstatSync(path).isSocket) Deno.removeSync(path);
  } catch {
    // Nothing is in the way.
  }
  const listener = Deno.listen({ transport: "unix", path });
  Deno.chmodSync(path, mask & 0o777);
  return {
    listener: listener as unknown as Deno.Listener,
    address: `unix:${path}`,
    port: 0,
    isUnix: true,
  };
}

/** Opens everything that the settings ask for; throws ListenError. */
export function openListeners(
  settings: Settings,
  mode: ListenMode = { loadBalanced: false },
): OpenListener[] {
  if (settings.unixSocket !== null) {
    try {
      return [listenUnix(settings.unixSocket, settings.unixMask)];
    } catch (error) {
      throw new ListenError(
        `failed to listen on UNIX socket: ${settings.unixSocket}: ` +
          reason(error),
      );
    }
  }
  if (settings.port === 0) return [];
  const addresses = settings.addresses.length > 0
    ? settings.addresses
    : [{ host: "", port: -1 }];
  const open: OpenListener[] = [];
  for (const address of addresses) {
    try {
      open.push(...listenOn(address, settings, mode));
    } catch (error) {
      for (const { listener } of open) listener.close();
      throw new ListenError(failure(address, settings, error));
    }
  }
  return open;
}

function listenOn(
  address: ListenAddress,
  settings: Settings,
  mode: ListenMode,
): OpenListener[] {
  const port = address.port >= 0 ? address.port : settings.port;
  const open = (host: string, port: number) =>
    listenTcp(host, port, settings, mode, address.tls);
  if (address.host === "") return everywhere(port, open);
  return [open(address.host, port)];
}

/** Opens the UDP sockets that the settings ask for; throws ListenError. One
 * worker serves them: they cannot be shared. */
export function openDatagrams(settings: Settings): OpenDatagrams[] {
  const { udpPort, unixSocket } = settings;
  if (udpPort === 0 || unixSocket !== null) return [];
  const addresses = settings.addresses.length > 0
    ? settings.addresses
    : [{ host: "", port: -1 }];
  const all: OpenDatagrams[] = [];
  try {
    for (const { host, port } of addresses) {
      const wanted = port >= 0 ? port : Math.max(0, udpPort);
      const some = host === ""
        ? everywhere(wanted, listenUdp)
        : [listenUdp(host, wanted)];
      all.push(...some);
    }
  } catch (error) {
    for (const { socket } of all) socket.close();
    throw new ListenError(
      `failed to listen on UDP port ${udpPort}: ${reason(error)}`,
    );
  }
  return all;
}

function listenUdp(hostname: string, port: number): OpenDatagrams {
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port });
  const addr = socket.addr as Deno.NetAddr;
  return { socket, address: addressText(addr), port: addr.port };
}

function failure(
  address: ListenAddress,
  settings: Settings,
  error: unknown,
): string {
  const port = address.port >= 0 ? address.port : settings.port;
  if (error instanceof Deno.errors.AddrInUse) {
    return `failed to listen on TCP port ${port}: Address already in use`;
  }
  if (settings.listenText === null) {
    return `failed to listen on TCP port ${port}: ${reason(error)}`;
  }
  return `failed to listen on one of interface(s) ${settings.listenText}: ` +
    reason(error);
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Lines for MEMCACHED_PORT_FILENAME: protocol, family and port of each. */
export function portLines(
  listeners: readonly { address: string; port: number }[],
): string {
  let text = "";
  for (const { address, port } of listeners) {
    const match = /^(tcp|udp)(6?):/.exec(address);
    if (match === null) continue;
    const family = match[2] === "" ? "INET" : "INET6";
    text += `${match[1].toUpperCase()} ${family}: ${port}\n`;
  }
  return text;
}

/** Writes the port file whole: beside its place, then renamed. */
export function writePortFile(path: string, lines: string): void {
  Deno.writeTextFileSync(`${path}.lck`, lines);
  Deno.renameSync(`${path}.lck`, path);
}
