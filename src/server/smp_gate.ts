/**
 * Owns who of several workers may accept the next connection: nobody who has
 * more of them than the others, and nobody beyond `-c`.
 *
 * Workers that simply race for connections end up with shares of 1 to 9
 * (`../../shared/reference/deno.md`, section 1).
 *
 * @module
 */
import type { Settings } from "../base/settings.ts";
import type { Admission } from "./service.ts";
import type { Control } from "./smp_control.ts";

/** A worker accepts while it has at most this many more than another. */
const AHEAD_MAX = 1;
/** Longest wait without a look, and looks after which a worker accepts
 * anyway: the one with fewer connections may be busy for long. */
const LOOK_MS = 20;
const LOOKS_MAX = 5;

/** The admission of one worker. */
export class Gate implements Admission {
  readonly #control: Control;
  readonly #settings: Settings;
  readonly #worker: number;

  constructor(control: Control, settings: Settings, worker: number) {
    this.#control = control;
    this.#settings = settings;
    this.#worker = worker;
  }

  hasRoom(): boolean {
    return this.#control.connections < this.#settings.connectionsMax;
  }

  admit(): boolean {
    return this.#control.admit(this.#worker, this.#settings.connectionsMax);
  }

  left(): void {
    this.#control.leave(this.#worker);
  }

  async roomAgain(): Promise<void> {
    this.#control.setRefusing(this.#worker, true);
    await this.#control.nextChange(1000);
    this.#control.setRefusing(this.#worker, false);
  }

  get #isAhead(): boolean {
    const mine = this.#control.connectionsOf(this.#worker);
    return mine > this.#control.fewestConnections() + AHEAD_MAX;
  }

  turn(): Promise<void> | null {
    return this.#isAhead ? this.#wait() : null;
  }

  async #wait(): Promise<void> {
    for (let look = 0; look < LOOKS_MAX && this.#isAhead; look++) {
      await this.#control.nextChange(LOOK_MS);
    }
  }
}
