/**
 * Owns what all stores have in common, whatever protocol asks: the request,
 * what is counted, and what happens to the old value when there is no room
 * for the new one. Never parses; each protocol answers for itself.
 *
 * @module
 */
import * as counters from "../observe/counters.ts";
import type { Command } from "../protocol/command.ts";
import * as commands from "../protocol/commands.ts";
import type { Partition, StoreRequest } from "../store/store.ts";
import * as store from "../store/store.ts";
import type { Context } from "./context.ts";
import type { KeptCommand } from "./kept_commands.ts";
import type { Sink } from "./sink.ts";
import { Upload } from "./upload.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const {
  CAS_MISSES,
  CLASS_CAS_BADVAL,
  CLASS_CAS_HITS,
  CLASS_CMD_SET,
  STORE_NO_MEMORY,
  STORE_TOO_LARGE,
} = counters;
const { OP_SET } = commands;
const { CAS, EXISTS, HIT, NO_MEMORY, NOT_FOUND, SET, STORED, TOO_LARGE } =
  store;

/** How one protocol fills store requests and answers stores. */
export interface StoreForm {
  fillRequest(command: Command): StoreRequest;
  /** Whether the old value goes when there is no memory for the new one. */
  dropsOld(request: StoreRequest): boolean;
  /** Answers under the lock: the reply may show what the item is now. */
  answerStore(
    command: Command,
    sink: Sink,
    partition: Partition,
    result: number,
  ): void;
}

/** The stores of one worker. */
export class Storing {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Stores a value that is in the input. */
  run(form: StoreForm, command: Command, sink: Sink): void {
    const context = this.#context;
    const partition = context.locate(command);
    const request = form.fillRequest(command);
    request.hash = context.hash;
    partition.shard.lock();
    const result = partition.writer.store(request, context.now);
    if (result === NO_MEMORY && form.dropsOld(request)) {
      this.#discard(partition);
    }
    this.#count(partition, request, result);
    form.answerStore(command, sink, partition, result);
    partition.shard.unlock();
  }

  /** Reserves memory for a value that is still to come; null if there is
   * none. The command must not be used for anything else meanwhile. What
   * follows the value is read with it if `readsEnds`, and there is room. */
  begin(form: StoreForm, kept: KeptCommand, readsEnds: boolean): Upload | null {
    const context = this.#context;
    const { command } = kept;
    const partition = context.locate(command);
    const { shard } = partition;
    const request = form.fillRequest(command);
    request.hash = context.hash;
    shard.lock();
    const reference = partition.uploads.begin(request, context.now);
    if (reference === 0) {
      shard.refind();
      shard.noteChange();
      if (form.dropsOld(request)) this.#discard(partition);
      this.#count(partition, request, NO_MEMORY);
    }
    shard.unlock();
    if (reference === 0) return null;
    const { hash } = context;
    return new Upload(kept, partition, reference, hash, request, readsEnds);
  }

  /** Stores a value that has arrived. */
  commit(form: StoreForm, upload: Upload, sink: Sink): void {
    const { partition, command } = upload;
    const request = form.fillRequest(command);
    request.hash = upload.hash;
    request.expiry = upload.expiry;
    partition.shard.lock();
    const result = partition.uploads.commit(
      request,
      upload.reference,
      this.#context.now,
    );
    this.#count(partition, request, result);
    form.answerStore(command, sink, partition, result);
    partition.shard.unlock();
  }

  // After a set that failed for want of memory the old value goes, too: a
  // client must not find it and take it for the new one.
  #discard(partition: Partition): void {
    partition.shard.refind();
    if (partition.shard.reference !== 0) partition.shard.remove();
  }

  // Under the lock: the writer's notes are still there.
  #count(
    partition: Partition,
    request: StoreRequest,
    result: number,
  ): void {
    const { counters, observers } = this.#context;
    const { writer, shard } = partition;
    if (result === NO_MEMORY) counters.values[STORE_NO_MEMORY]++;
    else {
      const slabClass = shard.ledger.classFor(
        request.keyLength,
        request.valueLength,
        request.clientFlags,
      );
      counters.countClass(slabClass, CLASS_CMD_SET);
    }
    if (writer.found !== HIT) this.#context.countGone(writer.found);
    if (request.form === CAS) {
      if (result === STORED) {
        counters.countClass(writer.foundClass, CLASS_CAS_HITS);
      } else if (result === EXISTS) {
        counters.countClass(writer.foundClass, CLASS_CAS_BADVAL);
      } else if (result === NOT_FOUND) counters.values[CAS_MISSES]++;
    }
    if (observers.active) this.#observeStore(partition, request, result);
  }

  #observeStore(
    partition: Partition,
    request: StoreRequest,
    result: number,
  ): void {
    const { observers, now } = this.#context;
    const { writer, shard } = partition;
    const { key, keyAt, keyLength } = request;
    observers.prefixSet(key.u8, keyAt, keyLength);
    const isHit = writer.found === HIT;
    const oldClass = isHit ? writer.foundClass : 0;
    const oldSize = isHit ? writer.foundLength : 0;
    observers.itemGet(
      key.u8,
      keyAt,
      keyLength,
      writer.found,
      oldClass,
      oldSize,
    );
    const { expiry } = request;
    const isStored = result === STORED && shard.reference !== 0;
    observers.itemStore(
      key.u8,
      keyAt,
      keyLength,
      result,
      request.form,
      expiry === 0 ? 0 : (expiry - now) >>> 0,
      isStored ? shard.slabClass() : oldClass,
      isStored ? shard.valueLength() : request.valueLength,
    );
  }

  /**
   * Counts a value above the limit, and removes the old one if `removesOld`.
   * The error is answered when the body has been thrown away.
   */
  refuseTooLarge(command: Command, removesOld: boolean): void {
    const context = this.#context;
    const { counters, observers } = context;
    counters.values[STORE_TOO_LARGE]++;
    const { shard } = context.locate(command);
    const { key, keyAt, keyLength } = command;
    observers.prefixSet(key.u8, keyAt, keyLength);
    if (removesOld) {
      shard.lock();
      const { hash, now } = context;
      const status = shard.lookup(hash, key, keyAt, keyLength, now);
      shard.noteChange();
      if (status === HIT) shard.remove();
      shard.unlock();
    }
    const form = Math.max(0, command.op - OP_SET);
    observers.itemStore(
      key.u8,
      keyAt,
      keyLength,
      TOO_LARGE,
      form > CAS ? SET : form,
      0,
      0,
      0,
    );
  }
}
