/**
 * Owns the tests of how large outputs wait for one another, alone and between
 * connections over Deno's I/O. Never uses a socket.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { latin1, toLatin1 } from "../../../src/base/bytes.ts";
import {
  OUTPUT_PACED_BYTES_MIN,
  OUTPUT_UNDERWAY_BYTES_MAX,
} from "../../../src/base/limits.ts";
import type { Session } from "../../../src/engine/session.ts";
import type { Peer } from "../../../src/server/client.ts";
import { Connection } from "../../../src/server/connection.ts";
import { OutputPool } from "../../../src/server/output_pool.ts";
import type { Service } from "../../../src/server/service.ts";
import { WritePace } from "../../../src/server/write_pace.ts";
import { MemoryServer } from "../../support/memory_server.ts";

const FULL = OUTPUT_UNDERWAY_BYTES_MAX;
const COUNTS_MS = 2;

/** Who has been let in, of those that waited. */
function waiting(pace: WritePace, names: string): string[] {
  const letIn: string[] = [];
  for (const name of names) pace.turn().then(() => letIn.push(name));
  return letIn;
}

/** Lets everything go on that need not wait. */
async function settle(time: FakeTime): Promise<void> {
  for (let i = 0; i < 20; i++) await time.tickAsync(0);
}

Deno.test("so many bytes of large outputs may be on their way, and no more", () => {
  for (const extra of [-1, 0, 1]) {
    const pace = new WritePace();
    const began = pace.began(FULL + extra);
    assertEquals(pace.isFull, extra >= 0);
    pace.ended(FULL + extra, began);
    assertEquals(pace.isFull, false);
    // Small ones do not count, however many they are.
    const bytes = OUTPUT_PACED_BYTES_MIN + extra;
    for (let i = 0; i < FULL / OUTPUT_PACED_BYTES_MIN + 1; i++) {
      pace.began(bytes);
    }
    assertEquals(pace.isFull, extra >= 0);
  }
});

Deno.test("they are let in one after the other, when there is room", async () => {
  using time = new FakeTime();
  const pace = new WritePace();
  const one = pace.began(FULL - 1), two = pace.began(FULL - 1);
  const letIn = waiting(pace, "abc");
  pace.letNextIn();
  pace.ended(FULL - 1, one);
  pace.letNextIn();
  await settle(time);
  assertEquals(letIn, ["a"]);
  pace.began(FULL);
  pace.ended(FULL - 1, two);
  pace.letNextIn();
  await settle(time);
  assertEquals(letIn, ["a"]);
});

Deno.test("a write that takes long counts no more while somebody waits", async () => {
  using time = new FakeTime();
  const pace = new WritePace();
  const slow = pace.began(FULL);
  await time.tickAsync(10 * COUNTS_MS);
  assertEquals(pace.isFull, true);
  const letIn = waiting(pace, "ab");
  await time.tickAsync(COUNTS_MS - 1);
  assertEquals(letIn, []);
  await time.tickAsync(1);
  assertEquals([letIn, pace.isFull], [["a"], false]);
  // Not even when it ends.
  const next = pace.began(FULL);
  pace.ended(FULL, slow);
  assertEquals(pace.isFull, true);
  await time.tickAsync(COUNTS_MS);
  assertEquals(letIn, ["a", "b"]);
  pace.ended(FULL, next);
  // Later nobody looks any more.
  await time.tickAsync(COUNTS_MS);
  const last = pace.began(FULL);
  await time.tickAsync(10 * COUNTS_MS);
  assertEquals(pace.isFull, true);
  pace.ended(FULL, last);
  assertEquals(pace.isFull, false);
});

/** Connections that ask for the same value, whose writes end when told to. */
class Clients {
  readonly #service: Service;
  readonly connections: Connection[] = [];
  /** Ends the write of each connection that has one. */
  readonly writes = new Map<number, (count?: number) => void>();
  readonly replies: string[] = [];
  readonly served: Promise<void>[] = [];

  constructor(server: MemoryServer) {
    const { engine } = server;
    const service = {
      engine,
      pool: new OutputPool(engine),
      runBatch: (session: Session) => session.run(),
      connections: { removed: () => {} },
    };
    this.#service = service as unknown as Service;
  }

  ask(line: string, isTls = false): void {
    const index = this.connections.length;
    const inputs = [line];
    const conn = {
      read: (target: Uint8Array) => {
        const input = inputs.shift();
        if (!input) return new Promise(() => {});
        target.set(toLatin1(input));
        return Promise.resolve(input.length);
      },
      write: (bytes: Uint8Array) =>
        new Promise((resolve) =>
          this.writes.set(index, (count = bytes.length) => {
            this.writes.delete(index);
            const reply = this.replies[index] ?? "";
            this.replies[index] = reply + latin1(bytes, 0, count);
            resolve(count);
          })
        ),
      close: () => {},
      ...(isTls ? { handshake: () => {} } : {}),
    };
    const connection = new Connection(
      conn as unknown as Deno.Conn,
      { address: "test" } as unknown as Peer,
      index,
      this.#service,
    );
    this.connections.push(connection);
    this.served.push(connection.serve());
  }

