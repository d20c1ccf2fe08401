/**
 * Owns what the meta commands mean: (command, store, now) to reply. Never
 * parses and never touches a socket.
 *
 * Semantics: memcached's doc/protocol.txt, "Meta Commands", and
 * `../shared/reference/memcached.md`, 1.3.
 *
 * @module
 */
import { Bytes } from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import { U64 } from "../base/u64.ts";
import * as counters from "../observe/counters.ts";
import type { Command } from "../protocol/command.ts";
import * as errors from "../protocol/errors.ts";
import * as meta from "../protocol/meta.ts";
import * as reply from "../protocol/reply.ts";
import type { Partition } from "../store/store.ts";
import * as store from "../store/store.ts";
import type { Context } from "./context.ts";
import type { MetaReply } from "./meta_reply.ts";
import * as metaReply from "./meta_reply.ts";
import type { Sink } from "./sink.ts";
import * as sink from "./sink.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { VALUE_PIECE_BYTES } = limits;
const {
  CLASS_GET_HITS,
  CLASS_TOUCH_HITS,
  CMD_GET,
  CMD_META,
  CMD_TOUCH,
  GET_MISSES,
  RESPONSE_OOM,
  TOUCH_MISSES,
} = counters;
const { NO_MEMORY_WRITING } = errors;
const { lower, upper } = meta;
const { ERROR_LINES, REPLY_EN, WORD_EN } = reply;
const { HIT, MISS, NO_MEMORY, SET, STALE, STORED, TOKEN_SENT } = store;
const { META_LINE_BYTES } = metaReply;
const { holdValue } = sink;

const FLAG_N = upper("N"), FLAG_T = upper("T"), FLAG_R = upper("R");
/** These change the item, or show what a hit would change. */
const LOCKED_UPPER = FLAG_N | FLAG_T | FLAG_R;
const LOCKED_LOWER = lower("l") | lower("h");
const FLAG_V = lower("v"), FLAG_U = lower("u"), FLAG_C = lower("c");
const LETTER_N = 78, LETTER_R = 82, LETTER_T = 84;
const CR_LF = Bytes.fromLatin1("\r\n");

/** Runs mg, me and what they share; the writing ones are in meta_write.ts. */
export class Meta {
  readonly #context: Context;
  readonly #reply: MetaReply;
  readonly #cas = new U64();

  constructor(context: Context, reply: MetaReply) {
    this.#context = context;
    this.#reply = reply;
  }

  // ---- mg ----

  get(command: Command, sink: Sink): void {
    const isSimple = (command.upperFlags & LOCKED_UPPER) === 0 &&
      (command.lowerFlags & LOCKED_LOWER) === 0;
    if (!isSimple || !this.#getSimple(command, sink)) {
      this.#getLocked(command, sink);
    }
  }

