/**
 * Owns tests of how large values leave a session from where they lie: which
 * bytes, in which order, and what is held meanwhile. Never uses a socket.
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
import type { Session } from "../../../src/engine/session.ts";
import { Output } from "../../../src/protocol/output.ts";
import { C_PINNED_PAGES } from "../../../src/store/layout.ts";
import { MemoryServer } from "../../support/memory_server.ts";

const SIZES = [64 * 1024, 100_000, 300_001, 3_000_000];

function value(length: number): string {
  return "0123456789abcdefg".repeat(Math.ceil(length / 17)).slice(0, length);
}

/** How stretches are taken: at most so many bytes at a time, or the last one
 * of a value together with what follows. */
type Taking = { most: number } | "passing";

const EACH: Taking[] = [{ most: Infinity }, { most: 30_000 }, "passing"];

/** Sends `request` and takes all output. */
function ask(server: MemoryServer, request: string, taking: Taking) {
  const { session } = server.connect();
  session.sendsDirect = true;
  let reply = "", stretches = 0;
  const bytes = toLatin1(request);
  let code = RUN_READ;
  for (let at = 0; at < bytes.length || code !== RUN_READ;) {
    if (code === RUN_READ) at += session.feed(bytes.subarray(at));
    session.output = new Output();
    code = session.run();
    const text = latin1(session.output.bytes.u8, 0, session.output.length);
    reply += text;
    if (code !== RUN_SEND) {
      assert([RUN_READ, RUN_FLUSH, RUN_YIELD].includes(code), `${code}`);
      continue;
    }
    stretches++;
    const stretch = session.direct!;
    if (taking === "passing") reply += pass(server, session, stretch);
    else {
      const count = Math.min(taking.most, stretch.length);
      reply += latin1(stretch, 0, count);
      if (count < stretch.length) assert(session.source !== null);
      session.wrote(count);
    }
  }
  return { reply, stretches };
}

/** Takes a stretch, and if it is the last one of its value what follows. */
function pass(
  server: MemoryServer,
  session: Session,
  stretch: Uint8Array,
): string {
  const isLast = session.source!.isLastStretch!();
  session.output.clear();
  const held = session.passDirect();
  assertEquals(held !== null, isLast);
  if (held === null) session.wrote(stretch.length);
  else assertEquals([session.source, session.direct], [null, null]);
  assert(pinnedPages(server) > 0, "still to be sent");
  const text = latin1(stretch, 0, stretch.length) +
    latin1(session.output.bytes.u8, 0, session.output.length);
  held?.cancel();
  return text;
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
    ask(server, `set k 5 0 ${size}\r\n${text}\r\n`, EACH[0]);
    for (const taking of EACH) {
      const { reply, stretches } = ask(server, "get k\r\nmn\r\n", taking);
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
    ask(server, `set k 5 0 ${size}\r\n${text}\r\n`, EACH[0]);
    const get = "\x80\x00\x00\x01" + "\x00".repeat(7) + "\x01" +
      "\x00".repeat(12) + "k";
    for (const taking of EACH) {
      const { reply, stretches } = ask(server, get, taking);
      assertEquals(reply.length, 28 + size);
      assertEquals(reply.slice(28) === text, true);
      assert(stretches > 0);
      assertEquals(pinnedPages(server), 0);
    }
  });
}
