/**
 * Owns whose turn it is to be read from when more clients are busy than the
 * runtime serves in one turn of its event loop. Knows no client and no socket.
 *
 * In a turn the runtime finishes 128 calls of sockets (tokio's budget of a
 * task). Those that are left wait until tokio has looked at the sockets again,
 * and come behind what it finds there, the last of them first. So of more clients
 * than that who are ready all the time some are served again and again, others
 * after seconds: with 500 the longest wait was 1.8 s where the average is 5 ms
 * (`bench/README.md`). Therefore who is served while there are that many rests,
 * and goes on in the order in which all of them came to rest.
 *
 * A turn is here what reads bring that end together. The runtime has several of
 * those in one of its own if what was waited for is there already. Reads within a
 * large value are left out: they end where the client's next packet does.
 *
 * @module
 */

/** So many reads end in a turn that is full: all that the runtime finishes. With
 * 120, up to 127 clients who are served together rest for nothing (1.09 of their
 * CPU time). */
export const FULL_TURN_READS = 128;
/** So many go on with a turn that is not. 48 and 64 leave long waits with 1000
 * clients (`bench/README.md`). */
export const GO_ON_MAX = 32;
/** If no read ends for so long (a timer takes twice as long), some go on, too,
 * and twice as many each time until one does: nobody else seems to be ready. */
const QUIET_MS = 1;
/** The queue is cut when so many have left it. */
const LEFT_MAX = 1024;

/** The turns of the clients of one thread. */
export class FairTurns {
  readonly #later: (run: () => void, ms: number) => void;
  /** Reads that ended in this turn, and how many of them were not run yet: as a
   * rule all have ended before the first of them is. */
  #arrived = 0;
  #notRun = 0;
  /** Turns, to tell whether there was one. */
  #turns = 0;
  #mustRest = false;
  /** Those who rest, from `#first` on: they go on when they are called. */
  #resting: (() => void)[] = [];
  #first = 0;
  #isTimed = false;

  /** `later` runs something once, after a time. */
  constructor(later: (run: () => void, ms: number) => void) {
    this.#later = later;
  }

  /** A read has ended. */
  arrived(): void {
    if (this.#notRun === 0) {
      this.#arrived = 0;
      this.#turns = (this.#turns + 1) | 0;
    }
    this.#arrived++;
    this.#notRun++;
  }

  /** What it brought is run now; comes once for each `arrived`, after those of
   * the same turn. Returns whether its client is to rest when it is served. */
  runs(): boolean {
    if (this.#notRun-- === this.#arrived) {
      const isFull = this.#arrived >= FULL_TURN_READS;
      if (!isFull && this.#resting.length > 0) this.#goOn(GO_ON_MAX);
      this.#mustRest = isFull || this.#resting.length > 0;
    }
    return this.#mustRest;
  }

  /** Resolves when a client may be read from again that was told to rest. */
  rest(): Promise<void> {
    if (!this.#isTimed) this.#goOnWhenQuiet(GO_ON_MAX);
    return new Promise((resolve) => this.#resting.push(resolve));
  }

  // Lets the first of those who rest go on, so many at most.
  #goOn(most: number): void {
    const resting = this.#resting;
    const end = Math.min(resting.length, this.#first + most);
    while (this.#first < end) resting[this.#first++]();
    const isEmpty = end === resting.length;
    if (!isEmpty && end < LEFT_MAX) return;
    this.#resting = resting.slice(end);
    this.#first = 0;
  }

  // The same if no read ends for a while, and again while somebody rests.
  #goOnWhenQuiet(most: number): void {
    const turns = this.#turns;
    this.#isTimed = true;
    this.#later(() => {
      this.#isTimed = false;
      const isQuiet = this.#turns === turns;
      if (isQuiet) this.#goOn(most);
      if (this.#resting.length === 0) return;
      this.#goOnWhenQuiet(isQuiet ? 2 * most : GO_ON_MAX);
    }, QUIET_MS);
  }
}
