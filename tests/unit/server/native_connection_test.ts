/**
 * Owns the tests of a native connection on a socket that takes and gives as
 * little as it likes: every reply comes whole and in order, and nothing is held
 * afterwards. Never uses a real socket.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type Bytes, latin1, toLatin1 } from "../../../src/base/bytes.ts";
import { Stretches } from "../../../src/base/stretches.ts";
import type { Settings } from "../../../src/base/settings.ts";
import { OUTPUT_BYTES } from "../../../src/observe/counters.ts";
import type { Lookahead } from "../../../src/engine/lookahead.ts";
import type { Session } from "../../../src/engine/session.ts";
import type { CallBatch } from "../../../src/server/native/calls.ts";
import { NativeConnection } from "../../../src/server/native/connection.ts";
import { Gather } from "../../../src/server/native/gather.ts";
import { InputPool } from "../../../src/server/native/input_pool.ts";
import { EAGAIN, EPOLLIN, EPOLLOUT } from "../../../src/server/native/libc.ts";
import type { Watched } from "../../../src/server/native/loop.ts";
import type { NativeIo } from "../../../src/server/native/native_io.ts";
import { Together } from "../../../src/server/native/together.ts";
import type { Output } from "../../../src/protocol/output.ts";
import { OutputPool } from "../../../src/server/output_pool.ts";
import { C_PINNED_PAGES } from "../../../src/store/layout.ts";
import { concat, MemoryServer } from "../../support/memory_server.ts";
import { Random } from "../../support/random.ts";
import { viewsOf } from "../../support/stretches.ts";
import {
  binaryScript,
  singleRequests,
  textScript,
  valueOf,
} from "./native_scripts.ts";

const FD = 7;
const ECONNRESET = 104;
/** Pages of 64 KB, in two or more of which large values lie, and of 128 KB. */
const SETTINGS = [64, 1024].map((megabytes) => ({
  memoryBytes: megabytes << 20,
  itemBytesMax: 4 << 20,
}));
const STEPS_MAX = 100_000;
type View = Uint8Array<ArrayBuffer>;

/** The other end of the connection, and the loop that it is served by. */
class Peer {
  /** Null lets everything through at once. */
  readonly #random: Random | null;
  /** What the server has not received, where requests end in it that wait for
   * their replies, counted from its end, and what the server has sent. */
  #input: Uint8Array;
  readonly #ends: number[];
  readonly #replies: Uint8Array[] = [];
  #watched: Watched | null = null;
  #lookahead: Lookahead | null = null;
  #events = 0;
  #scheduled: Watched[] = [];
  readonly #inputs = new InputPool();
  /** The connection has received before its turn, which comes next. */
  #isPrepared = false;
  /** So it did before this turn, and others may do so with it. */
  #areSeveral = false;
  /** Replies that were to wait for those of others. */
  waited = 0;
  /** Receives before a turn that brought something. */
  ahead = 0;
  /** How often the replies to those before it were to leave. */
  completedServed = 0;
  /** What was sent last may wait for what follows. */
  #isMorePromised = false;
  isClosed = false;
  /** Why the connection ended. */
  reason = "";
  /** The next receive meets a reset, those after it the end. */
  isReset = false;
  /** There is no more input, and the client said so. */
  hasEnded = false;
  /** It was told that no more replies come. */
  isEnding = false;
  /** Output buffers that were taken and not given back. */
  outputsMissing = 0;
  #hasTold = false;
  readonly #together: Together;

  constructor(random: Random | null, requests: string[]) {
    this.#random = random;
    this.#together = new Together(this.#calls());
    this.#input = toLatin1(requests.join(""));
    let left = this.#input.length;
    this.#ends = requests.map(({ length }) => left -= length);
  }