  get writing(): number[] {
    return [...this.writes.keys()].sort((a, b) => a - b);
  }
}

const VALUE = "v".repeat(100_000);
const REPLY = `VALUE k 0 100000\r\n${VALUE}\r\nEND\r\n`;

async function clientsOf(time: FakeTime, count: number): Promise<Clients> {
  const server = new MemoryServer();
  const client = server.connect();
  await client.send(`set k 0 0 100000\r\n${VALUE}\r\n`);
  await client.send(`set small 0 0 40000\r\n${VALUE.slice(0, 40_000)}\r\n`);
  const clients = new Clients(server);
  for (let i = 0; i < count; i++) clients.ask("get k\r\n");
  await settle(time);
  return clients;
}

Deno.test("large replies are written a few at a time, all of them", async () => {
  using time = new FakeTime();
  const clients = await clientsOf(time, 8);
  assertEquals(clients.writing, [0, 1, 2]);
  clients.ask("get none\r\n");
  for (let i = 0; i < 8; i++) {
    const { writing, writes } = clients;
    assert(writing.filter((index) => index < 8).length <= 3, `${writing}`);
    writes.get(i)!();
    await settle(time);
  }
  clients.writes.get(8)!();
  assertEquals(clients.replies, [...Array(8).fill(REPLY), "END\r\n"]);
});

Deno.test("room for several is used by several", async () => {
  using time = new FakeTime();
  const clients = await clientsOf(time, 3);
  for (let i = 3; i < 6; i++) clients.ask("get small\r\n");
  await settle(time);
  assertEquals(clients.writing, [0, 1, 2]);
  clients.writes.get(0)!();
  await settle(time);
  assertEquals(clients.writing, [1, 2, 3, 4]);
});

Deno.test("who has nothing to say lets the next one in", async () => {
  using time = new FakeTime();
  const clients = await clientsOf(time, 3);
  clients.ask("get");
  clients.ask("get k\r\n");
  await settle(time);
  clients.writes.get(0)!();
  await settle(time);
  assertEquals(clients.writing, [1, 2, 4]);
});

Deno.test("who has left when its turn comes passes it on", async () => {
  using time = new FakeTime();
  const clients = await clientsOf(time, 5);
  clients.connections[3].close("test");
  clients.writes.get(0)!();
  await settle(time);
  assertEquals(clients.writing, [1, 2, 4]);
});

Deno.test("nobody waits by TLS, or for it", async () => {
  using time = new FakeTime();
  const clients = await clientsOf(time, 0);
  for (let i = 0; i < 6; i++) clients.ask("get k\r\n", i < 5);
  await settle(time);
  assertEquals(clients.writing, [0, 1, 2, 3, 4, 5]);
  for (let i = 6; i < 9; i++) clients.ask("get k\r\n");
  clients.ask("get k\r\n", true);
  await settle(time);
  assertEquals(clients.writing, [0, 1, 2, 3, 4, 5, 6, 7, 9]);
});

Deno.test("who leaves, writing or waiting, keeps nobody waiting", async () => {
  using time = new FakeTime();
  const clients = await clientsOf(time, 8);
  clients.connections[3].close("test");
  for (const i of [0, 1, 2]) clients.connections[i].close("test");
  await settle(time);
  for (const i of [4, 5, 6, 7]) {
    clients.writes.get(i)!();
    await settle(time);
  }
  assertEquals(clients.replies.slice(4), Array(4).fill(REPLY));
});

Deno.test("clients who do not read keep others waiting for a moment", async () => {
  using time = new FakeTime();
  const clients = await clientsOf(time, 9);
  for (const writing of [3, 6, 9]) {
    assertEquals(clients.writing.length, writing);
    await time.tickAsync(COUNTS_MS);
    await settle(time);
  }
});

Deno.test("what the system does not take at once keeps nobody waiting", async () => {
  using time = new FakeTime();
  const clients = await clientsOf(time, 5);
  assertEquals(clients.writing, [0, 1, 2]);
  clients.writes.get(1)!(50_000);
  await settle(time);
  assertEquals(clients.writing, [0, 1, 2, 3]);
});

Deno.test("who waits for its turn is not idle", async () => {
  using time = new FakeTime();
  const clients = await clientsOf(time, 4);
  clients.ask("");
  await settle(time);
  const idle = clients.connections.map(({ isAtCommand }) => isAtCommand);
  assertEquals(idle, [false, false, false, false, true]);
  clients.writes.get(0)!();
  await settle(time);
  assertEquals(clients.connections[0].isAtCommand, true);
});
