/**
 * Owns what the meta commands that write mean: ms, md and ma. Never parses
 * and never touches a socket.
 *
 * @module
 */
import { U64 } from "../base/u64.ts";
import { Bytes } from "../base/bytes.ts";
import * as counters from "../observe/counters.ts";
import type { Command } from "../protocol/command.ts";
import * as errors from "../protocol/errors.ts";
import * as meta from "../protocol/meta.ts";
import * as reply from "../protocol/reply.ts";
import type { Partition, StoreRequest } from "../store/store.ts";
import * as store from "../store/store.ts";
import type { Context } from "./context.ts";
import type { MetaReply } from "./meta_reply.ts";
import type { Sink } from "./sink.ts";
import type { StoreForm } from "./storing.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const {
  CLASS_DECR_HITS,
  CLASS_DELETE_HITS,
  CLASS_INCR_HITS,
  DECR_MISSES,
  DELETE_MISSES,
  INCR_MISSES,
} = counters;
const { NO_MEMORY_NEW_ITEM, NO_MEMORY_STORING, NO_MEMORY_TEXT, NOT_NUMERIC } =
  errors;
const { lower, upper } = meta;
const { ERROR_LINES, WORD_EX, WORD_HD, WORD_NF, WORD_NS } = reply;
const {
  ADD,
  APPEND,
  CAS,
  EXISTS,
  HIT,
  NO_MEMORY,
  NON_NUMERIC,
  NOT_FOUND,
  PREPEND,
  REPLACE,
  SET,
  STALE,
  STORED,
  TOKEN_SENT,
} = store;

const FLAG_I = upper("I"), FLAG_T = upper("T"), FLAG_N = upper("N");
const FLAG_V = lower("v"), FLAG_X = lower("x"), FLAG_C = lower("c");
const MODE_ADD = 69, MODE_APPEND = 65, MODE_PREPEND = 80, MODE_REPLACE = 82;
const LETTER_N = 78, LETTER_T = 84;
const MODE_DECR = 68, MODE_MINUS = 45;

/** Status words of ms by result. */
const STORE_WORDS = [WORD_HD, WORD_NS, WORD_EX, WORD_NF];
const NOTHING = Bytes.allocate(0);

/** Runs ms, md and ma. */
export class MetaWrite implements StoreForm {
  readonly #context: Context;
  readonly #reply: MetaReply;
  readonly #cas = new U64();

  constructor(context: Context, reply: MetaReply) {
    this.#context = context;
    this.#reply = reply;
  }

  // ---- ms ----

  /** Fills the store request from an ms line. */
  fillRequest(command: Command): StoreRequest {
    const context = this.#context;
    const { request } = context;
    request.key = command.key;
    request.keyAt = command.keyAt;
    request.keyLength = command.keyLength;
    request.value = command.input;
    request.valueAt = command.valueAt;
    request.valueLength = command.valueLength;
    request.clientFlags = command.clientFlags;
    request.binaryKey = command.isBinaryKey;
    request.form = formOf(command.mode);
    const joins = request.form === APPEND || request.form === PREPEND;
    request.createsMissing = joins && (command.upperFlags & FLAG_N) !== 0;
    request.expiry = context.expiry(
      request.createsMissing ? command.vivifyExptime : command.exptime,
    );
    const compares = request.form === SET || request.form === REPLACE;
    if (command.hasCompare && compares) request.form = CAS;
    if (command.hasCompare) request.compare.copy(command.compare);
    else request.compare.set(0, 0);
    request.allowsStale = request.form === CAS &&
      (command.upperFlags & FLAG_I) !== 0;
    // E0 asks for nothing.
    request.hasCas = command.hasCas && !command.cas.isZero();
    if (request.hasCas) request.cas.copy(command.cas);
    return request;
  }

  dropsOld(): boolean {
    return true;
  }

