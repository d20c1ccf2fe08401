/**
 * Owns the calls into Linux's C library that the driver needs. Addresses go
 * in as pointer objects made once, because those calls are the fast ones
 * (20 ns; a number as address costs 130 ns). Never knows what is sent.
 *
 * @module
 */

// Numbers of Linux, alike on x86-64 and ARM64.
const AF_INET = 2, SOCK_STREAM = 1, SOCK_CLOEXEC = 0o2000000;
const IPPROTO_TCP = 6, TCP_NODELAY = 1;
const CLOCK_MONOTONIC = 1;
/** CPU time of a whole process, ended threads included. */
const CPUCLOCK_SCHED = 2;
const MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000;
const EPOLL_CTL_ADD = 1, EPOLL_CTL_MOD = 3;
const EINTR = 4;
export const EPOLLIN = 1, EPOLLOUT = 4;

/** Events taken by one call. */
const EVENTS_MAX = 256;
/** struct epoll_event is packed on x86-64 only. */
const EVENT_WORDS = Deno.build.arch === "x86_64" ? 3 : 4;
const EVENT_DATA_WORD = EVENT_WORDS - 2;

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  setsockopt: {
    parameters: ["i32", "i32", "i32", "pointer", "u32"],
    result: "i32",
  },
  close: { parameters: ["i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "pointer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
  send: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  recv: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  clock_gettime: { parameters: ["i32", "pointer"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** The address of a buffer's first byte. */
export function pointerOf(
  bytes: Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>,
): Deno.PointerObject {
  return Deno.UnsafePointer.of(bytes)!;
}

/** Sockets, epoll and the clock by direct calls. */
export class Libc {
  readonly #lib = Deno.dlopen("libc.so.6", SYMBOLS);
  readonly #calls = this.#lib.symbols;
  readonly #errno = new Deno.UnsafePointerView(
    this.#calls.__errno_location()!,
  );
  readonly #time = new Int32Array(4);
  readonly #timeAt = pointerOf(this.#time);
  readonly #scratch = new Int32Array(4);
  readonly #scratchAt = pointerOf(this.#scratch);
  readonly #epoll = this.#calls.epoll_create1(0);
  readonly #events = new Int32Array(EVENTS_MAX * EVENT_WORDS);
  readonly #eventsAt = pointerOf(this.#events);
  readonly #startSeconds: number;

  constructor() {
    this.#calls.clock_gettime(CLOCK_MONOTONIC, this.#timeAt);
    this.#startSeconds = this.#time[0];
  }

  /** Microseconds since creation, more or less. */
  nowUs(): number {
    this.#calls.clock_gettime(CLOCK_MONOTONIC, this.#timeAt);
    return (this.#time[0] - this.#startSeconds) * 1e6 + this.#time[2] / 1e3;
  }

  /**
   * CPU time of process `pid` so far in microseconds, of all its threads, in
   * user mode and in the kernel. 0 is the calling process. Throws if there is
   * no such process.
   */
  cpuUs(pid: number): number {
    // As glibc's clock_getcpuclockid() makes it.
    const clock = (~pid << 3) | CPUCLOCK_SCHED;
    if (this.#calls.clock_gettime(clock, this.#timeAt) !== 0) {
      throw new Error(`no process ${pid}`);
    }
    return this.#time[0] * 1e6 + this.#time[2] / 1e3;
  }

  /** Connects to an IPv4 address; throws if that fails. */
  connect(address: readonly number[], port: number): number {
    const fd = this.#calls.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) throw new Error(`socket: errno ${this.errno()}`);
    const sockaddr = new Uint8Array(16);
    new DataView(sockaddr.buffer).setUint16(0, AF_INET, true);
    new DataView(sockaddr.buffer).setUint16(2, port);
    sockaddr.set(address, 4);
    if (this.#calls.connect(fd, pointerOf(sockaddr), 16) < 0) {
      const number = this.errno();
      this.close(fd);
      throw new Error(`connect to port ${port}: errno ${number}`);
    }
    this.#scratch[0] = 1;
    this.#calls.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, this.#scratchAt, 4);
    return fd;
  }

  close(fd: number): void {
    this.#calls.close(fd);
  }

  /** Closes the epoll descriptor and the library. */
  end(): void {
    this.close(this.#epoll);
    this.#lib.close();
  }

  /** Reports readiness of `fd` as `number` from now on. */
  watch(fd: number, number: number): void {
    this.#control(EPOLL_CTL_ADD, fd, number, EPOLLIN);
  }

  /** Changes what is reported. */
  rewatch(fd: number, number: number, events: number): void {
    this.#control(EPOLL_CTL_MOD, fd, number, events);
  }

  #control(what: number, fd: number, number: number, events: number): void {
    this.#scratch[0] = events;
    this.#scratch[EVENT_DATA_WORD] = number;
    this.#scratch[EVENT_DATA_WORD + 1] = 0;
    if (this.#calls.epoll_ctl(this.#epoll, what, fd, this.#scratchAt) < 0) {
      throw new Error(`epoll_ctl: errno ${this.errno()}`);
    }
  }

  /** Waits for readiness; returns how many of `events` there are. */
  wait(timeoutMs: number): number {
    const count = this.#calls.epoll_wait(
      this.#epoll,
      this.#eventsAt,
      EVENTS_MAX,
      timeoutMs,
    );
    if (count >= 0) return count;
    const number = this.errno();
    if (number === EINTR) return 0;
    throw new Error(`epoll_wait: errno ${number}`);
  }

  /** What is ready in event `i`: EPOLLIN, EPOLLOUT and others. */
  eventFlags(i: number): number {
    return this.#events[i * EVENT_WORDS];
  }

  /** Whose event `i` is. */
  eventNumber(i: number): number {
    return this.#events[i * EVENT_WORDS + EVENT_DATA_WORD];
  }

  /** Sends without waiting: the count, or -errno. */
  send(fd: number, at: Deno.PointerValue, bytes: number): number {
    const count = this.#calls.send(fd, at, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    return count >= 0 ? count : -this.errno();
  }

  /** Receives without waiting: the count (0 at the end), or -errno. */
  receive(fd: number, at: Deno.PointerValue, bytes: number): number {
    const count = this.#calls.recv(fd, at, bytes, MSG_DONTWAIT);
    return count >= 0 ? count : -this.errno();
  }

  /** The number of the last error of this thread. */
  errno(): number {
    return this.#errno.getInt32();
  }
}
