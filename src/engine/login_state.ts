/**
 * Owns what a connection has done to log in. Never judges a password.
 *
 * @module
 */
import * as limits from "../base/limits.ts";
import * as counters from "../observe/counters.ts";
import type { Claim } from "../protocol/login.ts";
import type { Session } from "./session.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { LOGIN_FAILURES_PER_CONNECTION_MAX } = limits;
const { AUTH_CMDS, AUTH_ERRORS } = counters;

/** How far one connection has come. */
export class LoginState {
  /** Where the client comes from: set by the driver. */
  from = "";
  failures = 0;
  /** SASL: the mechanism is agreed on, its message is still to come. */
  isStarted = false;
  /** SASL: somebody has logged in here; nobody can again, as in Cyrus. */
  isDone = false;
}

/**
 * Judges a claim while the connection waits. `answer` makes the reply; after
 * too many failures the connection ends behind it.
 */
export function judge(
  session: Session,
  claim: Claim | null,
  answer: (isRight: boolean) => string,
): void {
  const { engine } = session;
  const login = session.login!;
  const right = claim === null || engine.login === null
    ? Promise.resolve(false)
    : engine.login.check(claim.user, claim.password, login.from);
  session.defer(right.then((isRight) => {
    const { values } = engine.context.counters;
    values[AUTH_CMDS]++;
    if (!isRight) {
      values[AUTH_ERRORS]++;
      if (++login.failures >= LOGIN_FAILURES_PER_CONNECTION_MAX) {
        session.hangUp("login");
      }
    }
    return answer(isRight);
  }));
}
