/**
 * Owns the state of one connection between its bytes: which protocol it
 * speaks, the command that is half done, the reply that is half sent. Bytes
 * in, bytes out; never touches a socket.
 *
 * The driver puts bytes in (`readTarget`, `received`), calls `run`, writes
 * `output` and does what `run` says.
 *
 * @module
 */
import { Bytes } from "../base/bytes.ts";
import * as bytes from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import type { Stretches } from "../base/stretches.ts";
import * as counters from "../observe/counters.ts";
import type { Watcher } from "../observe/watch.ts";
import * as binary from "../protocol/binary.ts";
import type { Output } from "../protocol/output.ts";
import type { AdminSink } from "./admin.ts";
import { TextSource } from "./dumps.ts";
import type { Engine } from "./engine.ts";
import { LoginState } from "./login_state.ts";
import type { Waiting } from "./lookahead.ts";
import type { DirectLimits, Source } from "./sink.ts";
import * as sink from "./sink.ts";
import type { Dialect } from "./session_states.ts";
import * as sessionStates from "./session_states.ts";
import type { Upload } from "./upload.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { copyBytes } = bytes;
const {
  GET_LINE_BUFFER_BYTES,
  READ_BUFFER_BYTES_MAX,
  READ_BUFFER_BYTES_MIN,
  READ_LITTLE_BYTES_MAX,
  READ_LITTLE_MORE_BYTES,
  STREAM_BODY_BYTES_MIN,
} = limits;
const { COMMANDS_RUN, CONN_YIELDS } = counters;
const { MAGIC_REQUEST } = binary;
const { NEVER_WHOLE } = sink;
const {
  AT_COMMAND,
  ENDED,
  IN_BODY,
  IN_KEYS,
  IN_SWALLOW,
  IN_WATCH,
  RUN_CLOSE,
  RUN_FLUSH,
  RUN_READ,
  RUN_SEND,
  RUN_WAIT,
  RUN_WATCH,
  RUN_YIELD,
} = sessionStates;

const LF = 10;
const NAMES = [
  "conn_read",
  "conn_mwrite",
  "conn_nread",
  "conn_swallow",
  "conn_swallow",
  "conn_watch",
  "conn_closing",
];

/** The state of one connection. Invariant: 0 <= from <= to <= capacity; the
 * bytes from..to have not been looked at, or not been used up. */
export class Session implements AdminSink, Waiting {
  readonly engine: Engine;
  /** The number that logs and `stats conns` show. */
  readonly id: number;
  input: Bytes;
  from = 0;
  to = 0;
  /** Bytes that the command at `from` needs in all; the input grows to it. */
  wanted = 0;

  /** Set by the driver before `run`. */
  output!: Output;
  source: Source | null = null;
  /** Set if the driver knows RUN_SEND. */
  directLimits: DirectLimits | null = null;
  deferred: Promise<string> | null = null;
  watcher: Watcher | null = null;

  /** One of the AT_ and IN_ numbers. */
  state = AT_COMMAND;
  dialect: Dialect | null = null;
  /** How far logging in has come; null where nobody has to. */
  readonly login: LoginState | null = null;
  /** Why the connection ended, as log lines word it. */
  closeReason = "error";
  /** Table second of the last command. */
  lastCommand: number;

  // The get line that is half answered.
  getOp = 0;
  getExptime = 0;
  /** Where its reply started in the output; -1 once a part was written. */
  getMark = -1;
  /** Bytes still to be thrown away, and the error that follows. */
  swallow = 0;
  swallowError = 0;
  /** The packet that such an error answers. */
  swallowOp = 0;
  swallowOpaque = 0;
  /** What `Lookahead.note` said of what the last read brought, before which the
   * session was idle: the length of the key, or 0 if nothing, and its hash. */
  notedLength = 0;
  notedHash = 0;
  upload: Upload | null = null;
  /** Set by a driver whose reads have one target only: the end of a value's line
   * is then read with the value. */
  readsEnds = false;
  /** The next read should take no more than so many bytes; 0 for as many as
   * there is room for. */
  littleBytes = 0;
  /** The last read was such a one... */
  hasReadLittle = false;
  /** ...and was filled: more of what the client has sent is likely to wait. */
  #wasFilled = false;
  /** A value is expected: what `stats conns` calls conn_nread. */
  awaitsBody = false;