  /** Answers an ms that ended in `result`, under the lock: the reply may
   * show what the item is now. */
  answerStore(
    command: Command,
    sink: Sink,
    partition: Partition,
    result: number,
  ): void {
    if (result === NO_MEMORY) {
      sink.output.text(ERROR_LINES[NO_MEMORY_STORING]);
      return;
    }
    if (result === STORED && command.quiet) return;
    const { shard } = partition;
    this.#cas.set(0, 0);
    let length = command.valueLength;
    if (result === STORED) {
      length = shard.valueLength();
      if ((command.lowerFlags & FLAG_C) !== 0) {
        shard.markCasSeen();
        shard.cas(this.#cas);
      }
    }
    const word = STORE_WORDS[result];
    this.#reply.stored(command, sink.output, word, this.#cas, length);
  }

  // ---- md ----

  delete(command: Command, sink: Sink): void {
    const context = this.#context;
    const { counters, now } = context;
    const partition = context.locate(command);
    const { shard } = partition;
    const { key, keyAt, keyLength } = command;
    shard.lock();
    const status = shard.lookup(context.hash, key, keyAt, keyLength, now);
    if (status !== HIT) {
      shard.noteChange();
      shard.unlock();
      counters.values[DELETE_MISSES]++;
      context.countGone(status);
      return this.#reply.line(command, sink.output, WORD_NF);
    }
    if (
      command.hasCompare && !shard.cas(this.#cas).equals(command.compare)
    ) {
      shard.unlock();
      counters.values[DELETE_MISSES]++;
      return this.#reply.line(command, sink.output, WORD_EX);
    }
    const done = this.#deleteFound(command, partition);
    shard.unlock();
    if (!done) sink.output.text(ERROR_LINES[NO_MEMORY_TEXT]);
    else if (!command.quiet) this.#reply.line(command, sink.output, WORD_HD);
  }

  #deleteFound(command: Command, partition: Partition): boolean {
    const { counters, observers, now } = this.#context;
    const { shard, placer } = partition;
    const marksStale = (command.upperFlags & FLAG_I) !== 0;
    const clears = (command.lowerFlags & FLAG_X) !== 0;
    const slabClass = shard.slabClass();
    const size = shard.valueLength();
    if (clears || marksStale) shard.beginChange();
    if (clears && !this.#clear(command, partition)) return false;
    if (marksStale) {
      if ((command.upperFlags & FLAG_T) !== 0) {
        const expiry = this.#context.expiry(command.exptime);
        if (!placer.retime(expiry, now)) return false;
      }
      if (!placer.changeCas(command.hasCas ? command.cas : null, now)) {
        return false;
      }
      // Whoever comes next may win the token again.
      shard.changeState(STALE, TOKEN_SENT);
      return true;
    }
    counters.countClass(slabClass, CLASS_DELETE_HITS);
    const { key, keyAt, keyLength } = command;
    if (observers.active) {
      observers.deleted(key.u8, keyAt, keyLength, "md", slabClass, size);
    }
    if (!clears) {
      shard.remove();
      shard.tidyIndex();
    }
    return true;
  }

  // Drops value and client flags; the item itself stays.
  #clear(command: Command, partition: Partition): boolean {
    const context = this.#context;
    const { shard } = partition;
    const { request } = context;
    request.form = SET;
    request.hash = context.hash;
    request.key = command.key;
    request.keyAt = command.keyAt;
    request.keyLength = command.keyLength;
    request.value = NOTHING;
    request.valueAt = request.valueLength = 0;
    request.clientFlags = 0;
    request.expiry = context.expiry(command.exptime);
    request.binaryKey = shard.hasBinaryKey();
    request.compare.set(0, 0);
    request.allowsStale = request.createsMissing = false;
    request.hasCas = command.hasCas || partition.placer.wasSeen(
      shard.reference,
    );
    if (command.hasCas) request.cas.copy(command.cas);
    else if (request.hasCas) shard.cas(request.cas);
    return partition.writer.store(request, context.now) === STORED;
  }

  // ---- ma ----

  arithmetic(command: Command, sink: Sink): void {
    const context = this.#context;
    const { counters, now } = context;
    const partition = context.locate(command);
    const { shard } = partition;
    const { key, keyAt, keyLength, mode } = command;
    const decrements = mode === MODE_DECR || mode === MODE_MINUS;
    shard.lock();
    const status = shard.lookup(context.hash, key, keyAt, keyLength, now);
    context.countGone(status);
    if (status !== HIT) {
      if ((command.upperFlags & FLAG_N) !== 0) {
        this.#create(command, sink, partition);
        shard.unlock();
        return;
      }
      shard.unlock();
      counters.values[decrements ? DECR_MISSES : INCR_MISSES]++;
      return this.#reply.line(command, sink.output, WORD_NF);
    }
    const slabClass = shard.slabClass();
    if (command.hasCas || (command.upperFlags & FLAG_T) !== 0) {
      shard.beginChange();
    }
    const result = this.#change(command, partition, decrements);
    if (result === STORED) {
      const column = decrements ? CLASS_DECR_HITS : CLASS_INCR_HITS;
      counters.countClass(slabClass, column);
      this.#answerNumber(command, sink, partition, false);
      if ((command.upperFlags & FLAG_T) !== 0) {
        partition.placer.retime(context.expiry(command.exptime), now);
      }
    }
    shard.unlock();
    const { output } = sink;
    if (result === NON_NUMERIC) output.text(ERROR_LINES[NOT_NUMERIC]);
    else if (result === NO_MEMORY) output.text(ERROR_LINES[NO_MEMORY_TEXT]);
    else if (result === EXISTS) this.#reply.line(command, output, WORD_EX);
    else if (result === NOT_FOUND) this.#reply.line(command, output, WORD_NF);
  }

  #change(
    command: Command,
    partition: Partition,
    decrements: boolean,
  ): number {
    const { shard, arithmetic, placer } = partition;
    const { now } = this.#context;
    if (shard.valueLength() === 0) return NON_NUMERIC;
    if (
      command.hasCompare && !command.compare.isZero() &&
      !shard.cas(this.#cas).equals(command.compare)
    ) return EXISTS;
    const result = arithmetic.addDelta(decrements, command.delta, now);
    if (result !== STORED) return result;
    if (command.hasCas && !placer.changeCas(command.cas, now)) {
      return NO_MEMORY;
    }
    return STORED;
  }

  #answerNumber(
    command: Command,
    sink: Sink,
    partition: Partition,
    created: boolean,
  ): void {
    if (command.quiet) return;
    const { shard, arithmetic } = partition;
    if ((command.lowerFlags & FLAG_C) !== 0) shard.markCasSeen();
    const number = created ? command.initial : arithmetic.number;
    const sends = (command.lowerFlags & FLAG_V) !== 0;
    this.#reply.number(command, sink.output, shard, number, sends, created);
  }

