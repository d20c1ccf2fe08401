/**
 * Owns tests of the read after a large value: how much it asks for, and that a
 * longer line, or more lines, come whole. Never uses a socket.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { toLatin1 } from "../../../src/base/bytes.ts";
import {
  READ_BUFFER_BYTES_MIN,
  READ_LITTLE_BYTES_MAX,
  READ_LITTLE_MORE_BYTES,
  STREAM_BODY_BYTES_MIN,
} from "../../../src/base/limits.ts";
import type { Session } from "../../../src/engine/session.ts";
import { RUN_READ } from "../../../src/engine/session_states.ts";
import { Output } from "../../../src/protocol/output.ts";
import { MemoryServer } from "../../support/memory_server.ts";
import { SyncClient } from "../../support/sync_client.ts";

const VALUE = "v".repeat(STREAM_BODY_BYTES_MIN);

/** A session that has stored a large value by a line of so many bytes. */
function afterLine(
  lineBytes: number,
): { session: Session; client: SyncClient } {
  const { session } = new MemoryServer().connect();
  const client = new SyncClient(session);
  const end = `0 0 ${VALUE.length}\r\n`;
  const line = "set k".padEnd(lineBytes - end.length) + end;
  assertEquals(client.send(`${line}${VALUE}\r\n`), "STORED\r\n");
  return { session, client };
}

Deno.test("the next line may be a little longer than the last", () => {
  const most = READ_LITTLE_BYTES_MAX - READ_LITTLE_MORE_BYTES;
  for (const lineBytes of [30, most - 1, most, most + 1]) {
    const { session, client } = afterLine(lineBytes);
    assertEquals(
      session.readTarget().length,
      Math.min(lineBytes, most) + READ_LITTLE_MORE_BYTES,
    );
    assertEquals(client.send("mn\r\n"), "MN\r\n");
    assertEquals(session.readTarget().length, READ_BUFFER_BYTES_MIN);
  }
});

Deno.test("what is longer, or more, comes by the reads that follow", () => {
  const lineBytes = 40;
  const most = lineBytes + READ_LITTLE_MORE_BYTES;
  for (const extra of [-1, 0, 1, 200]) {
    const { session, client } = afterLine(lineBytes);
    const get = `get ${"n ".repeat(200)}`.slice(0, most + extra - 2) + "\r\n";
    assertEquals(get.length, most + extra);
    assertEquals(client.send(get), "END\r\n");
    assertEquals(session.isIdle, true);
  }
});

Deno.test("who filled such a read has perhaps sent more", () => {
  const { session, client } = afterLine(40);
  const most = 40 + READ_LITTLE_MORE_BYTES;
  const lines = toLatin1("mn\r\n".repeat(most));
  assertEquals(client.sendBytes(lines.subarray(0, most)), "MN\r\n".repeat(14));
  assertEquals([session.isIdle, session.isDone], [true, false]);
  assertEquals(client.sendBytes(lines.subarray(0, 4)), "MN\r\n");
  assertEquals([session.isIdle, session.isDone], [true, true]);
  const other = afterLine(40);
  other.client.sendBytes(lines.subarray(0, most - 4));
  assertEquals(other.session.isDone, true);
});

Deno.test("a read of the next value is no such one", () => {
  const { session, client } = afterLine(40);
  // Natively the end of a value, the next line and more come by one read.
  const line = `set k 0 0 ${VALUE.length}\r\n`;
  const half = VALUE.length / 2;
  const value = toLatin1(VALUE);
  client.sendBytes(toLatin1(`${line}${VALUE.slice(0, half)}`));
  client.sendBytes(value.subarray(half));
  const next = `\r\n${line}${VALUE.slice(0, half)}`;
  session.input.u8.set(toLatin1(next).subarray(0, 100));
  session.from = 0;
  session.to = 100;
  session.output = new Output();
  assertEquals(session.run(), RUN_READ);
  assertEquals(session.littleBytes > 0, true);
  assertEquals(session.wantsValue, true);
  const left = VALUE.length - (100 - 2 - line.length);
  client.sendBytes(value.subarray(0, left));
  assertEquals(session.hasReadLittle, false);
  assertEquals(client.send("\r\n"), "STORED\r\n");
  assertEquals([session.isIdle, session.isDone], [true, true]);
});
