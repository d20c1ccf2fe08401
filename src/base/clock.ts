/**
 * Owns the meaning of table seconds and of memcached's expiration times.
 * Never reads a clock: the time comes in.
 *
 * @module
 */

/** Unix time of table second 0 (2020-01-01): table seconds stay int32. */
export const EPOCH_UNIX_SECONDS = 1_577_836_800;

/** The last second the table can name (in the year 2088). */
export const SECONDS_MAX = 0x7fffffff;

/** Largest relative expiration, 30 days; above it a time is absolute. */
export const RELATIVE_SECONDS_MAX = 60 * 60 * 24 * 30;

/** Table seconds of a Unix time, at least 1. */
export function tableSeconds(unixSeconds: number): number {
  const seconds = Math.floor(unixSeconds) - EPOCH_UNIX_SECONDS;
  return seconds < 1 ? 1 : seconds > SECONDS_MAX ? SECONDS_MAX : seconds;
}

/** Unix seconds of a table second. */
export function unixSeconds(seconds: number): number {
  return seconds + EPOCH_UNIX_SECONDS;
}

/**
 * The table second at which an item with memcached's `exptime` ends: 0 for
 * never, 1 (long past) for a negative time or one at or before `started`.
 *
 * @param exptime seconds as the client sent them: relative up to 30 days,
 * absolute Unix time above
 * @param now the current table second
 * @param started the table second at which the server started
 */
export function expirySecond(
  exptime: number,
  now: number,
  started: number,
): number {
  if (exptime === 0) return 0;
  if (exptime < 0) return 1;
  if (exptime <= RELATIVE_SECONDS_MAX) return now + exptime;
  const second = exptime - EPOCH_UNIX_SECONDS;
  if (second <= started) return 1;
  return second > SECONDS_MAX ? SECONDS_MAX : second;
}
