/**
 * Owns the tests of receives and sends that are made together, by a ring and
 * one by one, over real sockets: each has its result, whatever becomes of the
 * others, and none waits.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Bytes } from "../../../src/base/bytes.ts";
import {
  type CallBatch,
  hasFailed,
  SingleCalls,
} from "../../../src/server/native/calls.ts";
import {
  EAGAIN,
  EINTR,
  Libc,
  LibcError,
} from "../../../src/server/native/libc.ts";
import { openCalls, Ring } from "../../../src/server/native/ring.ts";
import { IO_URING_SETUP } from "../../support/forbidding.ts";

const EPERM = 1;
const EBADF = 9;
const EPIPE = 32;
const CALLS_MAX = 16;
const NO_FD = 1 << 20;
const IO_URING_ENTER = 426;
/** IORING_ENTER_GETEVENTS. */
const GETEVENTS = 1;

const ignore = Deno.build.os !== "linux";
if (ignore) console.log("skipped: Linux's recv, send and io_uring");
const libc = ignore ? null! : new Libc();

/** The first Linux that knows all that `Ring` asks for. */
const RELEASE_MIN = [6, 1];

/** Why there cannot be a ring; asked without the help of `Ring`. */
function obstacle(): string | null {
  if (ignore) return "no Linux";
  const release = Deno.osRelease();
  const [major, minor] = release.split(".").map(Number);
  const isOld = major < RELEASE_MIN[0] ||
    (major === RELEASE_MIN[0] && minor < RELEASE_MIN[1]);
  if (isOld) return `Linux ${release}`;
  const params = new Uint32Array(30);
  const fd = libc.calls.io_uring_setup(IO_URING_SETUP, 1, params);
  if (fd < 0) return libc.failure().message;
  libc.close(fd);
  return null;
}

// What a machine allows is not for a test to install.
const noRing = obstacle();
if (noRing !== null) console.log(`skipped: io_uring: ${noRing}`);

const KINDS: [string, boolean, () => CallBatch][] = [
  ["one by one", ignore, () => new SingleCalls(libc, CALLS_MAX)],
  ["by a ring", noRing !== null, () => new Ring(libc, CALLS_MAX)],
];

/** Two ends of a connection, both non-blocking. */
type Pair = [number, number];

const PAIR = Deno.build.os !== "linux" ? null : Deno.dlopen("libc.so.6", {
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
});

function openPair(): Pair {
  const fds = new Int32Array(2);
  // AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK.
  assertEquals(PAIR!.symbols.socketpair(1, 1 | 0o4000, 0, fds), 0);
  return [fds[0], fds[1]];
}

function testCalls(name: string, isIgnored: boolean, fn: () => void): void {
  // The library stays open as long as the process lives.
  Deno.test({ name, ignore: isIgnored, sanitizeResources: false, fn });
}

function testBoth(
  name: string,
  body: (calls: CallBatch, pairs: Pair[]) => void,
): void {
  for (const [kind, isIgnored, open] of KINDS) {
    testCalls(`${name}, ${kind}`, isIgnored, () => {
      const calls = open();
      const pairs = Array.from({ length: CALLS_MAX }, openPair);
      try {
        body(calls, pairs);
      } finally {
        for (const fd of pairs.flat()) libc.close(fd);
        calls.close();
      }
    });
  }
}

function textOf(bytes: Bytes, count: number): string {
  return String.fromCharCode(...bytes.u8.subarray(0, count));
}

/** Sends what `texts` says, received from the other ends in the same order. */
function roundTrip(calls: CallBatch, pairs: Pair[], texts: string[]): void {
  const sources = texts.map((text) => Bytes.fromLatin1(text));
  sources.forEach(({ capacity }, i) =>
    calls.send(i, pairs[i][0], sources[i], capacity)
  );
  calls.make(sources.length);
  assertEquals(
    texts.map((_, i) => calls.result(i)),
    texts.map((t) => t.length),
  );
  const targets = texts.map(() => Bytes.allocate(64));
  targets.forEach((target, i) => calls.receive(i, pairs[i][1], target, 64));
  calls.make(texts.length);
  const received = targets.map((target, i) => textOf(target, calls.result(i)));
  assertEquals(received, texts);
}

