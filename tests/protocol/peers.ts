/**
 * Owns the two kinds of servers that transcripts are played against: the
 * engine in memory, and anything behind a TCP port. Never starts a process.
 *
 * @module
 */
import { latin1, toLatin1 } from "../../src/base/bytes.ts";
import { unixSeconds } from "../../src/base/clock.ts";
import type { Settings } from "../../src/base/settings.ts";
import { configure } from "../../src/cli/config.ts";
import { readFlags } from "../../src/cli/flags.ts";
import { Client } from "../support/memcached.ts";
import {
  type MemoryConnection,
  MemoryServer,
} from "../support/memory_server.ts";
import type { Peer, Wire } from "./play.ts";

class MemoryWire implements Wire {
  readonly #connection: MemoryConnection;

  constructor(connection: MemoryConnection) {
    this.#connection = connection;
  }

  get isClosed(): boolean {
    return this.#connection.isClosed;
  }

  async exchange(pieces: string[]): Promise<string> {
    let reply = "";
    for (const piece of pieces) {
      if (this.isClosed) break;
      reply += await this.#connection.send(piece);
    }
    return reply;
  }

  close(): void {
    if (!this.isClosed) this.#connection.close();
  }
}

/** The settings that the program would have with these flags. */
export function settingsOf(flags: readonly string[]): Settings {
  const system = {
    memoryBytes: () => 2 ** 32,
    hasUser: () => null,
    environment: () => undefined,
    cores: () => 1,
  };
  return configure(readFlags(flags), system).settings;
}

/** The engine without sockets; its clock stands still. */
export class MemoryPeer implements Peer {
  readonly isExact = true;
  readonly isBusyAtTimes = false;
  readonly #server: MemoryServer;

  constructor(flags: readonly string[] = []) {
    this.#server = new MemoryServer(settingsOf(flags));
  }

  connect(): Promise<Wire> {
    return Promise.resolve(new MemoryWire(this.#server.connect()));
  }

  /** Removes all items, for the next run. */
  clear(): void {
    this.#server.flush(0);
  }

  unixTime(): Promise<number> {
    return Promise.resolve(unixSeconds(this.#server.context.now));
  }

  advance(seconds: number): Promise<void> {
    this.#server.advance(seconds);
    return Promise.resolve();
  }
}

/** How long a reply may take. */
const PATIENCE_MS = 20_000;

class SocketWire implements Wire {
  readonly #connection: Deno.Conn;
  readonly #buffer = new Uint8Array(64 * 1024);
  #isClosed = false;
  #isLate = false;

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async exchange(
    pieces: string[],
    isDone: (reply: string) => boolean,
    ends: boolean,
  ): Promise<string> {
    const sending = this.#send(pieces);
    const timer = setTimeout(() => {
      this.#isLate = true;
      this.close();
    }, PATIENCE_MS);
    let reply = "";
    while (!this.#isClosed && !this.#isLate && (ends || !isDone(reply))) {
      reply += await this.#read();
    }
    clearTimeout(timer);
    await sending;
    return this.#isLate ? reply + " (and then nothing more)" : reply;
  }

  async #read(): Promise<string> {
    const buffer = this.#buffer;
    const count = await this.#connection.read(buffer).catch(() => null);
    if (count === null) {
      this.#isClosed = !this.#isLate;
      return "";
    }
    return latin1(buffer, 0, count);
  }

  // A server that hangs up does not read the rest.
  async #send(pieces: string[]): Promise<void> {
    try {
      for (const piece of pieces) {
        const bytes = toLatin1(piece);
        for (let at = 0; at < bytes.length;) {
          at += await this.#connection.write(bytes.subarray(at));
        }
      }
    } catch {
      // The reply will show whether that was to be.
    }
  }

  close(): void {
    try {
      this.#connection.close();
    } catch {
      // It is closed already.
    }
  }
}

/** How the clock of a server can be stopped and moved by `debugtime`. */
export type Clock =
  /** Not at all. */
  | "runs"
  /** By the seconds that are given. */
  | "moves"
  /** As memcached's debug build has it: every time is by the sum of all. */
  | "accumulates";

/** A server behind a TCP port. */
export class SocketPeer implements Peer {
  readonly isBusyAtTimes: boolean;
  readonly #port: number;
  readonly #clock: Clock;

  private constructor(port: number, clock: Clock, isBusyAtTimes: boolean) {
    this.#port = port;
    this.#clock = clock;
    this.isBusyAtTimes = isBusyAtTimes;
  }

  /** Stops the clock of the server if that can be done. */
  static async open(
    port: number,
    clock: Clock,
    isBusyAtTimes = false,
  ): Promise<SocketPeer> {
    const peer = new SocketPeer(port, clock, isBusyAtTimes);
    if (clock !== "runs") await peer.#control("debugtime p\r\n");
    return peer;
  }

  get isExact(): boolean {
    return this.#clock !== "runs";
  }

  async connect(): Promise<Wire> {
    const connection = await Deno.connect({
      hostname: "127.0.0.1",
      port: this.#port,
    });
    connection.setNoDelay(true);
    return new SocketWire(connection);
  }

  async #control(command: string): Promise<string> {
    const client = await Client.connect(this.#port);
    await client.write(command);
    const end = /^(?:OK|RESET|(?:STAT [^\r]*\r\n)*END|[A-Z_]*ERROR.*)\r\n/;
    const reply = await client.readUntil((text) => end.test(text));
    client.close();
    return reply;
  }

  /** Removes all items, for the next transcript. */
  async clear(): Promise<void> {
    await this.#control("flush_all\r\n");
  }

  async unixTime(): Promise<number> {
    const reply = await this.#control("stats\r\n");
    return Number(/STAT time (\d+)/.exec(reply)![1]);
  }

  async advance(seconds: number): Promise<void> {
    await this.#control(`debugtime ${seconds}\r\n`);
    if (this.#clock === "accumulates") {
      await this.#control(`debugtime -${seconds}\r\n`);
    }
  }
}
