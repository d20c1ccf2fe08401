/**
 * Owns incr and decr: decimal arithmetic on stored values. Works under the
 * shard's lock. Never knows a protocol.
 *
 * @module
 */
import { Bytes } from "../base/bytes.ts";
import { U64 } from "../base/u64.ts";
import { Draft } from "./items.ts";
import * as layout from "./layout.ts";
import * as numberText from "./number_text.ts";
import type { Placer } from "./placer.ts";
import * as results from "./results.ts";
import * as segments from "./segments.ts";
import type { Shard } from "./shard.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { CAS_SEEN, HAS_CAS, SPAN } = layout;
const { parseStored } = numberText;
const { NO_MEMORY, NON_NUMERIC, NOT_FOUND, STORED } = results;
const { ttlClassOf } = segments;

/** Longest decimal number, with room to spare. */
const DIGITS_BYTES = 24;

/** Changes the numbers of one shard. */
export class Arithmetic {
  readonly #shard: Shard;
  readonly #placer: Placer;
  readonly #words: Int32Array;
  readonly #draft = new Draft();
  readonly #digits = Bytes.allocate(DIGITS_BYTES);

  /** The number after the last change. */
  readonly number = new U64();

  constructor(shard: Shard, placer: Placer) {
    this.#shard = shard;
    this.#placer = placer;
    this.#words = shard.memory.words;
  }

  /**
   * Adds to, or with `decrements` subtracts from, the decimal number that the
   * item found holds; the result is in {@linkcode number}. A shorter result
   * is padded with spaces to the old length, as in memcached.
   */
  addDelta(decrements: boolean, delta: U64, now: number): number {
    const shard = this.#shard;
    const reference = shard.reference;
    const length = shard.valueLength();
    const isOnePiece = (this.#words[reference + 1] & SPAN) === 0;
    const at = shard.records.valueAt(reference);
    if (
      !isOnePiece || length === 0 ||
      !parseStored(shard.memory.data.u8, at, at + length, this.number)
    ) return NON_NUMERIC;
    if (decrements) this.number.subtractToZero(delta);
    else this.number.add(delta);
    const digits = this.#digits.u8;
    const count = this.number.write(digits, 0);
    const fits = count <= length && !shard.isPinned(reference);
    const hasCas = (this.#words[reference + 1] & HAS_CAS) !== 0;
    const seen = (this.#words[reference] & CAS_SEEN) !== 0;
    if (fits && (hasCas || !seen || !shard.options.useCas)) {
      // Number and CAS id belong together.
      if (hasCas) shard.beginChange();
      this.#replaceDigits(at, length, count, now);
      if (hasCas) {
        this.#placer.drawCas(reference);
      }
      return STORED;
    }
    return this.#replaceNumber(Math.max(count, length), count, now);
  }

  #replaceDigits(
    at: number,
    length: number,
    count: number,
    now: number,
  ): void {
    const shard = this.#shard;
    const data = shard.memory.data.u8;
    shard.stripes.beginInPlace(shard.hash, shard.reference);
    for (let i = 0; i < count; i++) data[at + i] = this.#digits.u8[i];
    for (let i = count; i < length; i++) data[at + i] = 32;
    shard.stripes.end(shard.hash);
    shard.countTouch(now);
  }

  #replaceNumber(length: number, count: number, now: number): number {
    const shard = this.#shard;
    const draft = shard.items.describe(shard.reference, this.#draft);
    draft.valueLength = length;
    if (!this.#placer.makeRoom(draft, now)) return NO_MEMORY;
    if (shard.reference === 0) return NOT_FOUND;
    shard.items.describe(shard.reference, draft);
    const before = draft.valueLength;
    draft.valueLength = length;
    // What memcached does in place keeps what is known of the item.
    draft.state = count <= before ? draft.state & ~CAS_SEEN : 0;
    draft.accessed = now & 0xffff;
    draft.ttlClass = ttlClassOf(draft.expiry, now);
    draft.kind = this.#placer.kindFor();
    this.#placer.renewCas(draft, null);
    const copy = shard.items.create(draft);
    const at = shard.records.valueAt(copy);
    const data = shard.memory.data.u8;
    for (let i = 0; i < count; i++) data[at + i] = this.#digits.u8[i];
    for (let i = count; i < length; i++) data[at + i] = 32;
    this.#placer.place(copy);
    return STORED;
  }
}
