/**
 * Owns the program: from arguments to a running server to an exit code.
 *
 * @module
 */
import { AdminServer } from "../admin/admin.ts";
import type { ListenAddress } from "../base/settings.ts";
import { Log } from "../observe/log.ts";
import { EXIT_CANNOT_LISTEN, ListenError } from "../server/listeners.ts";
import { onSignals } from "../server/process.ts";
import { SingleServer } from "../server/single.ts";
import { SnapshotPlaceError } from "../server/snapshot_file.ts";
import { StartError } from "../server/start_error.ts";
import { SmpServer } from "../server/smp_server.ts";
import type { Config } from "./config.ts";
import {
  announceDaemon,
  complainAsDaemon,
  isDaemon,
  startDaemon,
} from "./daemon.ts";
import { readFlags } from "./flags.ts";
import { helpText, LICENSE_TEXT, versionText } from "./help.ts";
import { LogFile } from "./log_file.ts";
import { configText } from "./print_config.ts";
import { isOldServiceForm } from "./service.ts";
import { configureFrom, gatherFlags } from "./sources.ts";
import { SUBCOMMANDS } from "./subcommands.ts";
import { SYSTEM } from "./system.ts";
import { EXIT_OS, UsageError } from "./usage_error.ts";

/** Runs the program; resolves to its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  // The official image's way to be called: the program's name comes first.
  if (args[0] === "memcached" || args[0] === "denocached") {
    args = args.slice(1);
  }
  if (isOldServiceForm(args)) args = ["service", ...args.slice(1)];
  try {
    const command = args[0] ?? "-";
    if (!command.startsWith("-")) {
      const subcommand = SUBCOMMANDS.get(command);
      if (subcommand !== undefined) return await subcommand(args.slice(1));
      throw new UsageError(`there is no command "${command}"; see --help`);
    }
    const given = readFlags(args);
    if (given.has("help")) return print(helpText());
    if (given.has("version")) return print(versionText());
    if (given.has("license")) return print(LICENSE_TEXT);
    const gathered = gatherFlags(given, SYSTEM);
    const config = configureFrom(gathered, SYSTEM);
    if (given.has("print-config")) {
      return print(configText(config.settings, gathered));
    }
    if (config.daemon && !isDaemon()) {
      return await startDaemon(args);
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
    if (error instanceof SnapshotPlaceError) {
      return complain(`--snapshot: ${error.message}`, EXIT_OS);
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
  complainAsDaemon(`${message}\n`);
  return exitCode;
}

// The HTTP listener, if there is to be one.
function openAdmin(http: ListenAddress | null, log: Log): AdminServer | null {
  if (http === null) return null;
  try {
    return new AdminServer(http, log);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ListenError(
      `failed to listen on HTTP address ${http.host}:${http.port}: ${reason}`,
    );
  }
}

async function serve(config: Config): Promise<number> {
  const { settings, warnings } = config;
  const file = settings.logFile === null ? null : new LogFile(settings.logFile);
  const log = new Log(
    settings.jsonLog,
    file === null ? undefined : (line) => file.write(line),
  );
  for (const warning of warnings) log.warn(warning);
  // Signals count from the first moment on, and wait until there is a server.
  const starting = Promise.withResolvers<SingleServer | SmpServer>();
  const ignoreSignals = onSignals({
    stop: async (signal) => {
      const server = await starting.promise;
      log.info("stopping", { signal });
      server.stop();
    },
    drain: async (signal) => {
      const server = await starting.promise;
      if (server.isReady()) return server.drain(signal);
      // Asked a second time, it does not wait any more.
      log.warn("stopping at once", { signal });
      server.stop();
    },
    reload: async () => (await starting.promise).reload(),
  });
  // First of all: a start that fails must not have taken the snapshot.
  const admin = openAdmin(settings.http, log);
  const server = settings.threads > 1
    ? await SmpServer.start(settings, log)
    : await SingleServer.start(settings, log);
  starting.resolve(server);
  announceDaemon();
  const drain = () => server.drain("POST /drain");
  admin?.serve(server.view, settings.shutdownCommand ? drain : null);
  const exitCode = await server.stopped;
  await admin?.close();
  ignoreSignals();
  if (settings.pidFile !== null && isDaemon()) {
    try {
      Deno.removeSync(settings.pidFile);
    } catch {
      // Somebody else removed it.
    }
  }
  return exitCode;
}
