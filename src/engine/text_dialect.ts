/**
 * Owns how classic and meta commands follow one another in a session's
 * input: lines, the keys of long gets, values, errors. Never touches a
 * socket.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import * as bytes from "../base/bytes.ts";
import type { Command } from "../protocol/command.ts";
import * as command from "../protocol/command.ts";
import * as commands from "../protocol/commands.ts";
import * as errors from "../protocol/errors.ts";
import * as keyScout from "../protocol/key_scout.ts";
import type { Output } from "../protocol/output.ts";
import * as reply from "../protocol/reply.ts";
import * as text from "../protocol/text.ts";
import type { Session } from "./session.ts";
import type { Dialect } from "./session_states.ts";
import * as sessionStates from "./session_states.ts";
import * as sink from "./sink.ts";
import type { StoreForm } from "./storing.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { latin1 } = bytes;
const { COMPLETE, HANG_UP, HAS_BODY, NEED_MORE } = command;
const {
  OP_ADMIN,
  OP_GATS,
  OP_GET,
  OP_GETS,
  OP_MA,
  OP_MD,
  OP_ME,
  OP_MG,
  OP_MN,
  OP_MS,
  OP_QUIT,
  OP_SET,
  OP_VERSION,
} = commands;
const {
  BAD_DATA_CHUNK,
  BAD_FORMAT,
  ERROR,
  ERROR_NONE,
  NO_MEMORY_STORING,
  NO_MEMORY_WRITING,
  TOO_LARGE_TEXT,
} = errors;
const { ERROR_LINES, LETTERS_END, REPLY_MN, REPLY_VERSION } = reply;
const { PLAIN_GET_KEY_AT } = keyScout;
const { NEVER_WHOLE } = sink;
const { KEY_TOO_LONG, KEYS_END, nextKey } = text;
const { AT_COMMAND, IN_BODY, IN_KEYS, IN_LINE_REST, RUN_AGAIN, RUN_READ } =
  sessionStates;

const CR = 13, LF = 10;
const END_BYTES = 5;

/** One line is dealt with; the next may follow at once. */
const DONE = -1;

/** The classic and meta protocols. */
export class TextDialect implements Dialect {
  run(session: Session): number {
    const { lookahead } = session.engine.context;
    lookahead.forget();
    if (session.state === IN_KEYS) {
      const code = this.#keys(session);
      if (code !== DONE) return code;
    }
    const { highWaterBytes } = session.engine;
    let count = 0;
    let code = DONE;
    while (code === DONE && session.from < session.to) {
      if (session.output.length >= highWaterBytes) code = RUN_AGAIN;
      else {
        const { from, to } = session;
        if (from >= lookahead.until) {
          // What follows a large value is the next one's line, as a rule.
          if (session.hasReadLittle) lookahead.until = to;
          else lookahead.text(session.input, from, to, false);
        }
        code = this.#line(session);
        if (code !== RUN_READ) count++;
      }
    }
    session.countCommands(count);
    return code === DONE ? RUN_READ : code;
  }

  /** Answers a get that is all of the input, from what was noted of it; false
   * if it has to be run as any other. */
  answerNoted(session: Session): boolean {
    const { engine, input, output } = session;
    const { context, classic } = engine;
    if (context.observers.isVerbose) return false;
    const hash = context.hash = session.notedHash;
    const partition = context.store.partitionOf(hash);
    const at = PLAIN_GET_KEY_AT, length = session.notedLength;
    const whole = session.directLimits?.wholeBytesMin ?? NEVER_WHOLE;
    if (
      !classic.getSmall(partition, input, at, length, session, false, whole)
    ) return false;
    session.from = session.to;
    appendEnd(output);
    session.countCommands(1);
    return true;
  }

