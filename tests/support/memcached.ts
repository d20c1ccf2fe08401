/**
 * Owns finding and starting the real memcached that tests compare with, and
 * talking to any server over TCP. Skips are the caller's business.
 *
 * @module
 */
import { latin1, toLatin1 } from "../../src/base/bytes.ts";
import { concat } from "./memory_server.ts";

/** Path of the peer: MEMCACHED, or what Debian installs; null if missing. */
export function findMemcached(): string | null {
  const given = Deno.env.get("MEMCACHED");
  for (const path of [given, "/usr/bin/memcached"]) {
    if (path === undefined || path === "") continue;
    try {
      if (Deno.statSync(path).isFile) return path;
    } catch {
      // Not there: look further.
    }
  }
  return null;
}

/** A port nobody listens on at the moment. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/** A server process that is ended with the test. */
export class ServerProcess {
  readonly port: number;
  readonly child: Deno.ChildProcess;

  constructor(child: Deno.ChildProcess, port: number) {
    this.child = child;
    this.port = port;
  }

  connect(): Promise<Client> {
    return Client.connect(this.port);
  }

  async stop(): Promise<void> {
    try {
      this.child.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
    await this.child.status;
  }
}

/** Starts the real memcached and waits until it answers. */
export async function startMemcached(
  args: string[] = [],
): Promise<ServerProcess> {
  const path = findMemcached();
  if (path === null) throw new Error("memcached is not installed");
  const port = freePort();
  const child = new Deno.Command(path, {
    args: ["-u", "root", "-l", "127.0.0.1", "-p", String(port), ...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const server = new ServerProcess(child, port);
  await waitForPort(port);
  return server;
}

/** Waits until something accepts connections. */
export async function waitForPort(port: number, timeoutMs = 60_000) {
  const end = performance.now() + timeoutMs;
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await pause(20);
    }
  }
}

/** Lets time pass. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A connection that sends and receives characters, one byte each. */
export class Client {
  readonly connection: Deno.Conn;
  isClosed = false;
  #buffer = new Uint8Array(64 * 1024);

  constructor(connection: Deno.Conn) {
    this.connection = connection;
  }

  static async connect(port: number): Promise<Client> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    return new Client(connection);
  }

  static async connectUnix(path: string): Promise<Client> {
    return new Client(await Deno.connect({ transport: "unix", path }));
  }

  async write(text: string): Promise<void> {
    await this.writeBytes(toLatin1(text));
  }

  async writeBytes(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      at += await this.connection.write(bytes.subarray(at));
    }
  }

  /** Reads until `isDone` says so, or the connection ends. */
  async readUntil(
    isDone: (text: string) => boolean,
    timeoutMs = 20_000,
  ): Promise<string> {
    const parts: Uint8Array[] = [];
    let text = "";
    const timer = setTimeout(() => this.close(), timeoutMs);
    try {
      while (!isDone(text)) {
        const count = await this.connection.read(this.#buffer)
          .catch(() => null);
        if (count === null) {
          this.isClosed = true;
          break;
        }
        parts.push(this.#buffer.slice(0, count));
        text = latin1(
          concat(parts),
          0,
          parts.reduce((n, p) => n + p.length, 0),
        );
      }
    } finally {
      clearTimeout(timer);
    }
    return text;
  }

  /** Reads exactly `count` bytes, or fewer if the connection ends. */
  readCount(count: number): Promise<string> {
    return this.readUntil((text) => text.length >= count);
  }

  /**
   * Sends text commands and returns everything that answers them: a
   * `mn`, or `version` for old servers, marks the end.
   */
  async ask(text: string): Promise<string> {
    const fence = "version\r\n";
    await this.write(text + fence);
    const end = /VERSION [0-9.]+\r\n$/;
    const reply = await this.readUntil((t) => end.test(t));
    return reply.replace(end, "");
  }

  close(): void {
    try {
      this.connection.close();
    } catch {
      // It is closed already.
    }
  }
}
