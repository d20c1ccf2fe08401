/**
 * Question: how many bytes does an item take, and what hit ratio does the
 * table reach on a trace, without server and sockets?
 *
 * Usage: deno task bench:memory [-m 64] [TRACE ...]
 *   without a trace: bytes per item for values of 50, 100 and 1,024 bytes
 *   TRACE: a dump (`trace.mjs --dump FILE`), or the name of a preset of
 *   `../shared/tools/replay`, such as z10, which is dumped first (needs node)
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { fillItems } from "./items.ts";
import { replayTrace } from "./traces.ts";

const TRACE_TOOL = new URL(
  "../../../shared/tools/replay/trace.mjs",
  import.meta.url,
).pathname;
const VALUE_BYTES = [50, 100, 1024];

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Dumps a preset to `path`. */
function dump(preset: string, path: string): void {
  if (!exists(TRACE_TOOL)) {
    throw new Error(
      `no file ${preset}, and no ${TRACE_TOOL} to make a preset with`,
    );
  }
  const args = [TRACE_TOOL, "--preset", preset, "--dump", path];
  const command = new Deno.Command("node", { args, stdout: "null" });
  if (!command.outputSync().success) {
    throw new Error(`trace.mjs knows no preset ${preset}`);
  }
}

function replay(name: string, megabytes: number): boolean {
  if (exists(name)) return replayTrace(name, megabytes);
  const folder = Deno.makeTempDirSync({ prefix: "denocached-traces-" });
  try {
    const path = `${folder}/${name}`;
    dump(name, path);
    return replayTrace(path, megabytes);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function main(): boolean {
  const args = parseArgs(Deno.args, { default: { m: 64 } });
  const megabytes = Number(args.m);
  if (!(megabytes > 0)) throw new Error(`bad -m ${args.m}`);
  let isGood = true;
  for (const name of args._) isGood = replay(String(name), megabytes) && isGood;
  if (args._.length > 0) return isGood;
  for (const valueBytes of VALUE_BYTES) {
    isGood = fillItems(megabytes, valueBytes) && isGood;
  }
  return isGood;
}

try {
  Deno.exit(main() ? 0 : 1);
} catch (error) {
  console.error(`bench:memory: ${error instanceof Error ? error.message : ""}`);
  Deno.exit(2);
}
