/**
 * Owns which I/O serves clients: Deno's, or the native one where it is asked
 * for and possible. Never opens a socket.
 *
 * @module
 */
import type { IoChoice } from "../../base/settings.ts";
import type { LogPort } from "../../observe/log.ts";
import { reasonOf } from "../start_error.ts";
import { Libc } from "./libc.ts";
import { openCalls } from "./ring.ts";

/** Where the native one was measured to be faster (bench/README.md). */
const MEASURED_ARCHITECTURES = ["x86_64"];

/** The C library if native I/O is to be used, else null. Says in the log, once,
 * why it is not, or is less than it could be. */
export function chooseIo(io: IoChoice, log: LogPort): Libc | null {
  if (io === "deno") return null;
  try {
    const reason = whyNot(io);
    if (reason === null) {
      const libc = new Libc();
      // Each worker opens its own.
      const { calls, obstacle } = openCalls(libc, 1);
      calls.close();
      if (obstacle === null) {
        log.info("native I/O is used");
      } else {
        log.info("native I/O is used without io_uring", { reason: obstacle });
      }
      return libc;
    }
    log.info("native I/O is not used", { reason });
  } catch (error) {
    log.info("native I/O is not used", { reason: reasonOf(error) });
  }
  return null;
}

function whyNot(io: IoChoice): string | null {
  const { os, arch } = Deno.build;
  if (os !== "linux") return "it needs Linux";
  if (io === "auto" && !MEASURED_ARCHITECTURES.includes(arch)) {
    return `not measured on ${arch}`;
  }
  // Asking would prompt.
  const ffi = Deno.permissions.querySync({ name: "ffi" });
  return ffi.state === "granted" ? null : "it needs --allow-ffi";
}
