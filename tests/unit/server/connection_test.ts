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
  ROOM_VALUE_BYTES_MIN,
  STREAM_BODY_BYTES_MIN,
  VALUE_PIECE_BYTES,
} from "../../../src/base/limits.ts";
import { BYTES_WRITTEN } from "../../../src/observe/counters.ts";
import { BRIEF_BYTES, type Peer } from "../../../src/server/client.ts";
import { Connection } from "../../../src/server/connection.ts";
import { FairTurns, FULL_TURN_READS } from "../../../src/server/fair_turns.ts";
import { OutputPool } from "../../../src/server/output_pool.ts";
import type { Service } from "../../../src/server/service.ts";
import type { Session } from "../../../src/engine/session.ts";
import { concat, MemoryServer } from "../../support/memory_server.ts";
import { pinnedPages } from "../../support/stretches.ts";

/** A client whose requests come one by one, and what was written to it. */
class Client {
  readonly server: MemoryServer;
  readonly replies: Uint8Array[] = [];
  readonly connection: Connection;
  readonly turns: FairTurns;
  readonly #inputs: Uint8Array[];
  /** How many bytes a write takes. */
  writeBytesMax = Infinity;
  /** What is run and written, for several clients together. */
  readonly steps: string[];
  /** Set: writes end when it does. */
  pending: Promise<void> | null = null;

  constructor(
    requests: string[],
    steps: string[] = [],
    server = new MemoryServer(),
    turns = new FairTurns(setTimeout),
  ) {
    this.steps = steps;
    this.server = server;
    this.turns = turns;
    const { engine } = this.server;
    this.#inputs = requests.map(toLatin1);
    const service = {
      engine,
      turns,
      pool: new OutputPool(engine),
      runBatch: (session: Session) => {
        steps.push("run");
        return session.run();
      },
      connections: { removed: () => {} },
    };
    this.connection = new Connection(
      this as unknown as Deno.Conn,
      { address: "test" } as unknown as Peer,
      1,
      service as unknown as Service,
    );
  }

  read(target: Uint8Array): Promise<number | null> {
    const input = this.#inputs.shift();
    if (input === undefined) return Promise.resolve(null);
    const count = Math.min(target.length, input.length);
    target.set(input.subarray(0, count));
    if (count < input.length) this.#inputs.unshift(input.subarray(count));
    return Promise.resolve(count);
  }

  async write(bytes: Uint8Array): Promise<number> {
    this.steps.push("write");
    const written = bytes.slice(0, this.writeBytesMax);
    this.replies.push(written);
    await this.pending;
    return written.length;
  }

  async closeWrite(): Promise<void> {}

  close(): void {}

  get reply(): string {
    const reply = concat(this.replies);
    return latin1(reply, 0, reply.length);
  }

  get pinnedPages(): number {
    return pinnedPages(this.server);
  }
}

/** Serves requests of which each is sent when the one before was received;
 * returns the reply, and the size of the read buffer in the end. */
