/**
 * Owns the words that all threads of the multi-core mode share beside the
 * table: the clock, who has how many connections, who watches, which
 * descriptors are open. Never waits and never decides.
 *
 * @module
 */

const NOW = 0;
const GENERATION = 1;
const CONNECTIONS = 2;
const FLUSH_AT = 3;
const EVENT_NUMBER = 4;
const STARTED = 5;
/** Words before the rows, and words of a row: cache lines of their own. */
const HEAD_WORDS = 16;
const ROW_WORDS = 16;

// The words of a worker.
const ROW_CONNECTIONS = 0;
const ROW_HEARTBEAT = 1;
const ROW_WATCH_FLAGS = 2;
const ROW_WATCHERS = 3;
const ROW_REFUSING = 4;
const ROW_POSTED_BYTES = 5;

/** Descriptors whose owner is known; a higher one is not closed when the
 * worker dies that had it. */
const DESCRIPTORS_MAX = 1 << 20;

/** The buffers, to be posted to every worker. */
export interface ControlBuffers {
  words: SharedArrayBuffer;
  descriptors: SharedArrayBuffer;
}

export function allocateControl(workers: number): ControlBuffers {
  return {
    words: new SharedArrayBuffer((HEAD_WORDS + workers * ROW_WORDS) * 4),
    // One byte each, touched only where descriptors are.
    descriptors: new SharedArrayBuffer(DESCRIPTORS_MAX),
  };
}

/** The shared words, as every thread sees them. */
export class Control {
  readonly workers: number;
  readonly #words: Int32Array;
  readonly #descriptors: Uint8Array;
  /** The current table second; written by the main thread only. */
  readonly clock: Int32Array;

  constructor(buffers: ControlBuffers, workers: number) {
    this.workers = workers;
    this.#words = new Int32Array(buffers.words);
    this.#descriptors = new Uint8Array(buffers.descriptors);
    this.clock = this.#words.subarray(NOW, NOW + 1);
  }

  #row(worker: number, word: number): number {
    return HEAD_WORDS + worker * ROW_WORDS + word;
  }

  #sum(word: number): number {
    let sum = 0;
    for (let worker = 0; worker < this.workers; worker++) {
      sum += Atomics.load(this.#words, this.#row(worker, word));
    }
    return sum;
  }

  // ---- time ----

  get started(): number {
    return this.#words[STARTED];
  }
  set started(second: number) {
    this.#words[STARTED] = second;
  }

  /** Table second at which everything is to be flushed, 0 for none. */
  get flushAt(): number {
    return Atomics.load(this.#words, FLUSH_AT);
  }
  set flushAt(second: number) {
    Atomics.store(this.#words, FLUSH_AT, second);
  }

  /** One word, odd while a batch of this worker runs. */
  heartbeat(worker: number): Int32Array {
    const at = this.#row(worker, ROW_HEARTBEAT);
    return this.#words.subarray(at, at + 1);
  }

  // ---- connections ----

  /** Connections of all workers together. */
  get connections(): number {
    return Atomics.load(this.#words, CONNECTIONS);
  }

  connectionsOf(worker: number): number {
    return Atomics.load(this.#words, this.#row(worker, ROW_CONNECTIONS));
  }

  /** Connections of the worker that has the fewest. */
  fewestConnections(): number {
    let fewest = Infinity;
    for (let worker = 0; worker < this.workers; worker++) {
      fewest = Math.min(fewest, this.connectionsOf(worker));
    }
    return fewest;
  }

  /** Takes a place; false if there are `most` connections already. */
  admit(worker: number, most: number): boolean {
    if (Atomics.add(this.#words, CONNECTIONS, 1) >= most) {
      Atomics.sub(this.#words, CONNECTIONS, 1);
      return false;
    }
    Atomics.add(this.#words, this.#row(worker, ROW_CONNECTIONS), 1);
    this.changed();
    return true;
  }

  /** Gives places back. */
  leave(worker: number, count = 1): void {
    Atomics.sub(this.#words, CONNECTIONS, count);
    Atomics.sub(this.#words, this.#row(worker, ROW_CONNECTIONS), count);
    this.changed();
  }

  /** Tells those who wait that numbers of connections have changed. */
  changed(): void {
    Atomics.add(this.#words, GENERATION, 1);
    Atomics.notify(this.#words, GENERATION);
  }

  /** Resolves when they change, or after a while. */
  async nextChange(timeoutMs: number): Promise<void> {
    const seen = Atomics.load(this.#words, GENERATION);
    const wait = Atomics.waitAsync(this.#words, GENERATION, seen, timeoutMs);
    if (wait.async) await wait.value;
  }

  /** Whether a worker has stopped accepting for want of room. */
  setRefusing(worker: number, isRefusing: boolean): void {
    const value = isRefusing ? 1 : 0;
    Atomics.store(this.#words, this.#row(worker, ROW_REFUSING), value);
  }

  get isRefusing(): boolean {
    return this.#sum(ROW_REFUSING) > 0;
  }

  // ---- watchers ----

  setWatch(worker: number, flags: number, watchers: number): void {
    Atomics.store(this.#words, this.#row(worker, ROW_WATCH_FLAGS), flags);
    Atomics.store(this.#words, this.#row(worker, ROW_WATCHERS), watchers);
  }

  get watchers(): number {
    return this.#sum(ROW_WATCHERS);
  }

  /** What the watchers of a worker want. */
  watchFlagsOf(worker: number): number {
    return Atomics.load(this.#words, this.#row(worker, ROW_WATCH_FLAGS));
  }

  /** What the watchers of the other workers want. */
  watchFlagsBut(worker: number): number {
    let flags = 0;
    for (let other = 0; other < this.workers; other++) {
      if (other !== worker) flags |= this.watchFlagsOf(other);
    }
    return flags;
  }

  /** A number for the next event. */
  nextEventNumber(): number {
    return Atomics.add(this.#words, EVENT_NUMBER, 1) + 1;
  }

  // ---- lines on their way to the main thread ----

  /** Adds to the bytes of lines that a worker has posted and the main thread
   * has not taken; returns how many there are. */
  countPosted(worker: number, bytes: number): number {
    const word = this.#row(worker, ROW_POSTED_BYTES);
    return Atomics.add(this.#words, word, bytes) + bytes;
  }

  // ---- descriptors ----

  setDescriptorOwner(fd: number, worker: number): void {
    if (fd < DESCRIPTORS_MAX) this.#descriptors[fd] = worker + 1;
  }

  clearDescriptorOwner(fd: number): void {
    if (fd < DESCRIPTORS_MAX) this.#descriptors[fd] = 0;
  }

  /** The descriptors of a worker that is gone; they are its no more. */
  takeDescriptors(worker: number): number[] {
    const found: number[] = [];
    for (let fd = 0; fd < DESCRIPTORS_MAX; fd++) {
      if (this.#descriptors[fd] !== worker + 1) continue;
      this.#descriptors[fd] = 0;
      found.push(fd);
    }
    return found;
  }

  // ---- a worker that is gone ----

  /** Makes the row of a dead worker that of one which has not started. */
  clearRow(worker: number): void {
    this.leave(worker, this.connectionsOf(worker));
    this.setWatch(worker, 0, 0);
    this.setRefusing(worker, false);
    for (const word of [ROW_HEARTBEAT, ROW_POSTED_BYTES]) {
      Atomics.store(this.#words, this.#row(worker, word), 0);
    }
  }
}
