/**
 * Owns the tests of a native connection on a socket that takes and gives as
 * little as it likes: every reply comes whole and in order, and nothing is held
 * afterwards. Never uses a real socket.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { toLatin1 } from "../../../src/base/bytes.ts";
import type { Settings } from "../../../src/base/settings.ts";
import { RUN_FLUSH, RUN_READ } from "../../../src/engine/session_states.ts";
import { BYTES_WRITTEN, OUTPUT_BYTES } from "../../../src/observe/counters.ts";
import { NativeConnection } from "../../../src/server/native/connection.ts";
import { EPOLLOUT } from "../../../src/server/native/libc.ts";
import { C_PINNED_PAGES } from "../../../src/store/layout.ts";
import { MemoryServer } from "../../support/memory_server.ts";
import { Random } from "../../support/random.ts";
import { Peer } from "./native_peer.ts";
import {
  binaryScript,
  singleRequests,
  textScript,
  valueOf,
} from "./native_scripts.ts";

const FD = 7;
/** Pages of 64 KB, in two or more of which large values lie, and of 128 KB. */
const SETTINGS = [64, 1024].map((megabytes) => ({
  memoryBytes: megabytes << 20,
  itemBytesMax: 4 << 20,
}));
const STEPS_MAX = 100_000;

function leftOver(server: MemoryServer): number[] {
  const pinned = server.store.partitions.map(({ shard }) =>
    shard.memory.control[C_PINNED_PAGES]
  );
  return [...pinned, server.context.counters.values[OUTPUT_BYTES]];
}

/** Others who are served together had turns: so much was received and sent. */
function othersMoved({ context }: MemoryServer, bytes: number): void {
  context.counters.values[BYTES_WRITTEN] += bytes;
}

function serve(seed: number, script: string | string[]) {
  const random = new Random(seed);
  return serveThrough(random, script, SETTINGS[seed % 2]);
}

function serveThrough(
  random: Random | null,
  script: string | string[],
  settings: Partial<Settings>,
) {
  const server = new MemoryServer(settings);
  const peer = new Peer(random, typeof script === "string" ? [script] : script);
  const client = { address: "test" } as unknown as NativeConnection["peer"];
  const connection = new NativeConnection(FD, client, 1, peer.io(server));
  connection.serve();
  return { server, peer, connection };
}

const SCRIPTS: [string, (random: Random) => string | string[]][] = [
  ["text", textScript],
  ["binary", binaryScript],
  ["single requests", singleRequests],
];

for (const [name, makeScript] of SCRIPTS) {
  Deno.test(`every reply comes whole through a narrow socket, ${name}`, async () => {
    let ahead = 0, waited = 0;
    for (let seed = 1; seed <= 25; seed++) {
      const script = makeScript(new Random(seed));
      const { server, peer } = serve(seed, script);
      for (let steps = 0; peer.step(); steps++) assert(steps < STEPS_MAX);
      ahead += peer.ahead;
      waited += peer.waited;
      const plain = new MemoryServer(SETTINGS[seed % 2]);
      const text = typeof script === "string" ? script : script.join("");
      const expected = await plain.connect().sendBytes(toLatin1(text));
      assertEquals(peer.reply.length, expected.length, `seed ${seed}`);
      assert(peer.reply.every((byte, i) => byte === expected[i]));
      peer.checkIdle();
      assertEquals(leftOver(server), leftOver(plain));
      assertEquals(Math.max(...leftOver(server)), 0);
      assertEquals(peer.outputsMissing, 0);
    }
    if (makeScript !== singleRequests) return;
    assert(ahead > 100, `ahead: ${ahead}`);
    assert(waited > 50, `waited: ${waited}`);
  });

  Deno.test(`a connection that ends anywhere holds nothing, ${name}`, () => {
    for (let seed = 1; seed <= 25; seed++) {
      const random = new Random(seed);
      const script = makeScript(random);
      const { server, peer, connection } = serve(seed, script);
      for (let steps = random.below(150); steps > 0; steps--) peer.step();
      connection.close("test");
      assertEquals(peer.isClosed, true);
      assertEquals(Math.max(...leftOver(server)), 0, `seed ${seed}`);
      assertEquals(peer.outputsMissing, 0);
    }
  });
}

/** A connection whose client sends one request at a time, after the first,
 * before the turn that answers the next one. */
function prepared(requests: string[]) {
  const served = serveThrough(null, requests, {});
  assert(served.peer.step());
  served.peer.prepare();
  return served;
}

Deno.test("a reply that waits for others is a reply under way", () => {
  const { peer, connection } = prepared(["mn\r\n", "mn\r\n"]);
  peer.ready();
  assertEquals([peer.text, connection.isWriting], ["MN\r\n", true]);
  // Drained twice: it is not idle, and ends after its reply.
  connection.finish();
  connection.finish();
  assertEquals(peer.isClosed, false);
  peer.complete();
  assertEquals([peer.text, connection.isWriting], ["MN\r\nMN\r\n", false]);
  assertEquals(peer.isEnding, true);
  connection.close("test");
});

Deno.test("who was served since it was told to finish has time for what it has sent", () => {
  const { peer, connection } = prepared(["mn\r\n", "mn\r\n", "mn\r\n"]);
  // More is likely to wait, of which a small read knows nothing.
  Object.defineProperty(connection.session, "isDone", { value: false });
  peer.ready();
  connection.finish();
  peer.complete();
  connection.finish();
  assertEquals([peer.text, peer.isClosed], ["MN\r\nMN\r\n", false]);
  assert(peer.step());
  assertEquals(peer.text, "MN\r\nMN\r\nMN\r\n");
  connection.finish();
  assertEquals(peer.isClosed, false);
  connection.finish();
  assertEquals(peer.isClosed, true);
});

