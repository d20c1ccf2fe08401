/**
 * Owns the text of --print-config: the settings in force, and which source
 * each given flag came from. Never shows a secret.
 *
 * @module
 */
import type { Settings } from "../base/settings.ts";
import type { GatheredFlags } from "./sources.ts";

const SECRET_NAME = /password|passphrase|secret|token/i;
const MASK = "***";

/** JSON: `settings` as in base/settings.ts, `given` by a flag's long name. */
export function configText(
  settings: Settings,
  { given, parts }: GatheredFlags,
): string {
  const sources: Record<string, { values: string[]; from: string[] }> = {};
  for (const [name, values] of given) {
    const from = parts.filter((part) => part.given.has(name))
      .map(({ origin }) => origin === "" ? "command line" : origin);
    sources[name] = { values, from: lastLayer(name, from) };
  }
  return JSON.stringify({ settings, given: sources }, mask, 2) + "\n";
}

// Of a flag that does not add up, only the strongest source counts; lines of
// a file and repeated flags are of the same strength.
function lastLayer(name: string, from: string[]): string[] {
  if (name === "extended") return from;
  const isLine = (origin: string) => /:[0-9]+$/.test(origin);
  const last = from.at(-1)!;
  return isLine(last) ? from.filter(isLine) : [last];
}

function mask(key: string, value: unknown): unknown {
  if (!SECRET_NAME.test(key) || value === null || value === "") return value;
  return typeof value === "boolean" ? value : MASK;
}
