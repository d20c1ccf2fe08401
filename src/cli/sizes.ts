/**
 * Owns reading sizes: 64, 512k, 1g, 75%. Never reads the system itself.
 *
 * @module
 */
import { UsageError } from "./usage_error.ts";

const UNITS: Record<string, number> = {
  k: 1024,
  m: 1024 * 1024,
  g: 1024 * 1024 * 1024,
  t: 1024 * 1024 * 1024 * 1024,
};

/**
 * Bytes of a size; a bare number counts in `bareUnit` bytes. A percentage is
 * of `whole`; without one it is refused.
 */
export function parseSize(
  text: string,
  flag: string,
  bareUnit: number,
  whole?: number,
): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)\s*([kmgt%]?)(?:i?b)?$/i.exec(text);
  if (match === null) throw new UsageError(`${flag}: ${text} is no size`);
  const number = Number(match[1]);
  const unit = match[2].toLowerCase();
  if (unit === "%") {
    if (whole === undefined || number > 100) {
      throw new UsageError(`${flag}: ${text} is no size`);
    }
    return Math.floor(whole * number / 100);
  }
  return Math.floor(number * (unit === "" ? bareUnit : UNITS[unit]));
}

/** The memory limit that a cgroup file states; null for none. */
export function parseCgroupLimit(text: string): number | null {
  const value = text.trim();
  if (value === "max" || !/^[0-9]+$/.test(value)) return null;
  const bytes = Number(value);
  // Version 1 states "no limit" as a huge number.
  return bytes > 2 ** 60 ? null : bytes;
}
