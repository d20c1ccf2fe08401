/**
 * Owns the loop that serves sockets by epoll, and how it shares its thread
 * with the runtime's event loop. Never knows what the sockets are for.
 *
 * It serves until the event loop has something to do, or for some milliseconds,
 * and lets that have a turn, again and again. When nothing else has been ready
 * for a while it sleeps: another thread waits, the event loop is free, and no
 * CPU is used. Waking up costs 35 us.
 *
 * @module
 */
import { Doorbell } from "./doorbell.ts";
import { Epoll, type Libc } from "./libc.ts";
import * as libc from "./libc.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { EPOLLIN, EVENTS_MAX } = libc;

/** Longest service without a turn of the event loop while that has nothing to
 * do, as far as its descriptor tells: it does not tell of timers, which are late
 * by as much. Nothing that waits for one needs it sooner, but what the loop is
 * told of (`awaiting`): they read the time, try again what failed, end clients
 * that were told to go. A turn costs 110 us of CPU, nearly all of it for cold
 * memory: with 10 ms a set of 100 KB took 1.02 (`bench/README.md`). */
const TIMERS_LATE_MS = 40;
/** The same where the descriptor is no help: somebody served here waits for a
 * promise, which code of this thread may keep, or more are ready than one call
 * reports, and the descriptor is the last of them. */
const UNTOLD_MS = 4;
/** The same if the descriptor could not be found. */
const UNWATCHED_MS = 2;
/** Shortest service while others are ready. A turn that was due, or took more
 * CPU than it takes to find nothing, is followed by the next one as soon, and
 * by those after it in twice as long each time: what takes several turns may go
 * on by timers, or inside the runtime (a reply of 900 KB by TLS took 22 ms
 * instead of 4). */
const SERVING_MS_MIN = 0.5;
const BUSY_TURN_MS = 0.3;
/** Longest wait in this thread, in whole milliseconds, and how many in vain
 * precede sleep. */
const WAIT_MS = 1;
const WAITS_MAX = 16;
/** Sockets served together, between two looks at the clock: all of them
 * receive, then all are served, then all send, so that their loads from memory
 * overlap and each step finds its code in the caches. Of more, the first would
 * wait for the last. */
export const SLICE = 16;

/** Somebody whose socket is watched. */
export interface Watched {
  /** Something is ready, and `ready` will tell so when it has its turn. Called
   * only if others are ready, too. */
  prepare?(): void;
  /** Something that was asked for is ready; a false alarm is possible. */
  ready(flags: number): void;
  /** Those that were prepared have had their turns, or those before this one
   * and its own: what waited for them goes on. It may be told so twice. */
  complete?(): void;
  /** The turn has come that was asked for with `schedule`. */
  resume(): void;
  /** One of the above has thrown. */
  failed(error: unknown): void;
}

/** What those have in common that are served together. */
export interface Slice {
  /** All of them were prepared, and have their turns now. */
  prepared(): void;
  /** All of them, or those who had their turns, were told to complete. */
  completed(): void;
}

const NOTHING: Slice = { prepared: () => {}, completed: () => {} };

/** The loop of one thread. */
export class NativeLoop {
  readonly #libc: Libc;
  readonly #epoll: Epoll;
  readonly #slice: Slice;
  #doorbell: Doorbell | null = null;
  /** By descriptor. */
  readonly #watched: (Watched | undefined)[] = [];
  // Events that were taken and not served yet.
  #next = 0;
  #count = 0;
  /** The first of those that are served together. */
  #first = 0;
  // Those who have something to do without waiting for their socket.
  #scheduled: Watched[] = [];
  #scheduledNext = 0;
  /** What the event loop waits by; -1 if that is not known. */
  #runtime = -1;
  /** That has something to do. */
  #isTurnDue = false;
  /** How long the next service may last. */
  #servingMs = TIMERS_LATE_MS;
  /** When the service began, and when it has to end. */
  #sinceMs = 0;
  #untilMs = 0;
  /** Promises that somebody waits for. */
  #awaited = 0;
  #waitsInVain = 0;
  #isAsleep = false;
  #isStopped = false;

  constructor(libc: Libc, slice = NOTHING) {
    this.#libc = libc;
    this.#slice = slice;
    this.#epoll = new Epoll(libc);
  }