  // Without the lock; false if the item needs it after all.
  #getSimple(command: Command, sink: Sink): boolean {
    const context = this.#context;
    const { shard } = context.locate(command);
    const { key, keyAt, keyLength } = command;
    const { output } = sink;
    const mark = output.length;
    const showsCas = (command.lowerFlags & FLAG_C) !== 0 || command.hasCompare;
    const counts = (command.lowerFlags & FLAG_U) === 0;
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
        const needsLock = (shard.state() & (STALE | TOKEN_SENT)) !== 0 ||
          (length >>> 0) >= VALUE_PIECE_BYTES;
        if (needsLock) {
          shard.finish(context.now, false);
          output.length = mark;
          return false;
        }
        slabClass = shard.slabClassFor(
          keyLength,
          length,
          shard.clientFlags(),
        );
        output.reserve(META_LINE_BYTES + length);
        const sends = this.#sendsValue(command, shard);
        this.#reply.hit(command, output, shard, sends, length, false, false);
        if (sends) {
          shard.copyValue(output.bytes, output.length);
          output.length += length;
          output.endLine();
        }
      }
    } while (!shard.finish(context.now, counts));
    if (status === HIT) this.#count(command, HIT, slabClass, length);
    else this.#miss(command, sink, status);
    return true;
  }

  // The value is dropped from the reply if the client has it already.
  #sendsValue(command: Command, shard: Partition["shard"]): boolean {
    if ((command.lowerFlags & FLAG_V) === 0) return false;
    return !command.hasCompare ||
      !shard.cas(this.#cas).equals(command.compare);
  }

  #getLocked(command: Command, sink: Sink): void {
    const context = this.#context;
    const { now } = context;
    const partition = context.locate(command);
    const { shard, placer } = partition;
    const { key, keyAt, keyLength } = command;
    shard.lock();
    let status = shard.lookup(context.hash, key, keyAt, keyLength, now);
    let created = false;
    if (status !== HIT && (command.upperFlags & FLAG_N) !== 0) {
      // Nobody may meet the new item before its token is given away.
      shard.beginChange();
      context.countGone(status);
      created = this.#vivify(command, partition);
      if (created) status = HIT;
      else status = MISS;
    }
    if (status !== HIT) {
      shard.unlock();
      return this.#miss(command, sink, status);
    }
    const state = shard.state();
    const sent = (state & TOKEN_SENT) !== 0;
    const stale = (state & STALE) !== 0;
    const remaining = this.#expiryAtRecache(command, shard);
    const recaches = (command.upperFlags & FLAG_R) !== 0 && !sent &&
      !created && remaining !== 0 &&
      remaining < context.expiry(command.recacheExptime);
    const wins = created || recaches || (stale && !sent);
    const slabClass = shard.slabClass();
    const length = shard.valueLength();
    const answered = this.#answerLocked(
      command,
      sink,
      partition,
      wins,
      created,
    );
    if (answered && wins) shard.changeState(TOKEN_SENT, 0);
    if (answered && (command.lowerFlags & FLAG_U) === 0) shard.countHit(now);
    if (setsExpiryLast(command, created)) {
      placer.retime(context.expiry(command.exptime), now);
    }
    shard.unlock();
    if (answered) this.#count(command, HIT, slabClass, length);
    else {
      context.counters.values[RESPONSE_OOM]++;
      sink.output.text(ERROR_LINES[NO_MEMORY_WRITING]);
    }
  }

  // A T before the R counts already.
  #expiryAtRecache(command: Command, shard: Partition["shard"]): number {
    let expiry = shard.expiry();
    for (let i = 0; i < command.flagCount; i++) {
      if (command.flagLetter[i] === LETTER_R) break;
      if (command.flagLetter[i] === LETTER_T) {
        expiry = this.#context.expiry(command.exptime);
      }
    }
    return expiry;
  }

  #answerLocked(
    command: Command,
    sink: Sink,
    partition: Partition,
    wins: boolean,
    created: boolean,
  ): boolean {
    const { shard } = partition;
    const { output } = sink;
    const showsCas = (command.lowerFlags & FLAG_C) !== 0 || command.hasCompare;
    if (showsCas) shard.markCasSeen();
    const length = shard.valueLength();
    const sends = this.#sendsValue(command, shard);
    const isLarge = sends && length >= VALUE_PIECE_BYTES;
    const held = isLarge
      ? holdValue(this.#context, partition, length, CR_LF)
      : null;
    if (isLarge && held === null) return false;
    output.reserve(META_LINE_BYTES + (isLarge ? 0 : length));
    this.#reply.hit(command, output, shard, sends, length, wins, created);
    if (isLarge) {
      sink.source = held;
    } else if (sends) {
      shard.copyValue(output.bytes, output.length);
      output.length += length;
      output.endLine();
    }
    return true;
  }

  // Creates the empty item that the first client to miss has to fill.
  #vivify(command: Command, partition: Partition): boolean {
    const context = this.#context;
    const { request } = context;
    request.form = SET;
    request.hash = context.hash;
    request.key = command.key;
    request.keyAt = command.keyAt;
    request.keyLength = command.keyLength;
    request.value = command.input;
    request.valueAt = 0;
    request.valueLength = 0;
    request.clientFlags = 0;
    request.expiry = context.expiry(command.vivifyExptime);
    // memcached remembers base64 only of keys that ms and ma have stored.
    request.binaryKey = false;
    request.compare.set(0, 0);
    request.allowsStale = request.createsMissing = false;
    request.hasCas = command.hasCas;
    if (command.hasCas) request.cas.copy(command.cas);
    const result = partition.writer.store(request, context.now);
    return result !== NO_MEMORY && result === STORED;
  }

  #miss(command: Command, sink: Sink, status: number): void {
    this.#count(command, status, 0, 0);
    if (command.quiet) return;
    this.#reply.line(command, sink.output, WORD_EN);
  }

  #count(
    command: Command,
    status: number,
    slabClass: number,
    length: number,
  ): void {
    const { counters, observers } = this.#context;
    const { values } = counters;
    const touches = status === HIT && (command.upperFlags & FLAG_T) !== 0;
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
    observers.itemGet(key.u8, keyAt, keyLength, status, slabClass, length);
  }

  // ---- me ----

  /** ME <key> exp= la= cas= fetch= cls= size= */
  debug(command: Command, sink: Sink): void {
    const context = this.#context;
    const { now, counters } = context;
    const { shard } = context.locate(command);
    const { key, keyAt, keyLength } = command;
    counters.values[CMD_META]++;
    shard.lock();
    const status = shard.lookup(context.hash, key, keyAt, keyLength, now);
    if (status === HIT) {
      shard.markCasSeen();
      this.#reply.debug(command, sink.output, shard, now);
    } else sink.output.text(REPLY_EN);
    shard.unlock();
    context.countGone(status);
  }
}

// Whether T has the last word: with N it is the later of the two that counts.
function setsExpiryLast(command: Command, created: boolean): boolean {
  let last = 0;
  for (let i = 0; i < command.flagCount; i++) {
    const letter = command.flagLetter[i];
    if (letter === LETTER_T || (letter === LETTER_N && created)) last = letter;
  }
  return last === LETTER_T;
}
