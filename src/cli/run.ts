/**
 * Owns the program: from arguments to a running server to an exit code.
 *
 * @module
 */
import { Log } from "../observe/log.ts";
import { EXIT_CANNOT_LISTEN, ListenError } from "../server/listeners.ts";
import { onSignals } from "../server/process.ts";
import { SingleServer } from "../server/single.ts";
import { StartError } from "../server/start_error.ts";
import { SmpServer } from "../server/smp_server.ts";
import { type Config, configure } from "./config.ts";
import { isDaemon, startDaemon } from "./daemon.ts";
import { readFlags } from "./flags.ts";
import { helpText, LICENSE_TEXT, versionText } from "./help.ts";
import { SYSTEM } from "./system.ts";
import { UsageError } from "./usage_error.ts";

/** Runs the program; resolves to its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  // The official image's way to be called: the program's name comes first.
  if (args[0] === "memcached" || args[0] === "denocached") {
    args = args.slice(1);
  }
  try {
    const given = readFlags(args);
    if (given.has("help")) return print(helpText());
    if (given.has("version")) return print(versionText());
    if (given.has("license")) return print(LICENSE_TEXT);
    const config = configure(given, SYSTEM);
    if (config.daemon && !isDaemon()) {
      startDaemon(args);
      return 0;
    }
    return await serve(config);
  } catch (error) {
    if (error instanceof UsageError) {
      return complain(error.message, error.exitCode);
    }
    if (error instanceof StartError) {
      return complain(error.message, error.exitCode);
    }
    if (error instanceof ListenError) {
      return complain(error.message, EXIT_CANNOT_LISTEN);
    }
    throw error;
  }
}

function print(text: string): number {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
  return 0;
}

function complain(message: string, exitCode: number): number {
  Deno.stderr.writeSync(new TextEncoder().encode(`${message}\n`));
  return exitCode;
}

async function serve(config: Config): Promise<number> {
  const { settings, warnings } = config;
  const log = new Log(settings.jsonLog);
  for (const warning of warnings) log.warn(warning);
  const server = settings.threads > 1
    ? await SmpServer.start(settings, log)
    : new SingleServer(settings, log);
  const ignoreSignals = onSignals({
    stop: (signal) => {
      log.info("stopping", { signal });
      server.stop();
    },
    stopGracefully: () => {
      log.info("Gracefully stopping");
      server.stop();
    },
    reload: () => server.reload(),
  });
  await server.stopped;
  ignoreSignals();
  if (settings.pidFile !== null && isDaemon()) {
    try {
      Deno.removeSync(settings.pidFile);
    } catch {
      // Somebody else removed it.
    }
  }
  return 0;
}
