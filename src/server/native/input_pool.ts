/**
 * Owns the read buffers of one worker's native connections: one that all of
 * them read into, and those that hold what is half done. An idle connection
 * has none. Never reads.
 *
 * Some more are for sessions whose turn comes soon: what they hold is received,
 * and not run yet.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import { Bytes } from "../../base/bytes.ts";
import {
  READ_BUFFER_BYTES_MAX,
  READ_BUFFER_BYTES_MIN,
  READ_LITTLE_BYTES_MAX,
} from "../../base/limits.ts";
import type { Stretches } from "../../base/stretches.ts";
import type { Session } from "../../engine/session.ts";
import type { Upload } from "../../engine/upload.ts";

/** Sizes of kept buffers: 2 KB, 4 KB, and so on to 128 KB. */
const SIZES = 7;
/** Bytes kept of each size. */
const KEPT_BYTES = 256 * 1024;
/** How much is received for a session before its turn. */
const AHEAD_BYTES = 512;
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
  readonly #ahead: Bytes[] = [];
  #aheadCount = 0;

  /** Before a read that is not of a value: how much may be read to the front of
   * the common buffer. If something is held that is 0, and the session says
   * where to read to: to the common buffer behind what is held, if that is
   * little, and not more is to come of it than fits. */
  commonRoom(session: Session): number {
    const { input, from, to } = session;
    if (input === this.common) {
      // Nothing is held. A view less per request: 2 % of its CPU.
      if (session.upload === null) {
        session.from = session.to = 0;
        const { littleBytes } = session;
        return littleBytes > 0 ? littleBytes : this.common.capacity;
      }
    } else if (
      to - from <= MOVED_BYTES_MAX && session.wanted <= this.common.capacity
    ) {
      session.moveInput(this.common);
      this.#release(input);
    }
    return 0;
  }

  /** Before a read for a session that holds nothing and has to wait for its
   * turn: where to read to, which is nobody else's until `endAhead`. */
  aheadTarget(): Bytes {
    if (this.#aheadCount === this.#ahead.length) {
      this.#ahead.push(Bytes.allocate(AHEAD_BYTES));
    }
    return this.#ahead[this.#aheadCount++];
  }

  /** Tells that such a read brought something. */
  receivedAhead(session: Session, target: Bytes, count: number): void {
    session.input = target;
    session.from = session.to = 0;
    session.received(count);
  }

  /** All who were to wait have done so: their buffers may be used again when
   * they had their turn. */
  endAhead(): void {
    this.#aheadCount = 0;
  }

  /** Before a read of a value, whose session holds nothing: appends where the
   * value belongs, and room for what little may follow it. */
  addTargets(session: Session, upload: Upload, stretches: Stretches): void {
    upload.addTargets(stretches);
    if (upload.endsWithTarget) {
      assert(session.input === this.common, "what follows has a place");
      stretches.add(this.common, 0, READ_LITTLE_BYTES_MAX);
    }
  }

  /** Tells how many bytes such a read brought; whether all that was wanted of
   * the value is there and nothing else. */
  receivedValue(session: Session, upload: Upload, count: number): boolean {
    const { targetBytes } = upload;
    const beyond = count - targetBytes;
    session.received(Math.min(count, targetBytes));
    if (beyond > 0) session.to = beyond;
    return beyond === 0;
  }

  /** After a run: whoever holds something gets a buffer of its own, and who
   * does not gives it back. */
  settle(session: Session): void {
    const { input, from, to, wanted } = session;
    if (from === to) {
      if (input === this.common) return;
      session.moveInput(this.common);
      this.#release(input);
    } else if (input === this.common || this.#ahead.includes(input)) {
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
    // One for what is received ahead of a turn; told first, as the frequent case.
    if (capacity === AHEAD_BYTES) return;
    const size = sizeFor(capacity);
    // Sessions make buffers of other sizes too.
    if (size >= SIZES || READ_BUFFER_BYTES_MIN << size !== capacity) return;
    const free = this.#free[size];
    if (free.length * capacity < KEPT_BYTES) free.push(bytes);
  }
}
