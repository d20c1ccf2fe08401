/**
 * Owns the binary commands that are not about data: noop, version, quit,
 * flush, stat, verbosity, and the refusal of SASL while it is off.
 *
 * @module
 */
import * as counters from "../observe/counters.ts";
import { Bytes } from "../base/bytes.ts";
import * as bytes from "../base/bytes.ts";
import type { Stat } from "../observe/stats.ts";
import * as binary from "../protocol/binary.ts";
import type { Command } from "../protocol/command.ts";
import * as commands from "../protocol/commands.ts";
import { Output } from "../protocol/output.ts";
import * as reply from "../protocol/reply.ts";
import type { Admin, AdminSink } from "./admin.ts";
import type { Context } from "./context.ts";
import type { ServerPort } from "./ports.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { CMD_FLUSH } = counters;
const { latin1, toLatin1 } = bytes;
const {
  BINARY_HEADER_BYTES,
  putHeader,
  putStatus,
  putSuccess,
  STATUS_AUTH_ERROR,
  STATUS_NOT_FOUND,
  STATUS_OK,
  STATUS_UNKNOWN,
} = binary;
const {
  BIN_FLUSH,
  BIN_FLUSHQ,
  BIN_NOOP,
  BIN_QUIT,
  BIN_QUITQ,
  BIN_STAT,
  BIN_VERBOSITY,
  BIN_VERSION,
} = commands;
const { PROTOCOL_VERSION } = reply;

const VERSION = Bytes.fromLatin1(PROTOCOL_VERSION);

/** Runs the other binary commands of one worker. */
export class BinaryAdmin {
  readonly #context: Context;
  readonly #server: ServerPort;
  readonly #admin: Admin;

  constructor(context: Context, server: ServerPort, admin: Admin) {
    this.#context = context;
    this.#server = server;
    this.#admin = admin;
  }

  /** Runs a command without a body that is not about data. */
  run(command: Command, sink: AdminSink): void {
    const { output } = sink;
    switch (command.op) {
      case BIN_NOOP:
        return putSuccess(output, command, null);
      case BIN_VERSION:
        output.reserve(BINARY_HEADER_BYTES + VERSION.capacity);
        putHeader(output, command, STATUS_OK, 0, 0, VERSION.capacity, null);
        return output.text(VERSION);
      case BIN_QUIT:
        putSuccess(output, command, null);
        return sink.hangUp("normal");
      case BIN_QUITQ:
        return sink.hangUp("normal");
      case BIN_FLUSH:
      case BIN_FLUSHQ:
        return this.#flush(command, output);
      case BIN_VERBOSITY:
        this.#admin.setVerbosity(command.exptime);
        return putSuccess(output, command, null);
      case BIN_STAT:
        return this.#stat(command, sink);
      default:
        return putStatus(output, command, STATUS_UNKNOWN);
    }
  }

  #flush(command: Command, output: Output): void {
    const { counters, settings } = this.#context;
    if (!settings.flushEnabled) {
      return putStatus(output, command, STATUS_AUTH_ERROR);
    }
    this.#server.flush(command.exptime);
    counters.values[CMD_FLUSH]++;
    if (!command.quiet) putSuccess(output, command, null);
  }

  // One packet a statistic, an empty one at the end.
  #stat(command: Command, sink: AdminSink): void {
    const { key, keyAt, keyLength, op, opaque } = command;
    const name = latin1(key.u8, keyAt, keyAt + keyLength);
    const packet = { op, opaque } as Command;
    const { statistics } = this.#admin;
    if (name.startsWith("reset")) {
      statistics.reset();
      return putSuccess(sink.output, command, null);
    }
    if (name.startsWith("detail")) {
      return this.#detail(name.slice("detail".length).trim(), packet, sink);
    }
    const stats = statistics.group(name);
    if (stats === null) {
      return putStatus(sink.output, command, STATUS_NOT_FOUND);
    }
    if (Array.isArray(stats)) sink.output.string(packets(packet, stats));
    else sink.defer(stats.then((list) => packets(packet, list)));
  }

  #detail(verb: string, packet: Command, sink: AdminSink): void {
    const { dumpEnabled } = this.#context.settings;
    const answer = dumpEnabled && verb !== ""
      ? this.#admin.statistics.detail(verb)
      : null;
    if (answer === null) {
      return putStatus(sink.output, packet, STATUS_NOT_FOUND);
    }
    const format = (text: string) =>
      packets(packet, text === "OK\r\n" ? [] : [["detailed", text]]);
    if (typeof answer === "string") sink.output.string(format(answer));
    else sink.defer(answer.then(format));
  }
}

function packets(command: Command, stats: Stat[]): string {
  const output = new Output();
  for (const [name, value] of [...stats, ["", ""] as Stat]) {
    const key = toLatin1(name), text = toLatin1(String(value));
    output.reserve(BINARY_HEADER_BYTES + key.length + text.length);
    putHeader(output, command, STATUS_OK, 0, key.length, text.length, null);
    output.bytes.u8.set(key, output.length);
    output.bytes.u8.set(text, output.length + key.length);
    output.length += key.length + text.length;
  }
  return latin1(output.bytes.u8, 0, output.length);
}
