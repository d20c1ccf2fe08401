/**
 * Owns tests of replies that are sent from the table with their line and their
 * end: which ones, their bytes, and what is held meanwhile. Never uses a socket.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { latin1, toLatin1 } from "../../../src/base/bytes.ts";
import {
  ROOM_VALUE_BYTES_MIN,
  VALUE_PIECE_BYTES,
} from "../../../src/base/limits.ts";
import {
  RUN_FLUSH,
  RUN_READ,
  RUN_SEND,
} from "../../../src/engine/session_states.ts";
import type { Session } from "../../../src/engine/session.ts";
import { type DirectLimits, NEVER_WHOLE } from "../../../src/engine/sink.ts";
import { Output } from "../../../src/protocol/output.ts";
import { checkShard } from "../../../src/store/invariants.ts";
import {
  createSharingServers,
  MemoryServer,
} from "../../support/memory_server.ts";
import { Random, seedFromEnvironment } from "../../support/random.ts";
import { pinnedPages, smallPages, valueOf } from "../../support/stretches.ts";

/** What memcached says, too. */
const EMPTY_LINE = "CLIENT_ERROR bad command line format\r\n";
const MIN = ROOM_VALUE_BYTES_MIN;
const WHOLE: DirectLimits = {
  valueBytesMin: NEVER_WHOLE,
  stretchBytesMin: 1,
  wholeBytesMin: MIN,
};

/** What came out of a session: by stretches of the table, and by output. */
interface Came {
  reply: string;
  sent: number;
  copied: number;
}

function connect(server: MemoryServer, limits = WHOLE): Session {
  const { session } = server.connect();
  session.directLimits = limits;
  return session;
}

/** Runs until more input is needed, or a stretch waits if `stops`. */
function run(session: Session, came: Came, most = Infinity, stops = false) {
  for (;;) {
    session.output = new Output();
    const code = session.run();
    came.reply += latin1(session.output.bytes.u8, 0, session.output.length);
    came.copied += session.output.length;
    if (code === RUN_READ) return;
    if (code === RUN_FLUSH) continue;
    assertEquals(code, RUN_SEND);
    if (stops) return;
    const bytes = session.direct;
    const count = Math.min(most, bytes.length);
    came.reply += latin1(bytes, 0, count);
    came.sent += count;
    session.wrote(count);
  }
}

function ask(
  session: Session,
  request: string,
  most = Infinity,
  stops = false,
): Came {
  const came = { reply: "", sent: 0, copied: 0 };
  const bytes = toLatin1(request);
  for (let at = 0; at < bytes.length;) {
    at += session.feed(bytes.subarray(at));
    run(session, came, most, stops);
  }
  return came;
}

function put(session: Session, key: string, text: string, flags = 7): void {
  const { length } = text;
  const { reply } = ask(
    session,
    `set ${key} ${flags} 0 ${length}\r\n${text}\r\n`,
  );
  assertEquals(reply, "STORED\r\n");
}

function lines(key: string, text: string, flags = 7): string {
  return `VALUE ${key} ${flags} ${text.length}\r\n${text}\r\n`;
}

function check(server: MemoryServer): void {
  for (const { shard } of server.store.partitions) {
    checkShard(shard);
  }
  assertEquals(pinnedPages(server), 0);
}

const SIZES = [MIN, MIN + 1, 65_535, 65_536, 100_000, 300_001, 3_000_000];

for (const size of SIZES) {
  Deno.test(`the reply to a get of ${size} bytes is sent whole`, () => {
    const big = { itemBytesMax: 4 << 20 };
    for (const server of [new MemoryServer(big), smallPages()]) {
      const session = connect(server);
      const text = valueOf(size);
      // The longest key, flags, and none of either.
      for (const [key, flags] of [["k".repeat(250), 4294967295], ["k", 0]]) {
        put(session, `${key}`, text, Number(flags));
        const expected = `${lines(`${key}`, text, Number(flags))}END\r\n`;
        for (const end of ["\r\n", "\n"]) {
          for (const most of [Infinity, 30_000]) {
            const came = ask(session, `get ${key}${end}`, most);
            assert(came.reply === expected, `${size} ${key}`);
            assertEquals(came.copied, 0);
            assert(session.isIdle);
          }
        }
      }
      check(server);
    }
  });
}

