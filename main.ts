/**
 * Hands the arguments to the command line.
 *
 * @module
 */
import { run } from "./src/cli/run.ts";

Deno.exit(await run(Deno.args));
