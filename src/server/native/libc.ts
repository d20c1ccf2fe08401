/**
 * Owns the calls into Linux's C library that native I/O needs, and its
 * numbers. Never decides anything.
 *
 * Parameters are numbers, buffers and pointers only: such calls are compiled to
 * direct ones (25 ns above the system call; a 64-bit length as bigint 150 ns).
 * A buffer is asked where it lies by a call, 16 ns and more when that is cold;
 * a pointer made from a view costs 1 µs, but once.
 *
 * @module
 */

import type { Bytes } from "../../base/bytes.ts";

// Numbers of Linux, alike on x86-64 and ARM64.
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;
const EFD_FLAGS = SOCK_FLAGS;
const EPOLL_CLOEXEC = SOCK_CLOEXEC;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_KEEPALIVE = 9;
const SO_ACCEPTCONN = 30;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const SEND_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL;
const MSG_MORE = 0x8000;
const EEXIST = 17;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const CLOCK_MONOTONIC = 1;
const CLOCK_THREAD_CPUTIME_ID = 3;

export const EINTR = 4;
const SHUT_WR = 1;
const SHUT_RDWR = 2;
export const EAGAIN = 11;
export const EACCES = 13;
export const EADDRINUSE = 98;

const WORD = 2 ** 32;

export const EPOLLIN = 1;
export const EPOLLOUT = 4;

/** The largest socket address: struct sockaddr_storage. */
export const ADDRESS_BYTES_MAX = 128;

