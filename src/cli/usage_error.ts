/**
 * Owns how a start-up that must not happen is reported: a text for standard
 * error and memcached's exit code for it.
 *
 * @module
 */

/** A bad value (EX_USAGE). */
export const EXIT_USAGE = 64;
/** An unknown user (EX_NOUSER). */
export const EXIT_NO_USER = 67;
/** The system refuses (EX_OSERR). */
export const EXIT_OS = 71;

/** The command line asks for something that cannot be. */
export class UsageError extends Error {
  override name = "UsageError";
  readonly exitCode: number;

  constructor(message: string, exitCode = EXIT_USAGE) {
    super(message);
    this.exitCode = exitCode;
  }
}
