/**
 * Owns what all commands of one worker share: the table, the counters, the
 * time, the settings in force, and who watches. Never touches a socket.
 *
 * @module
 */
import * as clock from "../base/clock.ts";
import type { Settings } from "../base/settings.ts";
import { Counters } from "../observe/counters.ts";
import * as counters from "../observe/counters.ts";
import { Observers } from "../observe/observers.ts";
import type { Command } from "../protocol/command.ts";
import { type Partition, type Store, StoreRequest } from "../store/store.ts";
import * as store from "../store/store.ts";

import { Lookahead } from "./lookahead.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { expirySecond } = clock;
const { GET_EXPIRED, GET_FLUSHED } = counters;
const { EXPIRED, FLUSHED } = store;

/** The surroundings of every command of one worker. */
export class Context {
  readonly store: Store;
  readonly counters: Counters;
  readonly settings: Settings;
  readonly observers: Observers;
  readonly request = new StoreRequest();
  readonly lookahead: Lookahead;
  /** The current table second; set before each batch. */
  now: number;
  /** The table second at which the server started. */
  readonly started: number;
  /** Table second at which everything is flushed; 0 for none. */
  flushAt = 0;
  /** Values held outside the table for slow readers. */
  copiedBytes = 0;

  constructor(
    store: Store,
    settings: Settings,
    now: number,
    counters = new Counters(),
    observers = new Observers(settings, counters),
  ) {
    this.store = store;
    this.lookahead = new Lookahead(store);
    this.settings = settings;
    this.counters = counters;
    this.observers = observers;
    this.now = now;
    this.started = now;
  }

  /** Sets the time; a flush that was asked for earlier may be due. */
  setTime(now: number): void {
    this.now = now;
    if (this.flushAt !== 0 && now >= this.flushAt) {
      this.flushAt = 0;
      this.store.flush();
    }
  }

  /** Flushes now, or at the second that `exptime` names. */
  flush(exptime: number): void {
    this.flushAt = this.flushSecond(exptime);
    if (this.flushAt === 0) this.store.flush();
  }

  /** The second at which `flush_all <exptime>` flushes; 0 for now. */
  flushSecond(exptime: number): number {
    if (exptime <= 0) return 0;
    // memcached: everything not younger than one second before that time.
    const second = this.expiry(exptime) - 1;
    return second <= this.now ? 0 : second;
  }

  /** The table second of a client's expiration time. */
  expiry(exptime: number): number {
    return expirySecond(exptime, this.now, this.started);
  }

  /** The partition of the command's key; the hash goes to `hash`. */
  locate(command: Command): Partition {
    const { key, keyAt, keyLength } = command;
    this.hash = this.lookahead.hash(key, keyAt, keyLength);
    return this.store.partitionOf(this.hash);
  }
  hash = 0;

  /** Counts a look that found something that is gone. */
  countGone(status: number): void {
    if (status === EXPIRED) this.counters.values[GET_EXPIRED]++;
    else if (status === FLUSHED) this.counters.values[GET_FLUSHED]++;
  }
}
