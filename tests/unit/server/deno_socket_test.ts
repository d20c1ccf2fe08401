/**
 * Owns tests of how connections of Deno's are read from and written to, by the
 * runtime's calls and by their own methods.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { latin1, toLatin1 } from "../../../src/base/bytes.ts";
import { findRuntimeCalls, socketOf } from "../../../src/server/deno_socket.ts";

const SUPPORT = new URL("../../support/", import.meta.url);
/** How long a program of ours may take before it counts as stuck. */
const STUCK_MS = 120_000;

/** Two ends of a connection. */
async function connected() {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const connecting = Deno.connect({ hostname: "127.0.0.1", port });
  return { conn: await listener.accept(), peer: await connecting };
}

/** The same by a UNIX socket. */
async function connectedLocally() {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/socket`;
  using listener = Deno.listen({ transport: "unix", path });
  const connecting = Deno.connect({ transport: "unix", path });
  const ends = { conn: await listener.accept(), peer: await connecting };
  Deno.removeSync(folder, { recursive: true });
  return ends;
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
  const kinds = Deno.build.os === "windows"
    ? [connected]
    : [connected, connectedLocally];
  for (const connect of kinds) {
    const { conn, peer } = await connect();
    const socket = socketOf(withoutMethods(conn));
    await peer.write(toLatin1("ab"));
    assertEquals(await socket.read(new Uint8Array(1)), 1);
    assertEquals(await socket.write(toLatin1("c")), 1);
    conn.close();
    peer.close();
  }
});

Deno.test("workers have them, too", async () => {
  const url = new URL("runtime_calls_worker.ts", SUPPORT);
  const worker = new Worker(url, { type: "module" });
  try {
    const found = await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
    assertEquals(found, true);
  } finally {
    worker.terminate();
  }
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

Deno.test("what tells no number is left as it is", () => {
  const conns = [
    {},
    { [Symbol("Deno.internal.rid")]: "3" },
    { [Symbol("other")]: 3 },
  ];
  for (const conn of conns as unknown as Deno.Conn[]) {
    assertEquals(socketOf(conn) === conn, true);
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
    for (let i = 0; i < 2; i++) {
      assertEquals(await socket.read(target) ?? 0, 0);
    }
    // A part of it, as much as there is room for.
    const count = await socket.write(new Uint8Array(16 * 1024 * 1024));
    conn.closeWrite();
    let received = 0;
    for (;;) {
      const more = await other.read(new Uint8Array(1024 * 1024)) ?? 0;
      if (more === 0) break;
      received += more;
    }
    assertEquals(received, count);
    conn.close();
    peer.close();
  });

  Deno.test(`by ${name}: what is under way fails when it is closed`, async () => {
    const { conn, peer } = await connected();
    const socket = socketOf(conn, calls);
    const reading = assertRejects(() => socket.read(new Uint8Array(4)));
    let written = 0, before = -1;
    const writing = assertRejects(async () => {
      for (;;) written += await socket.write(new Uint8Array(1024 * 1024));
    });
    // Until a write waits, since the client reads nothing.
    while (written > before) {
      before = written;
      for (let i = 0; i < 3; i++) await new Promise((r) => setTimeout(r, 5));
    }
    conn.close();
    const errors = await Promise.all([reading, writing]);
    for (const error of errors) {
      assert(error instanceof Deno.errors.Interrupted, `${error}`);
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
      new URL("old_generation.ts", SUPPORT).href,
    ],
    signal: AbortSignal.timeout(STUCK_MS),
    stderr: "inherit",
  }).output();
  assert(success);
  const left = JSON.parse(latin1(stdout, 0, stdout.length));
  assert(Math.abs(left.runtime) < 4, `${left.runtime} bytes for a read`);
  // Else there is no reason for deno_socket.ts any more.
  assert(left.methods > 40, `${left.methods} bytes for a read`);
});
