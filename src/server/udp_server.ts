/**
 * Owns serving requests that come by UDP: one datagram at a time, each with
 * its replies before the next is read. Never parses a command.
 *
 * @module
 */
import { toLatin1 } from "../base/bytes.ts";
import {
  UDP_DATAGRAM_BYTES_MAX,
  UDP_REPLY_BYTES_MAX,
  UDP_REQUEST_BYTES_MAX,
  VALUE_PIECE_BYTES,
} from "../base/limits.ts";
import { Session } from "../engine/session.ts";
import {
  IN_KEYS,
  RUN_CLOSE,
  RUN_FLUSH,
  RUN_READ,
  RUN_WAIT,
  RUN_WATCH,
  RUN_YIELD,
} from "../engine/session_states.ts";
import { BATCHES, BYTES_READ, BYTES_WRITTEN } from "../observe/counters.ts";
import { Output } from "../protocol/output.ts";
import {
  datagramCount,
  fillDatagram,
  requestId,
  UDP_HEADER_BYTES,
} from "../protocol/udp.ts";
import type { ConnectionInfo } from "../engine/ports.ts";
import { addressText } from "./address.ts";
import { RepeatedLine } from "./repeated_line.ts";
import { reasonOf } from "./start_error.ts";
import type { Service } from "./service.ts";

const RECEIVE_BACKOFF_MS = 30;
const NO_WATCHING = toLatin1("CLIENT_ERROR watch commands not allowed\r\n");
const TOO_LARGE = toLatin1(
  "SERVER_ERROR out of memory writing get response\r\n",
);
const NOTHING = new Uint8Array(0);

/** One UDP address. */
export class UdpServer {
  readonly address: string;
  readonly port: number;
  readonly #socket: Deno.DatagramConn;
  readonly #service: Service;
  readonly #id: number;
  readonly #request = new Uint8Array(UDP_REQUEST_BYTES_MAX);
  readonly #datagram = new Uint8Array(UDP_DATAGRAM_BYTES_MAX);
  readonly #output = new Output();
  readonly #failed: RepeatedLine;
  #session: Session;
  #isClosed = false;

  constructor(socket: Deno.DatagramConn, service: Service) {
    const addr = socket.addr as Deno.NetAddr;
    this.address = addressText(addr);
    this.port = addr.port;
    this.#socket = socket;
    this.#service = service;
    this.#id = service.connections.takeId();
    const seconds = () => performance.now() / 1000;
    this.#failed = new RepeatedLine(service.log, "UDP failed", seconds);
    this.#session = new Session(service.engine, this.#id);
  }

  /** Serves until closed; never throws. */
  async serve(): Promise<void> {
    while (!this.#isClosed) {
      let received;
      try {
        received = await this.#socket.receive(this.#request);
      } catch (error) {
        if (this.#isClosed) return;
        this.#warn(error);
        await new Promise((r) => setTimeout(r, RECEIVE_BACKOFF_MS));
        continue;
      }
      const [bytes, from] = received;
      try {
        await this.#answer(bytes.length, from);
      } catch (error) {
        if (this.#isClosed) return;
        this.#service.connectionFailed(this.#id, error);
        this.#startAfresh();
      }
    }
  }

  async #answer(length: number, from: Deno.Addr): Promise<void> {
    const { values } = this.#service.engine.context.counters;
    values[BYTES_READ] += length;
    values[BATCHES]++;
    const id = requestId(this.#request, length);
    if (id < 0) return;
    const reply = (bytes: Uint8Array) => this.#send(bytes, id, from);
    let at = UDP_HEADER_BYTES;
    let goesOn = true;
    while (goesOn && at < length) {
      at += this.#session.feed(this.#request.subarray(at, length));
      goesOn = await this.#run(reply);
    }
    const session = this.#session;
    const isClean = goesOn && session.isAtCommand &&
      session.from === session.to;
    // What is half done now stays undone: the rest will never come.
    if (!isClean) return this.#startAfresh();
    if (this.#service.settings.protocol === "auto") session.dialect = null;
  }

  #startAfresh(): void {
    this.#session.dispose();
    this.#session = new Session(this.#service.engine, this.#id);
    this.#output.clear();
  }

  // Runs what has been fed, one reply for each command; false if the rest of
  // the datagram is not to be looked at.
  async #run(reply: (bytes: Uint8Array) => Promise<void>): Promise<boolean> {
    const output = this.#output;
    const session = this.#session;
    for (;;) {
      if (output.length > UDP_REPLY_BYTES_MAX) {
        await reply(TOO_LARGE);
        return false;
      }
      const code = this.#step();
      if (code === RUN_WATCH) {
        await reply(NO_WATCHING);
        return false;
      }
      const isComplete = session.source === null && session.state !== IN_KEYS;
      if (isComplete && output.length > 0) {
        await reply(output.filled());
        output.clear();
      } else if (code === RUN_CLOSE && session.closeReason === "normal") {
        await reply(NOTHING);
      }
      if (code === RUN_READ) return true;
      if (code === RUN_CLOSE) return false;
      if (code === RUN_WAIT) {
        session.resolveDeferred(await session.deferred!);
      } else if (code === RUN_YIELD) await this.#service.yield();
    }
  }

  // A piece of what is too large to be appended at once, or commands until
  // one has a reply.
  #step(): number {
    const { engine } = this.#service;
    const session = this.#session;
    const output = session.output = this.#output;
    if (session.source !== null) {
      const before = output.length;
      const isWhole = this.#service.pull(session, VALUE_PIECE_BYTES);
      if (isWhole) session.source = null;
      else if (output.length === before) return RUN_YIELD;
      return RUN_FLUSH;
    }
    const usual = engine.highWaterBytes;
    engine.highWaterBytes = output.length + 1;
    try {
      return this.#service.runBatch(session);
    } finally {
      engine.highWaterBytes = usual;
    }
  }

  // An empty reply is one frame of no datagrams: so memcached answers quit.
  async #send(bytes: Uint8Array, id: number, to: Deno.Addr): Promise<void> {
    const { values } = this.#service.engine.context.counters;
    const total = datagramCount(bytes.length);
    for (let i = 0; i < Math.max(total, 1); i++) {
      const length = fillDatagram(this.#datagram, id, i, total, bytes);
      try {
        await this.#socket.send(this.#datagram.subarray(0, length), to);
      } catch (error) {
        // Whoever asked cannot be answered: nobody waits for the rest.
        return this.#warn(error);
      }
      values[BYTES_WRITTEN] += length;
    }
  }

  #warn(error: unknown): void {
    if (this.#isClosed) return;
    this.#failed.warn({ address: this.address, error: reasonOf(error) });
  }

  /** What `stats conns` shows. */
  info(now: number): ConnectionInfo {
    return {
      id: this.#id,
      address: this.address,
      listenAddress: null,
      state: "conn_read",
      idleSeconds: now - this.#session.lastCommand,
      isUdp: true,
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#session.dispose();
    this.#socket.close();
  }
}
