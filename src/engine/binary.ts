/**
 * Owns what the binary commands on data mean: (command, store, now) to reply.
 * Never parses and never touches a socket.
 *
 * Semantics: `../shared/reference/memcached.md`, 1.8.
 *
 * @module
 */
import { Bytes } from "../base/bytes.ts";
import * as clock from "../base/clock.ts";
import * as limits from "../base/limits.ts";
import { U64 } from "../base/u64.ts";
import * as counters from "../observe/counters.ts";
import * as binary from "../protocol/binary.ts";
import type { Command } from "../protocol/command.ts";
import * as commands from "../protocol/commands.ts";
import type { Output } from "../protocol/output.ts";
import type { Partition, StoreRequest } from "../store/store.ts";
import * as store from "../store/store.ts";
import type { ClassicStores } from "./classic_stores.ts";
import type { Context } from "./context.ts";
import type { Sink } from "./sink.ts";
import * as sink from "./sink.ts";
import type { StoreForm } from "./storing.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { expirySecond } = clock;
const { VALUE_PIECE_BYTES } = limits;
const {
  CLASS_DECR_HITS,
  CLASS_DELETE_HITS,
  CLASS_GET_HITS,
  CLASS_INCR_HITS,
  CLASS_TOUCH_HITS,
  CMD_GET,
  CMD_TOUCH,
  DECR_MISSES,
  DELETE_MISSES,
  GET_MISSES,
  INCR_MISSES,
  RESPONSE_OOM,
  TOUCH_MISSES,
} = counters;
const {
  BINARY_HEADER_BYTES,
  DO_NOT_CREATE,
  NO_MEMORY_NEW,
  putHeader,
  putStatus,
  putSuccess,
  STATUS_EXISTS,
  STATUS_NO_MEMORY,
  STATUS_NON_NUMERIC,
  STATUS_NOT_FOUND,
  STATUS_NOT_STORED,
  STATUS_OK,
  STATUS_TOO_LARGE,
} = binary;
const {
  BIN_ADD,
  BIN_ADDQ,
  BIN_APPEND,
  BIN_APPENDQ,
  BIN_DECREMENT,
  BIN_DECREMENTQ,
  BIN_DELETE,
  BIN_DELETEQ,
  BIN_GAT,
  BIN_GATK,
  BIN_GATKQ,
  BIN_GATQ,
  BIN_GET,
  BIN_GETK,
  BIN_GETKQ,
  BIN_GETQ,
  BIN_INCREMENT,
  BIN_INCREMENTQ,
  BIN_PREPEND,
  BIN_PREPENDQ,
  BIN_REPLACE,
  BIN_REPLACEQ,
  BIN_TOUCH,
} = commands;
const {
  ADD,
  APPEND,
  CAS,
  EXISTS,
  HIT,
  NO_MEMORY,
  NON_NUMERIC,
  NOT_FOUND,
  NOT_STORED,
  PREPEND,
  REPLACE,
  SET,
  STORED,
  TOO_LARGE,
} = store;
const { holdValue } = sink;

const FLAGS_BYTES = 4;

/** Runs the binary commands of one worker. */
export class Binary implements StoreForm {
  readonly #context: Context;
  readonly #stores: ClassicStores;
  readonly #cas = new U64();

  constructor(context: Context, stores: ClassicStores) {
    this.#context = context;
    this.#stores = stores;
  }

  /** Runs a command on data that has no body; false for any other. */
  execute(command: Command, sink: Sink): boolean {
    switch (command.op) {
      case BIN_GET:
      case BIN_GETQ:
        this.#get(command, sink, false);
        return true;
      case BIN_GETK:
      case BIN_GETKQ:
        this.#get(command, sink, true);
        return true;
      case BIN_GAT:
      case BIN_GATQ:
      case BIN_TOUCH:
        this.#getLocked(command, sink, false, true);
        return true;
      case BIN_GATK:
      case BIN_GATKQ:
        this.#getLocked(command, sink, true, true);
        return true;
      case BIN_DELETE:
      case BIN_DELETEQ:
        this.#delete(command, sink);
        return true;
      case BIN_INCREMENT:
      case BIN_INCREMENTQ:
        this.#delta(command, sink, false);
        return true;
      case BIN_DECREMENT:
      case BIN_DECREMENTQ:
        this.#delta(command, sink, true);
        return true;
    }
    return false;
  }

