/**
 * Owns how end-to-end tests run: once for every mode, with a server that is
 * ended whatever happens, on a port that nobody else can have taken.
 *
 * @module
 */
import { pause } from "./memcached.ts";
import {
  listeningPorts,
  type Mode,
  MODES,
  type OurServer,
  type StartOptions,
  startOurServer,
} from "./our_server.ts";
import { Wire } from "./wire.ts";

/** What a server of these tests is started with. */
export interface ServeOptions {
  mode: Mode;
  args?: string[];
  env?: Record<string, string>;
  permissions?: string[];
  forbidden?: number;
  /** Address to listen on; null if `args` say. */
  host?: string | null;
}

/** A running server and where it listens. */
export interface Served {
  server: OurServer;
  port: number;
  connect(): Promise<Wire>;
}

/** Registers a test for every mode. */
export function inEveryMode(
  name: string,
  body: (mode: Mode) => Promise<void>,
): void {
  for (const mode of MODES) {
    Deno.test(`${name} (${mode.name})`, () => body(mode));
  }
}

/** Waits until a log says of so many TCP addresses that they are listened on;
 * resolves to their ports, in order. */
export async function waitForPorts(
  server: OurServer,
  count: number,
): Promise<number[]> {
  // Ends with the server, whose log says why.
  await server.waitForLog(/listening.*\n/);
  await waitFor(
    `listening on ${count} addresses`,
    () => listeningPorts(server.log).length >= count,
  );
  return listeningPorts(server.log);
}

/** Starts a server, runs `body` with it, and ends it. */
export async function serving(
  options: ServeOptions,
  body: (served: Served) => Promise<void>,
): Promise<void> {
  const { mode, args = [], env, permissions, forbidden } = options;
  const host = options.host === undefined ? "127.0.0.1" : options.host;
  const where = host === null ? [] : ["-l", host, "-p", "-1"];
  const start: StartOptions = { mode, args: [...where, ...args], tcp: false };
  const server = await startOurServer({
    ...start,
    env,
    permissions,
    forbidden,
  });
  try {
    const { port } = server;
    await body({
      server,
      port,
      connect: () => Wire.tcp(port, host ?? "127.0.0.1"),
    });
  } finally {
    await server.stop("SIGKILL");
  }
}

/** Waits until something is so; fails after a generous time. */
export async function waitFor(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!await isSo()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await pause(20);
  }
}

/** Waits until a number of `stats` is `value`, as seen by a client. */
export async function waitForStat(
  wire: Wire,
  name: string,
  value: number,
): Promise<void> {
  let last = NaN;
  try {
    await waitFor(name, async () => (last = await wire.stat(name)) === value);
  } catch (error) {
    throw new Error(`${name} stays ${last}, not ${value}`, { cause: error });
  }
}

/** Runs `body` with a directory of its own. */
export async function inTemporaryDirectory(
  body: (path: string) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "denocached_test_" });
  try {
    await body(path);
  } finally {
    await removeInTheEnd(path);
  }
}

// A browser's helpers may outlive it for a moment, and write meanwhile.
async function removeInTheEnd(path: string): Promise<void> {
  let last: unknown;
  try {
    await waitFor(`removing ${path}`, async () => {
      try {
        await Deno.remove(path, { recursive: true });
        return true;
      } catch (error) {
        last = error;
        return false;
      }
    });
  } catch {
    throw last;
  }
}

/** Says why a test does not run here. */
export function skip(reason: string): void {
  console.log(`skipped: ${reason}`);
}

/** Whether the loopback has IPv6 here. */
export function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

/** Bytes that differ at every place and for every seed, made fast. */
export function payload(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const words = new Int32Array(Math.ceil(length / 4));
  let x = (Math.imul(seed + 1, 0x9e3779b1) | 0) || 1;
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  return new Uint8Array(words.buffer, 0, length);
}