/** Events taken by one call. */
export const EVENTS_MAX = 256;
/** Longest wait of another thread. */
const ELSEWHERE_MS = 1000;
/** struct epoll_event is packed on x86-64 only. */
const EVENT_WORDS = Deno.build.arch === "x86_64" ? 3 : 4;
const EVENT_DATA_WORD = EVENT_WORDS - 2;

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  setsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "u32"],
    result: "i32",
  },
  getsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "buffer"],
    result: "i32",
  },
  close: { parameters: ["i32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  recv_into: {
    name: "recv",
    parameters: ["i32", "pointer", "u32", "i32"],
    result: "i32",
  },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  send_front: {
    name: "send",
    parameters: ["i32", "pointer", "u32", "i32"],
    result: "i32",
  },
  sendmsg: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  readv: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
  epoll_wait_elsewhere: {
    name: "epoll_wait",
    parameters: ["i32", "pointer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  // Numbers are told in 32 bits, which the kernel looks at no more of. What is
  // not told means nothing without the flags that are not used.
  io_uring_setup: {
    name: "syscall",
    parameters: ["i32", "u32", "buffer"],
    result: "i32",
  },
  io_uring_enter: {
    name: "syscall",
    parameters: ["i32", "i32", "u32", "u32", "u32"],
    result: "i32",
  },
  mmap: {
    parameters: ["pointer", "u32", "i32", "i32", "i32", "u32"],
    result: "pointer",
  },
  munmap: { parameters: ["pointer", "u32"], result: "i32" },
  malloc: { parameters: ["u32"], result: "pointer" },
  free: { parameters: ["pointer"], result: "void" },
  clock_gettime: { parameters: ["i32", "pointer"], result: "i32" },
  getaddrinfo: {
    parameters: ["buffer", "pointer", "buffer", "buffer"],
    result: "i32",
  },
  freeaddrinfo: { parameters: ["pointer"], result: "void" },
  gai_strerror: { parameters: ["i32"], result: "pointer" },
  inet_ntop: {
    parameters: ["i32", "buffer", "buffer", "u32"],
    result: "pointer",
  },
  strerror: { parameters: ["i32"], result: "pointer" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** glibc's name: musl has no such file, and fails to load it. */
const LIBRARY = "libc.so.6";

type Calls = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** A call that failed, worded as Deno words it. */
export class LibcError extends Error {
  override name = "LibcError";
  readonly errno: number;

  constructor(message: string, errno: number) {
    super(`${message} (os error ${errno})`);
    this.errno = errno;
  }
}

/** The C library as this thread sees it. Descriptors are numbers; calls that
 * can fail return -1, and `errno()` says why; those that move bytes return
 * -errno. */
export class Libc {
  /** The plain calls, for places that the wrappers below do not serve. */
  readonly calls: Calls;
  // The error number lives in memory of the thread that opened the library.
  readonly #errno: Deno.UnsafePointerView;
  readonly #word = new Int32Array(1);
  readonly #length = new Int32Array(1);
  readonly #time = new Int32Array(4);
  readonly #timeAt = pointerOf(this.#time);
  readonly #startSeconds: number;

  /** Throws if the library cannot be loaded, or may not be. */
  constructor() {
    this.calls = Deno.dlopen(LIBRARY, SYMBOLS).symbols;
    this.#errno = new Deno.UnsafePointerView(this.calls.__errno_location()!);
    this.calls.clock_gettime(CLOCK_MONOTONIC, this.#timeAt);
    this.#startSeconds = this.#time[0];
  }

  /** Why the last call failed. */
  errno(): number {
    return this.#errno.getInt32();
  }

  /** The last failure as an error. */
  failure(): LibcError {
    const number = this.errno();
    const text = this.calls.strerror(number);
    const message = text === null
      ? "Unknown error"
      : Deno.UnsafePointerView.getCString(text);
    return new LibcError(message, number);
  }

  /** Milliseconds since some time in the past, with fractions. */
  nowMs(): number {
    this.calls.clock_gettime(CLOCK_MONOTONIC, this.#timeAt);
    return (this.#time[0] - this.#startSeconds) * 1e3 + this.#time[2] / 1e6;
  }

  /** CPU time of this thread in milliseconds, with fractions. */
  threadMs(): number {
    this.calls.clock_gettime(CLOCK_THREAD_CPUTIME_ID, this.#timeAt);
    return this.#time[0] * 1e3 + this.#time[2] / 1e6;
  }

  close(fd: number): void {
    this.calls.close(fd);
  }

  // ---- sockets ----

  /** A stream socket that neither blocks nor outlives an exec. */
  socket(family: number): number {
    const fd = this.calls.socket(family, SOCK_STREAM | SOCK_FLAGS, 0);
    if (fd < 0) throw this.failure();
    return fd;
  }

  #setOption(fd: number, level: number, name: number, value: number): void {
    this.#word[0] = value;
    this.calls.setsockopt(fd, level, name, this.#word, 4);
  }

  /** Options of a listening TCP socket; on Linux the accepted ones inherit
   * them. */
  setTcpOptions(fd: number, family: number): void {
    this.#setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    this.setStreamOptions(fd);
    if (family === AF_INET6) {
      this.#setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    }
  }

  /** Options of a TCP connection: unsent data waits for nothing, and dead
   * peers are noticed. */
  setStreamOptions(fd: number): void {
    this.#setOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    this.#setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  }

  #option(fd: number, level: number, name: number): number {
    this.#word[0] = 0;
    this.#length[0] = 4;
    const { getsockopt } = this.calls;
    const result = getsockopt(fd, level, name, this.#word, this.#length);
    return result < 0 ? 0 : this.#word[0];
  }

  /** Whether a descriptor is a socket that listens. */
  isListening(fd: number): boolean {
    return this.#option(fd, SOL_SOCKET, SO_ACCEPTCONN) !== 0;
  }

  /** Whether data of a TCP socket waits for no acknowledgement. */
  hasNoDelay(fd: number): boolean {
    return this.#option(fd, IPPROTO_TCP, TCP_NODELAY) !== 0;
  }

  /** Takes a waiting client; its address goes to `address`. -1 on failure. */
  accept(fd: number, address: Uint8Array<ArrayBuffer>): number {
    this.#length[0] = address.length;
    return this.calls.accept4(fd, address, this.#length, SOCK_FLAGS);
  }

  /** Puts the own address of a socket into `address`. */
  localAddress(fd: number, address: Uint8Array<ArrayBuffer>): void {
    this.#length[0] = address.length;
    this.calls.getsockname(fd, address, this.#length);
  }

  /** Puts the address of a TCP socket's other side into `address`; false if
   * it is no such socket, or not connected. */
  remoteAddress(fd: number, address: Uint8Array<ArrayBuffer>): boolean {
    this.#length[0] = address.length;
    if (this.calls.getpeername(fd, address, this.#length) < 0) return false;
    const family = address[0] | address[1] << 8;
    return family === AF_INET || family === AF_INET6;
  }

  /** Whether `fd` is an epoll descriptor that `socket` was added to. For a
   * moment it is added to others, for no events: it must have neither an error
   * nor an end, which would be reported in any case. */
  isPolledBy(fd: number, socket: number): boolean {
    const nothing = new Int32Array(EVENT_WORDS);
    const { epoll_ctl } = this.calls;
    if (epoll_ctl(fd, EPOLL_CTL_ADD, socket, nothing) < 0) {
      return this.errno() === EEXIST;
    }
    epoll_ctl(fd, EPOLL_CTL_DEL, socket, nothing);
    return false;
  }

  /** Whether a socket is connected to exactly this address. */
  isConnectedTo(fd: number, address: Uint8Array<ArrayBuffer>): boolean {
    const found = new Uint8Array(ADDRESS_BYTES_MAX);
    this.#length[0] = found.length;
    if (this.calls.getpeername(fd, found, this.#length) < 0) return false;
    return this.#length[0] === address.length &&
      address.every((byte, i) => byte === found[i]);
  }

  /** Ends both directions of a connection. */
  end(fd: number): void {
    this.calls.shutdown(fd, SHUT_RDWR);
  }

  /** Ends a connection in our direction: the other side sees the end after
   * what was sent. */
  endSending(fd: number): void {
    this.calls.shutdown(fd, SHUT_WR);
  }

  /** What a call that moves bytes has returned, or -errno. */
  outcome(count: number): number {
    return count < 0 ? -this.errno() : count;
  }

  /** Receives into the front of `target`: the count, 0 at the end, or -errno.
   * Neither this nor those below wait, whatever the socket is. */
  receive(fd: number, target: Uint8Array<ArrayBuffer>): number {
    const { recv } = this.calls;
    return this.outcome(recv(fd, target, target.length, MSG_DONTWAIT));
  }

  /** As `receive`, at most `count` bytes. */
  receiveInto(fd: number, target: Bytes, count: number): number {
    const { recv_into } = this.calls;
    return this.outcome(recv_into(fd, frontOf(target), count, MSG_DONTWAIT));
  }

  /** Sends bytes: how many were taken, or -errno. If more follows at once no
   * packet goes out half filled. */
  send(fd: number, bytes: Uint8Array<ArrayBuffer>, isMore = false): number {
    const flags = sendFlags(isMore);
    return this.outcome(this.calls.send(fd, bytes, bytes.length, flags));
  }

  /** As `send`, the first `count` bytes. */
  sendFront(fd: number, bytes: Bytes, count: number, isMore: boolean): number {
    const { send_front } = this.calls;
    const flags = sendFlags(isMore);
    return this.outcome(send_front(fd, frontOf(bytes), count, flags));
  }
}

function sendFlags(isMore: boolean): number {
  return isMore ? SEND_FLAGS | MSG_MORE : SEND_FLAGS;
}

/** Where an array lies, for as long as that is in use. */
export function pointerOf(
  array: Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
): Deno.PointerObject {
  // Asked for its buffer, a small array moves to where it stays.
  return Deno.UnsafePointer.of(new Uint8Array(array.buffer))!;
}

/** Where a buffer lies, which never moves. */
export function frontOf(bytes: Bytes): Deno.PointerObject {
  bytes.pointer ??= Deno.UnsafePointer.of(bytes.u8);
  return bytes.pointer as Deno.PointerObject;
}

/** The same as a number: addresses of processes have 56 bits at most, mostly
 * 47. */
export function addressOf(pointer: Deno.PointerObject): number {
  return Number(Deno.UnsafePointer.value(pointer));
}

/** Where a buffer lies, as a number, which is asked for once (1 us). */
export function baseOf(bytes: Bytes): number {
  if (Number.isNaN(bytes.address)) bytes.address = addressOf(frontOf(bytes));
  return bytes.address;
}

/** Writes an address as two words. */
export function putAddress(
  words: Uint32Array,
  at: number,
  address: number,
): void {
  const high = Math.floor(address / WORD);
  words[at] = address - high * WORD;
  words[at + 1] = high;
}

/** One epoll descriptor and what it reported last. */
export class Epoll {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #events = new Int32Array(EVENTS_MAX * EVENT_WORDS);
  readonly #eventsAt = pointerOf(this.#events);
  readonly #request = new Int32Array(EVENT_WORDS);
  // Written by another thread, which may outlive this one's heap.
  readonly #elsewhere: Deno.PointerValue;
  readonly #bell: number;
  readonly #bellCount = new Int32Array(2);

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#fd = libc.calls.epoll_create1(EPOLL_CLOEXEC);
    if (this.#fd < 0) throw libc.failure();
    this.#bell = libc.calls.eventfd(0, EFD_FLAGS);
    if (this.#bell < 0) throw libc.failure();
    this.add(this.#bell, EPOLLIN);
    this.#elsewhere = libc.calls.malloc(EVENT_WORDS * 4);
  }

  /** What is open as long as this is. */
  get descriptors(): number[] {
    return [this.#fd, this.#bell];
  }

  /** Reports readiness of `fd` from now on, as long as it lasts. */
  add(fd: number, events: number): void {
    this.#control(EPOLL_CTL_ADD, fd, events);
  }

  /** Changes what is reported of `fd`. */
  modify(fd: number, events: number): void {
    this.#control(EPOLL_CTL_MOD, fd, events);
  }

  /** Reports nothing of `fd` any more; closing it does the same. */
  remove(fd: number): void {
    this.#control(EPOLL_CTL_DEL, fd, 0);
  }

  #control(what: number, fd: number, events: number): void {
    this.#request[0] = events;
    this.#request[EVENT_DATA_WORD] = fd;
    const result = this.#libc.calls.epoll_ctl(
      this.#fd,
      what,
      fd,
      this.#request,
    );
    if (result < 0) throw this.#libc.failure();
  }

  /** Waits in this thread; returns how many events there are. */
  wait(timeoutMs: number): number {
    const count = this.#libc.calls.epoll_wait(
      this.#fd,
      this.#eventsAt,
      EVENTS_MAX,
      timeoutMs,
    );
    if (count >= 0) return count;
    if (this.#libc.errno() === EINTR) return 0;
    throw this.#libc.failure();
  }

  /** Resolves when something is ready, the bell rings, or a second is over;
   * takes nothing. The wait is done by another thread. It ends by itself, so
   * that it does not outlive this thread by much. */
  async waitElsewhere(): Promise<void> {
    await this.#libc.calls.epoll_wait_elsewhere(
      this.#fd,
      this.#elsewhere,
      1,
      ELSEWHERE_MS,
    );
  }

  /** Takes the rings so far, which end every wait as long as they are there. */
  silence(): void {
    this.#libc.calls.read(this.#bell, this.#bellCount, 8);
  }

  /** Ends a wait of another thread, now or as soon as there is one. */
  ring(): void {
    this.#bellCount[0] = 1;
    this.#bellCount[1] = 0;
    this.#libc.calls.write(this.#bell, this.#bellCount, 8);
  }

  /** What is ready in event `i`. */
  flagsOf(i: number): number {
    return this.#events[i * EVENT_WORDS];
  }

  /** Whose event `i` is. */
  descriptorOf(i: number): number {
    return this.#events[i * EVENT_WORDS + EVENT_DATA_WORD];
  }

  /** Nobody may be waiting. */
  close(): void {
    this.#libc.calls.free(this.#elsewhere);
    this.#libc.close(this.#bell);
    this.#libc.close(this.#fd);
  }
}