  // The expiration is unsigned: 0xffffffff is a time, not -1.
  #expiry(exptime: number): number {
    return expirySecond(exptime, this.#context.now, this.#context.started);
  }

  // ---- get, getk, gat, gatk, touch ----

  #get(command: Command, sink: Sink, showsKey: boolean): void {
    const context = this.#context;
    const { shard } = context.locate(command);
    const { key, keyAt, keyLength } = command;
    const { output } = sink;
    const mark = output.length;
    let status, length = 0, slabClass = 0;
    do {
      output.length = mark;
      status = shard.seek(
        context.hash,
        key,
        keyAt,
        keyLength,
        context.now,
        true,
      );
      if (status === HIT) {
        length = shard.valueLength();
        if ((length >>> 0) >= VALUE_PIECE_BYTES) {
          shard.finish(context.now, false);
          return this.#getLocked(command, sink, showsKey, false);
        }
        const flags = shard.clientFlags();
        slabClass = shard.slabClassFor(keyLength, length, flags);
        output.reserve(BINARY_HEADER_BYTES + FLAGS_BYTES + keyLength + length);
        this.#hitHeader(command, output, shard, showsKey, length, flags);
        shard.copyValue(output.bytes, output.length);
        output.length += length;
      }
    } while (!shard.finish(context.now, true));
    this.#countGet(command, status, slabClass, length, false);
    if (status !== HIT) this.#miss(command, output, showsKey);
  }

  #hitHeader(
    command: Command,
    output: Output,
    shard: Partition["shard"],
    showsKey: boolean,
    length: number,
    flags: number,
  ): void {
    const keyLength = showsKey ? command.keyLength : 0;
    const cas = shard.cas(this.#cas);
    putHeader(output, command, STATUS_OK, FLAGS_BYTES, keyLength, length, cas);
    output.bytes.view.setUint32(output.length, flags);
    output.length += FLAGS_BYTES;
    if (showsKey) output.run(command.key, command.keyAt, command.keyLength);
  }

  #miss(command: Command, output: Output, showsKey: boolean): void {
    if (command.quiet) return;
    if (!showsKey) return putStatus(output, command, STATUS_NOT_FOUND);
    // A miss with key has the key where others have the text.
    const { key, keyAt, keyLength } = command;
    output.reserve(BINARY_HEADER_BYTES + keyLength);
    putHeader(output, command, STATUS_NOT_FOUND, 0, keyLength, 0, null);
    output.run(key, keyAt, keyLength);
  }

  #getLocked(
    command: Command,
    sink: Sink,
    showsKey: boolean,
    touches: boolean,
  ): void {
    const context = this.#context;
    const { now } = context;
    const partition = context.locate(command);
    const { shard } = partition;
    const { key, keyAt, keyLength } = command;
    shard.lock();
    const status = shard.lookup(context.hash, key, keyAt, keyLength, now);
    let length = 0, slabClass = 0, answered = true;
    if (status === HIT) {
      length = command.op === BIN_TOUCH ? 0 : shard.valueLength();
      slabClass = shard.slabClass();
      shard.markCasSeen();
      answered = this.#append(command, sink, partition, showsKey, length);
      shard.countHit(now);
      if (touches) {
        partition.placer.retime(this.#expiry(command.exptime), now);
      }
    }
    shard.unlock();
    this.#countGet(command, status, slabClass, length, touches);
    if (status !== HIT) this.#miss(command, sink.output, showsKey);
    else if (!answered) {
      context.counters.values[RESPONSE_OOM]++;
      putStatus(sink.output, command, STATUS_NO_MEMORY);
    }
  }

  #append(
    command: Command,
    sink: Sink,
    partition: Partition,
    showsKey: boolean,
    length: number,
  ): boolean {
    const { shard } = partition;
    const { output } = sink;
    const isLarge = length >= VALUE_PIECE_BYTES;
    const held = isLarge
      ? holdValue(this.#context, partition, length, null)
      : null;
    if (isLarge && held === null) return false;
    const head = BINARY_HEADER_BYTES + FLAGS_BYTES + command.keyLength;
    output.reserve(head + (isLarge ? 0 : length));
    const flags = shard.clientFlags();
    this.#hitHeader(command, output, shard, showsKey, length, flags);
    if (isLarge) {
      sink.source = held;
    } else if (length > 0) {
      shard.copyValue(output.bytes, output.length);
      output.length += length;
    }
    return true;
  }

  #countGet(
    command: Command,
    status: number,
    slabClass: number,
    length: number,
    touches: boolean,
  ): void {
    const { counters, observers } = this.#context;
    const { values } = counters;
    values[touches ? CMD_TOUCH : CMD_GET]++;
    if (status === HIT) {
      const column = touches ? CLASS_TOUCH_HITS : CLASS_GET_HITS;
      counters.countClass(slabClass, column);
    } else {
      values[touches ? TOUCH_MISSES : GET_MISSES]++;
      this.#context.countGone(status);
    }
    if (!observers.active) return;
    const { key, keyAt, keyLength } = command;
    observers.sampleGet(key.u8, keyAt, keyLength);
    observers.prefixGet(key.u8, keyAt, keyLength, status === HIT);
    observers.itemGet(key.u8, keyAt, keyLength, status, slabClass, length);
  }

  // ---- set, add, replace, append, prepend ----

  /** Fills the store request from a packet. */
  fillRequest(command: Command): StoreRequest {
    const request = this.#stores.fillRequest(command);
    request.expiry = this.#expiry(command.exptime);
    request.form = formOf(command.op);
    const joins = request.form === APPEND || request.form === PREPEND;
    if (command.hasCompare && !joins) request.form = CAS;
    return request;
  }

  dropsOld(request: StoreRequest): boolean {
    return request.form === SET;
  }

  /** Answers a store that ended in `result`, under the lock. */
  answerStore(
    command: Command,
    sink: Sink,
    partition: Partition,
    result: number,
  ): void {
    if (result === STORED) {
      if (command.quiet) return;
      const { shard } = partition;
      shard.markCasSeen();
      return putSuccess(sink.output, command, shard.cas(this.#cas));
    }
    putStatus(sink.output, command, storeStatus(command.op, result));
  }

  // ---- delete ----

  #delete(command: Command, sink: Sink): void {
    const context = this.#context;
    const { counters, observers, now } = context;
    const { shard } = context.locate(command);
    const { key, keyAt, keyLength } = command;
    observers.prefixDelete(key.u8, keyAt, keyLength);
    shard.lock();
    const found = shard.lookup(context.hash, key, keyAt, keyLength, now);
    let status = STATUS_OK;
    if (found !== HIT) {
      shard.noteChange();
      counters.values[DELETE_MISSES]++;
      context.countGone(found);
      status = STATUS_NOT_FOUND;
    } else if (
      command.hasCompare && !shard.cas(this.#cas).equals(command.compare)
    ) status = STATUS_EXISTS;
    else {
      const slabClass = shard.slabClass();
      const size = shard.valueLength();
      const u8 = key.u8;
      observers.deleted(u8, keyAt, keyLength, "delete", slabClass, size);
      counters.countClass(slabClass, CLASS_DELETE_HITS);
      shard.remove();
      shard.tidyIndex();
    }
    shard.unlock();
    if (status !== STATUS_OK) putStatus(sink.output, command, status);
    else if (!command.quiet) putSuccess(sink.output, command, null);
  }

  // ---- increment, decrement ----

  #delta(command: Command, sink: Sink, decrements: boolean): void {
    const context = this.#context;
    const { counters, now } = context;
    const partition = context.locate(command);
    const { shard, arithmetic } = partition;
    const { key, keyAt, keyLength } = command;
    shard.lock();
    const found = shard.lookup(context.hash, key, keyAt, keyLength, now);
    let result = NOT_FOUND;
    let number = arithmetic.number;
    if (found === HIT) {
      const slabClass = shard.slabClass();
      const differs = shard.valueLength() > 0 && command.hasCompare &&
        !shard.cas(this.#cas).equals(command.compare);
      result = differs
        ? EXISTS
        : arithmetic.addDelta(decrements, command.delta, now);
      const column = decrements ? CLASS_DECR_HITS : CLASS_INCR_HITS;
      if (result === STORED) counters.countClass(slabClass, column);
    } else {
      context.countGone(found);
      if (command.exptime !== DO_NOT_CREATE) {
        result = this.#createNumber(command, partition);
        number = command.initial;
      } else counters.values[decrements ? DECR_MISSES : INCR_MISSES]++;
    }
    if (result === STORED && !command.quiet) {
      shard.markCasSeen();
      this.#answerNumber(command, sink.output, shard.cas(this.#cas), number);
    }
    shard.unlock();
    if (result === STORED) return;
    const text = result === NO_MEMORY && found !== HIT
      ? NO_MEMORY_NEW
      : undefined;
    putStatus(sink.output, command, deltaStatus(result), text);
  }

  #answerNumber(
    command: Command,
    output: Output,
    cas: U64,
    number: U64,
  ): void {
    output.reserve(BINARY_HEADER_BYTES + 8);
    putHeader(output, command, STATUS_OK, 0, 0, 8, cas);
    output.bytes.view.setUint32(output.length, number.high);
    output.bytes.view.setUint32(output.length + 4, number.low);
    output.length += 8;
  }

  #createNumber(command: Command, partition: Partition): number {
    const digits = Bytes.allocate(24);
    const request = this.fillRequest(command);
    request.form = ADD;
    request.hash = this.#context.hash;
    request.value = digits;
    request.valueAt = 0;
    request.valueLength = command.initial.write(digits.u8, 0);
    request.clientFlags = 0;
    request.compare.set(0, 0);
    const result = partition.writer.store(request, this.#context.now);
    return result === NOT_STORED ? NOT_FOUND : result;
  }
}

