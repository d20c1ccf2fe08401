/**
 * Owns how a file that an operator named and that cannot be used is reported:
 * a text for standard error and memcached's exit code for it.
 *
 * @module
 */
import { SECRET_FILE_BYTES_MAX } from "../base/limits.ts";

/** A bad certificate or key (EX_USAGE). */
export const EXIT_BAD_CERTIFICATE = 64;
/** A bad file of users. */
export const EXIT_BAD_USERS = 1;

/** The server cannot start, or cannot reload. */
export class StartError extends Error {
  override name = "StartError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The bytes of a small file; throws with a reason fit for an operator. */
export function readSmallFile(path: string): Uint8Array {
  const { size, isFile } = Deno.statSync(path);
  if (!isFile) throw new Error("not a file");
  if (size > SECRET_FILE_BYTES_MAX) {
    throw new Error(`larger than ${SECRET_FILE_BYTES_MAX} bytes`);
  }
  return Deno.readFileSync(path);
}

/** The message of whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
