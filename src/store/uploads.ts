/**
 * Owns values that arrive in pieces: the record is reserved when the command
 * line is read, filled as bytes come, and stored at the end. Never reads the
 * bytes and never keeps a list: what is unfinished is marked in the pages.
 *
 * @module
 */
import * as limits from "../base/limits.ts";
import { Draft } from "./items.ts";
import * as layout from "./layout.ts";
import type { Placer } from "./placer.ts";
import * as segments from "./segments.ts";
import type { Shard } from "./shard.ts";
import type { StoreRequest, Writer } from "./writer.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { PENDING_PAGES_SHARE } = limits;
const {
  C_PAGES_USABLE,
  C_PENDING_PAGES,
  DEAD,
  KEY_LENGTH_MASK,
  KIND_MAIN,
  KIND_PROBATION,
  LAST_ACCESS_SHIFT,
  OWNER_SHIFT,
  PART,
  PENDING,
} = layout;
const { ttlClassOf } = segments;

/** The unfinished uploads of one shard. Invariant: every page that holds a
 * piece of one is pinned. */
export class Uploads {
  readonly #shard: Shard;
  readonly #placer: Placer;
  readonly #writer: Writer;
  readonly #words: Int32Array;
  readonly #owner: number;
  readonly #draft = new Draft();

  /** @param owner number of this worker, 0..255 */
  constructor(shard: Shard, placer: Placer, writer: Writer, owner: number) {
    this.#shard = shard;
    this.#placer = placer;
    this.#writer = writer;
    this.#words = shard.memory.words;
    this.#owner = owner;
  }

  /**
   * Reserves a record for the request, whose value is still to come; returns
   * its reference, or 0 if there is no memory for it.
   */
  begin(request: StoreRequest, now: number): number {
    const shard = this.#shard;
    const { key, keyAt, keyLength } = request;
    shard.lookup(request.hash, key, keyAt, keyLength, now);
    const draft = this.#draft;
    draft.key = key;
    draft.keyAt = keyAt;
    draft.keyLength = keyLength;
    draft.valueLength = request.valueLength;
    draft.expiry = request.expiry;
    draft.ttlClass = ttlClassOf(request.expiry, now);
    draft.clientFlags = request.clientFlags;
    draft.binaryKey = request.binaryKey;
    const pages = shard.items.pagesFor(shard.items.bytesFor(draft));
    if (!this.#mayHold(pages)) return 0;
    if (!this.#placer.makeRoom(draft, now)) return 0;
    draft.kind = this.#placer.kindFor();
    const reference = shard.items.create(draft);
    this.#words[reference] |= this.#owner << OWNER_SHIFT;
    this.#words[reference + 1] |= PENDING;
    this.#changePins(reference, 1);
    return reference;
  }

  // One upload is always allowed, or the largest items could not be stored.
  #mayHold(pages: number): boolean {
    const control = this.#shard.memory.control;
    const held = control[C_PENDING_PAGES];
    return held === 0 ||
      held + pages <= control[C_PAGES_USABLE] / PENDING_PAGES_SHARE;
  }

  #changePins(reference: number, change: number): void {
    const shard = this.#shard;
    if (change > 0) shard.pinRecord(reference);
    else shard.unpinRecord(reference);
    const pages = 1 + shard.records.partCount(reference);
    shard.memory.control[C_PENDING_PAGES] += change * pages;
  }

  /** Stores a record that has been filled; returns as `Writer.store`. */
  commit(request: StoreRequest, reference: number, now: number): number {
    const shard = this.#shard;
    request.key = shard.memory.data;
    request.keyAt = shard.records.keyAt(reference);
    request.keyLength = shard.records.keyLength(reference);
    this.#words[reference] = (this.#words[reference] & KEY_LENGTH_MASK) |
      (now << LAST_ACCESS_SHIFT);
    this.#words[reference + 1] &= ~PENDING;
    const result = this.#writer.storeRecord(request, reference, now);
    this.#changePins(reference, -1);
    return result;
  }

  /** Gives up a record that was not filled. */
  abort(reference: number): void {
    this.#words[reference + 1] &= ~PENDING;
    this.#shard.items.kill(reference);
    this.#changePins(reference, -1);
  }

  /** Gives up everything that worker `owner` left unfinished. */
  abortAll(owner: number): void {
    const memory = this.#shard.memory;
    const end = this.#shard.pool.touchedPages();
    for (let page = 0; page < end; page++) {
      const kind = memory.page.kind[page];
      if (kind !== KIND_PROBATION && kind !== KIND_MAIN) continue;
      if (memory.page.pins[page] === 0) continue;
      this.#abortInPage(page, owner);
    }
  }

  #abortInPage(page: number, owner: number): void {
    const memory = this.#shard.memory;
    const first = page << memory.pageShift;
    for (let at = 0; at < memory.page.used[page];) {
      const reference = first + (at >>> 2);
      at += this.#shard.records.bytes(reference);
      const second = this.#words[reference + 1];
      if ((second & (DEAD | PART)) !== 0 || (second & PENDING) === 0) continue;
      const by = (this.#words[reference] >>> OWNER_SHIFT) & 0xff;
      if (by === owner) this.abort(reference);
    }
  }
}
