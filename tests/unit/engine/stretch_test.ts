/**
 * Owns tests of how large values leave a session from where they lie: which
 * bytes, in which order, and what is held meanwhile. Never uses a socket.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { latin1, toLatin1 } from "../../../src/base/bytes.ts";
import {
  STRETCH_BYTES_PER_CALL_MAX,
  STRETCHES_PER_CALL_MAX,
} from "../../../src/base/limits.ts";
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

/** How stretches are taken: at most so many bytes at a time, or all of a value
 * together with what follows. */
type Taking = { most: number } | "passing";

const EACH: Taking[] = [{ most: Infinity }, { most: 30_000 }, "passing"];

/** Sends `request` and takes all output. */
function ask(server: MemoryServer, request: string, taking: Taking) {
  const { session } = server.connect();
  session.directLimits = { valueBytesMin: 1, stretchBytesMin: 1 };
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

/** Takes a stretch, and the rest of the reply with it if one call may. */
function pass(
  server: MemoryServer,
  session: Session,
  stretch: Uint8Array,
): string {
  session.output.clear();
  const stretches = [session.direct!];
  const held = session.passDirect(stretches);
  if (held === null) {
    session.wrote(stretch.length);
    return latin1(stretch, 0, stretch.length);
  }
  assertEquals([session.source, session.direct], [null, null]);
  assert(pinnedPages(server) > 0, "still to be sent");
  const texts = stretches.map((bytes) => latin1(bytes, 0, bytes.length));
  held.cancel();
  return texts.join("") +
    latin1(session.output.bytes.u8, 0, session.output.length);
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

/** Puts a value into a table with pages of 16 KB, then asks for it. */
function askFor(size: number) {
  const settings = { memoryBytes: 16 << 20, itemBytesMax: 4 << 20 };
  const server = new MemoryServer(settings);
  const { session } = server.connect();
  session.directLimits = { valueBytesMin: 1, stretchBytesMin: 1 };
  const line = `set k 0 0 ${size}\r\n`;
  const request = toLatin1(`${line}${value(size)}\r\nget k\r\n`);
  const targets: number[] = [];
  session.output = new Output();
  for (let at = 0; at < request.length;) {
    at += session.feed(request.subarray(at));
    if (session.run() === RUN_SEND) break;
    if (targets.length === 0 && session.readTarget() !== null) {
      const further = session.upload!.furtherTargets();
      targets.push(1 + further.length, session.upload!.targetBytes);
    }
  }
  return { server, session, targets };
}

Deno.test("one call receives into, and sends, no more than it may", () => {
  const pageBytes = askFor(100_000).server.store.geometry.pageBytes;
  assertEquals(pageBytes, 16 * 1024);
  // Nearly a page each, so their number is what ends a call.
  const size = (STRETCHES_PER_CALL_MAX - 1) * pageBytes;
  let least = 0, most = 0;
  for (let pages = -2; pages <= 3; pages++) {
    const { session, targets } = askFor(size + pages * pageBytes);
    const stretches = [session.direct!];
    const held = session.passDirect(stretches);
    const sum = stretches.reduce((sum, { length }) => sum + length, 0);
    assert(sum <= STRETCH_BYTES_PER_CALL_MAX + pageBytes);
    assert(stretches.length <= STRETCHES_PER_CALL_MAX);
    assert(targets[0] <= STRETCHES_PER_CALL_MAX);
    if (held === null) {
      assertEquals(stretches.length, STRETCHES_PER_CALL_MAX);
      most++;
    } else {
      assertEquals(sum, size + pages * pageBytes);
      least++;
    }
    session.dispose();
    held?.cancel();
  }
  assert(least >= 2 && most >= 2, `${least} ${most}`);
});
