/**
 * Question: how many requests a second does a server answer, and how long do
 * they take? One run; every reply is checked; one line of JSON.
 *
 * Usage: deno run -A bench/load/main.ts get --port=11211 --pipe=20 --secs=5
 * Exit code 1 if there was an error, or a miss.
 *
 * @module
 */
import { canUseEpoll, runEpoll } from "./epoll.ts";
import { type LoadOptions, readLoadOptions, USAGE } from "./options.ts";
import { runStreams } from "./streams.ts";

function options(): LoadOptions {
  try {
    return readLoadOptions(Deno.args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(USAGE);
    Deno.exit(2);
  }
}

const given = options();
const isByEpoll = !given.portable && canUseEpoll(given);
try {
  if (given.worker >= 0 && !isByEpoll) {
    throw new Error("--worker needs Linux and --allow-ffi, without --portable");
  }
  const result = isByEpoll ? runEpoll(given) : await runStreams(given);
  console.log(JSON.stringify(result));
  Deno.exit(result.errors > 0 || result.misses > 0 ? 1 : 0);
} catch (error) {
  console.error(`load: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
