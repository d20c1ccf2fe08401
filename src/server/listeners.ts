/**
 * Owns opening the addresses that settings ask for, and the file that tells
 * which ports they got. Never accepts.
 *
 * @module
 */
import type { ListenAddress, ListenerTls, Settings } from "../base/settings.ts";
import { addressText } from "./address.ts";
import type { Certificates } from "./certificates.ts";
import type { SharedListener } from "./smp_messages.ts";
import type { Libc } from "./native/libc.ts";
import {
  listenNativeTcp,
  listenNativeUnix,
  NativeListener,
} from "./native/listening.ts";
import { openTls } from "./open_tls.ts";
import { reasonOf } from "./start_error.ts";
import { type TlsClients, TlsListener } from "./tls_listener.ts";

/** Exit code of memcached when it cannot listen (EX_OSERR). */
export const EXIT_CANNOT_LISTEN = 71;

/** An address could not be opened: says why, as memcached words it. */
export class ListenError extends Error {
  override name = "ListenError";
}

/** What the world is told of an open address. */
export interface Announced {
  /** As `stats conns` shows it. */
  address: string;
  port: number;
  isUnix?: boolean;
}

/** What accepts clients. */
export type Acceptor = Pick<Deno.Listener, "accept" | "close">;

/** One open address. */
export interface OpenListener extends Announced {
  listener: Acceptor | NativeListener;
  /** What was asked for: a host name, or the path of a UNIX socket... */
  hostname: string;
  /** ...and a port, 0 for any: Deno shares ports by what is asked for. */
  requestedPort: number;
  /** What TLS asks of clients; without it there is no TLS. */
  tls?: TlsClients;
}

/** One open UDP address. */
export interface OpenDatagrams {
  socket: Deno.DatagramConn;
  /** What was asked for. */
  hostname: string;
  /** As `stats conns` shows it. */
  address: string;
  port: number;
}

/** How listeners are opened. */
export interface ListenMode {
  /** Several workers share a port of Deno's I/O. */
  loadBalanced: boolean;
  /** The C library opens them, for native I/O. */
  libc: Libc | null;
  /** Needed with `-Z`; where workers do the TLS, their main thread only finds
   * out the addresses and has none. */
  certificates?: Certificates | null;
}

/** What an address asks of clients; null without TLS. */
export function clientsOf(
  settings: Settings,
  tls: ListenerTls | undefined,
): TlsClients | null {
  const { enabled, verifyMode } = settings.tls;
  if (!enabled || tls === "none") return null;
  if (tls === "mutual") return "require";
  if (tls === "basic" || verifyMode === 0) return "none";
  return verifyMode === 1 ? "request" : "require";
}

function listenTls(
  hostname: string,
  port: number,
  settings: Settings,
  mode: ListenMode,
  clients: TlsClients,
): OpenListener {
  const requestedPort = Math.max(0, port);
  const { listener, addr } = openTls({
    hostname,
    port: requestedPort,
    backlog: settings.backlog,
    isShared: mode.loadBalanced,
    clients,
  }, mode.certificates ?? null);
  const asked = { hostname, requestedPort };
  return { ...openTcp(listener, asked, addr), tls: clients };
}

function listenTcp(
  hostname: string,
  port: number,
  settings: Settings,
  mode: ListenMode,
  tls?: ListenerTls,
): OpenListener {
  const clients = clientsOf(settings, tls);
  if (clients !== null) {
    return listenTls(hostname, port, settings, mode, clients);
  }
  const { libc } = mode;
  const requestedPort = Math.max(0, port);
  const asked = { hostname, requestedPort };
  if (libc !== null) {
    const open = listenNativeTcp(libc, hostname, requestedPort, settings);
    return openTcp(open.listener, asked, open.addr);
  }
  // `loadBalanced` and `tcpBacklog` are newer than the type says.
  const options = {
    hostname,
    port: requestedPort,
    tcpBacklog: settings.backlog,
    ...(mode.loadBalanced ? { loadBalanced: true } : {}),
  } as Deno.TcpListenOptions;
  const listener = Deno.listen(options);
  return openTcp(listener, asked, listener.addr as Deno.NetAddr);
}

