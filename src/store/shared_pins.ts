/**
 * Owns the list of what one thread has pinned, in shared memory, so that
 * somebody else can unpin it when the thread is dead. Never pins itself.
 *
 * @module
 */

/** Values that one thread may have pinned at a time; more are copied. */
export const PINS_MAX = 1024;
/** Words of one list: partition + 1 and reference, for each place. */
const ENTRY_WORDS = 2;

/** Bytes of the list of one thread. */
export const PIN_LIST_BYTES = PINS_MAX * ENTRY_WORDS * 4;

/** The list of one thread. Invariant: place i is in use if its first word is
 * not 0; only the thread itself, or whoever buries it, writes. */
export class PinList {
  readonly #words: Int32Array;
  readonly #free: number[] = [];
  /** Place by partition and reference; several readers may pin the same. */
  readonly #places = new Map<number, number[]>();

  constructor(buffer: ArrayBufferLike, offset: number) {
    this.#words = new Int32Array(
      buffer as ArrayBuffer,
      offset,
      PINS_MAX * ENTRY_WORDS,
    );
    for (let i = PINS_MAX - 1; i >= 0; i--) this.#free.push(i);
  }

  get isFull(): boolean {
    return this.#free.length === 0;
  }

  add(partition: number, reference: number): void {
    const place = this.#free.pop()!;
    this.#words[place * ENTRY_WORDS + 1] = reference;
    this.#words[place * ENTRY_WORDS] = partition + 1;
    const key = keyOf(partition, reference);
    const places = this.#places.get(key);
    if (places === undefined) this.#places.set(key, [place]);
    else places.push(place);
  }

  remove(partition: number, reference: number): void {
    const key = keyOf(partition, reference);
    const places = this.#places.get(key)!;
    const place = places.pop()!;
    if (places.length === 0) this.#places.delete(key);
    this.#words[place * ENTRY_WORDS] = 0;
    this.#free.push(place);
  }

  /** Visits the references that are pinned in a partition. */
  forEach(partition: number, visit: (reference: number) => void): void {
    for (let i = 0; i < PINS_MAX; i++) {
      const at = i * ENTRY_WORDS;
      if (this.#words[at] === partition + 1) visit(this.#words[at + 1]);
    }
  }

  /** Forgets what a dead thread had pinned in a partition. */
  clear(partition: number): void {
    for (let i = 0; i < PINS_MAX; i++) {
      const at = i * ENTRY_WORDS;
      if (this.#words[at] === partition + 1) this.#words[at] = 0;
    }
  }
}

function keyOf(partition: number, reference: number): number {
  return partition * 0x80000000 + reference;
}
