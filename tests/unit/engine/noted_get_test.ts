/**
 * Owns tests of gets that were noted before their turn: they are answered, and
 * counted, as any other.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Bytes, latin1, toLatin1 } from "../../../src/base/bytes.ts";
import { KEY_BYTES_MAX, VALUE_PIECE_BYTES } from "../../../src/base/limits.ts";
import type { Settings } from "../../../src/base/settings.ts";
import type { Waiting } from "../../../src/engine/lookahead.ts";
import type { Session } from "../../../src/engine/session.ts";
import { RUN_CLOSE, RUN_READ } from "../../../src/engine/session_states.ts";
import { SCOUT_KEYS_MAX } from "../../../src/protocol/key_scout.ts";
import { Output } from "../../../src/protocol/output.ts";
import {
  createSharingServers,
  type MemoryConnection,
  MemoryServer,
} from "../../support/memory_server.ts";

const LONGEST = "k".repeat(KEY_BYTES_MAX);
const SIZES = [0, 1, 100, VALUE_PIECE_BYTES - 1, VALUE_PIECE_BYTES, 300_000];
const STORES = [
  ...SIZES.map((size) => `set ${size} 7 0 ${size}\r\n${"v".repeat(size)}\r\n`),
  `set ${LONGEST} 0 0 1\r\nx\r\n`,
  "set a\tb 0 0 1\r\ny\r\n",
  "set old 0 10 1\r\nz\r\n",
];
const PLAIN = [...SIZES.map(String), LONGEST, "none", "x", "old"];
const OTHERS = [
  `get ${LONGEST}k\r\n`,
  "get a\tb\r\n",
  "get a\rb\r\n",
  "get 0 1\r\n",
  "get 0 \r\n",
  "get  0\r\n",
  "get 0\n",
  "get 0\t\n",
  "get 0\r\nget 1\r\n",
  "get 0\r\nversion\r\n",
  "set 0\r\n",
  "get \r\n",
  "get\r\n",
  "gets 0\r\n",
  "mg 0 v\r\n",
  "set 0 0 0 1\r\nx\r\n",
  "incr 0 1\r\n",
  "version\r\n",
];

/** What comes of one input; it is noted, and that then counts as said. */
function ask(
  server: MemoryServer,
  { session }: MemoryConnection,
  text: string,
  usesNote: boolean,
): { reply: string; noted: boolean } {
  const { lookahead } = server.context;
  session.feed(toLatin1(text));
  lookahead.note(session);
  const noted = session.notedLength > 0;
  if (!usesNote) session.notedLength = 0;
  const reply = replyOf(session);
  lookahead.fetchNoted();
  return { reply, noted };
}

function replyOf(session: Session): string {
  let reply = "";
  for (;;) {
    session.output = new Output();
    const code = session.run();
    reply += latin1(session.output.bytes.u8, 0, session.output.length);
    if (code === RUN_READ || code === RUN_CLOSE) return reply;
  }
}

/** Two servers that are told the same, of which one uses what was noted. */
async function twoServers(
  settings: Partial<Settings> = {},
  makeServer = (settings: Partial<Settings>) => new MemoryServer(settings),
) {
  const sides = [false, true].map((usesNote) => {
    const server = makeServer(settings);
    return { server, usesNote, client: server.connect() };
  });
  for (const { client } of sides) {
    for (const store of STORES) assertEquals(await client.send(store), STORED);
  }
  /** What both reply, and whether the input was noted. */
  const both = (text: string) => {
    const [plain, noted] = sides.map(({ server, usesNote, client }) => {
      const answer = ask(server, client, text, usesNote);
      const { session } = client;
      return [answer, session.isIdle, session.lastCommand];
    });
    assertEquals(noted, plain);
    return plain[0] as ReturnType<typeof ask>;
  };
  const stats = () => {
    const [plain, noted] = sides.map(({ server: { context } }) =>
      [...context.counters.values].join() + [...context.counters.classes].join()
    );
    assertEquals(noted, plain);
  };
  return { sides, both, stats };
}

const STORED = "STORED\r\n";
const MAKERS: [string, (settings: Partial<Settings>) => MemoryServer][] = [
  ["one thread", (settings) => new MemoryServer(settings)],
  ["several threads", (settings) => createSharingServers(settings, 2)[0]],
];

