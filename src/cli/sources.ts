/**
 * Owns where flags come from: the command line, over the environment, over a
 * file. Never gives them a meaning.
 *
 * @module
 */
import { type Config, configure, type SystemFacts } from "./config.ts";
import { readConfigFile } from "./config_file.ts";
import { readEnvironment } from "./environment.ts";
import { type GivenFlags, readFlags } from "./flags.ts";
import { UsageError } from "./usage_error.ts";

/** A system whose files can be read. */
export interface SourceSystem extends SystemFacts {
  /** Text of a file; throws if it cannot be read. */
  readFile(path: string): string;
}

/** What the sources themselves need of it. */
export type TextSource = Pick<SourceSystem, "environment" | "readFile">;

/** Flags that came from one place. */
export interface SourcePart {
  /** As messages name it: a variable, `file:line`, or "" for the command
   * line, which needs no name. */
  origin: string;
  given: GivenFlags;
}

/** Flags of all sources together. */
export interface GatheredFlags {
  given: GivenFlags;
  /** Single variables and lines, for messages; the least important first. */
  parts: SourcePart[];
}

/** Lists that grow from source to source: a later option wins by itself. */
const ADDING = ["extended"];

/** Reads all sources; throws UsageError. */
export function gatherFlags(
  commandLine: GivenFlags,
  system: TextSource,
): GatheredFlags {
  const environment = readEnvironment(system);
  const named = [{ origin: "", given: commandLine }, ...environment]
    .find(({ given }) => given.has("config"));
  const file = named === undefined ? [] : readFile(named, system);
  const layers = [file, environment, [{ origin: "", given: commandLine }]];
  return { given: merge(layers), parts: layers.flat() };
}

function readFile(named: SourcePart, system: TextSource): SourcePart[] {
  const path = named.given.get("config")!.at(-1)!;
  let text: string;
  try {
    text = system.readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--config: cannot read ${path}: ${reason}`);
  }
  return readConfigFile(text, path);
}

function merge(layers: SourcePart[][]): GivenFlags {
  const merged: GivenFlags = new Map();
  for (const layer of layers) {
    const own: GivenFlags = new Map();
    for (const { given } of layer) {
      for (const [name, values] of given) {
        own.set(name, [...own.get(name) ?? [], ...values]);
      }
    }
    for (const [name, values] of own) {
      const earlier = ADDING.includes(name) ? merged.get(name) ?? [] : [];
      if (values.length === 0) merged.delete(name);
      else merged.set(name, [...earlier, ...values]);
    }
  }
  return merged;
}

/**
 * Settings for the flags of all sources. Throws UsageError, which names the
 * variable, or file and line, whose value alone is wrong.
 */
export function configureFrom(
  { given, parts }: GatheredFlags,
  system: SourceSystem,
): Config {
  try {
    return configure(given, system);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { message, exitCode } = error;
    const guilty = parts.find((part) =>
      part.origin !== "" && complaint(part.given, system) === message
    );
    if (guilty === undefined) throw error;
    throw new UsageError(`${guilty.origin}: ${message}`, exitCode);
  }
}

function complaint(given: GivenFlags, system: SystemFacts): string | null {
  try {
    configure(given, system);
    return null;
  } catch (error) {
    return error instanceof UsageError ? error.message : null;
  }
}

/** Reads a command line and what it leaves to the other sources. */
export function configureAll(
  args: readonly string[],
  system: SourceSystem,
): { config: Config; gathered: GatheredFlags } {
  const gathered = gatherFlags(readFlags(args), system);
  return { config: configureFrom(gathered, system), gathered };
}
