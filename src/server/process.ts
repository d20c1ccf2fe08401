/**
 * Owns what concerns the process: its facts, its pid and port files, its
 * signals. Never serves clients.
 *
 * @module
 */
import process from "node:process";
import { FILES_BESIDE_CLIENTS } from "../base/limits.ts";
import type { Settings } from "../base/settings.ts";
import type { Log } from "../observe/log.ts";
import type { ProcessFacts } from "../observe/stats.ts";
import { VERSION } from "../base/version.ts";
import { openFilesMax } from "./linux_files.ts";
import { type Announced, portLines, writePortFile } from "./listeners.ts";

/** What the process is, and the CPU time of all its threads. */
export function cpuFacts(): Pick<
  ProcessFacts,
  "pid" | "userMicroseconds" | "systemMicroseconds" | "version"
> {
  const { user, system } = process.cpuUsage();
  return {
    pid: Deno.pid,
    userMicroseconds: user,
    systemMicroseconds: system,
    version: VERSION,
  };
}

/** Logs what is listened on, and writes the pid and port files. */
export function announce(
  listeners: readonly Announced[],
  settings: Settings,
  log: Log,
): void {
  warnOfFewFiles(settings, log);
  for (const { address } of listeners) {
    log.info("listening", { address, threads: settings.threads });
  }
  if (settings.portFile !== null) {
    writePortFile(settings.portFile, portLines(listeners));
  }
  if (settings.pidFile !== null) {
    try {
      Deno.writeTextFileSync(settings.pidFile, `${Deno.pid}\n`);
    } catch (error) {
      log.warn("cannot write the pid file", { error: String(error) });
    }
  }
}

// Clients that come when all descriptors are in use wait until one is free.
function warnOfFewFiles({ connectionsMax }: Settings, log: Log): void {
  const files = openFilesMax();
  if (files === null || files >= connectionsMax + FILES_BESIDE_CLIENTS) return;
  log.warn("not all connections of -c can be served", {
    connections: Math.max(0, files - FILES_BESIDE_CLIENTS),
    reason: `${files} files may be open (ulimit -n)`,
  });
}

/** What the process does when it is told to. */
export interface SignalActions {
  /** At once. */
  stop(signal: string): void;
  /** When clients have got their answers. */
  drain(signal: string): void;
  reload(): void;
}

/** Listens to the signals that this system has; returns how to stop that. */
export function onSignals(actions: SignalActions): () => void {
  const handlers: [Deno.Signal, () => void][] = [
    ["SIGINT", () => actions.stop("SIGINT")],
    ["SIGTERM", () => actions.drain("SIGTERM")],
    ["SIGBREAK", () => actions.stop("SIGBREAK")],
    ["SIGUSR1", () => actions.drain("SIGUSR1")],
    ["SIGHUP", () => actions.reload()],
  ];
  const added: [Deno.Signal, () => void][] = [];
  for (const [signal, handler] of handlers) {
    try {
      Deno.addSignalListener(signal, handler);
      added.push([signal, handler]);
    } catch {
      // This system does not have it.
    }
  }
  return () => {
    for (const [signal, handler] of added) {
      Deno.removeSignalListener(signal, handler);
    }
  };
}
