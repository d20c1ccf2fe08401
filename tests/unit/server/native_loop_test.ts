/**
 * Owns the tests of how the loop of native I/O and the runtime's event loop
 * share a thread.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { EPOLLIN, Libc } from "../../../src/server/native/libc.ts";
import { NativeLoop, type Watched } from "../../../src/server/native/loop.ts";
import { pause } from "../../support/memcached.ts";
import { waitFor } from "../../support/serving.ts";

const ignore = Deno.build.os !== "linux";
if (ignore) console.log("skipped: Linux's epoll");

/** A library by which a microsecond passes with every look at the time, and
 * turns of the event loop take no CPU. */
class LookedAt extends Libc {
  looks = 0;
  /** Looks before each turn, and again after it. */
  readonly turnedAt: number[] = [];

  override nowMs(): number {
    return ++this.looks / 1000;
  }

  override threadMs(): number {
    this.turnedAt.push(this.looks);
    // Only the first turn takes long.
    return Math.min(1, this.turnedAt.length - 1);
  }
}

/** By then services last long: they may for 40 ms. */
const LOOKS_BEFORE = 60_000;
/** By then they do in any case, even if the event loop has had something to do
 * in between. */
const LOOKS_MAX = 4_000_000;

/** How often a loop that is never without work looks at the time from the call
 * of `ask`, just after a turn of the event loop, until that promise is kept. */
async function looksUntilKept(
  libc: LookedAt,
  loop: NativeLoop,
  ask: () => Promise<unknown>,
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  let hasTurned = false, isAsked = false, isOver = false;
  const turned = () => {
    if (libc.looks < LOOKS_BEFORE) setTimeout(turned, 0);
    else hasTurned = true;
  };
  const step = () => {
    if (!hasTurned || isAsked) return;
    isAsked = true;
    const { looks } = libc;
    ask().then(() => resolve(libc.looks - looks));
  };
  const busy: Watched = {
    ready: () => {},
    failed: rethrow,
    resume: () => {
      if (isOver) return;
      step();
      loop.schedule(busy);
    },
  };
  await loop.open();
  const running = loop.run();
  loop.schedule(busy);
  turned();
  const looks = await promise;
  isOver = true;
  loop.stop();
  await running;
  return looks;
}

/** Looks between turns. */
function servicesOf({ turnedAt }: LookedAt): number[] {
  return turnedAt.map((at, i) => at - (turnedAt[i - 1] ?? 0))
    .filter((looks) => looks > 0);
}

function rethrow(error: unknown): void {
  throw error;
}

/** A test that needs epoll. */
function testLoop(name: string, fn: () => Promise<void>): void {
  // The library stays open as long as the process lives.
  Deno.test({ name, ignore, sanitizeResources: false, fn });
}

testLoop("a busy loop gives way when the event loop has work", async () => {
  const libc = new LookedAt();
  const loop = new NativeLoop(libc);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = listener.accept();
  using client = await Deno.connect({ port: listener.addr.port });
  using served = await accepting;
  const looks = await looksUntilKept(libc, loop, () => {
    const reading = served.read(new Uint8Array(1));
    client.write(new Uint8Array(1));
    return reading;
  });
  // It is read in the first turn, which comes after half a millisecond.
  assert(looks < 2000, `after ${looks} looks`);
});

testLoop("a busy loop gives way soon when a promise is awaited", async () => {
  const libc = new LookedAt();
  const loop = new NativeLoop(libc);
  const looks = await looksUntilKept(
    libc,
    loop,
    () => loop.awaiting(Promise.resolve()),
  );
  assert(looks < 5000, `after ${looks} looks`);
});

testLoop("a busy loop gives way seldom", async () => {
  const libc = new LookedAt();
  const loop = new NativeLoop(libc);
  const most = 40_000;
  // The first turn takes long: half a millisecond follows, and twice as much
  // each time.
  const isDone = () => {
    const services = servicesOf(libc);
    const short = services.findIndex((looks) => looks >= 500 && looks < 1000);
    return short >= 0 && services.slice(short).some((looks) => looks >= most);
  };
  let turns = 0;
  const busy: Watched = {
    ready: () => {},
    failed: rethrow,
    resume: () => {
      const hasTurned = turns !== libc.turnedAt.length;
      turns = libc.turnedAt.length;
      const isOver = libc.looks > LOOKS_MAX || (hasTurned && isDone());
      if (isOver) loop.stop();
      else loop.schedule(busy);
    },
  };
  await loop.open();
  loop.schedule(busy);
  await loop.run();
  const services = servicesOf(libc);
  assert(isDone(), `never more than ${Math.max(...services)} looks`);
  assert(Math.max(...services) < most * 1.1, `${services} looks`);
});

