/**
 * Owns tests of how connections of Deno's are read from and written to, by the
 * runtime's calls and by their own methods.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { latin1, toLatin1 } from "../../../src/base/bytes.ts";
import { findRuntimeCalls, socketOf } from "../../../src/server/deno_socket.ts";

const OLD_GENERATION = new URL(
  "../../support/old_generation.ts",
  import.meta.url,
);

/** Two ends of a connection. */
async function connected() {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const connecting = Deno.connect({ hostname: "127.0.0.1", port });
  return { conn: await listener.accept(), peer: await connecting };
}

/** Makes the connection's own methods fail. */
function withoutMethods(conn: Deno.Conn): Deno.Conn {
  const fail = () => {
    throw new Error("the method was called");
  };
  return Object.assign(conn, { read: fail, write: fail });
}

Deno.test("this runtime has the calls, and they are used", async () => {
  assert(findRuntimeCalls() !== null);
  const { conn, peer } = await connected();
  const socket = socketOf(withoutMethods(conn));
  await peer.write(toLatin1("ab"));
  assertEquals(await socket.read(new Uint8Array(1)), 1);
  assertEquals(await socket.write(toLatin1("c")), 1);
  conn.close();
  peer.close();
});

Deno.test("a runtime without the calls has none", () => {
  const internal = Symbol();
  const call = () => {};
  const runtimes = [
    {},
    { internal },
    { internal, [internal]: {} },
    { internal, [internal]: { core: null } },
    { internal, [internal]: { core: {} } },
    { internal, [internal]: { core: { read: call } } },
    { internal, [internal]: { core: { write: call, read: 1 } } },
    { [internal]: { core: { read: call, write: call } } },
  ];
  for (const runtime of runtimes) {
    assertEquals(findRuntimeCalls(runtime), null);
  }
  const core = { read: call, write: call };
  assertEquals(
    findRuntimeCalls({ internal, [internal]: { core } }) as unknown,
    core,
  );
});

Deno.test("what tells no number is read by its methods", async () => {
  const conns = [
    {},
    { [Symbol("Deno.internal.rid")]: "3" },
    { [Symbol("other")]: 3 },
  ];
  for (const conn of conns) {
    const reads = [2, null];
    const read = () => Promise.resolve(reads.shift());
    const write = () => Promise.resolve(7);
    Object.assign(conn, { read, write });
    const socket = socketOf(conn as unknown as Deno.Conn);
    assertEquals(await socket.read(new Uint8Array(4)), 2);
    assertEquals(await socket.read(new Uint8Array(4)), 0);
    assertEquals(await socket.write(new Uint8Array(9)), 7);
  }
});

for (const calls of [findRuntimeCalls(), null]) {
  const name = calls === null ? "methods" : "the runtime's calls";

  Deno.test(`by ${name}: bytes, their count, and the end`, async () => {
    const { conn, peer } = await connected();
    const socket = socketOf(conn, calls), other = socketOf(peer, calls);
    assertEquals(await other.write(toLatin1("get key\r\n")), 9);
    const target = new Uint8Array(64);
    assertEquals(await socket.read(target.subarray(0, 4)), 4);
    assertEquals(await socket.read(target.subarray(4)), 5);
    assertEquals(latin1(target, 0, 9), "get key\r\n");
    await peer.closeWrite();
    assertEquals(await socket.read(target), 0);
    assertEquals(await socket.read(target), 0);
    // A client that reads nothing makes a write take less, then wait.
    const much = new Uint8Array(64 * 1024 * 1024);
    const count = await socket.write(much);
    assert(count > 0 && count < much.length, `${count}`);
    conn.close();
    peer.close();
  });

  Deno.test(`by ${name}: what is under way fails when it is closed`, async () => {
    const { conn, peer } = await connected();
    const socket = socketOf(conn, calls);
    const reading = assertRejects(() => socket.read(new Uint8Array(4)));
    const writing = assertRejects(async () => {
      for (;;) await socket.write(new Uint8Array(1024 * 1024));
    });
    // A write that waits is waited for by what comes after it.
    await new Promise((resolve) => setTimeout(resolve));
    conn.close();
    const errors = await Promise.all([reading, writing]);
    for (const error of errors) {
      assert(
        error instanceof Deno.errors.Interrupted ||
          error instanceof Deno.errors.BadResource,
        `${error}`,
      );
    }
    // At once, or by the promise.
    const call = async () => await socket.read(new Uint8Array(4));
    await assertRejects(call, Deno.errors.BadResource);
    peer.close();
  });
}

Deno.test("reads leave nothing in the old generation", async () => {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-net",
      "--v8-flags=--expose-gc",
      OLD_GENERATION.href,
    ],
    stderr: "inherit",
  }).output();
  assert(success);
  const left = JSON.parse(latin1(stdout, 0, stdout.length));
  assert(left.runtime < 4, `${left.runtime} bytes for a read`);
  // Else there is no reason for deno_socket.ts any more.
  assert(left.methods > 40, `${left.methods} bytes for a read`);
});
