/**
 * Owns what concerns the process: its facts, its pid and port files, its
 * signals. Never serves clients.
 *
 * @module
 */
import process from "node:process";
import type { Settings } from "../base/settings.ts";
import type { Log } from "../observe/log.ts";
import type { ProcessFacts } from "../observe/stats.ts";
import { VERSION } from "../base/version.ts";
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

/** What the process does when it is told to. */
export interface SignalActions {
  stop(signal: string): void;
  stopGracefully(): void;
  reload(): void;
}

/** Listens to the signals that this system has; returns how to stop that. */
export function onSignals(actions: SignalActions): () => void {
  const handlers: [Deno.Signal, () => void][] = [
    ["SIGINT", () => actions.stop("SIGINT")],
    ["SIGTERM", () => actions.stop("SIGTERM")],
    ["SIGBREAK", () => actions.stop("SIGBREAK")],
    ["SIGUSR1", () => actions.stopGracefully()],
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
