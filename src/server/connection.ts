/**
 * Owns one client connection over Deno's I/O: reads into its session, runs
 * it, writes what comes out. Never parses.
 *
 * One read and one write are under way at most; the next read waits for the
 * write, which is all the back-pressure there is.
 *
 * @module
 */
import * as limits from "../base/limits.ts";
import * as bytes from "../base/bytes.ts";
import { Session } from "../engine/session.ts";
import * as sessionStates from "../engine/session_states.ts";
import * as counters from "../observe/counters.ts";
import * as batchTimer from "./batch_timer.ts";
import type { Peer, ServedClient } from "./client.ts";
import * as client from "./client.ts";
import * as denoSocket from "./deno_socket.ts";
import type { Socket } from "./deno_socket.ts";
import { NodeTlsConn } from "./node_tls_conn.ts";
import type { Service } from "./service.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const {
  OUTPUT_HIGH_WATER_BYTES,
  READ_BUFFER_BYTES_MIN,
  ROOM_VALUE_BYTES_MIN,
  VALUE_PIECE_BYTES,
} = limits;
const { toLatin1 } = bytes;
const { RUN_FLUSH, RUN_READ, RUN_SEND, RUN_WAIT, RUN_WATCH, RUN_YIELD } =
  sessionStates;
const { BYTES_READ, BYTES_WRITTEN, TLS_PROTOCOL_ERRORS } = counters;
const { beginBatch, endTimed } = batchTimer;
const { BRIEF_BYTES, LINGER_MS } = client;
const { socketOf } = denoSocket;

/** What is written from the table, by writes of its own. A value of 100 KB that
 * is copied, so that its reply is one write, takes 0.8 of the CPU. */
const DIRECT_LIMITS = {
  valueBytesMin: OUTPUT_HIGH_WATER_BYTES,
  stretchBytesMin: 8 * 1024,
  wholeBytesMin: ROOM_VALUE_BYTES_MIN,
};
/** Where threads share a table, nothing is read under its locks that can be read
 * without them. */
const SHARED_DIRECT_LIMITS = {
  ...DIRECT_LIMITS,
  wholeBytesMin: VALUE_PIECE_BYTES,
};
/** Awaited before a write: those whose reads ended together are all run before
 * the first of them writes, so that each step finds its code in the caches: 3 %
 * of the CPU time in `bench:compare`, the microtask included. */
const OTHERS_RUN = undefined;
/** Awaited before anything is run, so that what the keys of short inputs lead to
 * is loaded together: 4 % of the CPU time of single requests. */
const OTHERS_NOTED = undefined;
/** Small reads in a row after which a large buffer is given back. */
const SMALL_READS_MAX = 8;

/** One client. */
export class Connection implements ServedClient {
  readonly session: Session;
  readonly peer: Peer;
  readonly #conn: Deno.Conn;
  readonly #socket: Socket;
  readonly #service: Service;
  #isClosed = false;
  #isFinishing = false;
  /** When it was told to finish it was idle, and nothing has come since. */
  #isIdleSinceFinish = false;
  #isLeaving = false;
  #smallReads = 0;
  /** Bytes of the write that is under way. */
  #writing = 0;
  /** A stretch of the table is being written. */
  #isSending = false;
  /** The client is not read from: it may have sent something. */
  #isResting = false;

