/**
 * Owns driving a run over epoll: one loop, one system call to read and one to
 * send per batch, or for several connections whose batches are single requests,
 * no allocation per request. Linux and --allow-ffi only.
 *
 * @module
 */
import { Bytes } from "../../src/base/bytes.ts";
import { type CallBatch, hasFailed } from "../../src/server/native/calls.ts";
import { Libc as ServersLibc } from "../../src/server/native/libc.ts";
import { openCalls } from "../../src/server/native/ring.ts";
import { type Client, REST_BYTES_MAX } from "./client.ts";
import { Driver, type LoadResult, NO_EDGE, type Pace } from "./driver.ts";
import { EPOLLIN, EPOLLOUT, Libc, pointerOf } from "./libc.ts";
import type { LoadOptions } from "./options.ts";
import type { Received } from "./replies.ts";
import { WorkerConnections } from "./workers.ts";

const RECEIVE_BYTES = 256 * 1024;
/** So many connections receive together, then send together, if each has one
 * request under way with a short reply: two system calls, where there are
 * rings. Else the driver would take as much CPU time as the server, which would
 * wait for it (`bench/README.md`, "The driver"). */
const SLICE = 16;
const SLOT_BYTES = 512;
/** Of a reply besides its value. */
const AROUND_BYTES_MAX = 64;
/** With a rate the loop spins when the next batch is due sooner than this:
 * epoll waits in whole milliseconds. */
const SPIN_US = 1_500;
const WAIT_MS = 100;

/** The four numbers of an IPv4 address, or null for another kind of host. */
function ipv4(host: string): number[] | null {
  if (host === "localhost") return [127, 0, 0, 1];
  const numbers = host.split(".").map(Number);
  const isValid = numbers.length === 4 &&
    numbers.every((n) => n >= 0 && n <= 255);
  return isValid ? numbers : null;
}

/** Whether this machine, these permissions and this host allow it. */
export function canUseEpoll(options: LoadOptions): boolean {
  if (Deno.build.os !== "linux" || ipv4(options.host) === null) return false;
  const ffi = Deno.permissions.querySync({ name: "ffi" });
  return ffi.state === "granted";
}

function areShortAndSingle({ pipe, mode, valueBytes }: LoadOptions): boolean {
  return pipe === 1 && mode !== "mget" &&
    valueBytes + AROUND_BYTES_MAX <= SLOT_BYTES;
}

/** One run over epoll. */
export function runEpoll(options: LoadOptions): LoadResult {
  const run = new EpollRun(options);
  try {
    return run.window();
  } finally {
    run.close();
  }
}

/** CPU time between the last two readings. */
class CpuSpan {
  us = 0;
  #readUs = 0;

  pass(readUs: number): void {
    this.us = readUs - this.#readUs;
    this.#readUs = readUs;
  }
}

/** The connections of a run, open until `close`. */
export class EpollRun {
  readonly #driver: Driver;
  readonly #libc = new Libc();
  readonly #fds: number[] = [];
  readonly #outAt: Deno.PointerObject[] = [];
  /** 1 while a connection waits for room to send. */
  readonly #blocked: Uint8Array;
  // The rest of the last reply is put before what is received.
  readonly #u8 = new Uint8Array(REST_BYTES_MAX + RECEIVE_BYTES);
  /** CPU times at the last edge of the window and between its edges. */
  readonly #serverCpu = new CpuSpan();
  readonly #driverCpu = new CpuSpan();
  readonly #received: Received = {
    u8: this.#u8,
    view: new DataView(this.#u8.buffer),
  };
  readonly #receiveAt = Deno.UnsafePointer.offset(
    pointerOf(this.#u8),
    REST_BYTES_MAX,
  );

  /** Where only those of one worker are used. */
  #workers: WorkerConnections | null = null;

  // For calls that are made together, if they are.
  readonly #calls: CallBatch;
  readonly #areTogether: boolean;
  readonly #hasRing: boolean;
  readonly #slots: Bytes[];
  readonly #outs: Bytes[];
  readonly #served: Client[] = [];

  constructor(options: LoadOptions) {
    this.#driver = new Driver(options);
    this.#areTogether = areShortAndSingle(options);
    const { calls, obstacle } = openCalls(new ServersLibc(), SLICE);
    this.#calls = calls;
    this.#hasRing = obstacle === null && this.#areTogether;
    this.#slots = Array.from(
      { length: SLICE },
      () => Bytes.allocate(SLOT_BYTES),
    );
    this.#outs = this.#driver.clients.map(({ out }) => new Bytes(out.buffer));
    this.#blocked = new Uint8Array(options.conns);
    try {
      this.#connect();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #connect(): void {
    const { options: { host, port, worker }, clients } = this.#driver;
    const address = ipv4(host)!;
    if (worker >= 0) {
      this.#workers = new WorkerConnections(this.#libc, address, port, worker);
    }
    for (const client of clients) {
      const fd = this.#workers?.open() ?? this.#libc.connect(address, port);
      this.#fds.push(fd);
      this.#outAt.push(pointerOf(client.out));
      this.#libc.watch(fd, client.index);
    }
  }

