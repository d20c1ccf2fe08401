/**
 * Owns the tests of sending and receiving several stretches of memory by one
 * call, over a real socket.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { STRETCHES_PER_CALL_MAX } from "../../../src/base/limits.ts";
import { Gather } from "../../../src/server/native/gather.ts";
import {
  ADDRESS_BYTES_MAX,
  AF_UNIX,
  EAGAIN,
  Libc,
} from "../../../src/server/native/libc.ts";
import { unixAddress } from "../../../src/server/native/socket_address.ts";

const ignore = Deno.build.os !== "linux";
if (ignore) console.log("skipped: Linux's sendmsg");

type View = Uint8Array<ArrayBuffer>;

type Body = (libc: Libc, fd: number, conn: Deno.Conn) => Promise<void>;

/** A test with both ends of a connection: a descriptor, and Deno's. */
function testConnected(name: string, body: Body): void {
  // The library stays open as long as the process lives.
  const options = { name, ignore, sanitizeResources: false };
  Deno.test({ ...options, fn: () => connected(body) });
}

async function connected(body: Body): Promise<void> {
  const libc = new Libc();
  const path = `\0denocached-${crypto.randomUUID()}`;
  const listening = libc.socket(AF_UNIX);
  const address = unixAddress(path).bytes.subarray(0, -1);
  assertEquals(libc.calls.bind(listening, address, address.length), 0);
  assertEquals(libc.calls.listen(listening, 1), 0);
  using conn = await Deno.connect({ transport: "unix", path });
  const fd = libc.accept(listening, new Uint8Array(ADDRESS_BYTES_MAX));
  try {
    await body(libc, fd, conn);
  } finally {
    libc.close(fd);
    libc.close(listening);
  }
}

async function read(conn: Deno.Conn, count: number): Promise<number[]> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) {
    at += await conn.read(bytes.subarray(at)) ?? count;
  }
  return [...bytes];
}

testConnected(
  "stretches are sent in their place, from any byte on",
  async (libc, fd, conn) => {
    const gather = new Gather(libc);
    const buffer = new Uint8Array([1, 2, 3, 4, 5, 99]);
    const length = 5;
    // In the middle of memory that is shared, as that of `-t N` is.
    const shared = new Uint8Array(new SharedArrayBuffer(100));
    shared.set([11, 12, 13, 14], 41);
    for (const table of [shared as unknown as View, shared.slice()]) {
      const stretches = [table.subarray(41, 44), table.subarray(44, 45)];
      for (const gapAt of [0, 3, length]) {
        const all = [1, 2, 3, 4, 5];
        all.splice(gapAt, 0, 11, 12, 13, 14);
        for (let sent = 0; sent < all.length; sent++) {
          const rest = all.slice(sent);
          const count = gather.send(
            fd,
            buffer,
            length,
            stretches,
            gapAt,
            sent,
          );
          assertEquals(count, rest.length);
          assertEquals(await read(conn, count), rest, `${gapAt} ${sent}`);
        }
      }
    }
  },
);

testConnected(
  "what is received fills the first stretch, then the second",
  async (libc, fd, conn) => {
    const gather = new Gather(libc);
    const memory = new Uint8Array(40);
    const first = memory.subarray(10, 14), second = memory.subarray(30, 33);
    assertEquals(gather.receive(fd, first, [second]), -1);
    assertEquals(libc.errno(), EAGAIN);
    for (const count of [1, 4, 5, 7]) {
      memory.fill(0);
      const sent = Uint8Array.from({ length: count }, (_, i) => i + 1);
      assertEquals(await conn.write(sent), count);
      assertEquals(gather.receive(fd, first, [second]), count);
      const expected = new Uint8Array(40);
      expected.set(sent.subarray(0, 4), 10);
      expected.set(sent.subarray(4), 30);
      assertEquals(memory, expected);
    }
  },
);

testConnected(
  "as many stretches go through as are ever passed",
  async (libc, fd, conn) => {
    const gather = new Gather(libc);
    const memory = Uint8Array.from({ length: 256 }, (_, i) => i);
    const views = (count: number) =>
      Array.from(
        { length: count },
        (_, i) => memory.subarray(i * 3, i * 3 + 2),
      );
    for (const less of [1, 0]) {
      const stretches = views(STRETCHES_PER_CALL_MAX - less);
      const buffer = new Uint8Array([200, 201]);
      const bytes = stretches.flatMap((view) => [...view]);
      const sent = gather.send(fd, buffer, 2, stretches, 1, 0);
      assertEquals(sent, 2 + bytes.length);
      assertEquals(await read(conn, sent), [200, ...bytes, 201]);
      await conn.write(Uint8Array.from(bytes, (byte) => byte + 1));
      // What follows a value has a place of its own.
      const [first, ...others] = views(STRETCHES_PER_CALL_MAX - less);
      others.push(new Uint8Array(5));
      assertEquals(gather.receive(fd, first, others), bytes.length);
      const received = stretches.flatMap((view) => [...view]);
      assertEquals(received, bytes.map((byte) => byte + 1));
    }
  },
);
