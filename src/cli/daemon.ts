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
/** Written to standard output by the background once it serves. */
const READY = "ready\n";

/** Whether this process is the one in the background. */
export function isDaemon(): boolean {
  return Deno.env.get(MARK) !== undefined;
}

/** Starts this program in the background and waits until it serves, or has
 * said why it cannot; resolves to the exit code. Whoever runs `-d` may connect
 * as soon as it returns. Throws UsageError if nothing can be started. */
export async function startDaemon(args: readonly string[]): Promise<number> {
  const own = ownCommand(args);
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(own.file, {
      args: own.args,
      env: { [MARK]: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      detached: true,
    }).spawn();
  } catch (error) {
    throw new UsageError(
      `failed to daemon() in order to daemonize: ${error}`,
      EXIT_OS,
    );
  }
  const said = await untilReady(child.stdout);
  if (said === READY) {
    child.unref();
    return 0;
  }
  Deno.stderr.writeSync(new TextEncoder().encode(said));
  return (await child.status).code;
}

// What the background says until it is ready, or gone.
async function untilReady(from: ReadableStream<Uint8Array>): Promise<string> {
  let said = "";
  const decoder = new TextDecoder();
  for await (const bytes of from) {
    said += decoder.decode(bytes, { stream: true });
    if (said.endsWith(READY)) return READY;
  }
  return said;
}

/** Tells the one who started us that we serve. */
export function announceDaemon(): void {
  if (isDaemon()) say(READY);
}

/** Tells the one who started us why we cannot serve. */
export function complainAsDaemon(text: string): void {
  if (isDaemon()) say(text);
}

function say(text: string): void {
  try {
    Deno.stdout.writeSync(new TextEncoder().encode(text));
  } catch {
    // Nobody waits for it any more.
  }
}
