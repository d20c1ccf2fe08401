/**
 * Owns the tests of the read buffers that native connections share.
 *
 * @module
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { Bytes, latin1, toLatin1 } from "../../../src/base/bytes.ts";
import {
  READ_BUFFER_BYTES_MAX,
  READ_BUFFER_BYTES_MIN,
  READ_LITTLE_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { Stretches } from "../../../src/base/stretches.ts";
import { RUN_READ } from "../../../src/engine/session_states.ts";
import { Session } from "../../../src/engine/session.ts";
import { Output } from "../../../src/protocol/output.ts";
import { InputPool } from "../../../src/server/native/input_pool.ts";
import { MemoryServer } from "../../support/memory_server.ts";

/** A session that holds `text`, as if it had just been received. */
function holding(pool: InputPool, text: string): Session {
  const { engine } = new MemoryServer();
  const session = new Session(engine, 27, pool.common);
  receive(pool, session, text);
  return session;
}

function receive(pool: InputPool, session: Session, text: string): void {
  const room = pool.commonRoom(session);
  const target = room > 0
    ? pool.common.u8.subarray(0, room)
    : session.readTarget();
  target.set(toLatin1(text));
  session.received(text.length);
}

function held({ input, from, to }: Session): string {
  return latin1(input.u8, from, to);
}

Deno.test("who holds nothing has the common buffer", () => {
  const pool = new InputPool();
  const session = holding(pool, "get k");
  session.from = session.to;
  pool.settle(session);
  assertStrictEquals(session.input, pool.common);
  assertEquals(pool.commonRoom(session), READ_BUFFER_BYTES_MAX);
  session.littleBytes = 77;
  assertEquals(pool.commonRoom(session), 77);
});

Deno.test("what is held survives what others read", () => {
  const pool = new InputPool();
  const one = holding(pool, "xxget on");
  one.from = 2;
  pool.settle(one);
  const two = holding(pool, "get two");
  pool.settle(two);
  assertEquals([held(one), held(two)], ["get on", "get two"]);
  // A little is read on in the common buffer.
  receive(pool, one, "e\r\n");
  assertStrictEquals(one.input, pool.common);
  assertEquals(held(one), "get one\r\n");
  pool.settle(one);
  assertEquals([held(one), held(two)], ["get one\r\n", "get two"]);
});

Deno.test("much is held where it is until all of it is used", () => {
  const pool = new InputPool();
  for (const extra of [0, 1]) {
    const session = holding(pool, "x".repeat(READ_BUFFER_BYTES_MIN + extra));
    session.wanted = 10_000;
    pool.settle(session);
    const own = session.input;
    assert(own !== pool.common && own.capacity >= 10_000);
    assertEquals(pool.commonRoom(session), 0);
    assertStrictEquals(session.input, extra === 0 ? pool.common : own);
    pool.settle(session);
    session.from = session.to;
    pool.settle(session);
    assertStrictEquals(session.input, pool.common);
  }
});

Deno.test("buffers are used again, and not by two", () => {
  const pool = new InputPool();
  const one = holding(pool, "a");
  pool.settle(one);
  const first = one.input;
  const two = holding(pool, "b");
  pool.settle(two);
  assert(two.input !== first);
  pool.end(one);
  const three = holding(pool, "c");
  pool.settle(three);
  assertStrictEquals(three.input, first);
  // One of a size that the pool does not have is left to the collector.
  three.moveInput(Bytes.allocate(READ_BUFFER_BYTES_MIN + 100));
  pool.end(three);
  const four = holding(pool, "d");
  pool.settle(four);
  assertEquals(four.input.capacity, READ_BUFFER_BYTES_MIN);
});

Deno.test("a value is received where it belongs, with what follows it", () => {
  const size = 100_000;
  const end = "\r\nget k";
  for (const beyond of [-1, 0, 1, end.length]) {
    const pool = new InputPool();
    const session = holding(pool, `set k 0 0 ${size}\r\n`);
    session.output = new Output();
    assertEquals(session.run(), RUN_READ);
    pool.settle(session);
    const upload = session.upload!;
    const stretches = new Stretches();
    pool.addTargets(session, upload, stretches);
    assertEquals(stretches.total, size + READ_LITTLE_BYTES_MAX);
    pool.common.u8.set(toLatin1(end));
    const count = size + beyond;
    assertEquals(pool.receivedValue(session, upload, count), beyond === 0);
    assertEquals(held(session), end.slice(0, Math.max(0, beyond)));
    assertEquals(session.wantsValue, beyond < 0);
    if (beyond === end.length) {
      assertEquals(session.run(), RUN_READ);
      assertEquals(held(session), "get k");
    }
    session.dispose();
  }
});

Deno.test("what came ahead of a turn survives until then", () => {
  const pool = new InputPool();
  const texts = ["get 1\r\n", "get 2\r\nget", "get 3\r\n"];
  for (let round = 0; round < 2; round++) {
    const sessions = texts.map(() => holding(pool, ""));
    texts.forEach((text, i) => {
      // One of two that were asked for brought nothing.
      pool.aheadTarget();
      const target = pool.aheadTarget();
      target.u8.set(toLatin1(text));
      sessions[i].hasReadLittle = true;
      pool.receivedAhead(sessions[i], target, text.length);
      assertEquals(sessions[i].hasReadLittle, false);
    });
    pool.endAhead();
    const [one, two, three] = sessions;
    assertEquals(sessions.map(held), texts);
    one.from = one.to;
    pool.settle(one);
    assertStrictEquals(one.input, pool.common);
    // What is left gets a buffer that it may keep.
    two.from += 7;
    pool.settle(two);
    receive(pool, one, "get 4\r\n");
    // Those of the first two, who had their turn, are used again.
    for (let i = 0; i < 4; i++) pool.aheadTarget().u8.fill(0);
    assertEquals([held(two), held(three)], ["get", texts[2]]);
    pool.endAhead();
    for (const session of sessions) pool.end(session);
  }
  // None of them is kept for those who need a buffer of their own.
  const last = holding(pool, "x");
  pool.settle(last);
  assertEquals(last.input.capacity, READ_BUFFER_BYTES_MIN);
});

Deno.test("the end of one that holds nothing keeps the common buffer", () => {
  const pool = new InputPool();
  const one = holding(pool, "");
  pool.end(one);
  const two = holding(pool, "x".repeat(READ_BUFFER_BYTES_MAX - 1));
  pool.settle(two);
  assert(two.input !== pool.common);
});
