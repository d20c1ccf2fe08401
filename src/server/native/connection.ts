/**
 * Owns one client connection over native I/O: receives into its session, runs
 * it, sends what comes out. Never parses, never waits.
 *
 * While output is left over nothing is received and nothing run, which is all
 * the back-pressure there is.
 *
 * @module
 */
import type { Bytes } from "../../base/bytes.ts";
import { Session } from "../../engine/session.ts";
import type { Source } from "../../engine/sink.ts";
import * as sessionStates from "../../engine/session_states.ts";
import type { Upload } from "../../engine/upload.ts";
import * as counters from "../../observe/counters.ts";
import type { Output } from "../../protocol/output.ts";
import * as batchTimer from "../batch_timer.ts";
import type { Peer, ServedClient } from "../client.ts";
import * as client from "../client.ts";
import * as calls from "./calls.ts";
import * as libc from "./libc.ts";
import type { NativeIo } from "./native_io.ts";
import type { Watched } from "./loop.ts";
import type { Caller } from "./together.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const {
  RUN_CLOSE,
  RUN_FLUSH,
  RUN_READ,
  RUN_SEND,
  RUN_WAIT,
  RUN_WATCH,
  RUN_YIELD,
} = sessionStates;
const { BYTES_READ, BYTES_WRITTEN } = counters;
const { beginBatch, endTimed } = batchTimer;
const { BRIEF_BYTES, LINGER_MS } = client;
const { hasFailed } = calls;
const { EPOLLIN, EPOLLOUT } = libc;

/** How often a connection receives in a row while a large value fills the
 * target, and sends stretches of the table in a row: what was just copied has
 * thrown everything else out of the caches, and going on is cheaper than
 * coming back (a set of 100 KB 13 %, a get 20 % of its CPU). */
const RECEIVES_MAX = 4;
const STRETCHES_MAX = 4;
/** A longer reply does not wait for others: it would leave the caches. */
const WAITING_BYTES_MAX = 12 * 1024;
/** As many bytes of input ask for nothing: the end of a line, at most. */
const LINE_END_BYTES = 2;
/** All of a large value is sent from the table: stretches cost no call of
 * their own. */
const DIRECT_LIMITS = { valueBytesMin: 1, stretchBytesMin: 1 };

/** One client. */
export class NativeConnection implements ServedClient, Watched, Caller {
  readonly session: Session;
  readonly peer: Peer;
  readonly #fd: number;
  readonly #io: NativeIo;
  /** What epoll reports of the socket. */
  #events = EPOLLIN;
  /** Output that the socket did not take, how much was taken, and the RUN_
   * code to follow when all was. */
  #unsent: Output | null = null;
  #sent = 0;
  /** A value that is sent from the table, pinned until then, its bytes, and
   * where in the output it belongs. */
  #held: Source | null = null;
  #heldBytes = 0;
  #gapAt = 0;
  #after = RUN_READ;
  /** The socket did not take all of `session.direct`. */
  #awaitsRoom = false;
  /** Stretches sent alone since others had their turn. */
  #sentInARow = 0;
  /** The last receive filled all of its target. */
  #wasFilled = false;
  /** It brought little, all of which was run: the client is received from
   * before its turn. */
  #isBrief = false;
  /** Others have their turn together with it: replies wait for theirs. */
  #isAmongOthers = false;
  /** Bytes received before the turn. */
  #aheadBytes = 0;
  /** A reply that waits until others have theirs. */
  #waiting: Output | null = null;
  #isScheduled = false;
  #isWatching = false;
  #isFinishing = false;
  /** When it was told to finish it was idle, and nothing has come since. */
  #isIdleSinceFinish = false;
  /** All replies were sent, and the end after them. */
  #lingering: ReturnType<typeof setTimeout> | null = null;
  #isClosed = false;

  constructor(fd: number, peer: Peer, id: number, io: NativeIo) {
    this.#fd = fd;
    this.peer = peer;
    this.#io = io;
    this.session = new Session(io.service.engine, id, io.inputs.common);
    this.session.directLimits = DIRECT_LIMITS;
  }

  get id(): number {
    return this.session.id;
  }

  get isWriting(): boolean {
    return this.#unsent !== null || this.#awaitsRoom ||
      this.#waiting !== null;
  }

