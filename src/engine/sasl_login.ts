/**
 * Owns what a binary connection says before its client has logged in (`-S`):
 * SASL with the mechanism PLAIN. Never judges a password.
 *
 * Rules: `../shared/reference/memcached.md`, 1.9; RFC 4616.
 *
 * @module
 */
import { Bytes } from "../base/bytes.ts";
import * as bytes from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import * as binary from "../protocol/binary.ts";
import { Command } from "../protocol/command.ts";
import * as command from "../protocol/command.ts";
import * as commands from "../protocol/commands.ts";
import * as login from "../protocol/login.ts";
import { Output } from "../protocol/output.ts";
import * as loginState from "./login_state.ts";
import type { Session } from "./session.ts";
import type { Dialect } from "./session_states.ts";
import * as sessionStates from "./session_states.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { latin1 } = bytes;
const { SASL_MECHANISM_BYTES_MAX, SASL_MESSAGE_BYTES_MAX } = limits;
const {
  BINARY_HEADER_BYTES,
  parseBinary,
  putHeader,
  putStatus,
  STATUS_AUTH_CONTINUE,
  STATUS_AUTH_ERROR,
  STATUS_INVALID,
  STATUS_OK,
  STATUS_UNKNOWN,
} = binary;
const { COMPLETE, HANG_UP, HAS_BODY, NEED_MORE } = command;
const { BIN_SASL_AUTH, BIN_SASL_LIST, BIN_SASL_STEP, BIN_VERSION } = commands;
const { readPlain } = login;
const { judge } = loginState;
const { RUN_AGAIN, RUN_READ } = sessionStates;

const MECHANISM = "PLAIN";
const MECHANISMS = Bytes.fromLatin1(MECHANISM);
const AUTHENTICATED = Bytes.fromLatin1("Authenticated");

/** The binary protocol before a login. */
export class SaslLogin implements Dialect {
  run(session: Session): number {
    const { engine, input, from, to } = session;
    const { command } = engine;
    if (from === to) return RUN_READ;
    const code = this.#packet(
      session,
      command,
      parseBinary(input, from, to, command),
    );
    if (code !== RUN_READ) session.countCommands(1);
    return code;
  }

  #packet(session: Session, command: Command, status: number): number {
    switch (status) {
      case NEED_MORE:
        return RUN_READ;
      case HANG_UP:
        session.hangUp("error");
        return RUN_AGAIN;
      case COMPLETE:
        return this.#complete(session, command);
      case HAS_BODY:
        return isLogin(command.op)
          ? this.#body(session, command)
          : this.#refuse(session, command, STATUS_AUTH_ERROR);
    }
    // A packet that cannot be is answered as what it is, anything else as
    // something that only those who logged in may do.
    const isKnown = isLogin(command.op) || command.op === BIN_SASL_LIST ||
      command.op === BIN_VERSION;
    const isBroken = command.closes &&
      (isKnown || command.error === STATUS_UNKNOWN);
    const error = isBroken ? command.error : STATUS_AUTH_ERROR;
    return this.#refuse(session, command, error);
  }

  #refuse(session: Session, command: Command, status: number): number {
    session.from = command.next;
    putStatus(session.output, command, status);
    session.hangUp("login");
    return RUN_AGAIN;
  }

  #complete(session: Session, command: Command): number {
    const { output, engine } = session;
    if (command.op === BIN_VERSION) {
      session.from = command.next;
      engine.binaryAdmin.run(command, session);
    } else if (command.op === BIN_SASL_LIST) {
      session.from = command.next;
      putReply(output, command, STATUS_OK, MECHANISMS);
    } else return this.#refuse(session, command, STATUS_AUTH_ERROR);
    return RUN_AGAIN;
  }

  #body(session: Session, command: Command): number {
    const length = command.valueLength;
    session.wanted = 0;
    const isLong = command.keyLength > SASL_MECHANISM_BYTES_MAX;
    if (isLong || length > SASL_MESSAGE_BYTES_MAX) {
      session.from = command.next;
      session.swallowOp = command.op;
      session.swallowOpaque = command.opaque;
      const status = isLong ? STATUS_INVALID : STATUS_AUTH_ERROR;
      session.startSwallow(length, status);
      return RUN_AGAIN;
    }
    const end = command.next + length;
    if (end > session.to) {
      session.wanted = end - session.from;
      return RUN_READ;
    }
    session.from = end;
    this.#message(session, command, end);
    return RUN_AGAIN;
  }

  #message(session: Session, command: Command, end: number): void {
    const { key, keyAt, keyLength, op, opaque, next } = command;
    const login = session.login!;
    const mechanism = latin1(key.u8, keyAt, keyAt + keyLength);
    const isFirst = op === BIN_SASL_AUTH;
    const mayGoOn = !login.isDone && (isFirst || login.isStarted) &&
      mechanism.toUpperCase() === MECHANISM;
    login.isStarted = false;
    if (mayGoOn && isFirst && end === next) {
      login.isStarted = true;
      return putReply(session.output, command, STATUS_AUTH_CONTINUE, null);
    }
    const claim = mayGoOn ? readPlain(key.u8, next, end) : null;
    // The command is used again while the answer is awaited.
    const packet = { op, opaque } as Command;
    judge(session, claim, (isRight) => {
      const output = new Output();
      if (isRight) {
        login.isDone = true;
        session.dialect = session.engine.packets;
        putReply(output, packet, STATUS_OK, AUTHENTICATED);
      } else putStatus(output, packet, STATUS_AUTH_ERROR);
      return latin1(output.bytes.u8, 0, output.length);
    });
  }

  endBody(session: Session): boolean {
    return session.engine.packets.endBody(session);
  }
}

function isLogin(op: number): boolean {
  return op === BIN_SASL_AUTH || op === BIN_SASL_STEP;
}

function putReply(
  output: Output,
  command: Command,
  status: number,
  text: Bytes | null,
): void {
  const length = text === null ? 0 : text.capacity;
  output.reserve(BINARY_HEADER_BYTES + length);
  putHeader(output, command, status, 0, 0, length, null);
  if (text !== null) output.text(text);
}
