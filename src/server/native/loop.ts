/**
 * Owns the loop that serves sockets by epoll, and how it shares its thread
 * with the runtime's event loop. Never knows what the sockets are for.
 *
 * It serves for some milliseconds and lets the event loop have a turn, again
 * and again. When nothing has been ready for a while it sleeps: another thread
 * waits, the event loop is free, and no CPU is used. Waking up costs 35 us.
 *
 * @module
 */
import { Doorbell } from "./doorbell.ts";
import { Epoll, type Libc } from "./libc.ts";

/** Longest service without a turn of the event loop. A turn in which nothing
 * happens costs 45 us of CPU between two services, nine of ten less than 85. */
const SERVING_MS = 4;
/** A turn that took more CPU had something to do. The next one comes after the
 * shortest service, those after it later and later: what takes several turns,
 * such as a reply by HTTP or TLS, waits once. (Time that passes would do only
 * where nobody else wants the core.) */
const BUSY_TURN_MS = 0.12;
const SERVING_MS_MIN = 0.5;
/** Longest wait in this thread, in whole milliseconds, and how many in vain
 * precede sleep. */
const WAIT_MS = 1;
const WAITS_MAX = 16;
/** Sockets served between two looks at the clock. */
const SLICE = 16;

/** Somebody whose socket is watched. */
export interface Watched {
  /** Something that was asked for is ready; a false alarm is possible. */
  ready(flags: number): void;
  /** The turn has come that was asked for with `schedule`. */
  resume(): void;
  /** One of the above has thrown. */
  failed(error: unknown): void;
}

/** The loop of one thread. */
export class NativeLoop {
  readonly #libc: Libc;
  readonly #epoll: Epoll;
  #doorbell: Doorbell | null = null;
  /** By descriptor. */
  readonly #watched: (Watched | undefined)[] = [];
  // Events that were taken and not served yet.
  #next = 0;
  #count = 0;
  // Those who have something to do without waiting for their socket.
  #scheduled: Watched[] = [];
  #scheduledNext = 0;
  #servingMs = SERVING_MS;
  #waitsInVain = 0;
  #isAsleep = false;
  #isStopped = false;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#epoll = new Epoll(libc);
  }

  /** What the loop itself has open. */
  get descriptors(): number[] {
    return this.#epoll.descriptors;
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

  #wake(): void {
    if (!this.#isAsleep) return;
    this.#isAsleep = false;
    this.#epoll.ring();
  }

  // ---- the loop ----

  /** Runs until it is stopped. */
  async run(): Promise<void> {
    this.#doorbell = await Doorbell.create(this.#libc);
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
    const until = this.#libc.nowMs() + this.#servingMs;
    do {
      if (this.#next === this.#count) this.#wait();
      this.#serveReady();
      if (this.#scheduled.length > 0) this.#serveScheduled();
    } while (this.#waitsInVain < WAITS_MAX && this.#libc.nowMs() < until);
    return this.#waitsInVain < WAITS_MAX;
  }

  #wait(): void {
    const isBusy = this.#scheduled.length > 0;
    this.#next = 0;
    this.#count = this.#epoll.wait(isBusy ? 0 : WAIT_MS);
    if (this.#count === 0 && !isBusy) this.#waitsInVain++;
    else this.#waitsInVain = 0;
  }

  #serveReady(): void {
    const end = Math.min(this.#count, this.#next + SLICE);
    while (this.#next < end) {
      const i = this.#next++;
      const watched = this.#watched[this.#epoll.descriptorOf(i)];
      if (watched === undefined) continue;
      try {
        watched.ready(this.#epoll.flagsOf(i));
      } catch (error) {
        watched.failed(error);
      }
    }
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
    if (this.#doorbell !== null) await this.#doorbell.ring();
    else {
      this.#epoll.ring();
      await this.#epoll.waitElsewhere();
    }
    const wasBusy = this.#libc.threadMs() - since > BUSY_TURN_MS;
    this.#servingMs = wasBusy
      ? SERVING_MS_MIN
      : Math.min(SERVING_MS, this.#servingMs * 2);
  }

  async #sleep(): Promise<void> {
    this.#isAsleep = true;
    await this.#epoll.waitElsewhere();
    this.#isAsleep = false;
    // If that was in vain too, there is no reason to stay awake.
    this.#waitsInVain = WAITS_MAX - 1;
  }
}
