/**
 * Owns what the classic text commands on data mean: (command, store, now) to
 * reply. Never parses and never touches a socket.
 *
 * Semantics: memcached's doc/protocol.txt and
 * `../shared/reference/memcached.md`, 1.2.
 *
 * @module
 */
import { Bytes } from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import { U64 } from "../base/u64.ts";
import * as counters from "../observe/counters.ts";
import type { Command } from "../protocol/command.ts";
import * as commands from "../protocol/commands.ts";
import * as errors from "../protocol/errors.ts";
import type { Output } from "../protocol/output.ts";
import * as reply from "../protocol/reply.ts";
import type { Partition } from "../store/store.ts";
import * as store from "../store/store.ts";
import type { Context } from "./context.ts";
import type { Sink } from "./sink.ts";
import * as sink from "./sink.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
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
const { OP_DECR, OP_DELETE, OP_INCR, OP_TOUCH } = commands;
const { NO_MEMORY_TEXT, NOT_NUMERIC } = errors;
const {
  ERROR_LINES,
  LETTERS_E,
  LETTERS_VALU,
  REPLY_DELETED,
  REPLY_NOT_FOUND,
  REPLY_TOUCHED,
} = reply;
const { HIT, NO_MEMORY, NON_NUMERIC, NOT_FOUND, STORED } = store;
const { holdReply, holdValue, NEVER_WHOLE } = sink;

/** Bytes around a value: VALUE, flags, length, CAS, spaces and line ends. */
const VALUE_LINE_BYTES = 64;
const CR_LF = Bytes.fromLatin1("\r\n");

/** Runs the classic commands of one worker. */
export class Classic {
  readonly #context: Context;
  readonly #cas = new U64();

  constructor(context: Context) {
    this.#context = context;
  }

  // ---- get, gets ----

  /**
   * Answers one key of a get; false if no memory is left to answer it.
   *
   * @param wholeBytesMin length from which on a value may be sent with its line
   * and `END`, as the whole reply (`Source.endsReply`): nothing precedes it
   */
  get(
    command: Command,
    sink: Sink,
    showsCas: boolean,
    wholeBytesMin: number,
  ): boolean {
    const partition = this.#context.locate(command);
    const { key, keyAt, keyLength } = command;
    return this.getSmall(
      partition,
      key,
      keyAt,
      keyLength,
      sink,
      showsCas,
      wholeBytesMin,
    ) || this.#getLarge(command, sink, showsCas, -1, wholeBytesMin);
  }

