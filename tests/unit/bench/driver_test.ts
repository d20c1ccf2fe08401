/**
 * Owns the tests of the driver against servers that answer in pieces, wrongly,
 * or not at all: every reply is read, and nothing that went wrong stays unsaid.
 * Never looks at times.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { Driver } from "../../../bench/load/driver.ts";
import { LOAD_DEFAULT } from "../../../bench/load/options.ts";
import { Random } from "../../support/random.ts";

const ignore = Deno.build.os !== "linux";
if (ignore) console.log("skipped: the driver's epoll, which needs Linux");

const REQUEST = /^get (key:[0-9]{8})\r\n/;
const VALUE = "x".repeat(100);

type Answer = (conn: Deno.Conn, reply: string) => Promise<void>;

/** Answers gets of any key, in a way. */
async function answerAll(conn: Deno.Conn, answer: Answer): Promise<void> {
  const bytes = new Uint8Array(1024);
  let text = "";
  try {
    for (;;) {
      const count = await conn.read(bytes);
      if (count === null) return;
      text += new TextDecoder().decode(bytes.subarray(0, count));
      const request = REQUEST.exec(text);
      if (request === null) continue;
      text = text.slice(request[0].length);
      await answer(conn, `VALUE ${request[1]} 0 100\r\n${VALUE}\r\nEND\r\n`);
    }
  } catch {
    // The driver has ended.
  } finally {
    close(conn);
  }
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It was closed before.
  }
}

async function write(conn: Deno.Conn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) {
    at += await conn.write(bytes.subarray(at));
  }
}

/** Drives a server that answers in a way; what the driver printed. */
async function drive(answer: Answer, rate = 0) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const all: Promise<void>[] = [];
    for await (const conn of listener) {
      conn.setNoDelay();
      all.push(answerAll(conn, answer));
    }
    await Promise.all(all);
  })();
  const main = new URL("../../../bench/load/main.ts", import.meta.url);
  const { port } = listener.addr as Deno.NetAddr;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      fileURLToPath(main),
      "get",
      `--port=${port}`,
      "--conns=20",
      "--secs=0.3",
      "--warm-up=0",
      ...rate > 0 ? [`--rate=${rate}`] : [],
    ],
    env: { NO_COLOR: "1" },
  }).output();
  listener.close();
  await serving;
  const [out, err] = [stdout, stderr].map((b) => new TextDecoder().decode(b));
  assert(out !== "", err);
  return { code, result: JSON.parse(out) };
}

function testDriver(name: string, body: () => Promise<void>): void {
  Deno.test({ name, ignore, fn: body });
}

for (const rate of [0, 2000]) {
  const when = rate > 0 ? "at a rate" : "as fast as they come";
  testDriver(`replies in pieces are read, ${when}`, async () => {
    const random = new Random(1);
    const { code, result } = await drive(async (conn, reply) => {
      const at = random.below(reply.length + 1);
      await write(conn, reply.slice(0, at));
      // Now and then the rest comes much later.
      if (random.oneIn(3)) await new Promise((done) => setTimeout(done, 1));
      await write(conn, reply.slice(at));
    }, rate);
    assertEquals([result.errors, result.misses, code], [0, 0, 0]);
    assert(result.hits > 100, `${result.hits} hits`);
    assert(result.requests > 0);
  });
}

testDriver("a server that closes is an error", async () => {
  let answers = 0;
  const { code, result } = await drive(async (conn, reply) => {
    if (++answers === 50) conn.close();
    else await write(conn, reply);
  });
  assertEquals([code, result.errors], [1, 1]);
  assertMatch(result.firstError, /the server closed a connection/);
});

testDriver("a miss and a wrong reply are counted", async () => {
  let answers = 0;
  const { code, result } = await drive(async (conn, reply) => {
    answers++;
    if (answers === 30) await write(conn, "END\r\n");
    else if (answers === 40) await write(conn, "SERVER_ERROR no\r\n");
    else await write(conn, reply);
  });
  assertEquals([code, result.misses, result.errors], [1, 1, 1]);
  assertMatch(result.firstError, /SERVER_ERROR no/);
});

Deno.test("each window has its own pace, the options' if none is given", () => {
  const driver = new Driver({ ...LOAD_DEFAULT, conns: 1, secs: 1 });
  const [client] = driver.clients;
  // Whether a window lets the connection send at once, and when, if not. Nobody
  // answers here: the connection is busy all the time.
  const open = (nowUs: number, pace?: { rate: number; secs: number }) => {
    driver.start(nowUs, pace);
    const isSent = driver.begin(client, nowUs);
    return { isSent, hasRate: driver.hasRate, dueUs: driver.dueUs };
  };
  const ends = (atUs: number) => driver.isDone(atUs);
  assertEquals(open(0), { isSent: true, hasRate: false, dueUs: 0 });
  const rate = { rate: 1000, secs: 2 };
  assertEquals(open(5e6, rate), { isSent: false, hasRate: true, dueUs: 5e6 });
  assertEquals(driver.takeDue(5e6), client);
  // The longest gap that 31 random bits can make.
  assert(driver.dueUs > 5e6 && driver.dueUs < 5e6 + 23 * 1000);
  assertEquals(open(9e6), { isSent: true, hasRate: false, dueUs: 9e6 });
  // What is under way is waited for three seconds.
  assertEquals([9e6 + 4e6, 9e6 + 4e6 + 1].map(ends), [false, true]);
  open(20e6, rate);
  assertEquals([20e6 + 5e6, 20e6 + 5e6 + 1].map(ends), [false, true]);
});
