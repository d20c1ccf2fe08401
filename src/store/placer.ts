/**
 * Owns putting a finished record in its place: room for it, its kind of
 * segment, its CAS id, its link; and copies of an item with other fields.
 * Works under the shard's lock. Never decides whether a store may happen.
 *
 * @module
 */
import { U64 } from "../base/u64.ts";
import { Draft } from "./items.ts";
import * as layout from "./layout.ts";
import * as segments from "./segments.ts";
import type { Shard } from "./shard.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const {
  CAS_SEEN,
  HAS_CAS,
  HAS_EXPIRY,
  HAS_FLAGS,
  HEADER_BYTES,
  KIND_MAIN,
  KIND_PROBATION,
  T_BYTE_CLOCK,
  T_SEQUENCE,
} = layout;
const { sizeClassOf, ttlClassOf } = segments;

/** 2^18: words of the largest page, the span of a sequence number's ids. */
const SEQUENCE_SPAN = 0x40000;

/** Places the records of one shard. */
export class Placer {
  readonly #shard: Shard;
  readonly #words: Int32Array;
  readonly #draft = new Draft();
  readonly #oldCas = new U64();

  constructor(shard: Shard) {
    this.#shard = shard;
    this.#words = shard.memory.words;
  }

  /** Makes sure that the draft can be created, and finds the item again if
   * cleaning may have moved it; false if there is no memory. */
  makeRoom(draft: Draft, now: number): boolean {
    const shard = this.#shard;
    // The largest optional field is added to be safe: the CAS may come later.
    const bytes = shard.items.bytesFor(draft) + 8;
    const pages = shard.items.pagesFor(bytes);
    const before = shard.cleaner.slices;
    const hasRoom = shard.cleaner.makeRoom(pages, bytes, now);
    if (shard.cleaner.slices !== before) shard.refind();
    return hasRoom;
  }

  /** An item stays in its kind of segment; a new one starts in probation,
   * unless it was there lately. */
  kindFor(): number {
    const shard = this.#shard;
    if (shard.reference !== 0) {
      const page = shard.reference >>> shard.memory.pageShift;
      return shard.memory.page.kind[page];
    }
    return shard.ghost.take(shard.hash) ? KIND_MAIN : KIND_PROBATION;
  }

  /** Links a finished record, or puts it in the place of the one found. */
  place(reference: number): void {
    const shard = this.#shard;
    const old = shard.reference;
    const totals = shard.memory.totals;
    totals[T_BYTE_CLOCK] += HEADER_BYTES +
      shard.records.keyLength(reference) + shard.records.valueLength(reference);
    if (old !== 0) {
      shard.ledger.remove(old);
      shard.index.countAccess();
      shard.stripes.begin(shard.hash);
      shard.index.redirect(reference);
      shard.items.kill(old);
      shard.stripes.end(shard.hash);
    } else {
      shard.stripes.begin(shard.hash);
      shard.index.link(shard.hash, reference, 0);
      shard.stripes.end(shard.hash);
    }
    shard.ledger.add(reference);
    shard.reference = reference;
    shard.tidyIndex();
  }

  /** Gives the draft that replaces the item found the CAS id `chosen`, or one
   * above the old id. The id that its new place implies will do, unless the
   * open page is older than the old id. */
  renewCas(draft: Draft, chosen: U64 | null): void {
    const shard = this.#shard;
    draft.hasCas = false;
    if (!shard.options.useCas) return;
    const follows = shard.reference !== 0 && this.wasSeen(shard.reference);
    // From then on the ids of this key only rise, shown or not.
    if (follows) draft.state |= CAS_SEEN;
    if (chosen !== null) {
      draft.hasCas = true;
      draft.cas.copy(chosen);
    } else if (follows) {
      this.#raiseCas(draft, shard.records.cas(shard.reference, this.#oldCas));
    }
  }

