/**
 * Owns the tests of how the loop of native I/O and the runtime's event loop
 * share a thread.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { EPOLLIN, Libc } from "../../../src/server/native/libc.ts";
import { NativeLoop, type Watched } from "../../../src/server/native/loop.ts";

const ignore = Deno.build.os !== "linux";
if (ignore) console.log("skipped: Linux's epoll");

/** A library by which a microsecond passes with every look at the time. */
class LookedAt extends Libc {
  looks = 0;

  override nowMs(): number {
    return ++this.looks / 1000;
  }
}

/** Runs a loop that is never without work until a promise is kept; `onTurn` is
 * called again and again. */
async function working(
  loop: NativeLoop,
  onTurn: () => void,
  until: Promise<unknown>,
): Promise<void> {
  let isOver = false;
  const busy: Watched = {
    ready: () => {},
    failed: (error) => {
      throw error;
    },
    resume: () => {
      if (isOver) return;
      onTurn();
      loop.schedule(busy);
    },
  };
  await loop.open();
  const running = loop.run();
  loop.schedule(busy);
  await until;
  isOver = true;
  loop.stop();
  await running;
}

/** By then services last as long as they may. */
const LOOKS_BEFORE = 60_000;

Deno.test({
  name: "a busy loop gives way when the event loop has something to do",
  ignore,
  // The library stays open as long as the process lives.
  sanitizeResources: false,
  async fn() {
    const libc = new LookedAt();
    const loop = new NativeLoop(libc);
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepting = listener.accept();
    using client = await Deno.connect({ port: listener.addr.port });
    using served = await accepting;
    const { promise, resolve } = Promise.withResolvers<number>();
    let wroteAt = 0;
    await working(loop, () => {
      if (wroteAt > 0 || libc.looks < LOOKS_BEFORE) return;
      wroteAt = libc.looks;
      served.read(new Uint8Array(1)).then(() => resolve(libc.looks - wroteAt));
      client.write(new Uint8Array(1));
    }, promise);
    // It is read in the first turn, which comes after half a millisecond.
    const looks = await promise;
    assert(looks < 2000, `after ${looks} looks`);
  },
});

Deno.test({
  name: "a busy loop gives way soon when a promise of its own is awaited",
  ignore,
  // The library stays open as long as the process lives.
  sanitizeResources: false,
  async fn() {
    const libc = new LookedAt();
    const loop = new NativeLoop(libc);
    const { promise, resolve } = Promise.withResolvers<number>();
    let askedAt = 0;
    await working(loop, () => {
      if (askedAt > 0 || libc.looks < LOOKS_BEFORE) return;
      askedAt = libc.looks;
      loop.awaiting(Promise.resolve()).then(() => {
        resolve(libc.looks - askedAt);
      });
    }, promise);
    const looks = await promise;
    assert(looks < 5000, `after ${looks} looks`);
  },
});

/** How long a thread waits, so that its end and another's come together. */
const WAIT_MS = 10;

Deno.test({
  name: "who rings while the loop wakes up does not keep it awake for ever",
  ignore,
  // The library stays open as long as the process lives.
  sanitizeResources: false,
  async fn() {
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
      failed: (error) => {
        throw error;
      },
    };
    loop.watch(fd, watched, EPOLLIN);
    const empty = libc.calls.epoll_create1(0);
    const events = libc.calls.malloc(64);
    for (let i = 0; i < 10; i++) {
      // Then it is asleep.
      await new Promise((resolve) => setTimeout(resolve, 60));
      const ringing = libc.calls
        .epoll_wait_elsewhere(empty, events, 1, WAIT_MS)
        .then(() => loop.schedule(watched));
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS / 2));
      libc.calls.write(fd, one, 8);
      // Both threads are done before this one looks at either.
      const until = performance.now() + 3 * WAIT_MS;
      while (performance.now() < until);
      await ringing;
      await new Promise((resolve) => setTimeout(resolve, 60));
      assertEquals(rings(bell), 0, `round ${i}`);
    }
    loop.stop();
    await running;
    libc.calls.free(events);
    for (const descriptor of [fd, empty]) libc.close(descriptor);
  },
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
