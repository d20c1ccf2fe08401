/**
 * Owns tests of lines that are longer than what is buffered of a line.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { GET_LINE_BUFFER_BYTES } from "../../../src/base/limits.ts";
import { MemoryServer } from "../../support/memory_server.ts";

// The parser's notes are shared by all connections of a worker: those of one
// must not decide about another.
for (const before of ["get a b c", "mn", "set a 0 0 1\r\nx"]) {
  const shown = before.split("\r")[0];
  Deno.test(`a long get behind a space is no get, after ${shown}`, async () => {
    const server = new MemoryServer();
    const other = server.connect(), client = server.connect();
    for (const excess of [-100, 0, 100]) {
      await other.send(`${before}\r\n`);
      const keys = "k ".repeat((GET_LINE_BUFFER_BYTES + excess) / 2);
      let reply = await client.send(` get ${keys}`);
      await other.send(`${before}\r\n`);
      reply += await client.send(`${keys}\r\nmn\r\n`);
      assertEquals(reply, "ERROR\r\nMN\r\n");
    }
  });
}