  /** Runs one window, at the options' pace or another; afterwards every request
   * is answered. */
  window(pace?: Pace): LoadResult {
    const driver = this.#driver;
    let nowUs = this.#libc.nowUs();
    driver.start(nowUs, pace);
    if (driver.passEdge(nowUs) !== NO_EDGE) this.#readCpu();
    for (const client of driver.clients) {
      if (driver.begin(client, nowUs)) this.#send(client);
    }
    const { hasRate } = driver;
    while (!driver.isDone(nowUs)) {
      if (hasRate) this.#sendDue(nowUs);
      this.#serve(this.#libc.wait(hasRate ? this.#waitMs(nowUs) : WAIT_MS));
      nowUs = this.#libc.nowUs();
      if (driver.passEdge(nowUs) !== NO_EDGE) this.#readCpu();
    }
    const { pid } = driver.options;
    const serverCpuUs = pid > 0 ? this.#serverCpu.us : null;
    const transport = this.#hasRing ? "epoll, io_uring" : "epoll";
    return driver.result(transport, serverCpuUs, this.#driverCpu.us);
  }

  #readCpu(): void {
    const { pid } = this.#driver.options;
    if (pid > 0) this.#serverCpu.pass(this.#libc.cpuUs(pid));
    this.#driverCpu.pass(this.#libc.cpuUs(0));
  }

  #waitMs(nowUs: number): number {
    return this.#driver.dueUs - nowUs < SPIN_US ? 0 : 1;
  }

  #sendDue(nowUs: number): void {
    for (;;) {
      const client = this.#driver.takeDue(nowUs);
      if (client === null) return;
      this.#send(client);
    }
  }

  #serve(count: number): void {
    if (this.#areTogether) {
      for (let i = 0; i < count; i += SLICE) {
        this.#serveTogether(i, Math.min(count, i + SLICE));
      }
    } else {
      for (let i = 0; i < count; i++) this.#serveOne(i);
    }
  }

  #serveOne(i: number): void {
    const client = this.#driver.clients[this.#libc.eventNumber(i)];
    const flags = this.#libc.eventFlags(i);
    if ((flags & EPOLLOUT) !== 0) this.#send(client);
    if ((flags & ~EPOLLOUT) !== 0) this.#receive(client);
  }

  // All of them receive, then their replies are read, then all of them send.
  #serveTogether(from: number, to: number): void {
    const calls = this.#calls;
    let count = 0;
    for (let i = from; i < to; i++) {
      const client = this.#driver.clients[this.#libc.eventNumber(i)];
      // What belongs together is put together there.
      if (this.#libc.eventFlags(i) !== EPOLLIN || client.restBytes > 0) {
        this.#serveOne(i);
        continue;
      }
      const fd = this.#fds[client.index];
      calls.receive(count, fd, this.#slots[count], SLOT_BYTES);
      this.#served[count++] = client;
    }
    if (count === 0) return;
    calls.make(count);
    const sending = this.#readTogether(count);
    if (sending > 0) this.#sendTogether(sending);
  }

  // Reads the replies to the first `clients` of `#served`; returns how many have
  // something to send then, which are the first.
  #readTogether(clients: number): number {
    const driver = this.#driver;
    const nowUs = this.#libc.nowUs();
    let sending = 0;
    for (let i = 0; i < clients; i++) {
      const client = this.#served[i];
      const count = this.#calls.result(i);
      if (!this.#hasArrived(count)) continue;
      driver.received(client, this.#slots[i], 0, count, nowUs);
      if (client.isIdle && driver.begin(client, nowUs)) {
        this.#served[sending++] = client;
      }
    }
    return sending;
  }

  #sendTogether(count: number): void {
    const calls = this.#calls;
    for (let i = 0; i < count; i++) {
      const { index, outBytes } = this.#served[i];
      calls.send(i, this.#fds[index], this.#outs[index], outBytes);
    }
    calls.make(count);
    for (let i = 0; i < count; i++) {
      const client = this.#served[i];
      client.sentBytes = Math.max(0, calls.result(i));
      // An error is met again.
      if (client.sentBytes < client.outBytes) this.#send(client);
    }
  }

  // Whether a receive brought something; ends the run if none ever will.
  #hasArrived(count: number): boolean {
    if (count === 0) this.#driver.lost("the server closed a connection");
    else if (hasFailed(count)) this.#driver.lost(`recv: errno ${-count}`);
    return count > 0;
  }

  #receive(client: Client): void {
    const driver = this.#driver;
    const count = this.#libc.receive(
      this.#fds[client.index],
      this.#receiveAt,
      RECEIVE_BYTES,
    );
    if (!this.#hasArrived(count)) return;
    const nowUs = this.#libc.nowUs();
    const { restBytes, rest } = client;
    const from = REST_BYTES_MAX - restBytes;
    for (let i = 0; i < restBytes; i++) this.#u8[from + i] = rest[i];
    const to = REST_BYTES_MAX + count;
    driver.received(client, this.#received, from, to, nowUs);
    if (client.isIdle && driver.begin(client, nowUs)) this.#send(client);
  }

  // Sends what is left of the batch, as far as there is room.
  #send(client: Client): void {
    const { index } = client;
    const fd = this.#fds[index];
    while (client.sentBytes < client.outBytes) {
      const at = client.sentBytes === 0
        ? this.#outAt[index]
        : Deno.UnsafePointer.offset(this.#outAt[index], client.sentBytes);
      const rest = client.outBytes - client.sentBytes;
      const count = this.#libc.send(fd, at, rest);
      if (hasFailed(count)) {
        return this.#driver.lost(`send: errno ${-count}`);
      }
      if (count < 0) break;
      client.sentBytes += count;
    }
    const isBlocked = client.sentBytes < client.outBytes ? 1 : 0;
    if (isBlocked === this.#blocked[index]) return;
    this.#blocked[index] = isBlocked;
    const events = isBlocked === 1 ? EPOLLIN | EPOLLOUT : EPOLLIN;
    this.#libc.rewatch(fd, index, events);
  }

  close(): void {
    for (const fd of this.#fds) this.#libc.close(fd);
    this.#workers?.close();
    this.#calls.close();
    this.#libc.end();
  }
}
