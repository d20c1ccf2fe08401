/**
 * Owns the file of --log-file: its folder, its growth. Never formats a line.
 *
 * @module
 */
import { dirname } from "node:path";
import { LOG_FILE_BYTES_MAX } from "../base/limits.ts";
import { EXIT_OS, UsageError } from "./usage_error.ts";

const ENCODER = new TextEncoder();

/** A log file that is bounded: the one before it has `.1` after its name. */
export class LogFile {
  readonly #path: string;
  readonly #bytesMax: number;
  #file: Deno.FsFile;
  #bytes: number;

  /** Opens it for appending, in a new folder if need be; throws UsageError. */
  constructor(path: string, bytesMax = LOG_FILE_BYTES_MAX) {
    this.#path = path;
    this.#bytesMax = bytesMax;
    try {
      Deno.mkdirSync(dirname(path), { recursive: true });
      this.#file = open(path);
      this.#bytes = this.#file.statSync().size;
    } catch (error) {
      throw new UsageError(
        `--log-file: cannot open ${path}: ${error}`,
        EXIT_OS,
      );
    }
  }

  /** Appends a line. A full disk must not end a cache: errors are dropped. */
  write(line: string): void {
    const bytes = ENCODER.encode(line + "\n");
    try {
      if (this.#bytes > 0 && this.#bytes + bytes.length > this.#bytesMax) {
        this.#turnOver();
      }
      for (let at = 0; at < bytes.length;) {
        at += this.#file.writeSync(bytes.subarray(at));
      }
      this.#bytes += bytes.length;
    } catch {
      // There is nowhere to say so.
    }
  }

  // Windows does not rename an open file.
  #turnOver(): void {
    this.#file.close();
    try {
      Deno.renameSync(this.#path, `${this.#path}.1`);
    } finally {
      this.#file = open(this.#path);
      this.#bytes = this.#file.statSync().size;
    }
  }

  close(): void {
    this.#file.close();
  }
}

function open(path: string): Deno.FsFile {
  return Deno.openSync(path, { append: true, create: true });
}
