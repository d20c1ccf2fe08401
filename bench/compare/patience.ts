/**
 * Owns which pairs of runs count: those that the host of a virtual machine
 * left alone, as long as there is patience to repeat the others. Never
 * measures.
 *
 * @module
 */

/** The share of stolen time above which a pair of runs is repeated: a run from
 * which 6 % were stolen had 1.2 times the CPU time of a quiet minute, one with
 * 25 % 1.6. */
export const STOLEN_SHARE_MAX = 0.02;

/** Seconds for repeating, shared by rows: each has its part and what those
 * before it left. */
export class Patience {
  readonly #partSecs: number;
  #leftSecs = 0;

  constructor(secs: number, rows: number) {
    this.#partSecs = secs / rows;
  }

  startRow(): void {
    this.#leftSecs += this.#partSecs;
  }

  /** Takes `secs` for repeating something; false if there are not so many. */
  take(secs: number): boolean {
    if (secs > this.#leftSecs) return false;
    this.#leftSecs -= secs;
    return true;
  }
}

/** Makes pairs with `make` until one is quiet or patience ends, and returns
 * that with the least stolen from it, and how many were made in vain. */
export async function quietest<Pair>(
  make: () => Promise<Pair>,
  stolenShareOf: (pair: Pair) => number,
  secs: number,
  patience: Patience,
): Promise<{ pair: Pair; repeated: number }> {
  let pair = await make();
  let repeated = 0;
  while (stolenShareOf(pair) > STOLEN_SHARE_MAX && patience.take(secs)) {
    const next = await make();
    repeated++;
    if (stolenShareOf(next) < stolenShareOf(pair)) pair = next;
  }
  return { pair, repeated };
}