  /** Whether some reply has shown the CAS id of this item. */
  wasSeen(reference: number): boolean {
    return (this.#words[reference] & CAS_SEEN) !== 0 ||
      (this.#words[reference + 1] & HAS_CAS) !== 0;
  }

  /** Gives a record that has the field a CAS id above all others. */
  drawCas(reference: number): void {
    const next = this.#shard.log.drawSequence() * SEQUENCE_SPAN;
    this.writeCas(reference, this.#oldCas.setNumber(next));
  }

  #raiseCas(draft: Draft, old: U64): void {
    const shard = this.#shard;
    const newest = shard.memory.totals[T_SEQUENCE] + 1;
    // Ids that a client chose beyond ours cannot be outnumbered.
    if (old.toNumber() >= newest * SEQUENCE_SPAN) return;
    const bytes = shard.items.bytesFor(draft);
    const size = sizeClassOf(bytes);
    const page = shard.log.nextPage(draft.kind, size, draft.ttlClass, bytes);
    if (page < 0 && !shard.items.maySpan(bytes)) return;
    const columns = shard.memory.page;
    if (page >= 0) {
      const implied = columns.sequence[page] * SEQUENCE_SPAN +
        (columns.used[page] >>> 2) + 1;
      if (implied > old.toNumber()) return;
    }
    draft.hasCas = true;
    draft.cas.setNumber(shard.log.drawSequence() * SEQUENCE_SPAN);
  }

  // ---- copies with other fields ----

  /** Changes the expiry of the item found; false if there is no memory. */
  retime(expiry: number, now: number): boolean {
    const shard = this.#shard;
    if (shard.canRetimeInPlace(expiry, now)) {
      shard.retimeInPlace(expiry);
      return true;
    }
    return this.#recopy(now, (draft) => {
      draft.expiry = expiry;
    });
  }

  /** Gives the item found this CAS id, or a new one if `cas` is null. */
  changeCas(cas: U64 | null, now: number): boolean {
    const shard = this.#shard;
    const reference = shard.reference;
    if (!shard.options.useCas) return true;
    // What nobody has seen needs no new id.
    if (cas === null && !this.wasSeen(reference)) return true;
    const next = this.#oldCas;
    if (cas !== null) next.copy(cas);
    else next.setNumber(shard.log.drawSequence() * SEQUENCE_SPAN);
    if ((this.#words[reference + 1] & HAS_CAS) !== 0) {
      this.writeCas(reference, next);
      return true;
    }
    return this.#recopy(now, (draft) => {
      draft.hasCas = true;
      draft.cas.copy(next);
    });
  }

  /** Writes the CAS id of a record that has the field. */
  writeCas(reference: number, cas: U64): void {
    const shard = this.#shard;
    const second = this.#words[reference + 1];
    const word = reference + 2 + ((second & HAS_EXPIRY) !== 0 ? 1 : 0) +
      ((second & HAS_FLAGS) !== 0 ? 1 : 0);
    shard.stripes.beginInPlace(shard.hash, reference);
    this.#words[word] = cas.low;
    this.#words[word + 1] = cas.high;
    shard.stripes.end(shard.hash);
  }

  #recopy(now: number, change: (draft: Draft) => void): boolean {
    const shard = this.#shard;
    const draft = shard.items.describe(shard.reference, this.#draft);
    change(draft);
    if (!this.makeRoom(draft, now) || shard.reference === 0) return false;
    const old = shard.reference;
    shard.items.describe(old, draft);
    change(draft);
    draft.kind = this.kindFor();
    draft.ttlClass = ttlClassOf(draft.expiry, now);
    const copy = shard.items.create(draft);
    shard.items.copyValue(old, copy, 0);
    shard.stripes.begin(shard.hash);
    shard.index.redirect(copy);
    shard.items.kill(old);
    shard.stripes.end(shard.hash);
    shard.reference = copy;
    return true;
  }
}
