/**
 * Owns the names of what a session asks of its driver, of what it is in the
 * middle of, and what it needs of a protocol.
 *
 * @module
 */
import type { Session } from "./session.ts";

// What `run` asks of the driver; output is always to be written first.
/** Read more bytes. */
export const RUN_READ = 0;
/** Write the output, then run again. */
export const RUN_FLUSH = 1;
/** Write the output, then close. */
export const RUN_CLOSE = 2;
/** Wait for `deferred`, then run again. */
export const RUN_WAIT = 3;
/** Send log lines until the client goes. */
export const RUN_WATCH = 4;
/** Let other connections go first, then run again. */
export const RUN_YIELD = 5;
/** Write the output and then `direct`, tell `wrote`, run again. */
export const RUN_SEND = 7;
/** Between dialect and session: something was started, look again. */
export const RUN_AGAIN = 6;

/** One dialect: parses and runs what is in the session's input. */
export interface Dialect {
  /** Runs commands until it must stop: RUN_READ or RUN_AGAIN. */
  run(session: Session): number;
  /** Called when an upload or a swallowed body is complete; false if the
   * bytes that end it are still to come. */
  endBody(session: Session): boolean;
}

/** What the session is in the middle of. */
export const AT_COMMAND = 0;
/** Between the keys of a get line. */
export const IN_KEYS = 1;
/** In the value of a large store. */
export const IN_BODY = 2;
/** In a body, or the rest of a line, that is thrown away. */
export const IN_SWALLOW = 3;
export const IN_LINE_REST = 4;
export const IN_WATCH = 5;
export const ENDED = 6;
