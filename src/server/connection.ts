/**
 * Owns one client connection over Deno's I/O: reads into its session, runs
 * it, writes what comes out. Never parses.
 *
 * One read and one write are under way at most; the next read waits for the
 * write, which is all the back-pressure there is.
 *
 * @module
 */
import { READ_BUFFER_BYTES_MIN } from "../base/limits.ts";
import { toLatin1 } from "../base/bytes.ts";
import { Session } from "../engine/session.ts";
import {
  RUN_CLOSE,
  RUN_READ,
  RUN_WAIT,
  RUN_WATCH,
  RUN_YIELD,
} from "../engine/session_states.ts";
import {
  BATCHES,
  BYTES_READ,
  BYTES_WRITTEN,
  TLS_PROTOCOL_ERRORS,
} from "../observe/counters.ts";
import type { Output } from "../protocol/output.ts";
import type { Peer, ServedClient } from "./client.ts";
import type { Service } from "./service.ts";

/** Small reads in a row after which a large buffer is given back. */
const SMALL_READS_MAX = 8;

/** One client. */
export class Connection implements ServedClient {
  readonly session: Session;
  readonly peer: Peer;
  readonly #conn: Deno.Conn;
  readonly #service: Service;
  #isClosed = false;
  #smallReads = 0;
  isWriting = false;

  constructor(conn: Deno.Conn, peer: Peer, id: number, service: Service) {
    this.#conn = conn;
    this.peer = peer;
    this.#service = service;
    this.session = new Session(service.engine, id);
  }

  get id(): number {
    return this.session.id;
  }

  /** Serves the client until it goes; never throws. */
  async serve(): Promise<void> {
    try {
      await this.#loop();
    } catch (error) {
      this.#report(error);
    } finally {
      this.close(this.session.closeReason);
    }
  }

  // A client that goes away in the middle of something is no error.
  #report(error: unknown): void {
    if (this.#isClosed || isDisconnect(error)) return;
    this.session.closeReason = "error";
    if (error instanceof Deno.errors.InvalidData) {
      // What a TLS client sent is no TLS.
      const { counters } = this.#service.engine.context;
      counters.values[TLS_PROTOCOL_ERRORS]++;
      return;
    }
    this.#service.connectionFailed(this.id, error);
  }

  async #loop(): Promise<void> {
    const { session } = this;
    const { values } = this.#service.engine.context.counters;
    for (;;) {
      const target = session.readTarget();
      const count = await this.#conn.read(target);
      if (count === null) {
        session.closeReason = "normal";
        return;
      }
      values[BYTES_READ] += count;
      values[BATCHES]++;
      session.received(count);
      if (!await this.#batch()) return;
      this.#adaptBuffer(count, target.length);
    }
  }

  // Runs everything that was read; false when the connection has to end.
  async #batch(): Promise<boolean> {
    const { session } = this;
    const { pool } = this.#service;
    for (;;) {
      const output = pool.acquire();
      session.output = output;
      const code = this.#service.runBatch(session);
      if (output.length > 0) await this.#write(output);
      pool.release(output);
      switch (code) {
        case RUN_READ:
          return true;
        case RUN_CLOSE:
          return false;
        case RUN_WAIT:
          session.resolveDeferred(await session.deferred!);
          break;
        case RUN_WATCH:
          await this.#watch();
          return false;
        case RUN_YIELD:
          await this.#service.yield();
      }
    }
  }

  async #write(output: Output): Promise<void> {
    const { pool, engine } = this.#service;
    const count = output.length;
    pool.countWaiting(count);
    this.isWriting = true;
    try {
      let rest = output.filled();
      while (rest.length > 0) {
        rest = rest.subarray(await this.#conn.write(rest));
      }
      engine.context.counters.values[BYTES_WRITTEN] += count;
    } finally {
      this.isWriting = false;
      pool.countWaiting(-count);
    }
  }

  // Buffers follow the load: large while reads fill them, small when idle.
  #adaptBuffer(count: number, capacity: number): void {
    const { session } = this;
    if (session.upload !== null) return;
    if (count === capacity) {
      this.#smallReads = 0;
      session.growInput();
    } else if (capacity > READ_BUFFER_BYTES_MIN) {
      const isSmall = count < READ_BUFFER_BYTES_MIN / 2;
      this.#smallReads = isSmall ? this.#smallReads + 1 : 0;
      if (this.#smallReads > SMALL_READS_MAX) session.shrinkInput();
    }
  }

  // Sends log lines until the client goes; what it sends is ignored.
  async #watch(): Promise<void> {
    const watcher = this.session.watcher!;
    let ended = false;
    const ignored = new Uint8Array(512);
    const reading = (async () => {
      while (await this.#conn.read(ignored) !== null);
    })().catch(() => {}).finally(() => {
      ended = true;
      watcher.onLine?.();
    });
    while (!ended) {
      const lines = toLatin1(watcher.take());
      for (let at = 0; at < lines.length;) {
        at += await this.#conn.write(lines.subarray(at));
      }
      if (!watcher.isEmpty || ended) continue;
      await new Promise<void>((resolve) => watcher.onLine = resolve);
      watcher.onLine = null;
    }
    await reading;
    this.session.closeReason = "normal";
  }

  /** Ends the connection; what is under way fails. */
  close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.session.dispose();
    try {
      this.#conn.close();
    } catch {
      // The other side was faster.
    }
    this.#service.connections.removed(this, reason);
  }

  /** Whether the next thing to come is a command. */
  get isAtCommand(): boolean {
    return !this.isWriting && this.session.isAtCommand;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }
}

/** Whether an error only says that the client is gone. */
function isDisconnect(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.UnexpectedEof ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.TimedOut ||
    error instanceof Deno.errors.NotConnected;
}
