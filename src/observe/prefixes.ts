/**
 * Owns the counts per key prefix that `stats detail` keeps. Never knows a
 * whole key.
 *
 * @module
 */
import { PREFIXES_MAX } from "../base/limits.ts";

interface PrefixCounts {
  gets: number;
  hits: number;
  sets: number;
  deletes: number;
}

/** Counts by the part of a key before the delimiter. Keys without one are
 * not counted; neither are new prefixes beyond PREFIXES_MAX. */
export class PrefixStats {
  readonly #delimiter: string;
  readonly #prefixes = new Map<string, PrefixCounts>();

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  #countsOf(key: string): PrefixCounts | null {
    const end = key.indexOf(this.#delimiter);
    if (end < 0) return null;
    const prefix = key.slice(0, end);
    let counts = this.#prefixes.get(prefix);
    if (counts === undefined) {
      if (this.#prefixes.size >= PREFIXES_MAX) return null;
      counts = { gets: 0, hits: 0, sets: 0, deletes: 0 };
      this.#prefixes.set(prefix, counts);
    }
    return counts;
  }

  countGet(key: string, isHit: boolean): void {
    const counts = this.#countsOf(key);
    if (counts === null) return;
    counts.gets++;
    if (isHit) counts.hits++;
  }

  countSet(key: string): void {
    const counts = this.#countsOf(key);
    if (counts !== null) counts.sets++;
  }

  countDelete(key: string): void {
    const counts = this.#countsOf(key);
    if (counts !== null) counts.deletes++;
  }

  reset(): void {
    this.#prefixes.clear();
  }

  /** The rows, for a dump or for another worker to add. */
  rows(): [string, number, number, number, number][] {
    return [...this.#prefixes].map(([prefix, c]) => [
      prefix,
      c.gets,
      c.hits,
      c.sets,
      c.deletes,
    ]);
  }
}

/** The text of `stats detail dump`, rows of all workers added up. */
export function prefixDump(
  rows: [string, number, number, number, number][],
): string {
  const sums = new Map<string, number[]>();
  for (const [prefix, ...counts] of rows) {
    const sum = sums.get(prefix);
    if (sum === undefined) sums.set(prefix, counts);
    else counts.forEach((count, i) => sum[i] += count);
  }
  let text = "";
  for (const [prefix, [gets, hits, sets, deletes]] of sums) {
    text += `PREFIX ${prefix} get ${gets} hit ${hits} set ${sets} ` +
      `del ${deletes}\r\n`;
  }
  return text + "END\r\n";
}
