/**
 * Owns the tests of an acceptor that has let others go first. Never uses a
 * socket.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { OpenListener } from "../../../src/server/listeners.ts";
import { Acceptor } from "../../../src/server/native/acceptor.ts";
import { type Libc, LibcError } from "../../../src/server/native/libc.ts";
import { NativeListener } from "../../../src/server/native/listening.ts";
import type { NativeIo } from "../../../src/server/native/native_io.ts";

const FD = 7;
const EBADF = 9, ENOMEM = 12;

/** What is reported by an acceptor that has waited for its turn, and whose
 * listener cannot be watched again. */
async function failuresAfterPause(errno: number): Promise<unknown[]> {
  const failures: unknown[] = [];
  const turn = Promise.withResolvers<void>();
  let watches = 0;
  const watch = () => {
    if (++watches > 1) throw new LibcError("it failed", errno);
  };
  const io = {
    libc: {},
    loop: { watch, change: () => {}, awaiting: (kept: unknown) => kept },
    service: {
      settings: { maxconnsFast: true },
      admission: { turn: () => turn.promise },
      acceptFailed: (error: unknown) => failures.push(error),
    },
  };
  const acceptor = new Acceptor(
    {} as OpenListener,
    NativeListener.share({} as Libc, FD),
    io as unknown as NativeIo,
  );
  acceptor.start();
  acceptor.ready();
  turn.resolve();
  // All that follows is done by then: nothing of it waits for anything else.
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(watches, 2);
  return failures;
}

Deno.test("a listener that was closed during a pause is left alone", async () => {
  assertEquals(await failuresAfterPause(EBADF), []);
});

Deno.test("a listener that cannot be watched after a pause is reported", async () => {
  const [failure, ...others] = await failuresAfterPause(ENOMEM);
  assertEquals([failure instanceof LibcError, others], [true, []]);
});
