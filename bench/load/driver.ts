/**
 * Owns one run: when each connection sends its next batch, the clock of every
 * request, the window that counts, and the result. Never touches a socket,
 * never reads a clock.
 *
 * What is measured lies in a window: it opens after the warm-up, when all
 * connections are busy, and closes when no new batch may start. Replies are
 * checked before and after it too. A run may have several windows, one after
 * the other.
 *
 * Without a rate every connection sends its next batch as soon as the last
 * one is answered. With a rate, batches fall due at times that do not depend
 * on replies (gaps as of independent clients: exponentially distributed), and
 * latency counts from then, so that a server that stops for a while cannot
 * hide it.
 *
 * @module
 */
import type { Client } from "./client.ts";
import { REST_BYTES_MAX } from "./client.ts";
import { Histogram } from "./histogram.ts";
import type { LoadOptions } from "./options.ts";
import { type Received, Replies } from "./replies.ts";
import { Requests } from "./requests.ts";

/** How long unanswered requests are waited for at the end. */
const DRAIN_US = 3_000_000;
/** How long a fill may take. */
const FILL_US = 120_000_000;

/** What a run found. */
export interface LoadResult {
  mode: string;
  conns: number;
  pipe: number;
  /** How the sockets were driven. */
  transport: "epoll" | "epoll, io_uring" | "streams";
  /** Length of the window, and what was answered in it. */
  seconds: number;
  requests: number;
  /** Keys asked for or stored: differs from requests for mget. */
  keys: number;
  /** CPU time in the window: of the server if its process was given, of the
   * driver itself; null where it could not be measured. */
  serverCpuUs: number | null;
  driverCpuUs: number | null;
  requestsPerSecond: number;
  keysPerSecond: number;
  /** Of the whole run. */
  hits: number;
  misses: number;
  errors: number;
  firstError: string;
  p50Us: number;
  p99Us: number;
  p999Us: number;
  maxUs: number;
}

/** Throws if a get missed, or a reply was not the one expected. */
export function checkClean(server: string, result: LoadResult): void {
  const { mode, misses, errors, firstError } = result;
  if (errors > 0 || misses > 0) {
    throw new Error(
      `${server} ${mode}: ${misses} misses, ${errors} errors ${firstError}`,
    );
  }
}

/** How many requests a second are sent in a window (0: as fast as possible),
 * and how long it is. */
export type Pace = Pick<LoadOptions, "rate" | "secs">;

/** What `passEdge` tells. */
export const NO_EDGE = 0, WINDOW_OPENS = 1, WINDOW_CLOSES = 2;

/** One run over any transport. */
export class Driver {
  readonly options: LoadOptions;
  readonly clients: Client[] = [];
  readonly #requests: Requests;
  readonly #replies: Replies;
  readonly #histogram = new Histogram();
  /** When the batch of each connection was sent, or was due. */
  readonly #batchUs: Float64Array;
  /** Of the window that was started last. */
  #rate = 0;
  #openUs = 0;
  #closeUs = 0;
  /** When the window really opened and closed; 0 for not yet. */
  #openedUs = 0;
  #closedUs = 0;
  #requestsBefore = 0;
  #requestsWithin = 0;
  #dueUs = 0;
  #busy = 0;
  #isBroken = false;
  /** Idle connections in the order they fell idle, used when there is a
   * rate. */
  readonly #idle: Int32Array;
  #idleFrom = 0;
  #idleCount = 0;

