/**
 * Owns the read buffers of one worker's native connections: one that all of
 * them read into, and those that hold what is half done. An idle connection
 * has none. Never reads.
 *
 * @module
 */
import { Bytes } from "../../base/bytes.ts";
import {
  READ_BUFFER_BYTES_MAX,
  READ_BUFFER_BYTES_MIN,
  READ_LITTLE_BYTES,
} from "../../base/limits.ts";
import type { Session } from "../../engine/session.ts";

/** Sizes of kept buffers: 2 KB, 4 KB, and so on to 128 KB. */
const SIZES = 7;
/** Bytes kept of each size. */
const KEPT_BYTES = 256 * 1024;
/** A rest up to here is copied to the common buffer for the next read. */
const MOVED_BYTES_MAX = READ_BUFFER_BYTES_MIN;

/** Number of the size that `bytes` fit in. */
function sizeFor(bytes: number): number {
  const units = Math.ceil(bytes / READ_BUFFER_BYTES_MIN);
  return units <= 1 ? 0 : 32 - Math.clz32(units - 1);
}

/** The read buffers of one worker. */
export class InputPool {
  /** What every session reads into that holds nothing. */
  readonly common = Bytes.allocate(READ_BUFFER_BYTES_MAX);
  readonly #free: Bytes[][] = Array.from({ length: SIZES }, () => []);
  readonly #whole = this.common.u8.subarray(0, this.common.capacity);
  /** Where little is to be read to. */
  readonly little = this.#whole.subarray(0, READ_LITTLE_BYTES);

  /** Before a read: where to read to. That is the common buffer, with the
   * little that is held, unless there is more to come of what is held. */
  target(session: Session): Uint8Array<ArrayBuffer> {
    const { input, from, to } = session;
    if (input === this.common) {
      // Nothing is held. A view less per request: 2 % of its CPU.
      if (session.upload === null) {
        session.from = session.to = 0;
        return session.readsLittle ? this.little : this.#whole;
      }
    } else if (
      to - from <= MOVED_BYTES_MAX && session.wanted <= this.common.capacity
    ) {
      session.moveInput(this.common);
      this.#release(input);
    }
    return session.readTarget();
  }

  /** What the next read may go on in, if its target is table memory: where the
   * rest of the value belongs, and `little` for what follows that. Null if
   * there is nothing else. */
  further(session: Session): Uint8Array<ArrayBuffer>[] | null {
    const { upload } = session;
    if (upload === null || !upload.isTarget) return null;
    const targets = upload.furtherTargets();
    const isEnd = upload.endsWithTarget && session.input === this.common;
    if (isEnd) targets.push(this.little);
    return targets.length === 0 ? null : targets;
  }

  /** Tells how many bytes were read into `little`, after all of the value. */
  wentOn(session: Session, count: number): void {
    session.from = 0;
    session.to = count;
  }

  /** After a run: whoever holds something gets a buffer of its own, and who
   * does not gives it back. */
  settle(session: Session): void {
    const { input, from, to, wanted } = session;
    if (from === to) {
      if (input === this.common) return;
      session.moveInput(this.common);
      this.#release(input);
    } else if (input === this.common) {
      session.moveInput(this.#acquire(Math.max(to - from + 1, wanted)));
    }
  }

  /** The session has ended. */
  end(session: Session): void {
    const { input } = session;
    if (input !== this.common) this.#release(input);
  }

  #acquire(bytes: number): Bytes {
    const size = sizeFor(bytes);
    if (size >= SIZES) return Bytes.allocate(bytes);
    return this.#free[size].pop() ??
      Bytes.allocate(READ_BUFFER_BYTES_MIN << size);
  }

  #release(bytes: Bytes): void {
    const { capacity } = bytes;
    const size = sizeFor(capacity);
    // Sessions make buffers of other sizes too.
    if (size >= SIZES || READ_BUFFER_BYTES_MIN << size !== capacity) return;
    const free = this.#free[size];
    if (free.length * capacity < KEPT_BYTES) free.push(bytes);
  }
}
