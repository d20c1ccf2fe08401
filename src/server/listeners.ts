/**
 * Owns opening the addresses that settings ask for, and the file that tells
 * which ports they got. Never accepts.
 *
 * @module
 */
import type { ListenAddress, Settings } from "../base/settings.ts";
import { addressText } from "./address.ts";
import type { SharedListener } from "./smp_messages.ts";
import type { Libc } from "./native/libc.ts";
import {
  listenNativeTcp,
  listenNativeUnix,
  NativeListener,
} from "./native/listening.ts";

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
  isUnix: boolean;
}

/** One open address. */
export interface OpenListener extends Announced {
  listener: Deno.Listener | NativeListener;
  /** What was asked for: a host name, or the path of a UNIX socket... */
  hostname: string;
  /** ...and a port, 0 for any: Deno shares ports by what is asked for. */
  requestedPort: number;
}

/** How listeners are opened. */
export interface ListenMode {
  /** Several workers share a port of Deno's I/O. */
  loadBalanced: boolean;
  /** The C library opens them, for native I/O. */
  libc: Libc | null;
}

function listenTcp(
  hostname: string,
  port: number,
  settings: Settings,
  mode: ListenMode,
): OpenListener {
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
function listenEverywhere(
  port: number,
  settings: Settings,
  mode: ListenMode,
): OpenListener[] {
  if (Deno.build.os === "windows") {
    const first = listenTcp("0.0.0.0", port, settings, mode);
    try {
      return [first, listenTcp("::", first.port, settings, mode)];
    } catch {
      return [first];
    }
  }
  try {
    return [listenTcp("::", port, settings, mode)];
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw error;
    return [listenTcp("0.0.0.0", port, settings, mode)];
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
      `failed to listen on UNIX socket: ${path}: ${reason(error)}`,
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
): OpenListener {
  const { fd, hostname, requestedPort, isUnix } = shared;
  if (libc !== null && fd >= 0) {
    return { ...shared, listener: NativeListener.share(libc, fd) };
  }
  const mode = { loadBalanced: true, libc: null };
  return isUnix
    ? listenUnix(hostname, settings, mode)
    : listenTcp(hostname, requestedPort, settings, mode);
}

function listenOn(
  address: ListenAddress,
  settings: Settings,
  mode: ListenMode,
): OpenListener[] {
  const port = address.port >= 0 ? address.port : settings.port;
  if (address.host === "") return listenEverywhere(port, settings, mode);
  return [listenTcp(address.host, port, settings, mode)];
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
export function portLines(listeners: readonly Announced[]): string {
  let text = "";
  for (const { address, port, isUnix } of listeners) {
    if (isUnix) continue;
    const family = address.startsWith("tcp6:") ? "INET6" : "INET";
    text += `TCP ${family}: ${port}\n`;
  }
  return text;
}

/** Writes the port file whole: beside its place, then renamed. */
export function writePortFile(path: string, lines: string): void {
  Deno.writeTextFileSync(`${path}.lck`, lines);
  Deno.renameSync(`${path}.lck`, path);
}
