/**
 * Owns a client of the engine that never waits: for tests that send millions
 * of commands. Deferred replies (stats conns and the like) are not for it.
 *
 * @module
 */
import { latin1, toLatin1 } from "../../src/base/bytes.ts";
import type { Session } from "../../src/engine/session.ts";
import {
  RUN_CLOSE,
  RUN_FLUSH,
  RUN_READ,
} from "../../src/engine/session_states.ts";
import { Output } from "../../src/protocol/output.ts";

/** Sends bytes to a session and returns what comes out at once. */
export class SyncClient {
  readonly session: Session;
  readonly #output = new Output(1 << 16);
  isClosed = false;

  constructor(session: Session) {
    this.session = session;
  }

  send(text: string): string {
    return this.sendBytes(toLatin1(text));
  }

  /** Of which a read gets what it asks for, or as many as `most` says. */
  sendBytes(bytes: Uint8Array, most: () => number = () => Infinity): string {
    let reply = "";
    const { session } = this;
    for (let at = 0; at < bytes.length && !this.isClosed;) {
      at += session.feed(bytes.subarray(at, at + most()));
      reply += this.#run();
    }
    return reply;
  }

  #run(): string {
    let reply = "";
    for (;;) {
      const output = this.#output;
      output.clear();
      this.session.output = output;
      const code = this.session.run();
      reply += latin1(output.bytes.u8, 0, output.length);
      if (code === RUN_READ) return reply;
      if (code === RUN_CLOSE) {
        this.isClosed = true;
        this.session.dispose();
        return reply;
      }
      if (code !== RUN_FLUSH) throw new Error(`cannot wait (code ${code})`);
    }
  }
}
