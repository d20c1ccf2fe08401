/**
 * Owns `-d`: starting the same program again in the background. Never
 * serves.
 *
 * @module
 */
import { ownCommand } from "./own_command.ts";
import { EXIT_OS, UsageError } from "./usage_error.ts";

/** Set for the program that was started in the background. */
const MARK = "DENOCACHED_DAEMON";

/** Whether this process is the one in the background. */
export function isDaemon(): boolean {
  return Deno.env.get(MARK) !== undefined;
}

/** Starts this program in the background; throws UsageError if it cannot. */
export function startDaemon(args: readonly string[]): void {
  const own = ownCommand(args);
  try {
    const child = new Deno.Command(own.file, {
      args: own.args,
      env: { [MARK]: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
    child.unref();
  } catch (error) {
    throw new UsageError(
      `failed to daemon() in order to daemonize: ${error}`,
      EXIT_OS,
    );
  }
}