  /** The same if all of the value is copied, being below `wholeBytesMin` and
   * VALUE_PIECE_BYTES; else does nothing, and returns false. The hash of the key
   * is in the context. Takes no command: to write the key to one costs more than
   * passing it, for the collector is told of it. */
  getSmall(
    { shard }: Partition,
    key: Bytes,
    keyAt: number,
    keyLength: number,
    sink: Sink,
    showsCas: boolean,
    wholeBytesMin: number,
  ): boolean {
    const context = this.#context;
    const bytesMax = Math.min(wholeBytesMin, VALUE_PIECE_BYTES);
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
        showsCas,
      );
      if (status === HIT) {
        length = shard.valueLength();
        // Unsigned: without the lock it may be anything, to be thrown away.
        if ((length >>> 0) >= bytesMax) {
          shard.finish(context.now, false);
          return false;
        }
        const flags = shard.clientFlags();
        slabClass = shard.slabClassFor(keyLength, length, flags);
        output.reserve(VALUE_LINE_BYTES + keyLength + length);
        const cas = showsCas ? shard.cas(this.#cas) : null;
        this.#valueLine(output, key, keyAt, keyLength, flags, length, cas);
        shard.copyValue(output.bytes, output.length);
        output.length += length;
        output.endLine();
      }
    } while (!shard.finish(context.now, true));
    this.#countGet(key, keyAt, keyLength, status, slabClass, length);
    return true;
  }

  // VALUE <key> <flags> <bytes>[ <cas>]
  #valueLine(
    output: Output,
    key: Bytes,
    keyAt: number,
    keyLength: number,
    flags: number,
    length: number,
    cas: U64 | null,
  ): void {
    output.word(LETTERS_VALU, 4);
    output.word(LETTERS_E, 2);
    output.run(key, keyAt, keyLength);
    output.byte(32);
    output.decimal(flags);
    output.byte(32);
    output.decimal(length);
    if (cas !== null) {
      output.byte(32);
      output.decimal64(cas);
    }
    output.endLine();
  }

  #countGet(
    key: Bytes,
    keyAt: number,
    keyLength: number,
    status: number,
    slabClass: number,
    length: number,
  ): void {
    const { counters, observers } = this.#context;
    counters.values[CMD_GET]++;
    if (status === HIT) counters.countClass(slabClass, CLASS_GET_HITS);
    else {
      counters.values[GET_MISSES]++;
      this.#context.countGone(status);
    }
    if (observers.active) {
      this.#observeGet(key, keyAt, keyLength, status, slabClass, length);
    }
  }

  #observeGet(
    key: Bytes,
    keyAt: number,
    keyLength: number,
    status: number,
    slabClass: number,
    length: number,
  ): void {
    const { observers } = this.#context;
    const isHit = status === HIT;
    observers.sampleGet(key.u8, keyAt, keyLength);
    observers.prefixGet(key.u8, keyAt, keyLength, isHit);
    observers.itemGet(
      key.u8,
      keyAt,
      keyLength,
      status,
      isHit ? slabClass : 0,
      isHit ? length : 0,
    );
  }

  // A large value is held and follows the output in pieces. `expiry` is
  // what gat sets, -1 for a plain get.
  #getLarge(
    command: Command,
    sink: Sink,
    showsCas: boolean,
    expiry: number,
    wholeBytesMin = NEVER_WHOLE,
  ): boolean {
    const context = this.#context;
    const partition = context.locate(command);
    const { shard } = partition;
    const { key, keyAt, keyLength } = command;
    shard.lock();
    const { hash, now } = context;
    const status = shard.lookup(hash, key, keyAt, keyLength, now);
    let length = 0, slabClass = 0, isHeld = true;
    if (status === HIT) {
      length = shard.valueLength();
      slabClass = shard.slabClass();
      const isWhole = length >= wholeBytesMin &&
        this.#appendWhole(partition, command, sink);
      if (!isWhole && length < VALUE_PIECE_BYTES) {
        this.#appendCopy(partition, command, sink, showsCas);
      } else if (!isWhole) {
        isHeld = this.#appendHeld(partition, command, sink, showsCas);
      }
      if (isHeld) shard.countHit(now);
      if (expiry >= 0) partition.placer.retime(expiry, now);
    }
    shard.unlock();
    if (!isHeld) {
      context.counters.values[RESPONSE_OOM]++;
      return false;
    }
    if (expiry >= 0) {
      this.#countGat(key, keyAt, keyLength, status, slabClass, length);
    } else this.#countGet(key, keyAt, keyLength, status, slabClass, length);
    return true;
  }

  #appendHeld(
    partition: Partition,
    command: Command,
    sink: Sink,
    showsCas: boolean,
  ): boolean {
    const { shard } = partition;
    const length = shard.valueLength();
    const held = holdValue(this.#context, partition, length, CR_LF);
    if (held === null) return false;
    if (showsCas) shard.markCasSeen();
    const { key, keyAt, keyLength } = command;
    sink.output.reserve(VALUE_LINE_BYTES + keyLength);
    this.#valueLine(
      sink.output,
      key,
      keyAt,
      keyLength,
      shard.clientFlags(),
      length,
      showsCas ? shard.cas(this.#cas) : null,
    );
    sink.source = held;
    return true;
  }

  // The reply to a get of one key, from where it lies; false if it cannot be.
  #appendWhole(partition: Partition, command: Command, sink: Sink): boolean {
    const { shard } = partition;
    const { output } = sink;
    const { key, keyAt, keyLength } = command;
    const length = shard.valueLength(), flags = shard.clientFlags();
    output.reserve(VALUE_LINE_BYTES + keyLength);
    this.#valueLine(output, key, keyAt, keyLength, flags, length, null);
    sink.source = holdReply(partition, length, output);
    output.length = 0;
    return sink.source !== null;
  }

  // A small value, under the lock.
  #appendCopy(
    { shard }: Partition,
    command: Command,
    sink: Sink,
    showsCas: boolean,
  ): void {
    const { output } = sink;
    const { key, keyAt, keyLength } = command;
    const length = shard.valueLength(), flags = shard.clientFlags();
    if (showsCas) shard.markCasSeen();
    const cas = showsCas ? shard.cas(this.#cas) : null;
    output.reserve(VALUE_LINE_BYTES + keyLength + length);
    this.#valueLine(output, key, keyAt, keyLength, flags, length, cas);
    shard.copyValue(output.bytes, output.length);
    output.length += length;
    output.endLine();
  }

  // ---- gat, gats ----

  /** Answers one key of a gat; false if no memory is left to answer it. */
  gat(command: Command, sink: Sink, showsCas: boolean): boolean {
    const context = this.#context;
    const { now } = context;
    const partition = context.locate(command);
    const { shard } = partition;
    const { key, keyAt, keyLength } = command;
    const expiry = context.expiry(command.exptime);
    shard.lock();
    const status = shard.lookup(context.hash, key, keyAt, keyLength, now);
    let length = 0, slabClass = 0;
    if (status === HIT) {
      length = shard.valueLength();
      if (length >= VALUE_PIECE_BYTES) {
        shard.unlock();
        return this.#getLarge(command, sink, showsCas, expiry);
      }
      slabClass = shard.slabClass();
      this.#appendCopy(partition, command, sink, showsCas);
      shard.countHit(now);
      partition.placer.retime(expiry, now);
    }
    shard.unlock();
    this.#countGat(key, keyAt, keyLength, status, slabClass, length);
    return true;
  }

  #countGat(
    key: Bytes,
    keyAt: number,
    keyLength: number,
    status: number,
    slabClass: number,
    length: number,
  ): void {
    const { counters, observers } = this.#context;
    counters.values[CMD_TOUCH]++;
    if (status === HIT) counters.countClass(slabClass, CLASS_TOUCH_HITS);
    else {
      counters.values[TOUCH_MISSES]++;
      this.#context.countGone(status);
    }
    if (observers.active) {
      this.#observeGet(key, keyAt, keyLength, status, slabClass, length);
    }
  }

  // ---- the short commands ----

  /** Runs incr, decr, touch and delete; false for any other command. */
  execute(command: Command, sink: Sink): boolean {
    switch (command.op) {
      case OP_INCR:
        this.#delta(command, sink, false);
        return true;
      case OP_DECR:
        this.#delta(command, sink, true);
        return true;
      case OP_TOUCH:
        this.#touch(command, sink);
        return true;
      case OP_DELETE:
        this.#delete(command, sink);
        return true;
    }
    return false;
  }

  #delta(command: Command, sink: Sink, decrements: boolean): void {
    const context = this.#context;
    const { counters, now } = context;
    const partition = context.locate(command);
    const { shard, arithmetic } = partition;
    const { key, keyAt, keyLength } = command;
    shard.lock();
    const status = shard.lookup(context.hash, key, keyAt, keyLength, now);
    let result = NOT_FOUND, slabClass = 0;
    if (status === HIT) {
      slabClass = shard.slabClass();
      result = arithmetic.addDelta(decrements, command.delta, now);
    } else context.countGone(status);
    shard.unlock();
    if (result === NOT_FOUND) {
      counters.values[decrements ? DECR_MISSES : INCR_MISSES]++;
    } else if (result === STORED) {
      const column = decrements ? CLASS_DECR_HITS : CLASS_INCR_HITS;
      counters.countClass(slabClass, column);
    }
    if (command.quiet) return;
    const { output } = sink;
    if (result === STORED) {
      output.reserve(24);
      output.decimal64(arithmetic.number);
      output.endLine();
    } else if (result === NON_NUMERIC) output.text(ERROR_LINES[NOT_NUMERIC]);
    else if (result === NO_MEMORY) output.text(ERROR_LINES[NO_MEMORY_TEXT]);
    else output.text(REPLY_NOT_FOUND);
  }

  #touch(command: Command, sink: Sink): void {
    const context = this.#context;
    const { counters, now } = context;
    const partition = context.locate(command);
    const { shard } = partition;
    const { key, keyAt, keyLength } = command;
    shard.lock();
    const status = shard.lookup(context.hash, key, keyAt, keyLength, now);
    counters.values[CMD_TOUCH]++;
    if (status === HIT) {
      counters.countClass(shard.slabClass(), CLASS_TOUCH_HITS);
      shard.countHit(now);
      partition.placer.retime(context.expiry(command.exptime), now);
    } else {
      counters.values[TOUCH_MISSES]++;
      context.countGone(status);
    }
    shard.unlock();
    if (command.quiet) return;
    sink.output.text(status === HIT ? REPLY_TOUCHED : REPLY_NOT_FOUND);
  }

  #delete(command: Command, sink: Sink): void {
    const context = this.#context;
    const { counters, observers, now } = context;
    const { shard } = context.locate(command);
    const { key, keyAt, keyLength } = command;
    observers.prefixDelete(key.u8, keyAt, keyLength);
    shard.lock();
    const status = shard.lookup(context.hash, key, keyAt, keyLength, now);
    if (status === HIT) {
      const slabClass = shard.slabClass();
      counters.countClass(slabClass, CLASS_DELETE_HITS);
      if (observers.active) {
        const size = shard.valueLength();
        const u8 = key.u8;
        observers.deleted(u8, keyAt, keyLength, "delete", slabClass, size);
      }
      shard.remove();
      shard.tidyIndex();
    } else {
      shard.noteChange();
      counters.values[DELETE_MISSES]++;
      context.countGone(status);
    }
    shard.unlock();
    if (command.quiet) return;
    sink.output.text(status === HIT ? REPLY_DELETED : REPLY_NOT_FOUND);
  }
}
