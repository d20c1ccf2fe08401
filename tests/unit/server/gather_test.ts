/**
 * Owns the tests of sending and receiving several stretches of memory by one
 * call, over a real socket.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Bytes, SLACK_BYTES } from "../../../src/base/bytes.ts";
import { Stretches } from "../../../src/base/stretches.ts";
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

/** Bytes that count up from `first`. */
function numbered(first: number, count: number): Bytes {
  return Bytes.from(Uint8Array.from({ length: count }, (_, i) => first + i));
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
    const { stretches } = gather;
    const output = numbered(1, 6);
    for (const isShared of [true, false]) {
      // In the middle of memory that is shared, as that of `-t N` is.
      const table = isShared
        ? new Bytes(new SharedArrayBuffer(100))
        : Bytes.allocate(100);
      table.u8.set([11, 12, 13, 14], 41);
      for (const gapAt of [0, 3, 5]) {
        const all = [1, 2, 3, 4, 5];
        all.splice(gapAt, 0, 11, 12, 13, 14);
        stretches.clear();
        stretches.add(output, 0, gapAt);
        stretches.add(table, 41, 3);
        stretches.add(table, 44, 1);
        stretches.add(output, gapAt, 5 - gapAt);
        assertEquals(stretches.total, all.length);
        for (let sent = 0; sent < all.length; sent++) {
          const rest = all.slice(sent);
          const count = gather.send(fd, sent);
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
    const bytes = Bytes.allocate(40 - SLACK_BYTES);
    const memory = bytes.u8;
    gather.stretches.add(bytes, 10, 4);
    gather.stretches.add(bytes, 30, 3);
    assertEquals(gather.receive(fd), -EAGAIN);
    for (const count of [1, 4, 5, 7]) {
      memory.fill(0);
      const sent = Uint8Array.from({ length: count }, (_, i) => i + 1);
      assertEquals(await conn.write(sent), count);
      assertEquals(gather.receive(fd), count);
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
    const { stretches } = gather;
    const memory = numbered(0, 240);
    for (const less of [1, 0]) {
      stretches.clear();
      const count = Stretches.COUNT_MAX - less;
      for (let i = 0; i < count; i++) stretches.add(memory, i * 3, 2);
      const expected = Array.from(
        { length: 2 * count },
        (_, i) => memory.u8[(i >> 1) * 3 + (i & 1)],
      );
      assertEquals(gather.send(fd, 0), expected.length);
      assertEquals(await read(conn, expected.length), expected);
      await conn.write(Uint8Array.from(expected, (byte) => byte + 1));
      assertEquals(gather.receive(fd), expected.length);
      assertEquals(gather.send(fd, 0), expected.length);
      const received = await read(conn, expected.length);
      assertEquals(received, expected.map((byte) => byte + 1));
    }
  },
);
