/**
 * Owns tests of reads that take the end of a value's line along: how far they
 * reach, and that replies do not depend on it. Never uses a socket.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { toLatin1 } from "../../../src/base/bytes.ts";
import { STREAM_BODY_BYTES_MIN } from "../../../src/base/limits.ts";
import type { Session } from "../../../src/engine/session.ts";
import { checkShard } from "../../../src/store/invariants.ts";
import { MemoryServer } from "../../support/memory_server.ts";
import { Random, seedFromEnvironment } from "../../support/random.ts";
import { smallPages } from "../../support/stretches.ts";
import { SyncClient } from "../../support/sync_client.ts";

/** The end of a line, and two bytes more. */
const END_BYTES = 4;
const LARGE = STREAM_BODY_BYTES_MIN;
const ALIGNMENTS = [0, 1, 2, 3];

function readingEnds(server: MemoryServer): Session {
  const { session } = server.connect();
  session.readsEnds = true;
  return session;
}

function answer(
  session: Session,
  request: string,
  most?: () => number,
): string {
  return new SyncClient(session).sendBytes(toLatin1(request), most);
}

/** Sends the line of a set, and the value but for its last `left` bytes. */
function begin(
  session: Session,
  size: number,
  left: number,
  key = "k",
  letter = "v",
): void {
  const text = `set ${key} 0 0 ${size}\r\n${letter.repeat(size - left)}`;
  assertEquals(answer(session, text), "");
}

function word(value: number): string {
  return String.fromCharCode(...[24, 16, 8, 0].map((by) => value >> by & 255));
}

function checkAll(server: MemoryServer): void {
  for (const { shard } of server.store.partitions) checkShard(shard);
}

for (const rest of ALIGNMENTS) {
  Deno.test(`the end of a line comes with its value, ${rest} beyond a word`, () => {
    for (const more of ["", "m", "mn", "mn\r\n", "mn\r\nmn\r\n"]) {
      const server = new MemoryServer();
      const session = readingEnds(server);
      const size = LARGE + rest;
      begin(session, size, 10);
      assertEquals(session.readTarget().length, 10 + END_BYTES);
      const replies = "MN\r\n".repeat(more.length >> 2);
      const end = `${"e".repeat(10)}\r\n${more}`;
      assertEquals(answer(session, end), `STORED\r\n${replies}`);
      assertEquals(session.upload, null);
      // What else came is held, and goes on.
      if (more.length % 4 !== 0) {
        const left = "mn\r\n".slice(more.length);
        assertEquals(answer(session, left), "MN\r\n");
      }
      assertEquals(session.isIdle, true);
      checkAll(server);
      const value = "v".repeat(size - 10) + "e".repeat(10);
      const reply = answer(session, "get k\r\n");
      assert(reply === `VALUE k 0 ${size}\r\n${value}\r\nEND\r\n`);
    }
  });

  Deno.test(`the end of a line may come in pieces, ${rest} beyond a word`, () => {
    for (let first = 0; first < 14; first++) {
      const server = new MemoryServer();
      const session = readingEnds(server);
      begin(session, LARGE + rest, 10);
      const end = `${"e".repeat(10)}\r\nmn\r\n`;
      const replies = answer(session, end.slice(0, first)) +
        answer(session, end.slice(first));
      assertEquals(replies, "STORED\r\nMN\r\n", `after ${first}`);
      checkAll(server);
    }
  });
}

Deno.test("a line that does not end is refused, and what was read is input", () => {
  const server = new MemoryServer();
  const session = readingEnds(server);
  begin(session, LARGE, 10);
  const reply = answer(session, `${"e".repeat(10)}xymn\r\nget k\r\n`);
  assertEquals(reply, "CLIENT_ERROR bad data chunk\r\nMN\r\nEND\r\n");
  checkAll(server);
});

Deno.test("who leaves with the end half sent leaves nothing behind", () => {
  const server = new MemoryServer();
  const session = readingEnds(server);
  begin(session, LARGE, 10);
  assertEquals(answer(session, `${"e".repeat(10)}\r`), "");
  session.dispose();
  checkAll(server);
  assertEquals(answer(readingEnds(server), "get k\r\n"), "END\r\n");
});

Deno.test("uploads whose ends come one by one leave each other alone", () => {
  const random = new Random(seedFromEnvironment(5));
  const server = new MemoryServer();
  const uploads = Array.from({ length: 24 }, (_, i) => {
    const session = readingEnds(server);
    const size = LARGE + random.below(200);
    const letter = String.fromCharCode(97 + i);
    begin(session, size, 10, `k${i}`, letter);
    return { session, key: `k${i}`, size, letter };
  });
  // The record that follows was there before the end is read in front of it.
  while (uploads.length > 0) {
    const [upload] = uploads.splice(random.below(uploads.length), 1);
    const { session, key, size, letter } = upload;
    const reply = answer(session, `${letter.repeat(10)}\r\nmn\r\n`);
    assertEquals(reply, "STORED\r\nMN\r\n");
    checkAll(server);
    const value = letter.repeat(size);
    const got = answer(session, `get ${key}\r\n`);
    assert(got === `VALUE ${key} 0 ${size}\r\n${value}\r\nEND\r\n`, key);
  }
});

Deno.test("packets, and drivers that do not ask for it, read values only", () => {
  const server = new MemoryServer();
  const { session } = server.connect();
  begin(session, LARGE, 10);
  assertEquals(session.readTarget().length, 10);
  const packets = readingEnds(server);
  const extras = "\x00".repeat(8);
  const set = `\x80\x01\x00\x01\x08\x00\x00\x00${word(LARGE + 9)}` +
    "\x00".repeat(12) + `${extras}k`;
  assertEquals(answer(packets, set + "v".repeat(LARGE - 10)), "");
  assertEquals(packets.readTarget().length, 10);
});

Deno.test("wherever a value ends in a page, there is room behind it", () => {
  const server = smallPages();
  const { pageBytes } = server.store.geometry;
  const session = readingEnds(server);
  for (let size = LARGE; size < LARGE + pageBytes; size += 4) {
    begin(session, size, 1);
    assertEquals(session.readTarget().length, 1 + END_BYTES, `${size}`);
    assertEquals(answer(session, "e\r\n"), "STORED\r\n");
  }
  checkAll(server);
});

Deno.test("replies are the same, whatever is read at a time", () => {
  const seed = seedFromEnvironment(4);
  const random = new Random(seed);
  const servers = [smallPages(), smallPages()];
  const [plain, ends] = [servers[0].connect().session, readingEnds(servers[1])];
  for (let i = 0; i < 300; i++) {
    const size = LARGE + random.below(40_000);
    const value = String.fromCharCode(97 + random.below(26)).repeat(size);
    const key = `k${random.below(40)}`;
    const end = random.oneIn(8) ? "xy" : "\r\n";
    const verb = random.pick(["set", "add", "append", "prepend", "replace"]);
    const request = `${verb} ${key} 7 0 ${size}\r\n${value}${end}` +
      random.pick(["", `get ${key}\r\n`, "mn\r\n", `delete ${key}\r\n`]);
    const most = random.pick([1_000, 20_000, 50_000, Infinity]);
    const expected = answer(plain, request);
    const reply = answer(ends, request, () => 1 + random.below(most));
    assert(
      reply === expected,
      `seed ${seed}, step ${i}: ${reply.slice(0, 99)}`,
    );
    if (i % 20 === 0) checkAll(servers[1]);
  }
});
