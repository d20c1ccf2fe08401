/**
 * Owns the check for programmer errors: a false condition is a bug in this
 * program and throws. Never used for what a client may send.
 *
 * @module
 */

/** Thrown when the program contradicts itself. */
export class AssertionFailure extends Error {
  override name = "AssertionFailure";
}

/** Throws {@linkcode AssertionFailure} unless `condition` holds. */
export function assert(
  condition: boolean,
  message: string,
): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}