  constructor(conn: Deno.Conn, peer: Peer, id: number, service: Service) {
    this.#conn = conn;
    this.#socket = socketOf(conn);
    this.peer = peer;
    this.#service = service;
    this.session = new Session(service.engine, id);
    this.session.readsEnds = true;
    // By TLS everything is copied anyway, and small writes cost records.
    const isTls = "handshake" in conn || conn instanceof NodeTlsConn;
    const isShared = service.engine.context.settings.threads > 1;
    if (isTls) return;
    this.session.directLimits = isShared ? SHARED_DIRECT_LIMITS : DIRECT_LIMITS;
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

  // Reads, runs, writes. What every batch does is in this one function: each
  // further async function costs a promise a batch (3 % of its CPU at one
  // request a batch).
  async #loop(): Promise<void> {
    const { session } = this;
    const { pool, engine, turns } = this.#service;
    const { counters, lookahead } = engine.context;
    for (;;) {
      const isValue = session.wantsValue;
      const isAnew = session.isIdle;
      const target = session.readTarget();
      const count = await this.#socket.read(target);
      if (!count) {
        session.closeReason = "normal";
        return;
      }
      counters.values[BYTES_READ] += count;
      this.#isIdleSinceFinish = false;
      session.received(count);
      // More of a value is to come: nothing can be run.
      if (session.wantsValue) continue;
      const beganMs = beginBatch(counters) ? performance.now() : NaN;
      if (isAnew && count <= BRIEF_BYTES) lookahead.note(session);
      turns.arrived();
      await OTHERS_NOTED;
      const rests = turns.runs();
      // Another client may have asked for a shutdown meanwhile.
      if (this.#isClosed) return;
      lookahead.fetchNoted();
      for (let code = RUN_FLUSH; code !== RUN_READ;) {
        const output = pool.acquire();
        session.output = output;
        code = this.#service.runBatch(session);
        if (output.length > 0) {
          this.#startWriting(output.length);
          await OTHERS_RUN;
          const written = await this.#socket.write(output.filled());
          if (written < output.length) {
            await this.#writeRest(output.filled(), written);
          }
          this.#endWriting();
        }
        pool.release(output);
        if (code === RUN_READ || code === RUN_FLUSH) continue;
        if (code === RUN_SEND) {
          // A stretch of the table, pinned until it is written or we are closed.
          // It takes no memory that `countWaiting` would have to know of.
          const stretch = session.direct;
          this.#isSending = true;
          await OTHERS_RUN;
          const written = await this.#socket.write(stretch);
          if (written < stretch.length) await this.#writeRest(stretch, written);
          this.#endSending(stretch.length);
          if (session.isIdle) break;
          continue;
        }
        if (!await this.#follow(code)) return;
      }
      if (!Number.isNaN(beganMs)) {
        endTimed(counters, performance.now() - beganMs);
      }
      if (this.#isFinishing && session.isDone) return await this.#leave();
      if (rests && !await this.#rest()) return;
      // What was read of a value did not need the buffer.
      if (isValue) this.#adaptBuffer(0, session.input.capacity);
      else this.#adaptBuffer(count, target.length);
    }
  }

  // Others are ready who have not had their turn; false if it is closed then.
  async #rest(): Promise<boolean> {
    this.#isResting = true;
    await this.#service.turns.rest();
    this.#isResting = false;
    return !this.#isClosed;
  }

  // Does what `run` asked for; false when the connection has to end.
  async #follow(code: number): Promise<boolean> {
    const { session } = this;
    switch (code) {
      case RUN_WAIT:
        session.resolveDeferred(await session.deferred!);
        return true;
      case RUN_YIELD:
        await this.#service.yield();
        return true;
      case RUN_WATCH:
        await this.#watch();
    }
    return false;
  }

  #startWriting(bytes: number): void {
    this.#writing = bytes;
    this.#service.pool.countWaiting(bytes);
  }

  async #writeRest(bytes: Uint8Array, written: number): Promise<void> {
    while (written < bytes.length) {
      written += await this.#socket.write(bytes.subarray(written));
    }
  }

  #endSending(bytes: number): void {
    this.#isSending = false;
    this.#service.engine.context.counters.values[BYTES_WRITTEN] += bytes;
    this.session.wrote(bytes);
  }

  #endWriting(): void {
    this.#service.engine.context.counters.values[BYTES_WRITTEN] +=
      this.#writing;
    this.#service.pool.countWaiting(-this.#writing);
    this.#writing = 0;
  }

  // Buffers follow the load: large while reads fill them, small when idle.
  #adaptBuffer(count: number, capacity: number): void {
    const { session } = this;
    // What follows a large value is read with little room.
    if (session.upload !== null || session.hasReadLittle) return;
    if (count === capacity) {
      this.#smallReads = 0;
      session.growInput();
    } else if (capacity > READ_BUFFER_BYTES_MIN) {
      const isSmall = count < READ_BUFFER_BYTES_MIN / 2;
      this.#smallReads = isSmall ? this.#smallReads + 1 : 0;
      if (this.#smallReads > SMALL_READS_MAX) session.shrinkInput();
    }
  }

  // The client sees the end after its last reply. What it has sent meanwhile
  // is thrown away: left unread, it would make the system send a reset, which
  // may overtake replies.
  async #leave(): Promise<void> {
    this.#isLeaving = true;
    this.session.closeReason = "drain";
    const conn = this.#conn as Deno.TcpConn | Deno.UnixConn | NodeTlsConn;
    await conn.closeWrite();
    const timer = setTimeout(() => this.close("drain"), LINGER_MS);
    try {
      const ignored = new Uint8Array(READ_BUFFER_BYTES_MIN);
      while (await this.#socket.read(ignored));
    } finally {
      clearTimeout(timer);
    }
  }

  // Sends log lines until the client goes; what it sends is ignored.
  async #watch(): Promise<void> {
    const watcher = this.session.watcher!;
    let ended = false;
    const ignored = new Uint8Array(512);
    const reading = (async () => {
      while (await this.#socket.read(ignored));
    })().catch(() => {}).finally(() => {
      ended = true;
      watcher.onLine?.();
    });
    while (!ended) {
      const lines = toLatin1(watcher.take());
      for (let at = 0; at < lines.length;) {
        at += await this.#socket.write(lines.subarray(at));
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
    this.#service.pool.countWaiting(-this.#writing);
    this.#writing = 0;
    try {
      this.#conn.close();
    } catch {
      // The other side was faster.
    }
    this.#service.connections.removed(this, reason);
  }

  get isWriting(): boolean {
    return this.#writing > 0 || this.#isSending;
  }

  finish(): void {
    const isIdle = !this.isWriting && !this.#isResting && this.session.isIdle;
    const isOver = this.#isIdleSinceFinish && isIdle;
    if (isOver && !this.#isLeaving) this.close("drain");
    this.#isFinishing = true;
    this.#isIdleSinceFinish = isIdle;
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
