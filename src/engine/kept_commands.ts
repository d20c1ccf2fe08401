/**
 * Owns commands on copies of their own lines, for uploads: the input that a
 * line came in is used again before its value has arrived. Never parses.
 *
 * @module
 */
import { Bytes } from "../base/bytes.ts";
import * as bytes from "../base/bytes.ts";
import { Command } from "../protocol/command.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { copyBytes } = bytes;

/** Room for most lines; a longer one gets a buffer of its own. */
const LINE_BYTES = 512;
/** Commands kept for the next uploads. */
const KEPT_MAX = 64;

/** A command whose `input` is `line`. */
export class KeptCommand {
  readonly command = new Command();
  line = Bytes.allocate(LINE_BYTES);
  length = 0;
}

/** The kept commands of one worker. Making one costs eight allocations: 10 %
 * of the CPU time of a set of 100 KB, when it was made anew each time. */
export class KeptCommands {
  readonly #free: KeptCommand[] = [];

  /** A command with a copy of the line `from`..`to`, still to be parsed. */
  acquire(input: Bytes, from: number, to: number): KeptCommand {
    const kept = this.#free.pop() ?? new KeptCommand();
    kept.length = to - from;
    if (kept.length > kept.line.capacity) {
      kept.line = Bytes.allocate(kept.length);
    }
    copyBytes(input, from, kept.line, 0, kept.length);
    return kept;
  }

  /** Takes back what nobody uses any more. */
  release(kept: KeptCommand): void {
    if (this.#free.length < KEPT_MAX) this.#free.push(kept);
  }
}