testLoop(
  "those that are ready together are prepared before their turns, and completed after them",
  async () => {
    const libc = new Libc();
    const log: string[] = [];
    const loop = new NativeLoop(libc, {
      prepared: () => {
        log.push("prepared");
      },
      completed: () => {
        log.push("completed");
      },
    });
    const count = 27;
    let turns = 0;
    const fds = Array.from({ length: count }, () => libc.calls.eventfd(1, 0));
    for (const [i, fd] of fds.entries()) {
      loop.watch(fd, {
        prepare: () => log.push(`prepare ${i}`),
        ready: () => {
          log.push(`turn ${i}`);
          libc.calls.read(fd, new Int32Array(2), 8);
          if (++turns === count) loop.stop();
          if (i % 2 > 0) throw new Error("an error of one");
        },
        complete: () => {
          log.push(`complete ${i}`);
          if (i % 3 > 0) throw new Error("another error");
        },
        resume: () => {},
        failed: () => log.push(`failed ${i}`),
      }, EPOLLIN);
    }
    await loop.open();
    await loop.run();
    for (const fd of fds) libc.close(fd);
    const failures = log.filter((line) => line.startsWith("failed"));
    const groups = groupsOf(log.filter((line) => !line.startsWith("failed")));
    const completed = groups.filter(({ length }) => length > 1).flat();
    assertEquals(groups.flat().length, count);
    assertEquals(
      failures.length,
      Math.floor(count / 2) + completed.filter((who) => who % 3 > 0).length,
    );
    assertEquals(Math.max(...groups.map(({ length }) => length)), 16);
  },
);

testLoop(
  "who had the turn can be completed before the others of the slice",
  async () => {
    const libc = new Libc();
    const log: string[] = [];
    const loop = new NativeLoop(libc, {
      prepared: () => {},
      completed: () => {
        log.push("completed");
      },
    });
    const fds = [0, 1, 2].map(() => libc.calls.eventfd(1, 0));
    for (const fd of fds) {
      loop.watch(fd, {
        ready: () => {
          const turn = log.filter((line) => line.startsWith("turn")).length;
          if (turn === 1) loop.completeServed();
          log.push(`turn ${turn}`);
          libc.calls.read(fd, new Int32Array(2), 8);
          if (turn === 2) loop.stop();
        },
        complete: () => log.push(`complete ${fds.indexOf(fd)}`),
        resume: () => {},
        failed: rethrow,
      }, EPOLLIN);
    }
    await loop.run();
    for (const fd of fds) libc.close(fd);
    assertEquals(log, [
      "turn 0",
      "complete 0",
      "completed",
      "turn 1",
      "turn 2",
      "complete 0",
      "complete 1",
      "complete 2",
      "completed",
    ]);
  },
);

/** Who was served together; checks that all of them were prepared, then served,
 * then completed, and who was alone only served. */
function groupsOf(log: string[]): number[][] {
  const groups: number[][] = [];
  while (log.length > 0) {
    const size = Math.max(1, log.indexOf("prepared"));
    const isAlone = log[0].startsWith("turn");
    const step = (what: string, count: number) =>
      log.splice(0, count).map((line) => {
        assertEquals(line.split(" ")[0], what);
        return Number(line.split(" ")[1]);
      });
    const group = isAlone ? [] : step("prepare", size);
    if (!isAlone) step("prepared", 1);
    const served = step("turn", isAlone ? 1 : size);
    if (!isAlone) {
      assertEquals([group, group], [served, step("complete", size)]);
      step("completed", 1);
    }
    groups.push(served);
  }
  return groups;
}

/** How long a thread waits, so that its end and another's come together. */
const WAIT_MS = 10;
/** After so long without work a loop sleeps, as a rule. */
const ASLEEP_MS = 60;

testLoop("who rings while the loop wakes up is heard", async () => {
  const libc = new Libc();
  const loop = new NativeLoop(libc);
  const [, bell] = loop.descriptors;
  await loop.open();
  const running = loop.run();
  const one = new Int32Array([1, 0]);
  const fd = libc.calls.eventfd(0, 0);
  const watched: Watched = {
    ready: () => {
      libc.calls.read(fd, new Int32Array(2), 8);
    },
    resume: () => {},
    failed: rethrow,
  };
  loop.watch(fd, watched, EPOLLIN);
  const empty = libc.calls.epoll_create1(0);
  const events = libc.calls.malloc(64);
  for (let i = 0; i < 10; i++) {
    await pause(ASLEEP_MS);
    const ringing = libc.calls
      .epoll_wait_elsewhere(empty, events, 1, WAIT_MS)
      .then(() => loop.schedule(watched));
    await pause(WAIT_MS / 2);
    libc.calls.write(fd, one, 8);
    // Both threads are done before this one looks at either.
    const until = performance.now() + 3 * WAIT_MS;
    while (performance.now() < until);
    await ringing;
    // One that is not taken keeps the loop awake for ever.
    await waitFor("the ring to be taken", () => rings(bell) === 0);
  }
  loop.stop();
  await running;
  libc.calls.free(events);
  for (const descriptor of [fd, empty]) libc.close(descriptor);
});

/** Rings that nobody has taken. */
function rings(bell: number): number {
  const info = Deno.openSync(`/proc/self/fdinfo/${bell}`);
  const bytes = new Uint8Array(4096);
  const count = info.readSync(bytes) ?? 0;
  info.close();
  const text = new TextDecoder().decode(bytes.subarray(0, count));
  return parseInt(/eventfd-count:\s+(\w+)/.exec(text)![1], 16);
}