testBoth("any number of calls is made, round after round", (calls, pairs) => {
  for (let round = 0; round < 200; round++) {
    const count = [1, 2, 7, CALLS_MAX - 1, CALLS_MAX][round % 5];
    const texts = Array.from({ length: count }, (_, i) => `${round}.${i}`);
    roundTrip(calls, pairs, texts);
  }
});

testBoth("each call has the result that its socket gives", (calls, pairs) => {
  const targets = pairs.map(() => Bytes.allocate(64));
  const hello = Bytes.fromLatin1("hello");
  // Something, nothing yet, the end, no socket at all, something again.
  libc.sendFront(pairs[0][1], hello, 5, false);
  libc.end(pairs[2][1]);
  libc.sendFront(pairs[4][1], hello, 5, false);
  const fds = [0, 1, 2, 3, 4].map((i) => i === 3 ? NO_FD : pairs[i][0]);
  // No more than is asked for.
  fds.forEach((fd, i) => calls.receive(i, fd, targets[i], i === 4 ? 2 : 64));
  calls.make(fds.length);
  assertEquals(fds.map((_, i) => calls.result(i)), [5, -EAGAIN, 0, -EBADF, 2]);
  assertEquals(textOf(targets[4], 3), "he\0");
  // One that failed is not made again.
  libc.sendFront(pairs[1][1], hello, 5, false);
  roundTrip(calls, pairs.slice(5), ["a", "b"]);
  assertEquals(textOf(targets[1], 5), "\0".repeat(5));
  assertEquals(libc.receiveInto(pairs[1][0], targets[1], 64), 5);
});

testBoth("a socket takes what it has room for", (calls, pairs) => {
  const much = Bytes.allocate(8 << 20);
  const [[full, reader], [gone, other], [fd]] = pairs;
  libc.close(other);
  pairs[1][1] = NO_FD;
  const makeAll = () => {
    calls.send(0, full, much, much.capacity);
    calls.send(1, gone, much, 1);
    calls.send(2, fd, much, 3);
    calls.make(3);
    return [0, 1, 2].map((i) => calls.result(i));
  };
  const [taken, ...others] = makeAll();
  assert(taken > 0 && taken < much.capacity, `${taken} bytes`);
  assertEquals(others, [-EPIPE, 3]);
  assertEquals(makeAll(), [-EAGAIN, -EPIPE, 3]);
  assert(libc.receiveInto(reader, much, much.capacity) > 0);
  assert(makeAll()[0] > 0);
});

testBoth("a socket that would block does not", (calls, pairs) => {
  const [[one, other]] = pairs;
  // F_SETFL to nothing, and so without O_NONBLOCK.
  assertEquals(PAIR!.symbols.fcntl(one, 4, 0), 0);
  const much = Bytes.allocate(8 << 20);
  calls.receive(0, one, much, 64);
  calls.make(1);
  assertEquals(calls.result(0), -EAGAIN);
  // Nor does it later, when the ring is asked for what was to be waited for.
  const finishWaiting = () => {
    const { io_uring_enter } = libc.calls;
    for (const ring of calls.descriptors) {
      assertEquals(io_uring_enter(IO_URING_ENTER, ring, 0, 0, GETEVENTS), 0);
    }
  };
  const hello = Bytes.fromLatin1("hello");
  assertEquals(libc.sendFront(other, hello, 5, false), 5);
  finishWaiting();
  assertEquals(libc.receiveInto(one, much, 64), 5);
  let rounds = 0;
  do {
    calls.send(0, one, much, much.capacity);
    calls.make(1);
    assert(++rounds < 100, "it takes as much as it is given");
  } while (calls.result(0) !== -EAGAIN);
  const readAll = () => {
    let sum = 0;
    for (let count = 1; count > 0; sum += Math.max(0, count)) {
      count = libc.receiveInto(other, Bytes.allocate(1 << 20), 1 << 20);
    }
    return sum;
  };
  assert(readAll() > 0);
  finishWaiting();
  assertEquals(readAll(), 0);
});

/** A ring whose thread has a C library that fails in one call. */
function failing(name: string, errno: number, result: unknown): Libc {
  return {
    calls: { ...libc.calls, [name]: () => result },
    failure: () => new LibcError("refused", errno),
    close: (fd: number) => libc.close(fd),
  } as unknown as Libc;
}

