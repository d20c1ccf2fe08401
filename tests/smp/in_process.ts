/**
 * Owns running a multi-core server inside the process of a test, so that the
 * test can look at its table and end its workers.
 *
 * @module
 */
import { type Settings, SETTINGS_DEFAULT } from "../../src/base/settings.ts";
import { Log } from "../../src/observe/log.ts";
import type { TestSwitches } from "../../src/server/smp_messages.ts";
import { SmpServer } from "../../src/server/smp_server.ts";
import { freePort } from "../support/memcached.ts";
import { Wire } from "../support/wire.ts";

/** How to run the server. */
export interface InProcessOptions {
  /** What differs from the defaults. */
  settings: Partial<Settings>;
  switches?: TestSwitches;
  /** Told of every line of the log. */
  onLog?: (line: string) => void;
}

/** A running server. */
export interface InProcess {
  server: SmpServer;
  connect(): Promise<Wire>;
}

/** Starts a server, runs `body` with it, and ends it. */
export async function inProcess<T>(
  { settings, switches, onLog = () => {} }: InProcessOptions,
  body: (running: InProcess) => Promise<T>,
): Promise<T> {
  const address = ownAddress();
  const all = { ...structuredClone(SETTINGS_DEFAULT), port: -1, ...settings };
  all.addresses = [address];
  const server = await SmpServer.start(all, new Log(false, onLog), switches);
  try {
    const { port } = server.listeners[0];
    return await body({ server, connect: () => Wire.tcp(port, address.host) });
  } finally {
    await server.stop();
  }
}

// Test files that run side by side are threads of one process, in which Deno
// keeps one balanced listener for each address that is asked for: servers that
// ask for port 0 of the same address would get each other's clients.
function ownAddress(): { host: string; port: number } {
  if (Deno.build.os !== "linux") return { host: "127.0.0.1", port: freePort() };
  const [a, b, c] = crypto.getRandomValues(new Uint8Array(3));
  return { host: `127.${a}.${b}.${1 + c % 254}`, port: -1 };
}
