/**
 * Owns tests of how large values leave a session from where they lie: which
 * bytes, in which order, and what is held meanwhile. Never uses a socket.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { latin1, toLatin1 } from "../../../src/base/bytes.ts";
import { Stretches } from "../../../src/base/stretches.ts";
import {
  OUTPUT_HIGH_WATER_BYTES,
  OUTPUT_LOW_WATER_BYTES,
  STRETCH_BYTES_PER_CALL_MAX,
} from "../../../src/base/limits.ts";
import {
  RUN_FLUSH,
  RUN_READ,
  RUN_SEND,
  RUN_YIELD,
} from "../../../src/engine/session_states.ts";
import type { Session } from "../../../src/engine/session.ts";
import type { DirectLimits } from "../../../src/engine/sink.ts";
import { Output } from "../../../src/protocol/output.ts";
import { MemoryServer } from "../../support/memory_server.ts";
import {
  pinnedPages,
  smallPages,
  valueOf,
  viewsOf,
} from "../../support/stretches.ts";

/** Nothing is copied. */
const ALL_DIRECT: DirectLimits = { valueBytesMin: 1, stretchBytesMin: 1 };

const SIZES = [64 * 1024, 100_000, 300_001, 3_000_000];

/** How stretches are taken: at most so many bytes at a time, or all of a value
 * together with what follows. */
type Taking = { most: number } | "passing";

const EACH: Taking[] = [{ most: Infinity }, { most: 30_000 }, "passing"];

/** Sends `request` and takes all output. */
function ask(
  server: MemoryServer,
  request: string,
  taking: Taking,
  limits = ALL_DIRECT,
) {
  const { session } = server.connect();
  session.directLimits = limits;
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
    const stretch = session.direct;
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
  const stretches = new Stretches();
  const held = session.passDirect(stretches);
  if (held === null) {
    session.wrote(stretch.length);
    return latin1(stretch, 0, stretch.length);
  }
  assertEquals(session.source, null);
  assert(pinnedPages(server) > 0, "still to be sent");
  const texts = viewsOf(stretches).map((bytes) =>
    latin1(bytes, 0, bytes.length)
  );
  held.cancel();
  return texts.join("") +
    latin1(session.output.bytes.u8, 0, session.output.length);
}

for (const size of SIZES) {
  Deno.test(`a value of ${size} bytes leaves whole, in text`, () => {
    const server = new MemoryServer({ itemBytesMax: 4 << 20 });
    const text = valueOf(size);
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
    const text = valueOf(size);
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

/** A session that is about to send a value of `size` bytes. */
function sending(size: number): { server: MemoryServer; session: Session } {
  const server = smallPages();
  ask(server, `set k 0 0 ${size}\r\n${valueOf(size)}\r\n`, EACH[0]);
  const { session } = server.connect();
  session.directLimits = ALL_DIRECT;
  session.feed(toLatin1("get k\r\n"));
  session.output = new Output();
  assertEquals(session.run(), RUN_SEND);
  return { server, session };
}

const AROUND = [-1, 0, 1];

Deno.test("a value is sent by one call up to 1 MB", () => {
  for (const extra of AROUND) {
    const size = STRETCH_BYTES_PER_CALL_MAX + extra;
    const { server, session } = sending(size);
    const stretches = new Stretches();
    const held = session.passDirect(stretches);
    assertEquals(held !== null, extra <= 0);
    if (held !== null) {
      assertEquals(stretches.total, size);
      // Nearly as many as there may be.
      assert(stretches.count > 64);
    }
    held?.cancel();
    session.dispose();
    assertEquals(pinnedPages(server), 0);
  }
});

Deno.test("a value is received by one call up to 1 MB", () => {
  for (const extra of AROUND) {
    const size = STRETCH_BYTES_PER_CALL_MAX + extra;
    const { session } = smallPages().connect();
    session.output = new Output();
    session.feed(toLatin1(`set k 0 0 ${size}\r\n`));
    assertEquals(session.run(), RUN_READ);
    const upload = session.upload!;
    const stretches = new Stretches();
    const addTargets = () => {
      assert(session.wantsValue);
      stretches.clear();
      upload.addTargets(stretches);
      assertEquals(upload.targetBytes, stretches.total);
      return stretches.count;
    };
    assert(addTargets() > 64);
    const { total } = stretches;
    assertEquals(total, Math.min(size, STRETCH_BYTES_PER_CALL_MAX));
    assertEquals(upload.endsWithTarget, extra <= 0);
    // Who sends little at a time has one stretch to fill, until he does.
    session.received(total - 20_000);
    assertEquals(addTargets(), 1);
    session.received(stretches.total);
    assert(addTargets() > 1);
    session.received(stretches.total);
    assertEquals(session.wantsValue, false);
    session.dispose();
  }
});

/** How many stretches a value of `size` bytes has with such limits. */
function count(size: number, limits: DirectLimits, highWaterBytes?: number) {
  const server = smallPages();
  ask(server, `set k 0 0 ${size}\r\n${valueOf(size)}\r\n`, EACH[0]);
  server.engine.highWaterBytes = highWaterBytes ?? server.engine.highWaterBytes;
  const { reply, stretches } = ask(server, "get k\r\n", EACH[0], limits);
  const expected = `VALUE k 0 ${size}\r\n${valueOf(size)}\r\nEND\r\n`;
  assertEquals(reply === expected, true);
  return stretches;
}

/** Bytes of the first stretch of such a value. */
function firstStretch(size: number): number {
  const { session } = sending(size);
  const { length } = session.direct;
  session.dispose();
  return length;
}

Deno.test("what is shorter than the limits is copied", () => {
  const valueBytesMin = OUTPUT_HIGH_WATER_BYTES;
  const direct = AROUND.map((extra) =>
    count(valueBytesMin + extra, { ...ALL_DIRECT, valueBytesMin }) > 0
  );
  assertEquals(direct, [false, true, true]);
  // What is left of a page when head and key are in it.
  const first = firstStretch(300_000);
  const stretches = AROUND.map((extra) =>
    count(300_000, { ...ALL_DIRECT, stretchBytesMin: first + extra })
  );
  assertEquals([stretches[0] > 10, stretches[1] > 10], [true, true]);
  assertEquals(stretches[2], 0);
});

Deno.test("nothing is copied that would go out in pieces", () => {
  const limits = { ...ALL_DIRECT, valueBytesMin: OUTPUT_HIGH_WATER_BYTES };
  const size = OUTPUT_HIGH_WATER_BYTES - 1;
  assertEquals(count(size, limits), 0);
  assert(count(size, limits, OUTPUT_LOW_WATER_BYTES) > 0);
});
