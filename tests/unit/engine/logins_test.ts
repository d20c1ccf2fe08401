/**
 * Owns the tests of sessions whose client has to log in: every answer of
 * memcached before, at and after a login, byte for byte. Sources:
 * `../shared/reference/memcached.md`, 1.4 and 1.9.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  LOGIN_FAILURES_PER_CONNECTION_MAX,
  LOGIN_LINE_BYTES_MIN,
  LOGIN_TOKEN_BYTES_MAX,
  SASL_MECHANISM_BYTES_MAX,
  SASL_MESSAGE_BYTES_MAX,
} from "../../../src/base/limits.ts";
import {
  type MemoryConnection,
  MemoryServer,
} from "../../support/memory_server.ts";
import { packet, readReplies } from "../../support/packets.ts";
import {
  lengthFactor,
  Random,
  seedFromEnvironment,
} from "../../support/random.ts";

const RIGHT = "\0user\0pass";

function server(kind: "token" | "sasl"): MemoryServer {
  const small = { memoryBytes: 1024 * 1024, itemBytesMax: 64 * 1024 };
  const made = new MemoryServer(
    kind === "sasl"
      ? { ...small, sasl: true, protocol: "binary" }
      : { ...small, authFile: "users", protocol: "ascii" },
  );
  made.engine.login = {
    check: (user, password) =>
      Promise.resolve(user === "user" && password === "pass"),
  };
  return made;
}

function token(text: string): string {
  return `set anything 0 0 ${text.length}\r\n${text}\r\n`;
}

async function tokenReply(text: string): Promise<string> {
  const client = server("token").connect();
  const reply = await client.send(text);
  return client.isClosed ? `${reply}<CLOSED>` : reply;
}

// Opcode, status and value of each reply, and whether the connection ended.
async function sasl(client: MemoryConnection, ...packets: string[]) {
  const replies = readReplies(await client.send(packets.join("")));
  const said = replies.map(({ opcode, status, value }) =>
    `${opcode.toString(16)} ${status.toString(16)} ${value}`.trim()
  );
  return client.isClosed ? [...said, "<CLOSED>"] : said;
}

function auth(value: string, mechanism = "PLAIN", opcode = 0x21): string {
  return packet({ opcode, key: mechanism, value });
}

const VERSION = packet({ opcode: 0x0b });
const NOOP = packet({ opcode: 0x0a });
const LIST = packet({ opcode: 0x20 });

// ---- tokens ----

Deno.test("-Y: a login opens the text protocol", async () => {
  const client = server("token").connect();
  assertEquals(await client.send(token("user pass")), "STORED\r\n");
  assertEquals(
    await client.send("get anything\r\nset k 0 0 2\r\nhi\r\nget k\r\n"),
    "END\r\nSTORED\r\nVALUE k 0 2\r\nhi\r\nEND\r\n",
  );
});

Deno.test("-Y: what follows a login in one piece is run", async () => {
  assertEquals(
    await tokenReply(token("user pass") + "mn\r\n" + "get k\r\n"),
    "STORED\r\nMN\r\nEND\r\n",
  );
});

Deno.test("-Y: any pieces will do", async () => {
  const text = token("user wrong") + token("user pass") + "mn\r\n";
  for (const size of [1, 2, 3, 7, 30]) {
    const client = server("token").connect();
    assertEquals(
      await client.sendInPieces(text, size),
      "CLIENT_ERROR authentication failure\r\nSTORED\r\nMN\r\n",
    );
  }
});

Deno.test("-Y: everything else is unauthenticated", async () => {
  const no = "CLIENT_ERROR unauthenticated\r\n";
  assertEquals(await tokenReply("get foo\r\n"), no);
  assertEquals(await tokenReply("version\r\n"), no);
  assertEquals(await tokenReply("flush_all\r\n"), no);
  assertEquals(await tokenReply("set foo 0 0 x\r\n"), no);
  assertEquals(await tokenReply("set foo 0 0\r\n"), no);
  assertEquals(await tokenReply("set foo 0 0 -1\r\n"), no);
  assertEquals(await tokenReply("stats\r\nget a b\r\n"), no + no);
});

Deno.test("-Y: the errors of a token", async () => {
  const failure = "CLIENT_ERROR authentication failure\r\n";
  assertEquals(await tokenReply(token("user past")), failure);
  assertEquals(await tokenReply(token("user pass ")), failure);
  assertEquals(await tokenReply(token("usher pass")), failure);
  assertEquals(await tokenReply(token(" ")), failure);
  const format = "CLIENT_ERROR bad authentication token format\r\n";
  assertEquals(await tokenReply(token("hi")), format);
  assertEquals(await tokenReply(token("")), format);
  assertEquals(
    await tokenReply("set foo 0 0 9\r\nuser passXX"),
    "CLIENT_ERROR bad command line termination\r\n",
  );
});

Deno.test("-Y: a token may be as long as its limit", async () => {
  const fits = "user " + "x".repeat(LOGIN_TOKEN_BYTES_MAX - 5);
  assertEquals(
    await tokenReply(token(fits)),
    "CLIENT_ERROR authentication failure\r\n",
  );
  assertEquals(
    await tokenReply(`set a 0 0 ${LOGIN_TOKEN_BYTES_MAX + 1}\r\n`),
    "CLIENT_ERROR auth token too long\r\n",
  );
  assertEquals(
    await tokenReply("set a 0 0 2147483646\r\n"),
    "CLIENT_ERROR auth token too long\r\n",
  );
});

Deno.test("-Y: lines that cannot be a login end the connection", async () => {
  const short = "x".repeat(LOGIN_LINE_BYTES_MIN - 1);
  assertEquals(await tokenReply(`${short}\n`), "<CLOSED>");
  assertEquals(
    await tokenReply(`x${short}\n`),
    "CLIENT_ERROR unauthenticated\r\n",
  );
  assertEquals(await tokenReply("mn\r\n"), "<CLOSED>");
  assertEquals(await tokenReply("x".repeat(2048)), "");
  assertEquals(await tokenReply("x".repeat(2049)), "<CLOSED>");
});

Deno.test("-Y: too many failures end the connection, after the reply", async () => {
  const client = server("token").connect();
  const failure = "CLIENT_ERROR authentication failure\r\n";
  for (let i = 1; i < LOGIN_FAILURES_PER_CONNECTION_MAX; i++) {
    assertEquals(await client.send(token("user wrong")), failure);
  }
  assertEquals(client.isClosed, false);
  const all = token("user wrong") + token("user pass");
  assertEquals(await client.send(all), failure);
  assertEquals(client.isClosed, true);
});

// ---- SASL ----

Deno.test("-S: the mechanisms and the version are for everybody", async () => {
  const client = server("sasl").connect();
  assertEquals(await sasl(client, LIST, VERSION), ["20 0 PLAIN", "b 0 1.6.45"]);
});

Deno.test("-S: anything else is an auth error and the end", async () => {
  const denied: [number, string[]][] = [
    [0x00, [packet({ opcode: 0x00, key: "k" })]],
    [0x01, [packet({ opcode: 0x01, key: "k", extras: "\0".repeat(8) })]],
    [0x07, [packet({ opcode: 0x07 })]],
    [0x08, [packet({ opcode: 0x08 })]],
    [0x0a, [NOOP, VERSION]],
    [0x10, [packet({ opcode: 0x10 })]],
    [0x63, [packet({ opcode: 0x63, value: "body" })]],
    // Not even the form of a packet is told.
    [0x00, [packet({ opcode: 0x00 })]],
  ];
  for (const [opcode, packets] of denied) {
    const client = server("sasl").connect();
    const said = `${opcode.toString(16)} 20 Auth failure.`;
    assertEquals(await sasl(client, ...packets), [said, "<CLOSED>"]);
  }
  const text = server("sasl").connect();
  assertEquals(await text.send("version\r\n"), "");
  assertEquals(text.isClosed, true);
});

Deno.test("-S: a login opens the binary protocol", async () => {
  const client = server("sasl").connect();
  assertEquals(await sasl(client, auth(RIGHT), NOOP), [
    "21 0 Authenticated",
    "a 0",
  ]);
});

Deno.test("-S: what is wrong fails and may be tried again", async () => {
  const no = "21 20 Auth failure.";
  for (
    const message of [
      auth("\0user\0past"),
      auth("user\0pass"),
      auth("x"),
      auth(RIGHT, "CRAM-MD5"),
      auth(RIGHT, "X".repeat(SASL_MECHANISM_BYTES_MAX)),
    ]
  ) {
    const client = server("sasl").connect();
    assertEquals(await sasl(client, message, VERSION), [no, "b 0 1.6.45"]);
    assertEquals(await sasl(client, auth(RIGHT)), ["21 0 Authenticated"]);
  }
});

Deno.test("-S: the limits of mechanism and message", async () => {
  const client = server("sasl").connect();
  const long = "X".repeat(SASL_MECHANISM_BYTES_MAX + 1);
  assertEquals(await sasl(client, auth(RIGHT, long), VERSION), [
    "21 4 Invalid arguments",
    "b 0 1.6.45",
  ]);
  for (const extra of [-1, 0, 1]) {
    const value = "\0user\0".padEnd(SASL_MESSAGE_BYTES_MAX + extra, "x");
    assertEquals(await sasl(client, auth(value), VERSION), [
      "21 20 Auth failure.",
      "b 0 1.6.45",
    ]);
  }
});

Deno.test("-S: a message may follow in a step", async () => {
  const client = server("sasl").connect();
  const step = auth(RIGHT, "PLAIN", 0x22);
  assertEquals(await sasl(client, step), ["22 20 Auth failure."]);
  assertEquals(await sasl(client, auth("")), ["21 21"]);
  assertEquals(await sasl(client, step, NOOP), ["22 0 Authenticated", "a 0"]);
});

Deno.test("-S: another login, or a list, undoes the first", async () => {
  for (const undo of [auth(RIGHT), LIST]) {
    const client = server("sasl").connect();
    const said = await sasl(client, auth(RIGHT), NOOP, undo, NOOP);
    assertEquals(said.slice(0, 2), ["21 0 Authenticated", "a 0"]);
    assertEquals(said.slice(3), ["a 20 Auth failure.", "<CLOSED>"]);
    assertEquals(
      said[2],
      undo === LIST ? "20 0 PLAIN" : "21 20 Auth failure.",
    );
  }
});

Deno.test("-S: broken packets are answered as ever", async () => {
  const long = server("sasl").connect();
  const header = "\x80\x21\0\x05\0\0\0\0\x40\0\0\x01" + "\0".repeat(12);
  assertEquals(await sasl(long, header), [
    "21 4 Invalid arguments",
    "<CLOSED>",
  ]);
  const torn = server("sasl").connect();
  const none = "\x80\x0a\0\x05\0\0\0\0\0\0\0\x01" + "\0".repeat(12);
  assertEquals(await sasl(torn, none), ["a 81 Unknown command", "<CLOSED>"]);
});

Deno.test("logins are counted", async () => {
  const made = server("sasl");
  const client = made.connect();
  await sasl(client, auth("x"), auth("y"), auth(RIGHT));
  const reply = await client.send(packet({ opcode: 0x10 }));
  const counts = new Map(readReplies(reply).map((r) => [r.key, r.value]));
  assertEquals([counts.get("auth_cmds"), counts.get("auth_errors")], [
    "3",
    "2",
  ]);
});

// ---- any input ----

Deno.test("whatever comes before a login, nothing is stored or shown", async () => {
  const random = new Random(seedFromEnvironment(31));
  for (let round = 0; round < 1000 * lengthFactor(); round++) {
    const isSasl = random.oneIn(2);
    const made = server(isSasl ? "sasl" : "token");
    const client = made.connect();
    for (let i = 0; i < 6 && !client.isClosed; i++) {
      let text = isSasl
        ? packet({
          opcode: random.oneIn(2) ? 0x20 + random.below(3) : random.below(256),
          key: random.oneIn(5) ? "" : "PLAIN",
          extras: "\0".repeat(random.oneIn(4) ? 8 : 0),
          value: `\0user\0${random.below(1000)}`,
        })
        : random.oneIn(2)
        ? `set k 0 0 ${random.below(12)}\r\n${
          "user x y".slice(random.below(8))
        }\r\n`
        : "get k\r\nset k 0 0 1\r\n";
      if (random.oneIn(3)) {
        const at = random.below(text.length);
        const c = String.fromCharCode(random.below(256));
        text = text.slice(0, at) + c + text.slice(at + 1);
      }
      const reply = await client.sendInPieces(text, 1 + random.below(40));
      assert(!reply.includes("STORED"), JSON.stringify(text));
      assert(!reply.includes("Authenticated"), JSON.stringify(text));
      assert(client.session.input.capacity <= 128 * 1024);
    }
    assertEquals(made.store.summary().totalItems, 0);
  }
});