Deno.test("a connection that ends while its reply waits holds nothing", () => {
  const { server, peer, connection } = prepared(["mn\r\n", "mn\r\n"]);
  peer.ready();
  connection.close("test");
  peer.complete();
  assertEquals([peer.text, peer.outputsMissing], ["MN\r\n", 0]);
  assertEquals(Math.max(...leftOver(server)), 0);
});

Deno.test("a reply of up to 12 kilobytes waits for others, a longer one does not", () => {
  for (const [extra, waits] of [[-1, true], [0, true], [1, false]] as const) {
    const around = "VALUE 1 0 10000\r\n\r\nEND\r\n".length;
    const size = 12 * 1024 - around + extra;
    const set = `set 1 0 0 ${size}\r\n${valueOf(size, 1)}\r\n`;
    const { server, peer } = serveThrough(
      null,
      [set, "mn\r\n", "get 1\r\n"],
      {},
    );
    while (!peer.text.endsWith("MN\r\n")) assert(peer.step());
    peer.prepare();
    peer.ready();
    assertEquals(!peer.text.endsWith("END\r\n"), waits, `${size} bytes`);
    peer.complete();
    assert(peer.text.endsWith("END\r\n"));
    assertEquals(Math.max(...leftOver(server)), 0);
  }
});

Deno.test("the reply to a long request waits for others, too", () => {
  const set = `set 1 0 0 10000\r\n${valueOf(10_000, 1)}\r\n`;
  const { server, peer } = serveThrough(null, [set, set, set], {});
  assert(peer.step());
  for (const before of ["STORED\r\n", "STORED\r\nSTORED\r\n"]) {
    peer.prepare();
    peer.ready();
    assertEquals(peer.text, before);
    peer.complete();
    assertEquals(peer.text, before + "STORED\r\n");
  }
  // It is received in its turn.
  assertEquals([peer.ahead, peer.outputsMissing], [0, 0]);
  assertEquals(Math.max(...leftOver(server)), 0);
});

Deno.test("replies leave before more than 64 KB are run", () => {
  const request = "mn\r\n";
  for (const [extra, count] of [[-1, 0], [0, 0], [1, 1]]) {
    const { server, peer } = prepared([request, request]);
    othersMoved(server, 64 * 1024 + extra - request.length);
    assertEquals(peer.completedServed, 0);
    peer.ready();
    assertEquals(peer.completedServed, count);
  }
});

// As after a long reply to an admin's command: its turn to go on comes before
// what it has to say is received.
Deno.test("who is to go on is not received from before that", () => {
  const { peer } = serveThrough(null, ["mn\r\n", "mn\r\n", "mn\r\n"], {});
  assert(peer.step());
  peer.isFull = true;
  peer.code = RUN_FLUSH;
  peer.ready();
  peer.isFull = false;
  peer.code = RUN_READ;
  peer.ready(EPOLLOUT);
  assertEquals(peer.text, "MN\r\nMN\r\n");
  peer.prepare();
  assertEquals(peer.ahead, 0);
  peer.ready();
  peer.complete();
  while (peer.step());
  assertEquals(peer.text, "MN\r\nMN\r\nMN\r\n");
  peer.checkIdle();
});

Deno.test("a reset that is met before the turn is an error", () => {
  const { peer } = serveThrough(null, ["get 1\r\n"], {});
  assert(peer.step());
  assertEquals(peer.isClosed, false);
  peer.isReset = true;
  peer.prepare();
  assertEquals([peer.isClosed, peer.reason], [true, "error"]);
});

Deno.test("an end that is met before the turn ends the connection", () => {
  const { server, peer } = serveThrough(null, ["mn\r\n"], {});
  assert(peer.step());
  peer.hasEnded = true;
  peer.prepare();
  assertEquals([peer.isClosed, peer.reason], [true, "normal"]);
  peer.ready();
  peer.complete();
  assertEquals([peer.text, peer.outputsMissing], ["MN\r\n", 0]);
  assertEquals(Math.max(...leftOver(server)), 0);
});

Deno.test("a reset that is met when replies are sent together is an error", () => {
  const { server, peer } = prepared(["mn\r\n", "mn\r\n"]);
  peer.ready();
  peer.isReset = true;
  peer.complete();
  assertEquals([peer.isClosed, peer.reason], [true, "error"]);
  assertEquals([peer.text, peer.outputsMissing], ["MN\r\n", 0]);
  assertEquals(Math.max(...leftOver(server)), 0);
});

// Of two such values only one may be pinned: another pinned beside it would be
// copied, and refused if there were too many copies.
Deno.test("a large value is sent before the next one is pinned", async () => {
  const settings = { memoryBytes: 64 << 20, itemBytesMax: 32 << 20 };
  const sizes = [17_000_000, 17_000_000];
  const script =
    sizes.map((size, key) =>
      `set ${key} 0 0 ${size}\r\n${valueOf(size, key)}\r\n`
    ).join("") + "get 0 1\r\nget 1 0\r\n";
  const { server, peer } = serveThrough(null, script, settings);
  for (let steps = 0; peer.step(); steps++) {
    assert(steps < STEPS_MAX);
    assertEquals(server.context.copiedBytes, 0);
  }
  const plain = new MemoryServer(settings);
  const expected = await plain.connect().sendBytes(toLatin1(script));
  const { reply } = peer;
  assert(expected.length > 4 * sizes[0]);
  assertEquals(reply.length, expected.length);
  assert(reply.every((byte, i) => byte === expected[i]));
});
