/**
 * Owns opening connections that a certain worker of a denocached serves. Which
 * one a connection has come to is told by `stats threads`, where the count of
 * one worker rises. Never sends a load.
 *
 * @module
 */
import { hasFailed } from "../../src/server/native/calls.ts";
import { type Libc, pointerOf } from "./libc.ts";

const RECEIVE_BYTES = 16 * 1024;
/** Connections are spread evenly, so one of as many as there are workers comes
 * to the right one. */
const TRIES_MAX = 64;
/** How long an answer may take, and a count to rise. */
const PATIENCE_US = 1_000_000;
const NO_ANSWER = "the server has no stats threads";

/** Opens connections to one worker. Those that came to others stay open until
 * `close`: they are what makes the next one come to the right one. */
export class WorkerConnections {
  readonly #libc: Libc;
  readonly #address: readonly number[];
  readonly #port: number;
  readonly #worker: number;
  /** Asks. */
  readonly #control: number;
  readonly #others: number[] = [];
  readonly #u8 = new Uint8Array(RECEIVE_BYTES);
  #counts: number[];

  constructor(
    libc: Libc,
    address: readonly number[],
    port: number,
    worker: number,
  ) {
    this.#libc = libc;
    this.#address = address;
    this.#port = port;
    this.#worker = worker;
    this.#control = libc.connect(address, port);
    this.#counts = this.#ask();
    if (!(worker < this.#counts.length)) {
      throw new Error(`the server has no worker ${worker}`);
    }
  }

  /** A connection to the worker. */
  open(): number {
    for (let i = 0; i < TRIES_MAX; i++) {
      const fd = this.#libc.connect(this.#address, this.#port);
      if (this.#newest() === this.#worker) return fd;
      this.#others.push(fd);
    }
    throw new Error(`no connection came to worker ${this.#worker}`);
  }

  // The worker that has got the connection opened last.
  #newest(): number {
    const until = this.#libc.nowUs() + PATIENCE_US;
    while (this.#libc.nowUs() < until) {
      const before = this.#counts;
      this.#counts = this.#ask();
      const found = this.#counts.findIndex((count, i) => count > before[i]);
      if (found >= 0) return found;
    }
    throw new Error("a connection that no worker counts");
  }

  // The connections of each worker.
  #ask(): number[] {
    const question = new TextEncoder().encode("stats threads\r\n");
    this.#libc.send(this.#control, pointerOf(question), question.length);
    const until = this.#libc.nowUs() + PATIENCE_US;
    let text = "";
    while (!text.endsWith("END\r\n")) {
      if (this.#libc.nowUs() > until) throw new Error(NO_ANSWER);
      const at = pointerOf(this.#u8);
      const count = this.#libc.receive(this.#control, at, RECEIVE_BYTES);
      if (count === 0 || hasFailed(count)) throw new Error(NO_ANSWER);
      if (count < 0) continue;
      text += new TextDecoder().decode(this.#u8.subarray(0, count));
      if (text.startsWith("ERROR")) throw new Error(NO_ANSWER);
    }
    const counts = text.matchAll(/^STAT \d+:connections (\d+)\r$/gm);
    return [...counts].map(([, count]) => Number(count));
  }

  /** Closes what `open` has not returned. */
  close(): void {
    for (const fd of [this.#control, ...this.#others]) this.#libc.close(fd);
  }
}
