/**
 * Owns how the index of a shared table changes the one word that readers
 * change, too. Never more than that: see `index_table.ts`.
 *
 * @module
 */
import { IndexTable } from "./index_table.ts";
import type { ShardMemory } from "./memory.ts";
import type { PagePool } from "./pages.ts";
import type { Records } from "./records.ts";

/** The index of a shard that several threads use. */
export class SharedIndexTable extends IndexTable {
  readonly #words: Int32Array;

  constructor(memory: ShardMemory, pool: PagePool, records: Records) {
    super(memory, pool, records);
    this.#words = memory.words;
  }

  protected override setBits(word: number, bits: number): void {
    Atomics.or(this.#words, word, bits);
  }

  protected override clearBits(word: number, bits: number): void {
    Atomics.and(this.#words, word, ~bits);
  }

  protected override replaceBits(
    word: number,
    before: number,
    after: number,
  ): void {
    Atomics.compareExchange(this.#words, word, before, after);
  }
}
