/**
 * Owns the keys of the next commands of a batch, and their hashes, so that the
 * table can load together what they will need. Never changes anything. One kind
 * of command depends on it: a plain get that was noted.
 *
 * A get waits twice for memory, for its bucket and then for its record: 20 to
 * 25 % of the CPU time of a pipelined get with 100,000 items (`bench/README.md`).
 * The loads of several keys do not depend on each other. So it is with clients
 * that send one request at a time, if several have one waiting.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import * as binary from "../protocol/binary.ts";
import { KeyScout } from "../protocol/key_scout.ts";
import * as keyScout from "../protocol/key_scout.ts";
import type { Prefetch, Store } from "../store/store.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { MAGIC_REQUEST } = binary;
const { SCOUT_KEYS_MAX } = keyScout;

/** Fewer keys than this are not worth it. */
const KEYS_MIN = 2;

/** Shorter text is one command as a rule, whose key nobody needs to find
 * twice. */
const TEXT_BYTES_MIN = 40;

/** Input that waits for its turn, as sessions have it, and what is told of it. */
export interface Waiting {
  readonly input: Bytes;
  readonly to: number;
  notedLength: number;
  notedHash: number;
}

/** The lookahead of one worker. Invariant: what it knows is about the input
 * as it is until the batch ends; `forget` comes first in every batch that
 * asks for a hash. */
export class Lookahead {
  readonly #store: Store;
  readonly #prefetch: Prefetch;
  readonly #scout = new KeyScout();
  readonly #hashes = new Int32Array(SCOUT_KEYS_MAX);
  /** Hashes of the keys of inputs that wait for their turn. */
  readonly #noted = new Int32Array(SCOUT_KEYS_MAX);
  #notedCount = 0;
  #input: Bytes | null = null;
  #count = 0;
  #next = 0;
  /** Input from here on has not been looked at. */
  until = 0;

  constructor(store: Store) {
    this.#store = store;
    this.#prefetch = store.createPrefetch(SCOUT_KEYS_MAX);
  }

  /** Begins a batch: what was known is about other bytes. */
  forget(): void {
    this.#count = 0;
    this.until = 0;
  }

  /** Looks at text from `from` on; `inKeys` in the middle of a get line. */
  text(input: Bytes, from: number, to: number, inKeys: boolean): void {
    if (to - from < TEXT_BYTES_MIN) {
      this.until = to;
      return;
    }
    this.#scout.text(input, from, to, inKeys);
    this.#fetch(input);
  }

  /** Looks at binary packets from `from` on. */
  packets(input: Bytes, from: number, to: number): void {
    this.#scout.binary(input, from, to);
    this.#fetch(input);
  }

  #fetch(input: Bytes): void {
    const { count, until } = this.#scout;
    this.until = until;
    this.#count = this.#next = 0;
    if (count < KEYS_MIN) return;
    this.#appendHashes(input, this.#hashes, 0);
    this.#prefetch.fetch(this.#hashes, count);
    this.#input = input;
    this.#count = count;
  }

  // Hashes of the keys that were found in `input`, behind the first `from` that
  // are there, as far as they fit; returns how many there are then.
  #appendHashes(input: Bytes, hashes: Int32Array, from: number): number {
    const { count, at, length } = this.#scout;
    const added = Math.min(count, hashes.length - from);
    const store = this.#store;
    for (let i = 0; i < added; i++) {
      hashes[from + i] = store.hash(input, at[i], length[i]);
    }
    return from + added;
  }

  /** Between batches: notes the keys in the first `to` bytes of an input that
   * waits for its turn, before which its session was idle. If that is a get of
   * one key and nothing else, says of it how long the key is, and its hash; the
   * key is at PLAIN_GET_KEY_AT. */
  note(waiting: Waiting): void {
    const { input, to } = waiting;
    const scout = this.#scout;
    if (input.u8[0] === MAGIC_REQUEST) scout.binary(input, 0, to);
    else scout.text(input, 0, to, false);
    // There is no end to how many may be ready together.
    if (this.#notedCount === this.#noted.length) this.fetchNoted();
    const number = this.#notedCount;
    this.#notedCount = this.#appendHashes(input, this.#noted, number);
    if (this.#notedCount !== number + 1 || !scout.isPlainGet(input, to)) return;
    waiting.notedHash = this.#noted[number];
    waiting.notedLength = scout.length[0];
  }

  /** Loads together what the keys noted lead to. */
  fetchNoted(): void {
    const count = this.#notedCount;
    this.#notedCount = 0;
    if (count >= KEYS_MIN) this.#prefetch.fetch(this.#noted, count);
  }

  /** The hash of the key at `at`, if it is known, else what `hash` says. */
  hash(key: Bytes, at: number, length: number): number {
    if (key === this.#input) {
      const ats = this.#scout.at;
      while (this.#next < this.#count) {
        const i = this.#next;
        if (ats[i] > at) break;
        this.#next++;
        if (ats[i] === at && this.#scout.length[i] === length) {
          return this.#hashes[i];
        }
      }
    }
    return this.#store.hash(key, at, length);
  }
}
