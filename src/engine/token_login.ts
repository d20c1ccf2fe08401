/**
 * Owns what a text connection says before its client has logged in (`-Y`): a
 * `set` whose value is `user password`. Never judges a password.
 *
 * Rules: `../shared/reference/memcached.md`, 1.4.
 *
 * @module
 */
import * as limits from "../base/limits.ts";
import * as login from "../protocol/login.ts";
import * as loginState from "./login_state.ts";
import type { Session } from "./session.ts";
import type { Dialect } from "./session_states.ts";
import * as sessionStates from "./session_states.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { LINE_BYTES_MAX, LOGIN_LINE_BYTES_MIN, LOGIN_TOKEN_BYTES_MAX } = limits;
const { readToken } = login;
const { judge } = loginState;
const { RUN_AGAIN, RUN_READ } = sessionStates;

const CR = 13, LF = 10;
/** Which token of the line says how long the value is. */
const LENGTH_TOKEN = 4;

/** The text protocol before a login. */
export class TokenLogin implements Dialect {
  run(session: Session): number {
    const { input, from, to } = session;
    session.wanted = 0;
    if (from === to) return RUN_READ;
    const end = input.u8.indexOf(LF, from);
    if (end < 0 || end >= to) {
      if (to - from <= LINE_BYTES_MAX) return RUN_READ;
      session.hangUp("error");
      return RUN_AGAIN;
    }
    if (end - from < LOGIN_LINE_BYTES_MIN) {
      session.hangUp("error");
      return RUN_AGAIN;
    }
    return this.#line(session, end + 1);
  }

  #line(session: Session, next: number): number {
    const { from, to } = session;
    const length = this.#tokenLength(session, next);
    if (length < 0 || length > LOGIN_TOKEN_BYTES_MAX) {
      session.from = next;
      return this.#say(
        session,
        length < 0
          ? "CLIENT_ERROR unauthenticated"
          : "CLIENT_ERROR auth token too long",
      );
    }
    const end = next + length;
    if (end + 2 > to) {
      session.wanted = end + 2 - from;
      return RUN_READ;
    }
    session.from = end + 2;
    return this.#token(session, next, end);
  }

  // Length of the value that a line announces; -1 if it is no `set`.
  #tokenLength(session: Session, next: number): number {
    const { u8 } = session.input;
    const { line } = session.engine.parser;
    line.scan(u8, session.from, next);
    // memcached looks at the first three letters only.
    const isSet = u8[session.from] === 115 && u8[session.from + 1] === 101 &&
      u8[session.from + 2] === 116;
    return isSet ? line.readU32(u8, LENGTH_TOKEN) : -1;
  }

  #token(session: Session, from: number, end: number): number {
    const { u8 } = session.input;
    if (u8[end] !== CR || u8[end + 1] !== LF) {
      return this.#say(session, "CLIENT_ERROR bad command line termination");
    }
    const claim = readToken(u8, from, end);
    if (claim === null) {
      return this.#say(
        session,
        "CLIENT_ERROR bad authentication token format",
      );
    }
    session.countCommands(1);
    judge(session, claim, (isRight) => {
      if (!isRight) return "CLIENT_ERROR authentication failure\r\n";
      session.dialect = session.engine.text;
      return "STORED\r\n";
    });
    return RUN_AGAIN;
  }

  #say(session: Session, text: string): number {
    session.countCommands(1);
    session.output.string(text + "\r\n");
    return RUN_AGAIN;
  }

  // Nothing is ever swallowed or uploaded here.
  endBody(): boolean {
    return true;
  }
}
