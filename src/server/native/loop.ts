/**
 * Owns the loop that serves sockets by epoll, and how it shares its thread
 * with the runtime's event loop. Never knows what the sockets are for.
 *
 * Three states: serving, for 2 ms at most; then a turn of the event loop;
 * and asleep, when nothing was ready for a millisecond: another thread waits,
 * so that the event loop is free and an idle server uses no CPU.
 *
 * @module
 */
import { Doorbell } from "./doorbell.ts";
import { Epoll, type Libc } from "./libc.ts";

/** Longest service without a turn of the event loop. A turn costs 10 us. */
const SERVING_MS = 2;
/** Longest wait in this thread, in whole milliseconds. */
const WAIT_MS = 1;
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
  #isAsleep = false;
  #isStopped = false;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#epoll = new Epoll(libc);
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

  // Serves for a while; false if there was nothing to do in the end.
  #serve(): boolean {
    const until = this.#libc.nowMs() + SERVING_MS;
    do {
      if (this.#next === this.#count) {
        const isBusy = this.#scheduled.length > 0;
        this.#next = 0;
        this.#count = this.#epoll.wait(isBusy ? 0 : WAIT_MS);
        if (this.#count === 0 && !isBusy) return false;
      }
      this.#serveReady();
      this.#serveScheduled();
    } while (this.#libc.nowMs() < until);
    return true;
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
    if (this.#scheduled.length === 0) return;
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
    if (this.#doorbell !== null) return await this.#doorbell.ring();
    this.#epoll.ring();
    await this.#epoll.waitElsewhere();
  }

  async #sleep(): Promise<void> {
    this.#isAsleep = true;
    await this.#epoll.waitElsewhere();
    this.#isAsleep = false;
  }
}