for (const [name, makeServer] of MAKERS) {
  Deno.test(`a noted get is answered as any other, ${name}`, async () => {
    const { sides, both, stats } = await twoServers({}, makeServer);
    for (const key of PLAIN) {
      for (let i = 0; i < 3; i++) {
        assertEquals(both(`get ${key}\r\n`).noted, true);
      }
    }
    assertEquals(both("get 1\r\n").reply, "VALUE 1 7 1\r\nv\r\nEND\r\n");
    assertEquals(both("get none\r\n").reply, "END\r\n");
    stats();
    for (const text of OTHERS) {
      assertEquals([text, both(text).noted], [text, false]);
    }
    stats();
    for (const { server } of sides) server.moveClock(20);
    assertEquals(both("get old\r\n"), { reply: "END\r\n", noted: true });
    stats();
    for (const { server } of sides) server.flush(0);
    assertEquals(both("get 100\r\n"), { reply: "END\r\n", noted: true });
    stats();
  });
}

Deno.test("a noted get is logged as any other", async () => {
  const { sides, both } = await twoServers({ verbosity: 2 });
  const logs = sides.map(({ server: { context: { observers } } }) => {
    const lines: string[] = [];
    observers.log = (line) => lines.push(line);
    return lines;
  });
  both("get 1\r\n");
  assertEquals(logs[1], logs[0]);
  assertEquals(logs[0], ["<27 get 1"]);
});

Deno.test("a noted get waits for the login", () => {
  const server = new MemoryServer({ authFile: "users", protocol: "ascii" });
  const asked = ask(server, server.connect(), "get 1\r\n", true);
  assertEquals(asked, {
    reply: "CLIENT_ERROR unauthenticated\r\n",
    noted: true,
  });
});

Deno.test("each of several that wait is answered from its own note", async () => {
  const server = new MemoryServer();
  const { lookahead } = server.context;
  const client = server.connect();
  const keys = ["one", "three", "seventeen", "x".repeat(KEY_BYTES_MAX)];
  for (const key of keys) {
    await client.send(`set ${key} 0 0 ${key.length}\r\n${key}\r\n`);
  }
  // What is no get of one key may have several.
  const texts = [
    ...keys.slice(0, 2).map((key) => `get ${key}\r\n`),
    "get one three\r\n",
    "version\r\n",
    ...keys.slice(2).map((key) => `get ${key}\r\n`),
  ];
  const waiting = texts.map((text) => {
    const { session } = server.connect();
    session.feed(toLatin1("mn\r\n"));
    replyOf(session);
    session.feed(toLatin1(text));
    lookahead.note(session);
    return session;
  });
  lookahead.fetchNoted();
  // Others are noted before those have their turns.
  for (const key of ["seven", "one"]) {
    const { session } = server.connect();
    session.feed(toLatin1(`get ${key}\r\n`));
    lookahead.note(session);
  }
  assertEquals(waiting.map(({ notedLength }) => notedLength), [
    3,
    5,
    0,
    0,
    9,
    KEY_BYTES_MAX,
  ]);
  const value = (key: string) => `VALUE ${key} 0 ${key.length}\r\n${key}\r\n`;
  const [one, three, ...others] = keys.map((key) => `${value(key)}END\r\n`);
  assertEquals(
    waiting.map(replyOf),
    [
      one,
      three,
      `${value("one")}${value("three")}END\r\n`,
      await client.send("version\r\n"),
      ...others,
    ],
  );
});

Deno.test("what was noted is forgotten when more is received", async () => {
  const server = new MemoryServer();
  const client = server.connect();
  await client.send("set 1 0 0 1\r\na\r\nset 2 0 0 1\r\nb\r\n");
  const { session } = client;
  session.feed(toLatin1("get 1\r\n"));
  server.context.lookahead.note(session);
  session.feed(toLatin1("get 2\r\n"));
  const reply = "VALUE 1 0 1\r\na\r\nEND\r\nVALUE 2 0 1\r\nb\r\nEND\r\n";
  assertEquals(replyOf(session), reply);
});

Deno.test("a get is noted however many wait", () => {
  const { lookahead, store } = new MemoryServer().context;
  for (let i = 1000; i < 1000 + 2 * SCOUT_KEYS_MAX + 1; i++) {
    const input = Bytes.fromLatin1(`get ${i}\r\n`);
    const to = input.capacity;
    const waiting: Waiting = { input, to, notedLength: 0, notedHash: 0 };
    lookahead.note(waiting);
    const { notedLength, notedHash } = waiting;
    assertEquals([notedLength, notedHash], [4, store.hash(input, 4, 4)]);
  }
});