function openTcp(
  listener: OpenListener["listener"],
  asked: Pick<OpenListener, "hostname" | "requestedPort">,
  addr: Deno.NetAddr,
): OpenListener {
  return {
    listener,
    ...asked,
    address: addressText(addr),
    port: addr.port,
    isUnix: false,
  };
}

// All addresses: one dual-stack socket where the system makes such, else two.
function everywhere<T extends { port: number }>(
  port: number,
  open: (host: string, port: number) => T,
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

function listenUnix(
  path: string,
  settings: Settings,
  mode: ListenMode,
): OpenListener {
  try {
    return openUnix(path, settings, mode);
  } catch (error) {
    throw new ListenError(
      `failed to listen on UNIX socket: ${path}: ${reasonOf(error)}`,
    );
  }
}

function openUnix(
  path: string,
  settings: Settings,
  { libc }: ListenMode,
): OpenListener {
  try {
    if (Deno.lstatSync(path).isSocket) Deno.removeSync(path);
  } catch {
    // Nothing is in the way.
  }
  const listener = libc === null
    ? Deno.listen({ transport: "unix", path }) as unknown as Deno.Listener
    : listenNativeUnix(libc, path, settings);
  Deno.chmodSync(path, settings.unixMask & 0o777);
  return {
    listener,
    hostname: path,
    requestedPort: 0,
    address: `unix:${path}`,
    port: 0,
    isUnix: true,
  };
}

/** Opens everything that the settings ask for; throws ListenError. */
export function openListeners(
  settings: Settings,
  mode: ListenMode = { loadBalanced: false, libc: null },
): OpenListener[] {
  if (settings.unixSocket !== null) {
    return [listenUnix(settings.unixSocket, settings, mode)];
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

/** Opens in a worker what the main thread has opened: a descriptor is used
 * again, a port is shared, a UNIX socket is the worker's own. */
export function listenAgain(
  shared: SharedListener,
  settings: Settings,
  libc: Libc | null,
  certificates: Certificates | null = null,
): OpenListener {
  const { fd, hostname, port, requestedPort, isUnix, tls } = shared;
  if (tls !== undefined) {
    const mode = { loadBalanced: true, libc: null, certificates };
    return listenTls(hostname, port, settings, mode, tls);
  }
  if (libc !== null && fd >= 0) {
    return { ...shared, listener: NativeListener.share(libc, fd) };
  }
  const mode = { loadBalanced: true, libc: null };
  return isUnix
    ? listenUnix(hostname, settings, mode)
    : listenTcp(hostname, requestedPort, settings, mode, "none");
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

/** Opens the UDP sockets that the settings ask for; throws ListenError. They
 * cannot be shared: one worker serves them. */
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
    const why = error instanceof Deno.errors.AddrInUse
      ? "Address already in use"
      : reasonOf(error);
    throw new ListenError(`failed to listen on UDP port ${udpPort}: ${why}`);
  }
  return all;
}

/** Opens one UDP socket; throws what Deno throws. */
export function listenUdp(hostname: string, port: number): OpenDatagrams {
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port });
  const addr = socket.addr as Deno.NetAddr;
  return { socket, hostname, address: addressText(addr), port: addr.port };
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
    return `failed to listen on TCP port ${port}: ${reasonOf(error)}`;
  }
  return `failed to listen on one of interface(s) ${settings.listenText}: ` +
    reasonOf(error);
}

/** Lines for MEMCACHED_PORT_FILENAME: protocol, family and port of each. */
export function portLines(listeners: readonly Announced[]): string {
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

/** Resolves when all listeners can be connected to; throws ListenError. */
export async function allReady(
  listeners: readonly OpenListener[],
): Promise<void> {
  try {
    for (const { listener } of listeners) {
      if (listener instanceof TlsListener) await listener.ready;
    }
  } catch (error) {
    throw new ListenError(`failed to listen: ${reasonOf(error)}`);
  }
}
