/**
 * Owns what the tests of the configuration share: a system of their own, and
 * the settings that a command line changes.
 *
 * @module
 */
import { assertThrows } from "@std/assert";
import { SETTINGS_DEFAULT } from "../../src/base/settings.ts";
import {
  type Config,
  configure,
  type SystemFacts,
} from "../../src/cli/config.ts";
import { readFlags } from "../../src/cli/flags.ts";
import { UsageError } from "../../src/cli/usage_error.ts";

export const MIB = 1024 * 1024;
export const GIB = 1024 * MIB;

/** A machine with 8 GiB, 6 cores, a user `cache` and nobody else. */
export function system(
  environment: Record<string, string> = {},
): SystemFacts {
  return {
    memoryBytes: () => 8 * GIB,
    cores: () => 6,
    hasUser: (name) => name === "cache",
    environment: (name) => environment[name],
  };
}

/** What a command line configures on that machine. */
export function config(
  args: string[],
  environment: Record<string, string> = {},
): Config {
  return configure(readFlags(args), system(environment));
}

/** The settings that differ from the defaults. */
export function changed(...args: string[]): Record<string, unknown> {
  const { settings } = config(args);
  const differences: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(settings)) {
    const usual = SETTINGS_DEFAULT[name as keyof typeof SETTINGS_DEFAULT];
    if (JSON.stringify(value) !== JSON.stringify(usual)) {
      differences[name] = value;
    }
  }
  return differences;
}

/** Exit code and text of a command line that must be refused. */
export function refusal(...args: string[]): [code: number, text: string] {
  const error = assertThrows(() => config(args), UsageError) as UsageError;
  return [error.exitCode, error.message];
}
