/**
 * Owns which rounds of a measurement count: those that the host of a virtual
 * machine left alone, as long as there is patience to repeat the others. Never
 * measures.
 *
 * @module
 */

/** Clock ticks of all processors so far: those that the host of this machine
 * gave to others (field `steal` of proc(5) /proc/stat), and all. */
export interface Ticks {
  stolen: number;
  all: number;
}

/** The ticks in what /proc/stat says. */
export function ticksOf(stat: string): Ticks {
  const [line] = stat.split("\n");
  // user nice system idle iowait irq softirq steal; guests are in user.
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  return {
    stolen: ticks[7] ?? 0,
    all: ticks.reduce((sum, count) => sum + count, 0),
  };
}

/** The share (0..1) of all cores' time that was stolen between two readings:
 * what makes figures of a virtual machine differ from minute to minute. */
export function stolenShare(before: Ticks, after: Ticks): number {
  return (after.stolen - before.stolen) / Math.max(1, after.all - before.all);
}

/** The share of stolen time above which a round is repeated: a run from which
 * 6 % were stolen had 1.2 times the CPU time of a quiet minute, one with 25 %
 * 1.6. On two cores one tick of a hundredth of a second is more in a round of
 * two windows of a tenth of a second. */
export const STOLEN_SHARE_MAX = 0.02;

/** The same of a measurement that may be of latency: there one tick is what p99
 * of a second is. */
export function stolenShareMaxOf(isLatency: boolean): number {
  return isLatency ? 0 : STOLEN_SHARE_MAX;
}

/** What was measured in one round, and how much was stolen from it. */
interface Counted<T> {
  round: T;
  stolenShare: number;
}

/** The rounds of one measurement, of which `wanted` will count. */
export class QuietRounds<T> {
  readonly #wanted: number;
  readonly #patienceSecs: number;
  readonly #stolenShareMax: number;
  readonly #rounds: Counted<T>[] = [];
  #quiet = 0;
  /** When there were as many rounds as are wanted, quiet or not. */
  #enoughAtSecs = 0;

  /**
   * @param patienceSecs how long disturbed rounds are repeated
   * @param stolenShareMax above which a round is one
   */
  constructor(
    wanted: number,
    patienceSecs: number,
    stolenShareMax = STOLEN_SHARE_MAX,
  ) {
    this.#wanted = wanted;
    this.#patienceSecs = patienceSecs;
    this.#stolenShareMax = stolenShareMax;
  }

  add(round: T, stolenShare: number, nowSecs: number): void {
    this.#rounds.push({ round, stolenShare });
    if (stolenShare <= this.#stolenShareMax) this.#quiet++;
    if (this.#rounds.length === this.#wanted) this.#enoughAtSecs = nowSecs;
  }

  /** Whether there are enough quiet rounds, or patience has ended. */
  isDone(nowSecs: number): boolean {
    if (this.#quiet >= this.#wanted) return true;
    return this.#rounds.length >= this.#wanted &&
      this.extraSecs(nowSecs) >= this.#patienceSecs;
  }

  /** How long rounds have been repeated. */
  extraSecs(nowSecs: number): number {
    return this.#rounds.length < this.#wanted
      ? 0
      : nowSecs - this.#enoughAtSecs;
  }

  /** How many were made in vain. */
  get repeated(): number {
    return Math.max(0, this.#rounds.length - this.#wanted);
  }

  /** Those with the least stolen from them, in the order they were made. */
  get counted(): Counted<T>[] {
    const inOrder = this.#rounds.map((counted, i) => ({ counted, i }));
    return inOrder
      .sort((a, b) => a.counted.stolenShare - b.counted.stolenShare)
      .slice(0, this.#wanted)
      .sort((a, b) => a.i - b.i)
      .map(({ counted }) => counted);
  }
}
