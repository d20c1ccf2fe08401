/**
 * Owns tests of how large values leave a session from where they lie: which
 * bytes, in which order, and whether more follows. Never uses a socket.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { latin1, toLatin1 } from "../../../src/base/bytes.ts";
import {
  RUN_FLUSH,
  RUN_READ,
  RUN_SEND,
  RUN_YIELD,
} from "../../../src/engine/session_states.ts";
import { Output } from "../../../src/protocol/output.ts";
import { C_PINNED_PAGES } from "../../../src/store/layout.ts";
import { MemoryServer } from "../../support/memory_server.ts";

const SIZES = [64 * 1024, 100_000, 300_001, 3_000_000];

function value(length: number): string {
  return "0123456789abcdefg".repeat(Math.ceil(length / 17)).slice(0, length);
}

/** Sends `request` and takes all output, at most `most` bytes of a stretch at
 * a time. */
function ask(server: MemoryServer, request: string, most: number) {
  const { session } = server.connect();
  session.sendsDirect = true;
  let reply = "", stretches = 0;
  // Whether more was promised after the stretch that was sent last.
  let isPromised = false;
  const bytes = toLatin1(request);
  for (let at = 0; at < bytes.length || session.source !== null;) {
    if (session.source === null) at += session.feed(bytes.subarray(at));
    session.output = new Output();
    const code = session.run();
    const text = latin1(session.output.bytes.u8, 0, session.output.length);
    if (isPromised) assert(text !== "" || code === RUN_SEND, "kept waiting");
    isPromised = false;
    reply += text;
    if (code !== RUN_SEND) {
      assert([RUN_READ, RUN_FLUSH, RUN_YIELD].includes(code), `${code}`);
      continue;
    }
    const stretch = session.direct!;
    const count = Math.min(most, stretch.length);
    reply += latin1(stretch, 0, count);
    stretches++;
    isPromised = session.directGoesOn && count === stretch.length;
    if (count < stretch.length) assert(session.source !== null);
    session.wrote(count);
  }
  assert(!isPromised, "more was promised");
  return { reply, stretches };
}

function pinnedPages(server: MemoryServer): number {
  return server.store.partitions.reduce(
    (sum, { shard }) => sum + shard.memory.control[C_PINNED_PAGES],
    0,
  );
}

for (const size of SIZES) {
  Deno.test(`a value of ${size} bytes leaves whole, in text`, () => {
    const server = new MemoryServer({ itemBytesMax: 4 << 20 });
    const text = value(size);
    ask(server, `set k 5 0 ${size}\r\n${text}\r\n`, Infinity);
    for (const most of [Infinity, 30_000]) {
      const { reply, stretches } = ask(server, "get k\r\nmn\r\n", most);
      assertEquals(
        reply === `VALUE k 5 ${size}\r\n${text}\r\nEND\r\nMN\r\n`,
        true,
      );
      assert(stretches > 0);
      assertEquals(pinnedPages(server), 0);
    }
  });

  Deno.test(`a value of ${size} bytes leaves whole, in binary`, () => {
    const server = new MemoryServer({ itemBytesMax: 4 << 20 });
    const text = value(size);
    ask(server, `set k 5 0 ${size}\r\n${text}\r\n`, Infinity);
    const get = "\x80\x00\x00\x01" + "\x00".repeat(7) + "\x01" +
      "\x00".repeat(12) + "k";
    for (const most of [Infinity, 30_000]) {
      const { reply, stretches } = ask(server, get, most);
      assertEquals(reply.length, 28 + size);
      assertEquals(reply.slice(28) === text, true);
      assert(stretches > 0);
      assertEquals(pinnedPages(server), 0);
    }
  });
}