  // Runs the command at `from`.
  #line(session: Session): number {
    const { parser, command, context } = session.engine;
    const { input, from, to } = session;
    const status = parser.parse(input, from, to, command);
    if (status !== NEED_MORE && context.observers.isVerbose) {
      this.#logLine(session, from, command.next);
    }
    switch (status) {
      case COMPLETE:
        return this.#complete(session, command);
      case HAS_BODY:
        return this.#body(session, command);
      case NEED_MORE:
        if (!session.isLongLine) return RUN_READ;
        if (!isGet(command.op)) return this.#refuseLongLine(session);
        this.#startKeys(session, command);
        return this.#keys(session);
      case HANG_UP:
        session.hangUp("error");
        return RUN_AGAIN;
    }
    session.from = command.next;
    if (command.swallow > 0) {
      session.startSwallow(command.swallow, command.error);
      return RUN_AGAIN;
    }
    this.#error(session, command.error);
    return DONE;
  }

  // A get behind spaces is none, however long its line is.
  #refuseLongLine(session: Session): number {
    this.#error(session, ERROR);
    session.from = session.to;
    session.state = IN_LINE_REST;
    return RUN_AGAIN;
  }

  #error(session: Session, error: number): void {
    if (error === ERROR_NONE) return;
    session.output.text(ERROR_LINES[error]);
    const { observers } = session.engine.context;
    if (observers.isVerbose) this.#logReply(session, ERROR_LINES[error]);
  }

  #complete(session: Session, command: Command): number {
    const { engine } = session;
    if (command.op <= OP_GATS) {
      this.#startKeys(session, command);
      return this.#keys(session);
    }
    session.from = command.next;
    const mark = session.output.length;
    switch (command.op) {
      case OP_MG:
        engine.meta.get(command, session);
        break;
      case OP_MD:
        engine.metaWrite.delete(command, session);
        break;
      case OP_MA:
        engine.metaWrite.arithmetic(command, session);
        break;
      case OP_MN:
        session.output.text(REPLY_MN);
        break;
      case OP_ME:
        engine.meta.debug(command, session);
        break;
      case OP_VERSION:
        session.output.text(REPLY_VERSION);
        break;
      case OP_QUIT:
        session.hangUp("normal");
        return RUN_AGAIN;
      case OP_ADMIN:
        this.#admin(session, command);
        return RUN_AGAIN;
      default:
        engine.classic.execute(command, session);
    }
    if (engine.context.observers.isVerbose) this.#logSince(session, mark);
    return session.source === null ? DONE : RUN_AGAIN;
  }

  #admin(session: Session, command: Command): void {
    const { engine, input } = session;
    const { line } = engine.parser;
    const words: string[] = [];
    for (let i = 0; i < line.count; i++) {
      words.push(latin1(input.u8, line.at[i], line.end[i]));
    }
    const isFirst = session.output.length === 0;
    engine.admin.run(words, command.quiet, isFirst, session);
  }

  // ---- get lines ----

  #startKeys(session: Session, command: Command): void {
    session.state = IN_KEYS;
    session.getOp = command.op;
    session.getExptime = command.exptime;
    session.getMark = session.output.length;
    session.from = command.keysAt;
  }

  // Answers keys until the line ends, or output or input must come first.
  #keys(session: Session): number {
    const { engine, output } = session;
    const { command, context: { lookahead } } = engine;
    const op = session.getOp;
    command.op = op;
    command.exptime = session.getExptime;
    command.quiet = false;
    while (output.length < engine.highWaterBytes && session.source === null) {
      const { input, from, to } = session;
      if (from >= lookahead.until) lookahead.text(input, from, to, true);
      const found = nextKey(input, from, to, command);
      if (found === NEED_MORE) {
        // The line is longer than the buffer: its reply goes out in parts.
        session.getMark = -1;
        return RUN_READ;
      }
      if (found === KEYS_END) {
        session.from = command.next;
        session.state = AT_COMMAND;
        appendEnd(output);
        return DONE;
      }
      if (found === KEY_TOO_LONG) return this.#refuseKeys(session, BAD_FORMAT);
      session.from = command.keysAt;
      const isAnswered = op === OP_GET || op === OP_GETS
        ? engine.classic.get(
          command,
          session,
          op === OP_GETS,
          op === OP_GET ? session.wholeBytesMin : NEVER_WHOLE,
        )
        : engine.classic.gat(command, session, op === OP_GATS);
      if (!isAnswered) return this.#refuseKeys(session, NO_MEMORY_WRITING);
    }
    session.getMark = -1;
    if (session.source?.endsReply === true) {
      session.from = session.to;
      session.state = AT_COMMAND;
    }
    return RUN_AGAIN;
  }

  // An error takes the place of the line's whole reply, as far as that has
  // not been written.
  #refuseKeys(session: Session, error: number): number {
    if (session.getMark >= 0) session.output.length = session.getMark;
    this.#error(session, error);
    session.state = IN_LINE_REST;
    return RUN_AGAIN;
  }

  // ---- values ----

  #body(session: Session, command: Command): number {
    const { engine } = session;
    const { context } = engine;
    const length = command.valueLength;
    session.awaitsBody = false;
    session.wanted = 0;
    if (length > context.settings.itemBytesMax) {
      const removesOld = command.op === OP_SET || command.op === OP_MS;
      engine.storing.refuseTooLarge(command, removesOld);
      return this.#swallow(session, command, TOO_LARGE_TEXT);
    }
    const end = command.next + length;
    if (end + 2 > session.to) {
      if (session.isLargeBody(length)) return this.#startUpload(session);
      session.wanted = end + 2 - session.from;
      session.awaitsBody = true;
      return RUN_READ;
    }
    const { u8 } = session.input;
    session.from = end + 2;
    if (u8[end] !== CR || u8[end + 1] !== LF) {
      this.#error(session, storeError(command, BAD_DATA_CHUNK));
      return DONE;
    }
    command.valueAt = command.next;
    const mark = session.output.length;
    engine.storing.run(formOf(session, command), command, session);
    if (context.observers.isVerbose) this.#logSince(session, mark);
    return DONE;
  }

  #swallow(session: Session, command: Command, error: number): number {
    session.from = command.next;
    const count = command.valueLength + 2;
    session.startSwallow(count, storeError(command, error));
    return RUN_AGAIN;
  }

  #startUpload(session: Session): number {
    const { engine, input, from } = session;
    const { command, parser, storing } = engine;
    // The line is parsed again from a copy: the input will be used again.
    const kept = engine.keptCommands.acquire(input, from, command.next);
    parser.parse(kept.line, 0, kept.length, kept.command);
    const form = formOf(session, kept.command);
    const upload = storing.begin(form, kept, session.readsEnds);
    if (upload === null) {
      engine.keptCommands.release(kept);
      return this.#swallow(session, command, NO_MEMORY_STORING);
    }
    session.from = command.next;
    session.upload = upload;
    session.state = IN_BODY;
    session.awaitsBody = true;
    return RUN_AGAIN;
  }

  endBody(session: Session): boolean {
    const { upload, input, from, to } = session;
    if (upload === null) {
      session.state = AT_COMMAND;
      this.#error(session, session.swallowError);
      return true;
    }
    if (to - from < 2) return false;
    session.from = from + 2;
    session.endUpload();
    session.state = AT_COMMAND;
    session.awaitsBody = false;
    const { command } = upload;
    if (input.u8[from] !== CR || input.u8[from + 1] !== LF) {
      upload.abort();
      this.#error(session, storeError(command, BAD_DATA_CHUNK));
      return true;
    }
    const form = formOf(session, command);
    session.engine.storing.commit(form, upload, session);
    return true;
  }

  // ---- the verbose log ----

  #logLine(session: Session, from: number, next: number): void {
    const { u8 } = session.input;
    let end = next - 1;
    while (end > from && (u8[end] === LF || u8[end] === CR)) end--;
    const { observers } = session.engine.context;
    observers.log(`<${session.id} ${latin1(u8, from, end + 1)}`);
  }

  #logSince(session: Session, mark: number): void {
    const { u8 } = session.output.bytes;
    const end = u8.indexOf(LF, mark);
    if (end < 0 || end >= session.output.length) return;
    const { observers } = session.engine.context;
    observers.log(`>${session.id} ${latin1(u8, mark, end - 1)}`);
  }

  #logReply(session: Session, reply: Bytes): void {
    const text = latin1(reply.u8, 0, reply.capacity - 2);
    session.engine.context.observers.log(`>${session.id} ${text}`);
  }
}

// END and its line end.
function appendEnd(output: Output): void {
  output.reserve(END_BYTES);
  output.word(LETTERS_END, 4);
  output.byte(LF);
}

function isGet(op: number): boolean {
  return op === OP_GET || op === OP_GETS;
}

function formOf(session: Session, command: Command): StoreForm {
  const { metaWrite, classicStores } = session.engine;
  return command.op === OP_MS ? metaWrite : classicStores;
}

// noreply silences the errors of a classic store, q not those of ms.
function storeError(command: Command, error: number): number {
  return command.quiet && command.op !== OP_MS ? ERROR_NONE : error;
}
