/**
 * Owns which pages are free, which were never touched, and how many may be
 * used. Never decides which page to clean.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import * as layout from "./layout.ts";
import type { ShardMemory } from "./memory.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const {
  C_FREE_STACK,
  C_FRESH_PAGE,
  C_LIMBO_PAGES,
  C_PAGES_USABLE,
  C_PAGES_USED,
  KIND_FREE,
  KIND_LIMBO,
} = layout;

/** The pages of one shard. Invariant: used <= pagesMax; `freePages` may be
 * negative only while `cache_memlimit` is being lowered. */
export class PagePool {
  readonly #memory: ShardMemory;
  readonly #control: Int32Array;
  /** Whether index pages must wait before they can hold anything else. */
  readonly #delayed: boolean;

  constructor(memory: ShardMemory, shared: boolean) {
    this.#memory = memory;
    this.#control = memory.control;
    this.#delayed = shared;
  }

  /** Pages that may still be taken. */
  freePages(): number {
    return this.#control[C_PAGES_USABLE] - this.#control[C_PAGES_USED];
  }

  /** Pages below this number have been used at least once. */
  touchedPages(): number {
    return this.#control[C_FRESH_PAGE];
  }

  /** Whether the next page taken is one that was never used. */
  get takesFresh(): boolean {
    return this.#control[C_FREE_STACK] === 0;
  }

  /** Takes a page of `kind`; one must be free in the address space. */
  take(kind: number): number {
    const control = this.#control;
    let page;
    if (control[C_FREE_STACK] > 0) {
      page = this.#memory.freeStack[--control[C_FREE_STACK]];
    } else {
      page = control[C_FRESH_PAGE]++;
      assert(page < this.#memory.pagesMax, "No page is left to take");
    }
    control[C_PAGES_USED]++;
    this.#memory.page.kind[page] = kind;
    return page;
  }

  release(page: number): void {
    const control = this.#control;
    this.#memory.page.kind[page] = KIND_FREE;
    this.#memory.freeStack[control[C_FREE_STACK]++] = page;
    control[C_PAGES_USED]--;
  }

  /** Gives an index page back; in shared mode it first waits in limbo. */
  releaseIndexPage(page: number): void {
    if (!this.#delayed) return this.release(page);
    this.#memory.page.kind[page] = KIND_LIMBO;
    this.#control[C_LIMBO_PAGES]++;
  }

  /** Frees what waits in limbo; only when every reader has moved on. */
  releaseLimbo(): void {
    const kinds = this.#memory.page.kind;
    for (let p = 0; this.#control[C_LIMBO_PAGES] > 0; p++) {
      if (kinds[p] !== KIND_LIMBO) continue;
      this.#control[C_LIMBO_PAGES]--;
      this.release(p);
    }
  }
}