  constructor(options: LoadOptions) {
    this.options = options;
    this.#requests = new Requests(options);
    const { keysEach } = this.#requests;
    this.#replies = new Replies(options, keysEach, this.#histogram);
    for (let i = 0; i < options.conns; i++) {
      this.clients.push(this.#requests.createClient(i));
    }
    this.#batchUs = new Float64Array(options.conns);
    this.#idle = new Int32Array(options.conns);
  }

  /** Starts the clock of a window; called once all connections are open, and
   * again for another window once this one is done. */
  start(nowUs: number, { rate, secs }: Pace = this.options): void {
    const { mode, warmUpSecs } = this.options;
    this.#rate = rate;
    this.#openedUs = this.#closedUs = this.#requestsWithin = 0;
    this.#idleFrom = this.#idleCount = 0;
    this.#dueUs = nowUs;
    this.#openUs = nowUs + (mode === "fill" ? 0 : warmUpSecs * 1e6);
    this.#closeUs = this.#openUs + (mode === "fill" ? FILL_US : secs * 1e6);
  }

  /** Whether the window opens or closes now: to be asked after each round of
   * replies, so that the CPU time is read at its edges. */
  passEdge(nowUs: number): number {
    if (this.#openedUs === 0) {
      if (nowUs < this.#openUs) return NO_EDGE;
      this.#openedUs = nowUs;
      this.#requestsBefore = this.#replies.requests;
      this.#histogram.clear();
      return WINDOW_OPENS;
    }
    const isFilled = this.#requests.isExhausted && this.#busy === 0;
    if (this.#closedUs > 0) return NO_EDGE;
    if (nowUs < this.#closeUs && !isFilled && !this.#isBroken) return NO_EDGE;
    this.#closedUs = nowUs;
    this.#requestsWithin = this.#replies.requests - this.#requestsBefore;
    return WINDOW_CLOSES;
  }

  /** Whether no new batch may start. */
  #isOver(nowUs: number): boolean {
    return nowUs >= this.#closeUs || this.#requests.isExhausted;
  }

  /** Whether everything is answered, or never will be. */
  isDone(nowUs: number): boolean {
    if (this.#isBroken) return true;
    if (!this.#isOver(nowUs)) return false;
    return this.#busy === 0 || nowUs > this.#closeUs + DRAIN_US;
  }

  /** Makes an idle connection's next batch; true if it is to be sent now. */
  begin(client: Client, nowUs: number): boolean {
    if (this.hasRate) {
      const place = (this.#idleFrom + this.#idleCount) % this.#idle.length;
      this.#idle[place] = client.index;
      this.#idleCount++;
      return false;
    }
    if (this.#isOver(nowUs)) return false;
    this.#launch(client, nowUs);
    return true;
  }

  /** The next connection whose batch is due; null if none is. */
  takeDue(nowUs: number): Client | null {
    if (this.#dueUs > nowUs || this.#idleCount === 0) return null;
    if (this.#isOver(nowUs)) return null;
    const client = this.clients[this.#idle[this.#idleFrom]];
    this.#idleFrom = (this.#idleFrom + 1) % this.#idle.length;
    this.#idleCount--;
    this.#launch(client, this.#dueUs);
    const meanUs = 1e6 * this.options.pipe / this.#rate;
    this.#dueUs -= Math.log(this.#requests.randomShare()) * meanUs;
    return client;
  }

  /** Whether batches fall due at times. */
  get hasRate(): boolean {
    return this.#rate > 0;
  }

  /** When the next batch falls due. */
  get dueUs(): number {
    return this.#dueUs;
  }

  #launch(client: Client, us: number): void {
    this.#requests.write(client);
    this.#batchUs[client.index] = us;
    this.#busy++;
  }

  /** Reads what has arrived in `from`..`to`, and keeps what is incomplete. */
  received(
    client: Client,
    received: Received,
    from: number,
    to: number,
    nowUs: number,
  ): void {
    const latencyUs = nowUs - this.#batchUs[client.index];
    const next = this.#replies.read(client, received, from, to, latencyUs);
    const restBytes = to - next;
    if (restBytes > REST_BYTES_MAX) return this.lost("a reply in disorder");
    client.restBytes = restBytes;
    for (let i = 0; i < restBytes; i++) {
      client.rest[i] = received.u8[next + i];
    }
    if (client.isIdle) this.#busy--;
  }

  /** Ends the run: a connection failed. */
  lost(why: string): void {
    this.#replies.fail(why);
    this.#isBroken = true;
  }

  /** The counts at the end; CPU times are those of the window. */
  result(
    transport: LoadResult["transport"],
    serverCpuUs: number | null,
    driverCpuUs: number | null,
  ): LoadResult {
    const { options } = this;
    const replies = this.#replies;
    if (this.#busy > 0 && !this.#isBroken) replies.fail("no reply at the end");
    const seconds = Math.round(this.#closedUs - this.#openedUs) / 1e6;
    const requests = this.#requestsWithin;
    const keys = requests * this.#requests.keysEach;
    const perSecond = (count: number) => Math.round(count / seconds);
    return {
      mode: options.mode,
      conns: options.conns,
      pipe: options.pipe,
      transport,
      seconds,
      requests,
      keys,
      serverCpuUs,
      driverCpuUs,
      requestsPerSecond: perSecond(requests),
      keysPerSecond: perSecond(keys),
      hits: replies.hits,
      misses: replies.misses,
      errors: replies.errors,
      firstError: replies.firstError,
      p50Us: this.#histogram.percentileUs(0.5),
      p99Us: this.#histogram.percentileUs(0.99),
      p999Us: this.#histogram.percentileUs(0.999),
      maxUs: this.#histogram.maxUs,
    };
  }
}
