/**
 * Owns when index pages that were given up may be used again: when every
 * worker has ended the batch in which it could have looked at them. Never
 * waits.
 *
 * @module
 */
import type { SmpStore } from "../store/smp_store.ts";
import type { Control } from "./smp_control.ts";

/** Looks at the heartbeats from time to time. */
export class LimboKeeper {
  readonly #store: SmpStore;
  readonly #heartbeats: Int32Array[] = [];
  /** Pages in limbo, and the heartbeats, when they were seen first. */
  #pages = 0;
  #seen: number[] = [];

  constructor(store: SmpStore, control: Control) {
    this.#store = store;
    for (let worker = 0; worker < control.workers; worker++) {
      this.#heartbeats.push(control.heartbeat(worker));
    }
  }

  /** Frees the pages that nobody can be looking at any more. To be called a
   * few times a second: a heartbeat needs time to be seen, too. */
  look(): void {
    const pages = this.#store.limboPages();
    if (pages === 0 || pages !== this.#pages) {
      this.#pages = pages;
      this.#seen = this.#heartbeats.map((beat) => beat[0]);
      return;
    }
    const haveAllMovedOn = this.#heartbeats.every((beat, i) =>
      (beat[0] & 1) === 0 || beat[0] !== this.#seen[i]
    );
    if (!haveAllMovedOn) return;
    this.#store.releaseLimbo();
    this.#pages = 0;
  }
}
