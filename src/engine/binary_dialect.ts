/**
 * Owns how binary packets follow one another in a session's input. Never
 * touches a socket.
 *
 * @module
 */
import * as binary from "../protocol/binary.ts";
import type { Command } from "../protocol/command.ts";
import * as command from "../protocol/command.ts";
import * as commands from "../protocol/commands.ts";
import type { Session } from "./session.ts";
import type { Dialect } from "./session_states.ts";
import * as sessionStates from "./session_states.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const {
  parseBinary,
  putStatus,
  STATUS_NO_MEMORY,
  STATUS_TOO_LARGE,
  STATUS_UNKNOWN,
} = binary;
const { COMPLETE, HANG_UP, HAS_BODY, NEED_MORE } = command;
const { BIN_SASL_AUTH, BIN_SASL_LIST, BIN_SASL_STEP, BIN_SET, BIN_SETQ } =
  commands;
const { AT_COMMAND, IN_BODY, RUN_AGAIN, RUN_READ } = sessionStates;

/** One packet is dealt with; the next may follow at once. */
const DONE = -1;

/** The binary protocol. */
export class BinaryDialect implements Dialect {
  run(session: Session): number {
    const { highWaterBytes, context: { lookahead } } = session.engine;
    lookahead.forget();
    let count = 0;
    let code = DONE;
    while (code === DONE && session.from < session.to) {
      if (session.output.length >= highWaterBytes) code = RUN_AGAIN;
      else {
        const { from, to } = session;
        if (from >= lookahead.until) lookahead.packets(session.input, from, to);
        code = this.#packet(session);
        if (code !== RUN_READ) count++;
      }
    }
    session.countCommands(count);
    return code === DONE ? RUN_READ : code;
  }

  #packet(session: Session): number {
    const { engine, input, from, to } = session;
    const { command } = engine;
    switch (parseBinary(input, from, to, command)) {
      case NEED_MORE:
        return RUN_READ;
      case COMPLETE:
        return this.#complete(session, command);
      case HAS_BODY:
        return this.#body(session, command);
      case HANG_UP:
        session.hangUp("error");
        return RUN_AGAIN;
    }
    session.from = command.next;
    return this.#refuse(session, command);
  }

  #refuse(session: Session, command: Command): number {
    if (command.closes) {
      putStatus(session.output, command, command.error);
      session.hangUp("error");
      return RUN_AGAIN;
    }
    return this.#swallow(session, command, command.swallow, command.error);
  }

  // The error follows the body, as in the text protocol.
  #swallow(
    session: Session,
    command: Command,
    count: number,
    status: number,
  ): number {
    session.swallowOp = command.op;
    session.swallowOpaque = command.opaque;
    session.startSwallow(count, status);
    return RUN_AGAIN;
  }

  #complete(session: Session, command: Command): number {
    const { engine } = session;
    if (command.op === BIN_SASL_LIST && session.login !== null) {
      return this.#logInAgain(session);
    }
    session.from = command.next;
    if (!engine.binary.execute(command, session)) {
      engine.binaryAdmin.run(command, session);
      return RUN_AGAIN;
    }
    return session.source === null ? DONE : RUN_AGAIN;
  }

  // SASL after a login undoes it: the packet is the login's business.
  #logInAgain(session: Session): number {
    session.dialect = session.engine.saslLogin;
    return RUN_AGAIN;
  }

  #body(session: Session, command: Command): number {
    const { engine } = session;
    const length = command.valueLength;
    session.awaitsBody = false;
    session.wanted = 0;
    if (command.op === BIN_SASL_AUTH || command.op === BIN_SASL_STEP) {
      if (session.login !== null) return this.#logInAgain(session);
      session.from = command.next;
      return this.#swallow(session, command, length, STATUS_UNKNOWN);
    }
    if (length > engine.context.settings.itemBytesMax) {
      const removesOld = command.op === BIN_SET || command.op === BIN_SETQ;
      engine.storing.refuseTooLarge(command, removesOld);
      session.from = command.next;
      return this.#swallow(session, command, length, STATUS_TOO_LARGE);
    }
    const end = command.next + length;
    if (end > session.to) {
      if (session.isLargeBody(length)) return this.#startUpload(session);
      session.wanted = end - session.from;
      session.awaitsBody = true;
      return RUN_READ;
    }
    session.from = end;
    command.valueAt = command.next;
    engine.storing.run(engine.binary, command, session);
    return DONE;
  }

  #startUpload(session: Session): number {
    const { engine, input, from } = session;
    const { command, storing, binary } = engine;
    // The head is parsed again from a copy: the input will be used again.
    const kept = engine.keptCommands.acquire(input, from, command.next);
    parseBinary(kept.line, 0, kept.length, kept.command);
    const upload = storing.begin(binary, kept, false);
    session.from = command.next;
    if (upload === null) {
      engine.keptCommands.release(kept);
      const { valueLength } = command;
      return this.#swallow(session, command, valueLength, STATUS_NO_MEMORY);
    }
    session.upload = upload;
    session.state = IN_BODY;
    session.awaitsBody = true;
    return RUN_AGAIN;
  }

  endBody(session: Session): boolean {
    const { upload, engine } = session;
    session.state = AT_COMMAND;
    if (upload === null) {
      const { command } = engine;
      command.op = session.swallowOp;
      command.opaque = session.swallowOpaque;
      putStatus(session.output, command, session.swallowError);
      return true;
    }
    session.endUpload();
    session.awaitsBody = false;
    engine.storing.commit(engine.binary, upload, session);
    return true;
  }
}
