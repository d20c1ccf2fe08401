/**
 * Question: does the table hit more often than memcached's with the same
 * memory, and how many bytes does an item take?
 *
 * Hands our start command to the judge and the filler of
 * `../shared/tools/replay`, which replay traces as a look-aside client and
 * check every value.
 *
 * Usage: deno task bench:replay [judge|fill] [their options]
 *   without a word: the judge's quick set (some 10 minutes), then fill
 *   e.g. deno task bench:replay judge --only z10,ttl --seed 5
 *
 * @module
 */
import { findMemcached } from "../tests/support/memcached.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const TOOLS = new URL("../../shared/tools/replay/", import.meta.url).pathname;
const PORT_DEFAULT = "26100";

/** Ends with one clear line. */
function fail(why: string): never {
  console.error(`bench:replay: ${why}`);
  Deno.exit(2);
}

function checkSurroundings(): void {
  for (const name of ["judge.mjs", "fill.mjs"]) {
    try {
      Deno.statSync(TOOLS + name);
    } catch {
      fail(`${TOOLS}${name} is missing: this needs ../shared`);
    }
  }
  try {
    const { success } = new Deno.Command("node", {
      args: ["--version"],
      stdout: "null",
    }).outputSync();
    if (!success) fail("node does not run");
  } catch {
    fail("node is missing: the replay tools are written for it");
  }
}

/** Our start command with the places that the tools fill in. */
function ourCommand(): string {
  const config = JSON.parse(Deno.readTextFileSync(ROOT + "deno.json"));
  const start = String(config.tasks.start)
    .replace(/^deno\b/, Deno.execPath())
    .replace(/\bmain\.ts\b/, ROOT + "main.ts");
  return `${start} -l 127.0.0.1 -p {port} -m {mem}`;
}

function memcachedCommand(): string | null {
  const path = findMemcached();
  return path === null
    ? null
    : `${path} -u root -l 127.0.0.1 -p {port} -U 0 -m {mem}`;
}

/** Runs one of the tools; resolves to its exit code. */
async function runTool(
  name: string,
  given: string[],
  more: string[],
): Promise<number> {
  const args = [TOOLS + name, "--port", PORT_DEFAULT, ...more, ...given];
  console.log(`node ${name} ${[...more, ...given].join(" ")}`);
  const { code } = await new Deno.Command("node", { args }).spawn().status;
  return code;
}

async function judge(given: string[]): Promise<number> {
  console.log(
    "Look at: gain (hit ratio in points, ours less memcached's; under 0.2 " +
      "is noise), corrupt and setErrors (must be 0), rssMB.",
  );
  const more = ["--spawn", ourCommand()];
  const peer = memcachedCommand();
  const hasChoice = given.some((arg) => /^--(set|only)/.test(arg));
  if (!hasChoice) more.push("--set", "quick");
  if (!given.includes("--baseline")) {
    if (peer !== null) more.push("--baseline", peer);
    else console.log("memcached is missing: only recorded results are shown");
  }
  return await runTool("judge.mjs", given, more);
}

async function fill(given: string[]): Promise<number> {
  console.log(
    "Look at: steady items, B of limit per item, and overhead (those bytes " +
      "that are not key or value); {} at the end means no errors.",
  );
  const peer = memcachedCommand();
  const commands: [string, string][] = [["ours", ourCommand()]];
  if (peer !== null) commands.push(["memcached", peer]);
  let worst = 0;
  for (const [label, command] of commands) {
    const more = ["--spawn", command, "--label", label];
    worst = Math.max(worst, await runTool("fill.mjs", given, more));
  }
  return worst;
}

async function main(args: string[]): Promise<number> {
  const [word, ...rest] = args;
  const isWord = word === "judge" || word === "fill";
  if (word !== undefined && !isWord) fail(`judge or fill, not "${word}"`);
  checkSurroundings();
  if (word === "judge") return await judge(rest);
  if (word === "fill") return await fill(rest);
  const code = await judge([]);
  return Math.max(code, await fill([]));
}

Deno.exit(await main(Deno.args));
