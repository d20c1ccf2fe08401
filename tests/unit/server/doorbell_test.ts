/**
 * Owns the test of how native I/O learns that the runtime's event loop has
 * something to do.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Doorbell } from "../../../src/server/native/doorbell.ts";
import { Epoll, EPOLLIN, Libc } from "../../../src/server/native/libc.ts";

const ignore = Deno.build.os !== "linux";
if (ignore) console.log("skipped: Linux's epoll");

/** Longest wait for something to be ready. */
const READY_MS = 10_000;
/** Turns after which nothing is left over from the start. */
const TURNS_MAX = 1000;

/** Lets the event loop do what it has to do. */
async function settle(doorbell: Doorbell, epoll: Epoll): Promise<void> {
  let turns = 0;
  while (epoll.wait(0) > 0) {
    assert(++turns < TURNS_MAX, "the event loop has something to do for ever");
    await doorbell.ring();
  }
}

Deno.test({
  name: "the runtime's descriptor tells when its event loop has work",
  ignore,
  // The library stays open as long as the process lives.
  sanitizeResources: false,
  async fn() {
    const libc = new Libc();
    const doorbell = await Doorbell.create(libc);
    assert(doorbell !== null);
    const epoll = new Epoll(libc);
    assert(doorbell.runtime >= 0);
    epoll.add(doorbell.runtime, EPOLLIN);
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepting = listener.accept();
    using client = await Deno.connect({ port: listener.addr.port });
    using served = await accepting;
    for (let i = 0; i < 3; i++) {
      const reading = served.read(new Uint8Array(10));
      await settle(doorbell, epoll);
      // The bytes leave at once, before anything is awaited.
      const writing = client.write(new Uint8Array(3));
      assertEquals(epoll.wait(READY_MS), 1);
      assertEquals(epoll.descriptorOf(0), doorbell.runtime);
      assertEquals(await writing, 3);
      assertEquals(await reading, 3);
    }
    epoll.close();
    doorbell.close();
  },
});
