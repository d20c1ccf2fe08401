/**
 * Owns the tests of a connection over Deno's I/O that need to see what it
 * holds. Never uses a socket.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { latin1, toLatin1 } from "../../../src/base/bytes.ts";
import {
  READ_BUFFER_BYTES_MAX,
  READ_BUFFER_BYTES_MIN,
  READ_LITTLE_BYTES_MAX,
} from "../../../src/base/limits.ts";
import type { Peer } from "../../../src/server/client.ts";
import { Connection } from "../../../src/server/connection.ts";
import { OutputPool } from "../../../src/server/output_pool.ts";
import type { Service } from "../../../src/server/service.ts";
import type { Session } from "../../../src/engine/session.ts";
import { concat, MemoryServer } from "../../support/memory_server.ts";

/** Serves requests of which each is sent when the one before was received;
 * returns the reply, and the size of the read buffer in the end. */
async function serve(...requests: string[]) {
  const { engine } = new MemoryServer();
  const inputs = requests.map(toLatin1);
  const replies: Uint8Array[] = [];
  const conn = {
    read: (target: Uint8Array) => {
      const input = inputs.shift();
      if (input === undefined) return Promise.resolve(null);
      const count = Math.min(target.length, input.length);
      target.set(input.subarray(0, count));
      if (count < input.length) inputs.unshift(input.subarray(count));
      return Promise.resolve(count);
    },
    write: (bytes: Uint8Array) => {
      replies.push(bytes.slice());
      return Promise.resolve(bytes.length);
    },
    close: () => {},
  };
  const service = {
    engine,
    pool: new OutputPool(engine),
    runBatch: (session: Session) => session.run(),
    connections: { removed: () => {} },
  };
  const connection = new Connection(
    conn as unknown as Deno.Conn,
    { address: "test" } as unknown as Peer,
    1,
    service as unknown as Service,
  );
  await connection.serve();
  const reply = concat(replies);
  return {
    reply: latin1(reply, 0, reply.length),
    capacity: connection.session.input.capacity,
  };
}

const set = (size: number) => `set k 0 0 ${size}\r\n${"v".repeat(size)}\r\n`;
const SET = set(40_000);

Deno.test("a line after a large value does not make the read buffer grow", async () => {
  for (const extra of [-1, 0, 1, 200]) {
    const line = `get ${"none ".repeat(READ_LITTLE_BYTES_MAX)}`
      .slice(0, READ_LITTLE_BYTES_MAX + extra);
    const { reply, capacity } = await serve(SET, `${line}\r\n`);
    assertEquals(reply, "STORED\r\nEND\r\n");
    assertEquals(capacity, READ_BUFFER_BYTES_MIN);
  }
});

Deno.test("commands that fill the read buffer make it grow", async () => {
  const { reply, capacity } = await serve("mn\r\n".repeat(1000));
  assertEquals(reply, "MN\r\n".repeat(1000));
  assertEquals(capacity, READ_BUFFER_BYTES_MAX);
});

Deno.test("a read that ends with a value does not make the read buffer grow", async () => {
  const { reply, capacity } = await serve(`${SET}mn\r\n`);
  assertEquals(reply, "STORED\r\nMN\r\n");
  assertEquals(capacity, READ_BUFFER_BYTES_MIN);
});

Deno.test("a large read buffer is given back by who stores large values only", async () => {
  const commands = "mn\r\n".repeat(1000);
  const sets = Array<string>(12).fill(set(100_000));
  const { reply, capacity } = await serve(commands, ...sets);
  assertEquals(reply, "MN\r\n".repeat(1000) + "STORED\r\n".repeat(12));
  assertEquals(capacity, READ_BUFFER_BYTES_MIN);
});