  get isAtCommand(): boolean {
    return !this.isWriting && this.session.isAtCommand;
  }

  /** Starts to serve. */
  serve(): void {
    this.#io.loop.watch(this.#fd, this, this.#events);
  }

  // ---- what the loop calls ----

  // What the key leads to is loaded together with what those of others do, and
  // is there when it is needed: 2 % of the CPU of single requests.
  prepare(): void {
    this.#isAmongOthers = true;
    if (!this.#isBrief || this.isWriting || this.#isScheduled) return;
    if (this.#isClosed || this.#isWatching || this.#lingering !== null) return;
    const { inputs, together } = this.#io;
    const target = inputs.aheadTarget();
    together.receive(this, this.#fd, target, target.capacity);
  }

  received(result: number, target: Bytes): void {
    if (this.#isClosed) return;
    const { counters, inputs, service } = this.#io;
    // An error would not be met again in the turn.
    if (result <= 0) return this.#endIfOver(result);
    counters.values[BYTES_READ] += result;
    this.#isBrief = this.#wasFilled = false;
    this.#aheadBytes = result;
    this.#isIdleSinceFinish = false;
    inputs.receivedAhead(this.session, target, result);
    service.engine.context.lookahead.note(this.session);
  }

  ready(flags: number): void {
    if (this.#isClosed) return;
    const wasWriting = this.isWriting;
    if (wasWriting && (flags & ~EPOLLIN) !== 0) {
      if (this.#unsent !== null) this.#sendRest();
      else {
        this.#awaitsRoom = false;
        this.#schedule();
      }
    }
    if (this.#isWatching || this.#lingering !== null) this.#ignoreInput();
    else if (!wasWriting && !this.#isScheduled) this.#receive();
  }

  // Replies made together are sent together, by code that is in the caches: 2 %
  // of the CPU of single requests.
  complete(): void {
    this.#isAmongOthers = false;
    const output = this.#waiting;
    if (output === null) return;
    if (output.length === 0) this.sent(0);
    else {
      this.#io.together.send(this, this.#fd, output.bytes, output.length);
    }
  }

  sent(result: number): void {
    const output = this.#waiting;
    if (output === null) return;
    this.#waiting = null;
    this.#took(output, result, RUN_READ);
  }

  resume(): void {
    this.#isScheduled = false;
    this.#sentInARow = 0;
    if (this.#isClosed || this.isWriting) return;
    if (this.#isWatching) this.#sendLines();
    else this.#run();
  }

  failed(error: unknown): void {
    if (this.#isClosed) return;
    this.#io.service.connectionFailed(this.id, error);
    this.close("error");
  }

  // ---- input ----

  #receive(): void {
    const { counters, libc, loop, together } = this.#io;
    const ahead = this.#aheadBytes;
    this.#aheadBytes = 0;
    const count = ahead > 0 ? ahead : this.#receiveOnce();
    if (count <= 0) return;
    if (this.#isAmongOthers && together.isLate) loop.completeServed();
    const isTimed = beginBatch(counters);
    // The other clock costs 4 us when its code is cold.
    const beganMs = isTimed ? libc.nowMs() : NaN;
    this.#sentInARow = 0;
    // What is timed ends when the system has the reply.
    this.#run(this.#isAmongOthers && !isTimed);
    for (let i = 1; i < RECEIVES_MAX && this.#expectsMore; i++) {
      if (this.#receiveOnce() <= 0) break;
      this.#run();
    }
    if (isTimed) endTimed(counters, libc.nowMs() - beganMs);
    this.#isBrief = count <= BRIEF_BYTES && this.session.isIdle &&
      this.session.littleBytes === 0 && !this.#isScheduled;
  }

  // Returns the count of bytes, or less than 1 if there were none.
  #receiveOnce(): number {
    const { session } = this;
    const { inputs, libc, counters } = this.#io;
    if (session.wantsValue) return this.#receiveValue(session.upload!);
    let room = inputs.commonRoom(session), count = 0;
    if (room > 0) count = libc.receiveInto(this.#fd, inputs.common, room);
    else {
      const target = session.readTarget();
      room = target.length;
      count = libc.receive(this.#fd, target);
    }
    if (count <= 0) {
      this.#endIfOver(count);
      if (!this.#isClosed) inputs.settle(session);
      return count;
    }
    counters.values[BYTES_READ] += count;
    this.#isIdleSinceFinish = false;
    session.received(count);
    this.#wasFilled = count === room;
    return count;
  }

  // A value may lie in several stretches, and what follows comes with it.
  #receiveValue(upload: Upload): number {
    const { session } = this;
    const { inputs, gather, counters } = this.#io;
    gather.stretches.clear();
    inputs.addTargets(session, upload, gather.stretches);
    const count = gather.receive(this.#fd);
    if (count <= 0) {
      this.#endIfOver(count);
      return count;
    }
    counters.values[BYTES_READ] += count;
    this.#wasFilled = inputs.receivedValue(session, upload, count);
    return count;
  }

  // Whether more of a large value is likely to wait.
  get #expectsMore(): boolean {
    return this.#wasFilled && this.session.upload !== null &&
      !this.isWriting && !this.#isScheduled;
  }

  // What `recv` said if it was no count of bytes.
  #endIfOver(result: number): void {
    if (result === 0) this.close("normal");
    else if (hasFailed(result)) this.close(this.session.closeReason);
  }

  // ---- running ----

  // Runs what was received, as far as one output goes; a short one that ends the
  // batch may wait until others have theirs.
  #run(mayWait = false): void {
    const { session } = this;
    const { inputs, service } = this.#io;
    const output = service.pool.acquire();
    session.output = output;
    let code = service.runBatch(session);
    if (code === RUN_SEND) code = this.#passDirect(output);
    inputs.settle(session);
    const waits = mayWait && code === RUN_READ && session.isIdle &&
      output.length <= WAITING_BYTES_MAX && this.#held === null;
    if (waits) this.#waiting = output;
    else this.#send(output, code);
  }

  // A value leaves together with the rest of its reply. It is pinned until
  // then, and another one may be refused a pin beside it: if more was asked
  // for, that is run afterwards.
  #passDirect(output: Output): number {
    const { session } = this;
    const { stretches } = this.#io.gather;
    stretches.clear();
    const gapAt = output.length;
    this.#held = session.passDirect(stretches);
    if (this.#held === null) return RUN_SEND;
    this.#heldBytes = stretches.total;
    this.#gapAt = gapAt;
    if (session.to - session.from > LINE_END_BYTES) return RUN_FLUSH;
    return this.#io.service.runBatch(session);
  }

  // What `run` asked for, once its output is on its way.
  #follow(code: number): void {
    switch (code) {
      case RUN_READ:
        this.#expect(EPOLLIN);
        if (this.#isFinishing && this.session.isDone) this.#leave();
        return;
      case RUN_FLUSH:
      case RUN_YIELD:
        return this.#schedule();
      case RUN_SEND:
        if (++this.#sentInARow < STRETCHES_MAX) return this.#sendDirect();
        return this.#schedule();
      case RUN_CLOSE:
        return this.close(this.session.closeReason);
      case RUN_WAIT:
        return this.#wait();
      case RUN_WATCH:
        return this.#watch();
    }
  }

  #expect(events: number): void {
    this.#io.loop.change(this.#fd, this.#events, events);
    this.#events = events;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#io.loop.schedule(this);
  }

  #wait(): void {
    const { session } = this;
    this.#expect(0);
    this.#io.loop.awaiting(session.deferred!).then((text) => {
      if (this.#isClosed) return;
      session.resolveDeferred(text);
      this.#schedule();
    }).catch((error) => this.failed(error));
  }

  // ---- output ----

  // Sends output and goes on, or keeps it until the socket takes more.
  #send(output: Output, code: number): void {
    if (output.length + this.#heldBytes === 0) {
      return this.#sentAll(output, code);
    }
    this.#took(output, this.#sendFrom(output, 0, code), code);
  }

  // The socket took so many bytes of output, or none for a reason (-errno).
  #took(output: Output, result: number, code: number): void {
    const { counters, service } = this.#io;
    if (hasFailed(result)) {
      service.pool.release(output);
      return this.close(this.session.closeReason);
    }
    const count = Math.max(0, result);
    counters.values[BYTES_WRITTEN] += count;
    if (count === output.length + this.#heldBytes) {
      return this.#sentAll(output, code);
    }
    service.pool.countWaiting(output.length);
    this.#unsent = output;
    this.#sent = count;
    this.#after = code;
    this.#expect(this.#isWatching ? EPOLLIN | EPOLLOUT : EPOLLOUT);
  }

  // Sends what follows the first `sent` bytes: the count, or -errno.
  #sendFrom(output: Output, sent: number, code: number): number {
    const { libc, gather } = this.#io;
    const { bytes, length } = output;
    if (this.#held !== null) {
      gather.addReply(output, this.#held, this.#gapAt);
      return gather.send(this.#fd, sent);
    }
    const isMore = code === RUN_SEND;
    if (sent === 0) return libc.sendFront(this.#fd, bytes, length, isMore);
    const rest = bytes.u8.subarray(sent, length);
    return libc.send(this.#fd, rest, isMore);
  }

  #sentAll(output: Output, code: number): void {
    this.#letGo();
    this.#io.service.pool.release(output);
    this.#follow(code);
  }

  // The value is not needed any more.
  #letGo(): void {
    if (this.#held === null) return;
    this.#held.cancel();
    this.#held = null;
    this.#heldBytes = 0;
  }

  // Sends a stretch of the table, which is pinned until all of it is sent.
  #sendDirect(): void {
    const { session } = this;
    const { libc, counters } = this.#io;
    const stretch = session.direct;
    // What is said to be followed waits for it.
    const count = libc.send(this.#fd, stretch, true);
    if (hasFailed(count)) return this.close(session.closeReason);
    const taken = Math.max(0, count);
    counters.values[BYTES_WRITTEN] += taken;
    session.wrote(taken);
    if (taken === stretch.length) return this.#run();
    // There may have been room for other output: then epoll reports room.
    this.#awaitsRoom = true;
    this.#expect(EPOLLOUT);
  }

  #sendRest(): void {
    const { counters, service } = this.#io;
    const output = this.#unsent!;
    const count = this.#sendFrom(output, this.#sent, this.#after);
    if (hasFailed(count)) return this.close(this.session.closeReason);
    if (count < 0) return;
    this.#sent += count;
    counters.values[BYTES_WRITTEN] += count;
    if (this.#sent < output.length + this.#heldBytes) return;
    this.#unsent = null;
    service.pool.countWaiting(-output.length);
    this.#sentAll(output, this.#after);
  }

  // ---- watching ----

  // Sends log lines until the client goes; what it sends is ignored.
  #watch(): void {
    const watcher = this.session.watcher!;
    this.#isWatching = true;
    watcher.onLine = () => this.#schedule();
    this.#expect(EPOLLIN);
    if (!watcher.isEmpty) this.#schedule();
  }

  #sendLines(): void {
    const output = this.#io.service.pool.acquire();
    output.string(this.session.watcher!.take());
    this.#send(output, RUN_WATCH);
  }

  #ignoreInput(): void {
    if (this.#isClosed) return;
    const { libc, inputs: { common } } = this.#io;
    const count = libc.receiveInto(this.#fd, common, common.capacity);
    if (count === 0 || hasFailed(count)) this.close("normal");
  }

  finish(): void {
    const isIdle = !this.isWriting && this.session.isIdle;
    if (this.#isIdleSinceFinish && isIdle && this.#lingering === null) {
      return this.close("drain");
    }
    this.#isFinishing = true;
    this.#isIdleSinceFinish = isIdle;
  }

  // The client sees the end after its last reply. What it has sent meanwhile
  // is thrown away: left unread, it would make the system send a reset, which
  // may overtake replies.
  #leave(): void {
    this.#io.libc.endSending(this.#fd);
    this.#lingering = setTimeout(() => this.close("drain"), LINGER_MS);
  }

  /** Ends the connection; what is left over is not sent any more. */
  close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { inputs, loop, service } = this.#io;
    if (this.#lingering !== null) clearTimeout(this.#lingering);
    this.#letGo();
    this.session.dispose();
    inputs.end(this.session);
    const output = this.#unsent ?? this.#waiting;
    if (this.#unsent !== null) service.pool.countWaiting(-output!.length);
    if (output !== null) service.pool.release(output);
    this.#unsent = this.#waiting = null;
    service.descriptors?.closed(this.#fd);
    loop.close(this.#fd);
    service.connections.removed(this, reason);
  }
}