function formOf(op: number): number {
  switch (op) {
    case BIN_ADD:
    case BIN_ADDQ:
      return ADD;
    case BIN_REPLACE:
    case BIN_REPLACEQ:
      return REPLACE;
    case BIN_APPEND:
    case BIN_APPENDQ:
      return APPEND;
    case BIN_PREPEND:
    case BIN_PREPENDQ:
      return PREPEND;
    default:
      return SET;
  }
}

function storeStatus(op: number, result: number): number {
  switch (result) {
    case EXISTS:
      return STATUS_EXISTS;
    case NOT_FOUND:
      return STATUS_NOT_FOUND;
    case TOO_LARGE:
      return STATUS_TOO_LARGE;
    case NO_MEMORY:
      return STATUS_NO_MEMORY;
  }
  // Not stored: what that means depends on the command.
  const form = formOf(op);
  if (form === ADD) return STATUS_EXISTS;
  return form === REPLACE ? STATUS_NOT_FOUND : STATUS_NOT_STORED;
}

function deltaStatus(result: number): number {
  switch (result) {
    case EXISTS:
      return STATUS_EXISTS;
    case NON_NUMERIC:
      return STATUS_NON_NUMERIC;
    case NO_MEMORY:
      return STATUS_NO_MEMORY;
    default:
      return STATUS_NOT_FOUND;
  }
}