  #create(command: Command, sink: Sink, partition: Partition): void {
    const context = this.#context;
    const { request } = context;
    const digits = Bytes.allocate(24);
    request.form = ADD;
    request.hash = context.hash;
    request.key = command.key;
    request.keyAt = command.keyAt;
    request.keyLength = command.keyLength;
    request.value = digits;
    request.valueAt = 0;
    request.valueLength = command.initial.write(digits.u8, 0);
    request.clientFlags = 0;
    request.expiry = context.expiry(lastExptime(command));
    request.binaryKey = command.isBinaryKey;
    request.compare.set(0, 0);
    request.allowsStale = request.createsMissing = false;
    request.hasCas = command.hasCas;
    if (command.hasCas) request.cas.copy(command.cas);
    const result = partition.writer.store(request, context.now);
    if (result === STORED) {
      this.#answerNumber(command, sink, partition, true);
    } else if (result === NO_MEMORY) {
      sink.output.text(ERROR_LINES[NO_MEMORY_NEW_ITEM]);
    } else this.#reply.line(command, sink.output, WORD_NS);
  }
}

function formOf(mode: number): number {
  switch (mode) {
    case MODE_ADD:
      return ADD;
    case MODE_APPEND:
      return APPEND;
    case MODE_PREPEND:
      return PREPEND;
    case MODE_REPLACE:
      return REPLACE;
    default:
      return SET;
  }
}

// Of T and N the later one counts for a new number.
function lastExptime(command: Command): number {
  let exptime = command.vivifyExptime;
  for (let i = 0; i < command.flagCount; i++) {
    const letter = command.flagLetter[i];
    if (letter === LETTER_T) exptime = command.exptime;
    else if (letter === LETTER_N) exptime = command.vivifyExptime;
  }
  return exptime;
}
