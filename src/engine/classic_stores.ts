/**
 * Owns the classic form of stores: set, add, replace, append, prepend, cas.
 *
 * @module
 */
import type { Command } from "../protocol/command.ts";
import * as commands from "../protocol/commands.ts";
import * as errors from "../protocol/errors.ts";
import * as reply from "../protocol/reply.ts";
import type { Partition, StoreRequest } from "../store/store.ts";
import * as store from "../store/store.ts";
import type { Context } from "./context.ts";
import type { Sink } from "./sink.ts";
import type { StoreForm } from "./storing.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { OP_SET } = commands;
const { NO_MEMORY_STORING } = errors;
const {
  ERROR_LINES,
  REPLY_EXISTS,
  REPLY_NOT_FOUND,
  REPLY_NOT_STORED,
  REPLY_STORED,
} = reply;
const { NO_MEMORY, SET } = store;

/** Replies by result; errors are not among them. */
const REPLIES = [
  REPLY_STORED,
  REPLY_NOT_STORED,
  REPLY_EXISTS,
  REPLY_NOT_FOUND,
];

/** Classic stores of one worker. */
export class ClassicStores implements StoreForm {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  fillRequest(command: Command): StoreRequest {
    const context = this.#context;
    const { request } = context;
    request.form = command.op - OP_SET;
    request.key = command.key;
    request.keyAt = command.keyAt;
    request.keyLength = command.keyLength;
    request.value = command.input;
    request.valueAt = command.valueAt;
    request.valueLength = command.valueLength;
    request.clientFlags = command.clientFlags;
    request.expiry = context.expiry(command.exptime);
    request.binaryKey = false;
    if (command.hasCompare) request.compare.copy(command.compare);
    else request.compare.set(0, 0);
    request.allowsStale = false;
    request.createsMissing = false;
    request.hasCas = false;
    return request;
  }

  dropsOld(request: StoreRequest): boolean {
    return request.form === SET;
  }

  answerStore(
    command: Command,
    sink: Sink,
    _partition: Partition,
    result: number,
  ): void {
    if (command.quiet) return;
    if (result === NO_MEMORY) sink.output.text(ERROR_LINES[NO_MEMORY_STORING]);
    else sink.output.text(REPLIES[result]);
  }
}
