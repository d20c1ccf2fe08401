/**
 * Owns the end-to-end tests of UDP: requests and replies in memcached's
 * frames, and what is no request.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { latin1, toLatin1 } from "../../src/base/bytes.ts";
import {
  UDP_DATAGRAM_BYTES_MAX,
  UDP_REPLY_BYTES_MAX,
} from "../../src/base/limits.ts";
import { Random } from "../support/random.ts";
import {
  inEveryMode,
  payload,
  type Served,
  serving,
} from "../support/serving.ts";

const UDP_ADDRESS = /address=udp:127\.0\.0\.1:([0-9]+) /;
const HEADER_BYTES = 8;
/** Longest wait for a datagram. */
const DEADLINE_MS = 30_000;

/** A client that asks one thing at a time. */
class UdpClient {
  readonly #socket = Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port: 0,
  });
  readonly #server: Deno.NetAddr;
  #id = 0;

  constructor(port: number) {
    this.#server = { transport: "udp", hostname: "127.0.0.1", port };
  }

  async sendRaw(bytes: Uint8Array): Promise<void> {
    await this.#socket.send(bytes, this.#server);
  }

  /** The reply to a request, put together from its datagrams. */
  async ask(request: string | Uint8Array): Promise<string> {
    const id = ++this.#id & 0xffff;
    const bytes = typeof request === "string" ? toLatin1(request) : request;
    const frame = new Uint8Array(HEADER_BYTES + bytes.length);
    frame.set([id >> 8, id & 0xff, 0, 0, 0, 1, 0, 0]);
    frame.set(bytes, HEADER_BYTES);
    await this.sendRaw(frame);
    const parts: string[] = [];
    for (let total = 1, got = 0; got < total; got++) {
      const part = await this.#receive();
      const head = new DataView(part.buffer, part.byteOffset);
      assert(part.length <= UDP_DATAGRAM_BYTES_MAX);
      assertEquals([head.getUint16(0), head.getUint16(6)], [id, 0]);
      total = head.getUint16(4);
      parts[head.getUint16(2)] = latin1(part, HEADER_BYTES, part.length);
    }
    return parts.join("");
  }

  async #receive(): Promise<Uint8Array> {
    const timer = setTimeout(() => this.close(), DEADLINE_MS);
    try {
      return (await this.#socket.receive())[0];
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    try {
      this.close();
    } catch {
      // The deadline was faster.
    }
  }
}

/** Registers a test with a server that listens on UDP, too. */
function udpTest(
  name: string,
  body: (served: Served, client: UdpClient, port: number) => Promise<void>,
): void {
  inEveryMode(name, async (mode) => {
    await serving({ mode, args: ["-U", "-1"] }, async (served) => {
      const { server } = served;
      await server.waitForLog(UDP_ADDRESS);
      const port = Number(UDP_ADDRESS.exec(server.log)![1]);
      using client = new UdpClient(port);
      await body(served, client, port);
    });
  });
}

udpTest("UDP and TCP share the table", async ({ connect }, client) => {
  using wire = await connect();
  assertEquals(await client.ask("set k 0 0 1\r\nv\r\n"), "STORED\r\n");
  await wire.expectValue("k", toLatin1("v"));
  assertEquals(await client.ask("get k\r\n"), "VALUE k 0 1\r\nv\r\nEND\r\n");
  assertEquals(await client.ask("mg k v\r\n"), "VA 1\r\nv\r\n");
  const noop = "\x80\x0a" + "\0".repeat(22);
  assertEquals((await client.ask(noop)).slice(0, 2), "\x81\x0a");
  assertEquals(await client.ask("nonsense\r\n"), "ERROR\r\n");
});

udpTest("a large value comes in parts", async ({ connect }, client) => {
  using wire = await connect();
  const value = payload(50_000, 3);
  assertEquals(await wire.set("k", value), "STORED");
  const wanted = `VALUE k 0 ${value.length}\r\n` +
    latin1(value, 0, value.length) + "\r\nEND\r\n";
  assertEquals(await client.ask("get k\r\n") === wanted, true);
});

udpTest("too large a reply is refused", async ({ connect }, client) => {
  using wire = await connect();
  const value = payload(UDP_REPLY_BYTES_MAX / 4, 3);
  assertEquals(await wire.set("k", value), "STORED");
  assertEquals(
    await client.ask("get k k k k k\r\n"),
    "SERVER_ERROR out of memory writing get response\r\n",
  );
  assertEquals(await client.ask("mn\r\n"), "MN\r\n");
});

udpTest("what is no request disturbs nobody", async (
  { server, connect },
  client,
  port,
) => {
  // What came is answered to the one who sent it: this one asks.
  using other = new UdpClient(port);
  using wire = await connect();
  assertEquals(await wire.set("kept", "value"), "STORED");
  const random = new Random(7);
  for (let i = 0; i < 500; i++) {
    const bytes = new Uint8Array(random.below(i % 10 === 0 ? 60_000 : 60))
      .map(() => random.below(256));
    // Some have a frame as it should be, and half a command.
    if (i % 2 === 0) bytes.set([0, 0, 0, 0, 0, 1, 0, 0].slice(0, bytes.length));
    await client.sendRaw(bytes);
    // Not more than the system keeps for a socket.
    if (i % 10 === 0) assertEquals(await other.ask("mn\r\n"), "MN\r\n");
  }
  assertEquals(await other.ask("mn\r\n"), "MN\r\n");
  // A value must come with its command: the rest does not arrive.
  await other.sendRaw(
    toLatin1("\0\x01\0\0\0\x01\0\0set half 0 0 10\r\nabc"),
  );
  assertEquals(await other.ask("get half\r\n"), "END\r\n");
  await wire.expectValue("kept", toLatin1("value"));
  assert(!/ERROR/.test(server.log), server.log);
});

udpTest("a drain ends UDP, too", async ({ server, connect }, client) => {
  using wire = await connect();
  assertEquals(await client.ask("mn\r\n"), "MN\r\n");
  assertEquals(await server.stop("SIGTERM"), 0);
  await wire.expectEnd();
});