async function serve(...requests: string[]) {
  const client = new Client(requests);
  await client.connection.serve();
  const { capacity } = client.connection.session.input;
  return { reply: client.reply, capacity };
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

Deno.test("a reply from the table may be written in pieces", async () => {
  for (const size of [8192, 100_000, 900_000]) {
    const client = new Client([set(size), "get k\r\n", "mn\r\n"]);
    client.writeBytesMax = 7000;
    await client.connection.serve();
    const expected = `STORED\r\nVALUE k 0 ${size}\r\n${"v".repeat(size)}` +
      "\r\nEND\r\nMN\r\n";
    assertEquals(client.reply === expected, true, `${size}`);
    assertEquals(client.pinnedPages, 0);
    const { values } = client.server.context.counters;
    assertEquals(values[BYTES_WRITTEN], expected.length);
  }
});

Deno.test("who is closed while it is written to holds no page", async () => {
  const client = new Client([set(8192), "get k\r\n"]);
  const release = Promise.withResolvers<void>();
  const sends = Promise.withResolvers<void>();
  const { write } = Client.prototype;
  client.write = (bytes) => {
    if (bytes.length > 8192) {
      client.pending = release.promise;
      sends.resolve();
    }
    return write.call(client, bytes);
  };
  const served = client.connection.serve();
  await sends.promise;
  assertEquals(client.pinnedPages, 1);
  assertEquals(client.connection.isWriting, true);
  client.connection.close("test");
  assertEquals(client.pinnedPages, 0);
  release.resolve();
  await served;
  assertEquals(client.pinnedPages, 0);
});

Deno.test("those who are ready together are run before one of them writes", async () => {
  const steps: string[] = [];
  const clients = [1, 2, 3].map(() => new Client(["mn\r\n"], steps));
  await Promise.all(clients.map(({ connection }) => connection.serve()));
  assertEquals(steps.join(" "), "run run run write write write");
  const stored = [1, 2].map(() => new Client([set(8192), "get k\r\n"], steps));
  steps.length = 0;
  await Promise.all(stored.map(({ connection }) => connection.serve()));
  assertEquals(steps.slice(-4).join(" "), "run run write write");
  assertEquals(stored.map(({ pinnedPages }) => pinnedPages), [0, 0]);
});

/** A server that tells when keys are noted, and loaded together. */
function watchedServer(steps: string[]): MemoryServer {
  const server = new MemoryServer();
  const { lookahead } = server.context;
  const { note, fetchNoted } = lookahead;
  lookahead.note = (waiting) => {
    steps.push("note");
    note.call(lookahead, waiting);
  };
  lookahead.fetchNoted = () => {
    steps.push("load");
    fetchNoted.call(lookahead);
  };
  return server;
}

Deno.test("keys of those who are ready together are noted before one of them is run", async () => {
  const steps: string[] = [];
  const server = watchedServer(steps);
  const requests = ["get 1\r\n", "mg 2 v\r\n"];
  const clients = requests.map((text) => new Client([text], steps, server));
  await Promise.all(clients.map(({ connection }) => connection.serve()));
  const expected = "note note load run load run write write";
  assertEquals(steps.join(" "), expected);
});

Deno.test("only what is short and has nothing before it is noted", async () => {
  for (const extra of [-1, 0, 1]) {
    const steps: string[] = [];
    const line = `get ${"k ".repeat(BRIEF_BYTES)}`;
    const text = `${line.slice(0, BRIEF_BYTES - 2 + extra)}\r\n`;
    await new Client([text], steps, watchedServer(steps)).connection.serve();
    assertEquals(steps.includes("note"), extra <= 0);
  }
  const steps: string[] = [];
  const parts = ["g", "et a\r\n", "set b 0 0 9\r\n", "get a\r\nxx\r\n"];
  const client = new Client([...parts], steps, watchedServer(steps));
  await client.connection.serve();
  const runs = steps.filter((step) => step === "run").length;
  const notes = steps.filter((step) => step === "note").length;
  assertEquals([client.reply, runs, notes], ["END\r\nSTORED\r\n", 4, 2]);
});

Deno.test("the line that follows a large value is noted, too", async () => {
  const large = set(STREAM_BODY_BYTES_MIN);
  const client = new Client([large, large, "get z\r\n"]);
  const noted: string[] = [];
  client.server.context.lookahead.note = ({ input, to }) => {
    noted.push(latin1(input.u8, 0, to).split("\r")[0]);
  };
  await client.connection.serve();
  assertEquals(client.reply, "STORED\r\nSTORED\r\nEND\r\n");
  assertEquals(noted, [large.split("\r")[0], "get z"]);
});

Deno.test("who is closed while others are noted is not run", async () => {
  const steps: string[] = [];
  const client = new Client(["get 1\r\n", "mn\r\n"], steps);
  const { lookahead } = client.server.context;
  lookahead.note = () => client.connection.close("test");
  await client.connection.serve();
  assertEquals(steps, []);
  // It had its turn all the same.
  const { turns } = client;
  for (const extra of [-1, 0]) {
    for (let i = 0; i < FULL_TURN_READS + extra; i++) turns.arrived();
    const rests = Array.from(
      { length: FULL_TURN_READS + extra },
      () => turns.runs(),
    );
    assertEquals(new Set(rests), new Set([extra === 0]));
  }
});

Deno.test("who rests is not sent away before what it has sent is read", async () => {
  const client = new Client(["mn\r\n", "mn\r\n"]);
  const { connection, turns } = client;
  const goOn = Promise.withResolvers<void>();
  const rests = Promise.withResolvers<void>();
  turns.runs = () => true;
  turns.rest = () => {
    rests.resolve();
    return goOn.promise;
  };
  const served = connection.serve();
  await rests.promise;
  connection.finish();
  connection.finish();
  assertEquals([connection.isClosed, client.reply], [false, "MN\r\n"]);
  goOn.resolve();
  await served;
  assertEquals(client.reply, "MN\r\nMN\r\n");
});

Deno.test("who was served since it was told to finish has time for what it has sent", async () => {
  const client = new Client(["mn\r\n", "mn\r\n"]);
  const { connection } = client;
  // More is likely to wait, of which a small read knows nothing.
  Object.defineProperty(connection.session, "isDone", { value: false });
  const arrives = Promise.withResolvers<void>();
  const { read } = Client.prototype;
  let reads = 0;
  client.read = async (target) => {
    if (++reads === 2) await arrives.promise;
    if (reads === 3) return new Promise(() => {});
    return read.call(client, target);
  };
  const release = Promise.withResolvers<void>();
  client.pending = release.promise;
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  connection.serve();
  await settle();
  assertEquals(connection.isWriting, true);
  connection.finish();
  release.resolve();
  await settle();
  connection.finish();
  assertEquals([connection.isWriting, connection.isClosed], [false, false]);
  arrives.resolve();
  await settle();
  assertEquals(client.reply, "MN\r\nMN\r\n");
  connection.finish();
  assertEquals(connection.isClosed, false);
  connection.finish();
  assertEquals(connection.isClosed, true);
});

Deno.test("who is closed while it rests is not read from again", async () => {
  const client = new Client(["mn\r\n", "mn\r\n"]);
  const { connection, turns } = client;
  turns.runs = () => true;
  turns.rest = () => {
    connection.close("test");
    return Promise.resolve();
  };
  await connection.serve();
  assertEquals(client.reply, "MN\r\n");
});

Deno.test("those who fill a turn rest before they are read from again", async () => {
  for (const extra of [-1, 0, 1]) {
    const turns = new FairTurns(setTimeout);
    let rests = 0;
    const { rest } = turns;
    turns.rest = () => {
      rests++;
      return rest.call(turns);
    };
    const server = new MemoryServer();
    const clients = Array.from(
      { length: FULL_TURN_READS + extra },
      () => new Client(["mn\r\n", "mn\r\n"], [], server, turns),
    );
    await Promise.all(clients.map(({ connection }) => connection.serve()));
    assertEquals(clients.every(({ reply }) => reply === "MN\r\nMN\r\n"), true);
    assertEquals(rests, extra < 0 ? 0 : 2 * clients.length);
  }
});

Deno.test("where threads share the table, replies that take its lock are whole from 64 KiB on", () => {
  const least = [1, 2].map((threads) =>
    new Client([], [], new MemoryServer({ threads })).connection.session
      .directLimits?.wholeBytesMin
  );
  assertEquals(least, [ROOM_VALUE_BYTES_MIN, VALUE_PIECE_BYTES]);
});