  constructor(
    engine: Engine,
    id: number,
    input = Bytes.allocate(READ_BUFFER_BYTES_MIN),
  ) {
    this.engine = engine;
    this.id = id;
    this.input = input;
    this.lastCommand = engine.context.now;
    const { protocol, sasl, authFile } = engine.context.settings;
    if (sasl || authFile !== null) {
      this.login = new LoginState();
      this.dialect = sasl ? engine.saslLogin : engine.tokenLogin;
    } else if (protocol === "ascii") this.dialect = engine.text;
    else if (protocol === "binary") this.dialect = engine.packets;
  }

  // ---- input ----

  /** Where the driver should read to: the input, or table memory. */
  readTarget(): Uint8Array<ArrayBuffer> {
    if (this.wantsValue) return this.upload!.target();
    this.#makeSpace();
    const { input, to } = this;
    const end = this.littleBytes > 0
      ? Math.min(input.capacity, to + this.littleBytes)
      : input.capacity;
    return input.u8.subarray(to, end);
  }

  /** Whether what is received next belongs into the table. */
  get wantsValue(): boolean {
    return this.upload !== null && this.from === this.to &&
      !this.upload.isComplete;
  }

  /** Tells how many bytes were read to the last target. */
  received(count: number): void {
    const { upload, littleBytes } = this;
    const isValue = upload !== null && upload.isTarget;
    this.notedLength = 0;
    this.hasReadLittle = littleBytes > 0 && !isValue;
    this.#wasFilled = this.hasReadLittle && count >= littleBytes;
    this.littleBytes = 0;
    if (!isValue) this.to += count;
    else {
      // Nothing is held while a value is read (`wantsValue`).
      this.from = 0;
      this.to = upload.advance(count, this.input);
    }
  }

  /** Puts bytes into the input by copying them, as tests and UDP do. */
  feed(bytes: Uint8Array): number {
    const target = this.readTarget();
    const count = Math.min(target.length, bytes.length);
    target.set(bytes.subarray(0, count));
    this.received(count);
    return count;
  }