  get reply(): Uint8Array {
    return concat(this.#replies);
  }

  get text(): string {
    return latin1(this.reply, 0, this.reply.length);
  }

  /** What a connection calls. */
  io(server: MemoryServer): NativeIo {
    const { engine, context: { counters, lookahead } } = server;
    this.#lookahead = lookahead;
    const stretches = new Stretches();
    const io = {
      counters,
      inputs: this.#inputs,
      libc: {
        receive: (_: number, target: View) => this.#receive([target]),
        receiveInto: (_: number, { u8 }: Bytes, count: number) =>
          this.#receive([u8.subarray(0, count)]),
        send: (_: number, bytes: View, isMore: boolean) =>
          this.#send(bytes, isMore),
        sendFront: (_: number, { u8 }: Bytes, count: number, isMore: boolean) =>
          this.#send(u8.subarray(0, count), isMore),
        nowMs: () => 0,
        endSending: () => this.isEnding = true,
      },
      together: this.#together,
      gather: {
        stretches,
        addReply: Gather.prototype.addReply,
        receive: () => this.#receive(viewsOf(stretches)),
        send: (_: number, sent: number) =>
          this.#send(concat(viewsOf(stretches)).subarray(sent), false),
      },
      loop: {
        watch: (_: number, watched: Watched, events: number) => {
          this.#watched = watched;
          this.#events = events;
        },
        change: (_: number, from: number, to: number) => {
          assertEquals(from, this.#events);
          this.#events = to;
        },
        schedule: (watched: Watched) => this.#scheduled.push(watched),
        completeServed: () => this.completedServed++,
        close: () => this.isClosed = true,
      },
      service: {
        engine,
        pool: this.#pool(new OutputPool(engine)),
        runBatch: (session: Session, noted: number) => session.run(noted),
        connections: {
          removed: (_: unknown, reason: string) => this.reason = reason,
        },
        descriptors: null,
      },
    };
    return io as unknown as NativeIo;
  }

  // As a ring makes them: what is asked for is done later.
  #calls(): CallBatch {
    const asked: (() => number)[] = [];
    let results: number[] = [];
    return {
      receive: (_i, _fd, { u8 }, count) => {
        asked.push(() => this.#receive([u8.subarray(0, count)]));
      },
      send: (_i, _fd, { u8 }, count) => {
        asked.push(() => this.#send(u8.subarray(0, count), false));
      },
      make: (count) => {
        assertEquals(count, asked.length);
        results = asked.splice(0).map((call) => call());
      },
      result: (i) => results[i],
      descriptors: [],
      close: () => {},
    };
  }

  #pool(pool: OutputPool) {
    return {
      acquire: () => {
        this.outputsMissing++;
        return pool.acquire();
      },
      release: (output: Output) => {
        this.outputsMissing--;
        pool.release(output);
      },
      countWaiting: (bytes: number) => pool.countWaiting(bytes),
    };
  }

  // How much of so many bytes goes through: nothing, little, or all.
  #share(count: number): number {
    const random = this.#random;
    switch (random?.below(4)) {
      case 0:
        return 0;
      case 1:
        return Math.min(count, random!.between(1, 12));
      case 2:
        return Math.min(count, random!.between(1, 200_000));
    }
    return count;
  }

  #receive(targets: View[]): number {
    if (this.hasEnded) return 0;
    if (this.isReset) {
      if (this.#hasTold) return 0;
      this.#hasTold = true;
      return -ECONNRESET;
    }
    const room = targets.reduce((sum, { length }) => sum + length, 0);
    while (this.#ends[0] >= this.#input.length) this.#ends.shift();
    const waiting = this.#input.length - (this.#ends[0] ?? 0);
    const count = this.#share(Math.min(room, waiting));
    if (count === 0) return -EAGAIN;
    let from = 0;
    for (const target of targets) {
      const to = Math.min(count, from + target.length);
      target.set(this.#input.subarray(from, to));
      from = to;
    }
    this.#input = this.#input.subarray(count);
    return count;
  }

  #send(bytes: Uint8Array, isMore: boolean): number {
    assert(bytes.length > 0, "nothing to send");
    if (this.isReset) return -ECONNRESET;
    const count = this.#share(bytes.length);
    if (count === 0) return -EAGAIN;
    this.#replies.push(bytes.slice(0, count));
    this.#isMorePromised = isMore && count === bytes.length;
    return count;
  }

  /** Lets the connection do something; false if there is nothing to do. */
  step(): boolean {
    const scheduled = this.#isPrepared ? [] : this.#scheduled;
    if (scheduled.length > 0 && this.#random?.oneIn(2) !== false) {
      this.#scheduled = [];
      for (const watched of scheduled) watched.resume();
      return true;
    }
    const able = EPOLLOUT | (this.#input.length > 0 ? EPOLLIN : 0);
    const flags = this.#events & able;
    if (flags === 0 && !this.#isPrepared) return scheduled.length > 0;
    this.#isPrepared = !this.#isPrepared && this.#random?.oneIn(2) === true;
    if (this.#isPrepared) this.prepare();
    else this.#turn(flags);
    return true;
  }

  #turn(flags: number): void {
    this.#watched!.ready(flags);
    if (!this.#areSeveral) return;
    this.#areSeveral = false;
    const { length } = this.#replies;
    this.complete();
    if (this.#replies.length > length) this.waited++;
  }

  prepare(): void {
    const { length } = this.#input;
    this.#watched!.prepare!();
    this.#together.finishReceiving();
    this.#lookahead!.fetchNoted();
    this.#inputs.endAhead();
    this.#areSeveral = true;
    if (this.#input.length < length) this.ahead++;
  }

  ready(): void {
    this.#watched!.ready(EPOLLIN);
  }

  /** Others who are served together with it had turns, for so many bytes. */
  othersAsked(bytes: number): void {
    this.#together.isLong(bytes);
  }

  complete(): void {
    this.#watched!.complete!();
    this.#together.finishSending();
  }

  /** At the end: nobody waits for what will not come. */
  checkIdle(): void {
    assertEquals(this.#events, EPOLLIN);
    assert(!this.#isMorePromised, "the last bytes wait for more");
  }
}

function leftOver(server: MemoryServer): number[] {
  const pinned = server.store.partitions.map(({ shard }) =>
    shard.memory.control[C_PINNED_PAGES]
  );
  return [...pinned, server.context.counters.values[OUTPUT_BYTES]];
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
    const { peer } = prepared([request, request]);
    peer.othersAsked(64 * 1024 + extra - request.length);
    assertEquals(peer.completedServed, 0);
    peer.ready();
    assertEquals(peer.completedServed, count);
  }
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