Deno.test("shorter values are copied", () => {
  const server = new MemoryServer();
  const session = connect(server);
  for (const extra of [-1, 0, 1]) {
    const text = valueOf(MIN + extra);
    put(session, "k", text);
    const { reply, sent } = ask(session, "get k\r\n");
    assertEquals(reply, `${lines("k", text)}END\r\n`);
    assertEquals(sent > 0, extra >= 0, `${extra}`);
  }
  check(server);
});

Deno.test("what is not the whole reply, or not all there is, is copied", () => {
  const server = new MemoryServer();
  const session = connect(server);
  const text = valueOf(MIN);
  put(session, "k", text);
  const line = lines("k", text);
  const copied: [string, string][] = [
    ["get k k\r\n", `${line}${line}END\r\n`],
    ["get k none\r\n", `${line}END\r\n`],
    ["get k \r\n", `${line}END\r\n`],
    ["get k\r\nmn\r\n", `${line}END\r\nMN\r\n`],
    ["get k\n\n", `${line}END\r\n${EMPTY_LINE}`],
    ["mg k v\r\n", `VA ${MIN}\r\n${text}\r\n`],
    ["gat 0 k\r\n", `${line}END\r\n`],
    ["get none\r\n", "END\r\n"],
  ];
  for (const [request, reply] of copied) {
    const came = ask(session, request);
    assert(came.reply === reply, request + came.reply.slice(-30));
    assertEquals(came.sent, 0, request);
  }
  const cas = /^VALUE k 7 8192 \d+\r\n/.exec(ask(session, "gets k\r\n").reply);
  assert(cas !== null);
  // Nothing precedes it in these.
  const whole: [string, string][] = [
    ["get k\r\n", `${line}END\r\n`],
    ["get none k\r\n", `${line}END\r\n`],
  ];
  for (const [request, reply] of whole) {
    const came = ask(session, request);
    assert(came.reply === reply, request);
    assertEquals(came.copied, 0, request);
  }
  // What others say before it, and it, are one write.
  const last = ask(session, "mn\r\nget k\r\n");
  assertEquals([last.reply, last.sent], [`MN\r\n${line}END\r\n`, 0]);
  check(server);
});

Deno.test("a long line whose reply has begun gets none that is whole", () => {
  const server = new MemoryServer();
  const session = connect(server);
  const text = valueOf(MIN);
  put(session, "k", text);
  const filler = "none ".repeat(20_000);
  const came = ask(session, `get k ${filler}`);
  const rest = ask(session, "k\r\n");
  const reply = came.reply + rest.reply;
  assert(reply === `${lines("k", text).repeat(2)}END\r\n`);
  assertEquals([came.sent, rest.sent], [0, 0]);
});

Deno.test("a reply on its way stays what it is", () => {
  const server = smallPages();
  const reader = connect(server), other = connect(server);
  for (const size of [MIN, 100_000]) {
    const text = valueOf(size);
    put(other, "k", text);
    const came = ask(reader, "get k\r\n", Infinity, true);
    // Same length, other flags, gone, and all of the table written again.
    put(other, "k", "x".repeat(size), 9);
    assertEquals(ask(other, "delete k\r\n").reply, "DELETED\r\n");
    for (let i = 0; i < 3000; i++) put(other, `o${i}`, "o".repeat(MIN), 3);
    run(reader, came);
    assert(came.reply === `${lines("k", text)}END\r\n`, `${size}`);
  }
  check(server);
});

