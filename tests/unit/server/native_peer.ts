/**
 * Owns what a native connection is tested between: the socket's other end, which
 * takes and gives as little as it likes, and the loop. Never opens a socket.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type Bytes, latin1, toLatin1 } from "../../../src/base/bytes.ts";
import { Stretches } from "../../../src/base/stretches.ts";
import type { Lookahead } from "../../../src/engine/lookahead.ts";
import type { Session } from "../../../src/engine/session.ts";
import { RUN_READ } from "../../../src/engine/session_states.ts";
import type { Output } from "../../../src/protocol/output.ts";
import type { CallBatch } from "../../../src/server/native/calls.ts";
import type { NativeConnection } from "../../../src/server/native/connection.ts";
import { Gather } from "../../../src/server/native/gather.ts";
import { InputPool } from "../../../src/server/native/input_pool.ts";
import { EAGAIN, EPOLLIN, EPOLLOUT } from "../../../src/server/native/libc.ts";
import type { Watched } from "../../../src/server/native/loop.ts";
import type { NativeIo } from "../../../src/server/native/native_io.ts";
import { Together } from "../../../src/server/native/together.ts";
import { OutputPool } from "../../../src/server/output_pool.ts";
import { concat, type MemoryServer } from "../../support/memory_server.ts";
import type { Random } from "../../support/random.ts";
import { viewsOf } from "../../support/stretches.ts";

const ECONNRESET = 104;
type View = Uint8Array<ArrayBuffer>;

/** The other end of the connection, and the loop that it is served by. */
export class Peer {
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
  /** What a batch ends with that has nothing more to say. */
  code = RUN_READ;
  /** It takes nothing. */
  isFull = false;
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
  #together!: Together;

  constructor(random: Random | null, requests: string[]) {
    this.#random = random;
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
    this.#together = new Together(this.#calls(), counters);
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
        completeServed: () => {
          this.completedServed++;
          assert(!(this.#watched as NativeConnection).isWriting, "it was run");
        },
        close: () => this.isClosed = true,
      },
      service: {
        engine,
        pool: this.#pool(new OutputPool(engine)),
        runBatch: (session: Session) => {
          const code = session.run();
          return code === RUN_READ ? this.code : code;
        },
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
    const count = this.isFull ? 0 : this.#share(bytes.length);
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

  ready(flags = EPOLLIN): void {
    this.#watched!.ready(flags);
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