testCalls("a ring is no larger than was asked for", noRing !== null, () => {
  const ring = new Ring(libc, CALLS_MAX);
  const bytes = Bytes.allocate(8);
  ring.receive(CALLS_MAX - 1, NO_FD, bytes, 8);
  assertThrows(
    () => ring.receive(CALLS_MAX, NO_FD, bytes, 8),
    Error,
    "the ring is large enough",
  );
  ring.close();
});

testCalls(
  "calls that the kernel does not take are as good as not ready",
  noRing !== null,
  () => {
    const [one, two] = openPair();
    const broken = failing("io_uring_enter", EAGAIN, -1);
    const ring = new Ring(broken, CALLS_MAX);
    const hello = Bytes.fromLatin1("hello");
    for (let round = 0; round < CALLS_MAX + 1; round++) {
      ring.send(0, one, hello, 5);
      ring.send(1, one, hello, 5);
      ring.make(2);
      assertEquals([ring.result(0), ring.result(1)], [-EAGAIN, -EAGAIN]);
    }
    // None of them is made later.
    const { io_uring_enter } = libc.calls;
    Object.assign(broken.calls, { io_uring_enter });
    ring.send(0, one, hello, 3);
    ring.make(1);
    assertEquals(ring.result(0), 3);
    assertEquals(libc.receiveInto(two, Bytes.allocate(64), 64), 3);
    ring.close();
    for (const fd of [one, two]) libc.close(fd);
  },
);

testCalls(
  "of calls that are taken in part the rest is not made later",
  noRing !== null,
  () => {
    const [one, two] = openPair();
    const { io_uring_enter } = libc.calls;
    const less = failing("io_uring_enter", EAGAIN, -1);
    const ring = new Ring(less, CALLS_MAX);
    const texts = [1, 2, 3].map((n) => Bytes.fromLatin1("x".repeat(n)));
    const sendAll = (missing: number) => {
      const enter = (number: number, fd: number, count: number) =>
        io_uring_enter(number, fd, count - missing, 0, 0);
      Object.assign(less.calls, { io_uring_enter: enter });
      texts.forEach((text, i) => ring.send(i, one, text, text.capacity));
      ring.make(3);
      return texts.map((_, i) => ring.result(i));
    };
    // More often than the ring has room for what was left.
    for (let round = 0; round < CALLS_MAX; round++) {
      assertEquals(sendAll(1), [1, 2, -EAGAIN]);
      assertEquals(sendAll(3), [-EAGAIN, -EAGAIN, -EAGAIN]);
      assertEquals(sendAll(0), [1, 2, 3]);
      assertEquals(libc.receiveInto(two, Bytes.allocate(64), 64), 9);
    }
    ring.close();
    for (const fd of [one, two]) libc.close(fd);
  },
);

testCalls(
  "without a ring calls are made one by one, and it is said why",
  ignore,
  () => {
    const [one, two] = openPair();
    const refused = failing("io_uring_setup", EPERM, -1);
    Object.assign(refused, {
      receiveInto: libc.receiveInto.bind(libc),
      sendFront: libc.sendFront.bind(libc),
    });
    const { calls, obstacle } = openCalls(refused, CALLS_MAX);
    assertEquals(obstacle, "refused (os error 1)");
    assertEquals(calls.descriptors, []);
    roundTrip(calls, [[one, two]], ["hello"]);
    for (const fd of [one, two]) libc.close(fd);
  },
);

testCalls(
  "a ring that cannot be mapped leaves nothing open",
  noRing !== null,
  () => {
    const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
    const before = open();
    const failed = Deno.UnsafePointer.create(2n ** 64n - 1n);
    const { obstacle } = openCalls(failing("mmap", 12, failed), CALLS_MAX);
    assertEquals(obstacle, "refused (os error 12)");
    assertEquals(open(), before);
  },
);

Deno.test("what may be tried again has not failed", () => {
  const results = [5, 0, -EAGAIN, -EINTR, -EPIPE, -EBADF];
  assertEquals(
    results.map(hasFailed),
    [false, false, false, false, true, true],
  );
});