  // Unused bytes move to the front; a full buffer grows.
  #makeSpace(): void {
    const held = this.to - this.from;
    const { capacity } = this.input;
    if (held === 0) this.from = this.to = 0;
    const needed = Math.max(this.wanted, held + 1);
    if (this.from + needed <= capacity && this.to < capacity) return;
    if (needed > capacity || held >= capacity / 2) {
      return this.#resize(Math.max(needed, capacity * 2));
    }
    this.input.u8.copyWithin(0, this.from, this.to);
    this.from = 0;
    this.to = held;
  }

  #resize(capacity: number): void {
    const held = this.to - this.from;
    const bytes = Bytes.allocate(
      Math.max(held + 1, Math.min(capacity, READ_BUFFER_BYTES_MAX * 2)),
    );
    this.moveInput(bytes);
  }

  /** Goes on with another buffer, which gets what is held. */
  moveInput(bytes: Bytes): void {
    const held = this.to - this.from;
    if (held > 0) copyBytes(this.input, this.from, bytes, 0, held);
    this.input = bytes;
    this.from = 0;
    this.to = held;
  }

  /** Called when a read filled the whole target: more is likely to wait. */
  growInput(): void {
    const { capacity } = this.input;
    if (capacity < READ_BUFFER_BYTES_MAX) this.#resize(READ_BUFFER_BYTES_MAX);
  }

  /** Gives memory back while nothing is half done. */
  shrinkInput(): void {
    if (this.from !== this.to) return;
    if (this.input.capacity > READ_BUFFER_BYTES_MIN) {
      this.#resize(READ_BUFFER_BYTES_MIN);
    }
  }

  // ---- running ----

  /** Runs what can be run now; returns one of the RUN_ codes. */
  run(): number {
    this.engine.context.observers.connection = this.id;
    if (this.notedLength > 0 && this.#answerNoted()) return RUN_READ;
    for (;;) {
      if (this.source !== null) {
        if (this.#hasStretch()) return RUN_SEND;
        if (!this.#pull()) {
          return this.output.length === 0 ? RUN_YIELD : RUN_FLUSH;
        }
      }
      if (this.deferred !== null) return RUN_WAIT;
      if (this.output.length >= this.engine.highWaterBytes) return RUN_FLUSH;
      if (this.dialect === null && !this.#chooseDialect()) return RUN_READ;
      switch (this.state) {
        case ENDED:
          return RUN_CLOSE;
        case IN_WATCH:
          return RUN_WATCH;
        case AT_COMMAND:
        case IN_KEYS:
          if (this.dialect!.run(this) === RUN_READ) return RUN_READ;
          break;
        default:
          if (!this.#passBody()) return RUN_READ;
      }
    }
  }

  // One plain get, as most clients send them one at a time, is answered at
  // once: all that comes between costs 2 % of its CPU, being cold.
  #answerNoted(): boolean {
    const { text } = this.engine;
    const isAnswered = this.dialect === text && text.answerNoted(this);
    this.notedLength = 0;
    return isAnswered;
  }

  #chooseDialect(): boolean {
    if (this.from === this.to) return false;
    const isBinary = this.input.u8[this.from] === MAGIC_REQUEST;
    this.dialect = isBinary ? this.engine.packets : this.engine.text;
    const { observers } = this.engine.context;
    if (observers.isVerbose) {
      const name = isBinary ? "binary" : "ascii";
      observers.log(`${this.id}: Client using the ${name} protocol`);
    }
    return true;
  }

  // Large values go to the socket from where they lie: 20 % of the CPU time
  // of a get of 100 KB was copying.
  #hasStretch(): boolean {
    const { directLimits, engine } = this;
    if (directLimits === null) return false;
    // Nothing is copied that would go out in pieces.
    const valueBytesMin = Math.min(
      directLimits.valueBytesMin,
      engine.highWaterBytes,
    );
    const { stretchBytesMin } = directLimits;
    const { source } = this;
    return source!.isDirect?.(valueBytesMin, stretchBytesMin) === true;
  }

  /** After RUN_SEND: what to write after the output. */
  get direct(): Uint8Array<ArrayBuffer> {
    return this.source!.stretch!();
  }

  /** After RUN_SEND: goes on beyond the value, if all of it can be written by
   * one call. The end of the reply is appended to `output`; the value belongs
   * at the end of what is there now. Its source is returned, which has appended
   * it to `stretches`, and is to be canceled when it was written; null if there
   * is too much of it: `direct` has to be written alone. */
  passDirect(stretches: Stretches): Source | null {
    const { source } = this;
    if (source?.addStretches?.(stretches) !== true) return null;
    source.pullEnd!(this.output);
    this.source = null;
    return source;
  }

  /** Tells how much of `direct` was written. */
  wrote(count: number): void {
    const { source } = this;
    source?.advance?.(count);
    if (source?.endsReply !== true || source.isDirect!(0, 0)) return;
    // Nothing is left to be appended, so that nothing has to be run for it.
    source.cancel();
    this.source = null;
  }

  // False while the source has more than fits the output now.
  #pull(): boolean {
    const room = this.engine.highWaterBytes - this.output.length;
    if (room <= 0) return false;
    if (!this.source!.pull(this.output, room)) return false;
    this.source = null;
    return true;
  }

  // Takes input that belongs to a body; true when the body is complete.
  #passBody(): boolean {
    if (this.state === IN_BODY) {
      const { upload } = this;
      this.from = upload!.take(this.input, this.from, this.to);
      if (!upload!.isComplete) return false;
      return this.dialect!.endBody(this);
    }
    if (this.state === IN_SWALLOW) {
      const count = Math.min(this.swallow, this.to - this.from);
      this.from += count;
      this.swallow -= count;
      if (this.swallow > 0) return false;
      return this.dialect!.endBody(this);
    }
    const end = this.input.u8.indexOf(10, this.from);
    const found = end >= 0 && end < this.to;
    this.from = found ? end + 1 : this.to;
    if (found) this.state = AT_COMMAND;
    return found;
  }

  /** Counts the commands of a batch. memcached yields after every -R; here a
   * turn ends with the buffer, but the count is kept. */
  countCommands(count: number): void {
    const { counters, settings, now } = this.engine.context;
    // Pieces of a command keep nobody from being idle, as in memcached.
    if (count > 0) this.lastCommand = now;
    counters.values[COMMANDS_RUN] += count;
    if (count > settings.commandsPerTurn) {
      const yields = Math.floor((count - 1) / settings.commandsPerTurn);
      counters.values[CONN_YIELDS] += yields;
    }
  }

  /** Starts throwing away a body, after which `error` is answered. */
  startSwallow(count: number, error: number): void {
    this.swallow = count;
    this.swallowError = error;
    this.state = IN_SWALLOW;
  }

  /** Whether a get line is too long to be waited for. */
  get isLongLine(): boolean {
    return this.to - this.from > GET_LINE_BUFFER_BYTES;
  }

  /** From which length on a value may be all that is written now, with its line
   * and the end of the reply: if the key before `from` is the last of a get, and
   * nothing is to be written before or after it. */
  get wholeBytesMin(): number {
    const { directLimits, from, to, input: { u8 } } = this;
    if (directLimits === null || this.output.length > 0) return NEVER_WHOLE;
    // Part of the reply may be written already.
    const isEnd = this.getMark === 0 && from + 1 === to && u8[from] === LF;
    return isEnd ? directLimits.wholeBytesMin ?? NEVER_WHOLE : NEVER_WHOLE;
  }

  /** Whether a body should stream into the table instead of being buffered. */
  isLargeBody(length: number): boolean {
    return length >= STREAM_BODY_BYTES_MIN;
  }

  /** The upload is stored or given up. What came after one large value is
   * likely to be the line of the next, about as long: little more is read, so
   * that the value goes where it belongs without a copy. */
  endUpload(): void {
    if (this.upload === null) return;
    const { kept } = this.upload;
    this.littleBytes = Math.min(
      kept.length + READ_LITTLE_MORE_BYTES,
      READ_LITTLE_BYTES_MAX,
    );
    this.engine.keptCommands.release(kept);
    this.upload = null;
  }

  // ---- what commands may ask for ----

  defer(text: Promise<string>): void {
    this.deferred = text;
  }

  /** Ends the wait for `deferred`. */
  resolveDeferred(text: string): void {
    this.deferred = null;
    this.source = new TextSource(text);
  }

  startWatching(watcher: Watcher): void {
    this.watcher = watcher;
    this.state = IN_WATCH;
  }

  hangUp(reason: string): void {
    this.closeReason = reason;
    this.state = ENDED;
  }

  // ---- for others ----

  /** Whether nothing is half done: the next thing to come is a command. */
  get isAtCommand(): boolean {
    return this.state === AT_COMMAND && !this.awaitsBody &&
      this.source === null && this.deferred === null;
  }

  /** Whether the client has nothing under way: no part of a command has
   * come, and no reply is missing. Watchers never have. */
  get isIdle(): boolean {
    return this.state === IN_WATCH ||
      (this.isAtCommand && this.from === this.to);
  }

  /** Whether everything is answered that the client has sent, as far as can be
   * told without reading. */
  get isDone(): boolean {
    return this.isIdle && !this.#wasFilled;
  }

  /** The state as `stats conns` names it. */
  stateName(isWriting: boolean): string {
    // Its command asks other threads: `stats conns` itself may be that.
    if (this.deferred !== null) return "conn_parse_cmd";
    if (this.awaitsBody) return "conn_nread";
    if (isWriting) return "conn_mwrite";
    return NAMES[this.state];
  }

  /** The connection is gone: gives back everything that is held. */
  dispose(): void {
    this.source?.cancel();
    this.source = null;
    this.upload?.abort();
    this.endUpload();
    if (this.watcher !== null) {
      this.engine.context.observers.watch.close(this.watcher);
      this.watcher = null;
    }
    this.state = ENDED;
  }
}
