/**
 * Owns the command line that starts this very program: compiled, or by deno
 * from its source. Never starts anything.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** A program and its arguments. */
export interface OwnCommand {
  file: string;
  args: string[];
}

/** The command that starts this program with `args`. */
export function ownCommand(args: readonly string[]): OwnCommand {
  const file = Deno.execPath();
  if (Deno.build.standalone) return { file, args: [...args] };
  // A path is what people and service managers read; a URL they would not.
  const main = fileURLToPath(Deno.mainModule);
  return { file, args: ["run", "-A", main, ...args] };
}