  /** What the loop itself has open, once `open` is done. */
  get descriptors(): number[] {
    const { descriptors } = this.#epoll;
    if (this.#doorbell !== null) descriptors.push(this.#doorbell.fd);
    return descriptors;
  }

  // ---- what is watched ----

  /** Reports readiness of a descriptor from now on. */
  watch(fd: number, watched: Watched, events: number): void {
    this.#epoll.add(fd, events);
    this.#watched[fd] = watched;
  }

  /** Changes what is reported, from one set of events to another; none means
   * that nothing is reported, not even that the other side is gone. */
  change(fd: number, from: number, to: number): void {
    if (from === to) return;
    if (from === 0) this.#epoll.add(fd, to);
    else if (to === 0) this.#epoll.remove(fd);
    else this.#epoll.modify(fd, to);
  }

  /** Forgets a descriptor, which is closed. */
  close(fd: number): void {
    this.#watched[fd] = undefined;
    this.#libc.close(fd);
  }

  /** Calls `resume` soon, after others had their turn. */
  schedule(watched: Watched): void {
    this.#scheduled.push(watched);
    this.#wake();
  }

  /** The same promise, for somebody who goes on in this loop when it is kept. */
  awaiting<T>(promise: Promise<T>): Promise<T> {
    this.#awaited++;
    this.#giveWayWithin(UNTOLD_MS);
    return promise.finally(() => this.#awaited--);
  }

  #wake(): void {
    if (!this.#isAsleep) return;
    this.#isAsleep = false;
    this.#epoll.ring();
  }

  // ---- the loop ----

  /** Comes before `run`. */
  async open(): Promise<void> {
    this.#doorbell = await Doorbell.create(this.#libc);
    if (this.#doorbell === null || this.#doorbell.runtime < 0) return;
    this.watch(this.#doorbell.runtime, {
      ready: () => this.#isTurnDue = true,
      resume: () => {},
      failed: () => {},
    }, EPOLLIN);
    this.#runtime = this.#doorbell.runtime;
  }

  /** Runs until it is stopped. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      if (this.#serve()) await this.#turn();
      else await this.#sleep();
    }
    this.#doorbell?.close();
    this.#epoll.close();
  }

  /** Ends the loop soon. */
  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  // Serves for a while; false if there has been nothing to do for some time.
  #serve(): boolean {
    this.#sinceMs = this.#libc.nowMs();
    this.#untilMs = this.#sinceMs + Math.min(this.#servingMs, this.#mostMs);
    do {
      if (this.#next === this.#count) this.#wait();
      this.#serveReady();
      if (this.#scheduled.length > 0) this.#serveScheduled();
      if (this.#isTurnDue) {
        this.#giveWayWithin(this.#count === 1 ? 0 : SERVING_MS_MIN);
      }
    } while (
      this.#waitsInVain < WAITS_MAX && this.#libc.nowMs() < this.#untilMs
    );
    return this.#waitsInVain < WAITS_MAX;
  }

  get #mostMs(): number {
    if (this.#runtime < 0) return UNWATCHED_MS;
    return this.#awaited > 0 ? UNTOLD_MS : TIMERS_LATE_MS;
  }

  #giveWayWithin(serviceMs: number): void {
    this.#untilMs = Math.min(this.#untilMs, this.#sinceMs + serviceMs);
  }

  // Waiting is in vain, too, if only the event loop has something to do: while
  // this one sleeps that takes fewer system calls.
  #wait(): void {
    const isBusy = this.#scheduled.length > 0;
    this.#next = 0;
    this.#count = this.#epoll.wait(isBusy ? 0 : WAIT_MS);
    if (this.#count === EVENTS_MAX) this.#giveWayWithin(UNTOLD_MS);
    const isForUs = this.#count > 1 ||
      (this.#count === 1 && this.#epoll.descriptorOf(0) !== this.#runtime);
    if (isForUs || isBusy) this.#waitsInVain = 0;
    else this.#waitsInVain++;
  }

  /** Completes those of the slice that had their turn: the one whose turn it is
   * may take long. */
  completeServed(): void {
    this.#complete(this.#first, this.#next - 1);
  }

  #serveReady(): void {
    const first = this.#first = this.#next;
    const end = Math.min(this.#count, first + SLICE);
    const areSeveral = end - first > 1;
    if (areSeveral) this.#prepare(first, end);
    while (this.#next < end) this.#serveEvent(this.#next++);
    if (areSeveral) this.#complete(first, end);
  }

  #prepare(first: number, end: number): void {
    for (let i = first; i < end; i++) {
      const watched = this.#watched[this.#epoll.descriptorOf(i)];
      try {
        watched?.prepare?.();
      } catch (error) {
        watched!.failed(error);
      }
    }
    this.#slice.prepared();
  }

  #serveEvent(i: number): void {
    const watched = this.#watched[this.#epoll.descriptorOf(i)];
    if (watched === undefined) return;
    try {
      watched.ready(this.#epoll.flagsOf(i));
    } catch (error) {
      watched.failed(error);
    }
  }

  #complete(first: number, end: number): void {
    for (let i = first; i < end; i++) {
      const watched = this.#watched[this.#epoll.descriptorOf(i)];
      try {
        watched?.complete?.();
      } catch (error) {
        watched!.failed(error);
      }
    }
    this.#slice.completed();
  }

  #serveScheduled(): void {
    const end = Math.min(this.#scheduled.length, this.#scheduledNext + SLICE);
    while (this.#scheduledNext < end) {
      const watched = this.#scheduled[this.#scheduledNext++];
      try {
        watched.resume();
      } catch (error) {
        watched.failed(error);
      }
    }
    if (this.#scheduledNext < this.#scheduled.length) return;
    this.#scheduled = [];
    this.#scheduledNext = 0;
  }

  async #turn(): Promise<void> {
    const since = this.#libc.threadMs();
    const wasDue = this.#isTurnDue;
    this.#isTurnDue = false;
    if (this.#doorbell !== null) await this.#doorbell.ring();
    else {
      this.#epoll.ring();
      await this.#epoll.waitElsewhere();
      this.#epoll.silence();
    }
    const isActive = wasDue || this.#libc.threadMs() - since > BUSY_TURN_MS;
    this.#servingMs = isActive
      ? SERVING_MS_MIN
      : Math.min(TIMERS_LATE_MS, this.#servingMs * 2);
  }

  async #sleep(): Promise<void> {
    this.#isAsleep = true;
    this.#isTurnDue = false;
    // Meanwhile the event loop wakes up by itself.
    if (this.#runtime >= 0) this.#epoll.modify(this.#runtime, 0);
    await this.#epoll.waitElsewhere();
    if (this.#runtime >= 0) this.#epoll.modify(this.#runtime, EPOLLIN);
    // At once: whoever rings is either heard here or knows us to be awake.
    this.#epoll.silence();
    this.#isAsleep = false;
    // If that was in vain too, there is no reason to stay awake.
    this.#waitsInVain = WAITS_MAX - 1;
  }
}
