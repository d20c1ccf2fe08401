/**
 * Owns the test of what a TLS connection of node:tls does with a read that is
 * under way when it is closed. Never uses a socket.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { EventEmitter } from "node:events";
import type { TLSSocket } from "node:tls";
import { NodeTlsConn } from "../../../src/server/node_tls_conn.ts";

class Socket extends EventEmitter {
  chunk: Uint8Array | null = null;
  readonly writableLength = 0;
  read(): Uint8Array | null {
    const { chunk } = this;
    this.chunk = null;
    return chunk;
  }
  destroySoon(): void {}
}

// The target may be memory of the table, which is given up with the client.
Deno.test("a read gets nothing any more once its connection is closed", async () => {
  const socket = new Socket();
  const conn = new NodeTlsConn(socket as unknown as TLSSocket);
  const target = new Uint8Array(3);
  const reading = conn.read(target);
  socket.chunk = new Uint8Array([1, 2, 3]);
  conn.close();
  await assertRejects(() => reading, Deno.errors.BadResource);
  assertEquals(target, new Uint8Array(3));
});