Deno.test("several clients may be sent the same value", () => {
  const server = new MemoryServer();
  const text = valueOf(100_000);
  const readers = [1, 2, 3].map(() => connect(server));
  put(readers[0], "k", text);
  const all = readers.map((reader) => ask(reader, "get k\r\n", Infinity, true));
  // What others are told meanwhile does not come between.
  ask(connect(server), "gets k\r\nmg k v f\r\n");
  readers.forEach((reader, i) => run(reader, all[i]));
  for (const { reply } of all) assert(reply === `${lines("k", text)}END\r\n`);
  check(server);
});

Deno.test("threads may be sent the same value", () => {
  const servers = createSharingServers({ memoryBytes: 64 << 20 }, 2);
  for (const size of [MIN, 100_000]) {
    const text = valueOf(size);
    const readers = servers.map((server) => connect(server));
    put(readers[0], "k", text);
    const all = readers.map((reader) =>
      ask(reader, "get k\r\n", Infinity, true)
    );
    // One who looks without the lock, and one who stores over it.
    const other = connect(servers[1]);
    const expected = `${lines("k", text)}END\r\n`;
    const plain = ask(other, "get k \r\n");
    assert(plain.reply === expected && plain.sent === 0);
    put(other, "k", "x".repeat(size), 9);
    readers.forEach((reader, i) => run(reader, all[i]));
    for (const { reply } of all) assert(reply === expected);
    check(servers[0]);
  }
});

Deno.test("who goes away while a reply is sent holds nothing", () => {
  const server = new MemoryServer();
  const session = connect(server);
  put(session, "k", valueOf(MIN));
  ask(session, "get k\r\n", Infinity, true);
  session.dispose();
  check(server);
});

Deno.test("while readers hold too many pages, replies are copied", () => {
  const server = smallPages();
  const writer = connect(server);
  const sizes = [MIN, VALUE_PIECE_BYTES];
  const readers: Session[] = [];
  const hold = (key: string) => {
    const reader = connect(server);
    readers.push(reader);
    return ask(reader, `get ${key}\r\n`, Infinity, true);
  };
  // Each holds its own page, until half of them are held.
  for (let i = 0; i < 2000; i++) {
    put(writer, `h${i}`, valueOf(MIN));
    hold(`h${i}`);
    if (readers.at(-1)!.source === null) break;
  }
  assertEquals(readers.at(-1)!.source, null, "all were held");
  for (const size of sizes) {
    put(writer, `${size}`, valueOf(size));
    const { reply } = hold(`${size}`);
    assert(reply === `${lines(`${size}`, valueOf(size))}END\r\n`, `${size}`);
  }
  for (const reader of readers) reader.dispose();
  check(server);
});

Deno.test("replies are the same, whole or copied", () => {
  const seed = seedFromEnvironment(6);
  const random = new Random(seed);
  const servers = [smallPages(), smallPages()];
  const sessions = [
    connect(servers[0], { ...WHOLE, wholeBytesMin: NEVER_WHOLE }),
    connect(servers[1]),
  ];
  let sent = 0;
  for (let i = 0; i < 3000; i++) {
    const key = `k${random.below(30)}`;
    const size = random.pick([100, MIN, 20_000, 100_000]) + random.below(30);
    const letter = String.fromCharCode(97 + random.below(26));
    const request = random.pick([
      `set ${key} ${random.below(3)} 0 ${size}\r\n${letter.repeat(size)}\r\n`,
      `append ${key} 0 0 9\r\n${letter.repeat(9)}\r\n`,
      `touch ${key} 100\r\n`,
      `gets ${key}\r\n`,
      `get ${key} none\r\n`,
      `get ${key}\r\n`,
      `get ${key}\r\n`,
    ]);
    const most = random.pick([Infinity, 10_000]);
    const [plain, whole] = sessions.map((session) =>
      ask(session, request, most)
    );
    sent += whole.sent;
    assert(whole.reply === plain.reply, `seed ${seed}, step ${i}: ${request}`);
    if (i % 100 === 0) check(servers[1]);
  }
  assert(sent > 1_000_000, "hardly anything was sent whole");
});
