/**
 * Owns the table of subcommands: what the program does beside serving. Never
 * does it itself.
 *
 * @module
 */
import {
  checkHealth,
  HEALTH_HELP,
  type HealthResult,
  healthTarget,
} from "./health.ts";
import { runService, SERVICE_PORTS } from "./service.ts";
import { SYSTEM } from "./system.ts";
import { UsageError } from "./usage_error.ts";

/** Runs with what follows its name; resolves to the exit code. */
export type Subcommand = (args: readonly string[]) => Promise<number>;

/** Every subcommand by name. */
export const SUBCOMMANDS: ReadonlyMap<string, Subcommand> = new Map<
  string,
  Subcommand
>([
  ["health", health],
  ["service", (args) => runService(args, SYSTEM, SERVICE_PORTS)],
]);

async function health(args: readonly string[]): Promise<number> {
  const { print, explain } = SERVICE_PORTS;
  if (args.includes("--help") || args.includes("-h")) {
    print(HEALTH_HELP);
    return 0;
  }
  const result = await resultOf(args);
  if (result.isHealthy) print(`healthy: ${result.text}\n`);
  else explain(`unhealthy: ${result.text}\n`);
  return result.isHealthy ? 0 : 1;
}

// Docker knows the exit codes 0 and 1 only.
async function resultOf(args: readonly string[]): Promise<HealthResult> {
  try {
    return await checkHealth(healthTarget(args, SYSTEM));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { isHealthy: false, text: error.message };
  }
}
