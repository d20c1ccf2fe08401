/**
 * Question: does the real server, over TCP and with 64 MB, hit as often as
 * the design of its table promises and more often than memcached; how many
 * bytes does an item take, and how much memory the process?
 *
 * Hands our start command to the judge and the filler of
 * `../shared/tools/replay`, which replay generated traces as a look-aside
 * client (get; on a miss set) at the traces' own pace and compare every
 * value that comes back. Needs Linux, node and that folder.
 *
 * Usage: deno task bench:replay [--only=z10,ttl,fill] [--jobs=1]
 *   [--metadir=DIR]
 *   --jobs: traces replayed at the same time; hit ratios do not depend on it
 *     as long as no trace runs late
 *   --metadir: CacheLib's cachelib/cachebench/test_configs/hit_ratio, for
 *     four more traces
 * Exit code 1 if a figure misses its mark, 2 if it cannot run.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { freePort } from "../../tests/support/memcached.ts";
import {
  HIT_RATIO_SLACK,
  ITEM_COSTS,
  MEMORY_ABOVE_LIMIT_MAX,
  MEMORY_MEGABYTES,
  META_TRACES,
  type Trace,
  TRACES,
} from "./figures.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const TOOLS = new URL("../../../shared/tools/replay/", import.meta.url)
  .pathname;
/** The name under which `--only` knows the bytes per item. */
const FILL = "fill";
/** A trace that took this much longer than its pace ran late. */
const LATE_SHARE = 0.02;

/** What was asked for. */
interface ReplayOptions {
  traces: Trace[];
  isFill: boolean;
  jobs: number;
  metadir: string | null;
}

/** What the judge writes of one server and one trace. */
interface Replayed {
  hitRatio: number;
  byteHitRatio: number;
  corrupt: number;
  setErrors: Record<string, number>;
  seconds: number;
  currItems: number;
  rssMB: number;
}

/** What the filler writes of one size of value. */
interface Filled {
  value: number;
  itemsSteady: number;
  limitBytesPerItem: number;
  baseRssMB: number;
  rssMB: number;
  errors: Record<string, number>;
}

/** A reason why nothing can be measured. */
class Unable extends Error {}

function checkSurroundings(): void {
  for (const name of ["judge.mjs", "fill.mjs", "replay.mjs", "trace.mjs"]) {
    try {
      Deno.statSync(TOOLS + name);
    } catch {
      throw new Unable(`${TOOLS}${name} is missing: this needs ../shared`);
    }
  }
  try {
    const args = ["--version"];
    const command = new Deno.Command("node", { args, stdout: "null" });
    if (command.outputSync().success) return;
  } catch {
    // Not there, as when it does not run.
  }
  throw new Unable("node is missing: the replay tools are written for it");
}

function readOptions(args: string[]): ReplayOptions {
  const parsed = parseArgs(args, {
    string: ["only", "jobs", "metadir"],
    unknown: (arg) => {
      throw new Unable(`unknown argument ${arg}`);
    },
  });
  const metadir = parsed.metadir ?? null;
  const known = metadir === null ? TRACES : [...TRACES, ...META_TRACES];
  const names = parsed.only?.split(",") ??
    [...known.map(({ name }) => name), FILL];
  const traces: Trace[] = [];
  for (const name of names) {
    if (name === FILL) continue;
    const found = known.find((trace) => trace.name === name);
    if (found !== undefined) traces.push(found);
    else if (META_TRACES.some((trace) => trace.name === name)) {
      throw new Unable(`${name} needs --metadir`);
    } else {
      const list = known.map((trace) => trace.name).join(" ");
      throw new Unable(`no trace "${name}"; there are: ${list} ${FILL}`);
    }
  }
  const jobs = Number(parsed.jobs ?? 1);
  if (!(jobs >= 1)) throw new Unable(`bad --jobs=${parsed.jobs}`);
  return { traces, isFill: names.includes(FILL), jobs, metadir };
}

/** Our start command with the places that the tools fill in. */
function ourCommand(): string {
  const config = JSON.parse(Deno.readTextFileSync(ROOT + "deno.json"));
  const start = String(config.tasks.start)
    .replace(/^deno\b/, Deno.execPath())
    .replace(/\bmain\.ts\b/, ROOT + "main.ts");
  return `${start} -l 127.0.0.1 -p {port} -m {mem}`;
}

/** Runs one of the tools; resolves to its output. */
async function runTool(name: string, more: string[]): Promise<string> {
  const args = [TOOLS + name, "--port", String(freePort()), ...more];
  args.push("--spawn", ourCommand());
  const command = new Deno.Command("node", { args, cwd: ROOT });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  // The judge ends with 1 for what is told from its figures here.
  if (code > 1) throw new Error(`${name}: ${decoder.decode(stderr).trim()}`);
  return decoder.decode(stdout);
}

const COLUMNS = [32, 9, 9, 11, 8, 16, 9, 9, 6, 0];

function line(cells: string[]): string {
  return cells.map((cell, i) => cell.padEnd(COLUMNS[i])).join("").trimEnd();
}

function hasErrors(errors: Record<string, number>): boolean {
  return Object.keys(errors).length > 0;
}

/** Replays one trace and prints its line; true if it passes. */
async function replay(
  trace: Trace,
  metadir: string | null,
): Promise<boolean> {
  const out = Deno.makeTempFileSync({ prefix: "denocached-replay-" });
  let written: { base: Replayed | null; candidate: Replayed };
  try {
    const more = ["--only", trace.name, "--seed", "1", "--out", out];
    if (metadir !== null) more.push("--metadir", metadir);
    await runTool("judge.mjs", [...more, "--mem", String(MEMORY_MEGABYTES)]);
    const text = Deno.readTextFileSync(out);
    if (text === "") throw new Error(`${trace.name}: the judge found nothing`);
    written = JSON.parse(text);
  } finally {
    Deno.removeSync(out);
  }
  const { base, candidate: ours } = written;
  const lateSeconds = ours.seconds - trace.seconds;
  const isLate = lateSeconds > trace.seconds * LATE_SHARE;
  const passes = ours.hitRatio >= trace.hitRatio - HIT_RATIO_SLACK &&
    base !== null && ours.hitRatio > base.hitRatio &&
    ours.corrupt === 0 && !hasErrors(ours.setErrors);
  const ratio = (value: number | undefined) => value?.toFixed(4) ?? "-";
  console.log(line([
    trace.name,
    ratio(ours.hitRatio),
    trace.hitRatio.toFixed(3),
    ratio(base?.hitRatio),
    base === null
      ? "-"
      : ((ours.hitRatio - base.hitRatio) * 100).toFixed(2).padStart(5),
    `${ratio(ours.byteHitRatio)}/${ratio(base?.byteHitRatio)}`,
    String(ours.currItems),
    ours.rssMB.toFixed(0),
    passes ? "pass" : "FAIL",
    (isLate ? `${lateSeconds.toFixed(0)} s late ` : "") +
    (ours.corrupt > 0 ? `${ours.corrupt} corrupt ` : "") +
    (hasErrors(ours.setErrors) ? JSON.stringify(ours.setErrors) : ""),
  ]));
  return passes;
}

async function replayAll(options: ReplayOptions): Promise<boolean> {
  const { traces, jobs, metadir } = options;
  const seconds = traces.reduce((sum, trace) => sum + trace.seconds, 0);
  console.log(
    `Hit ratios with -m ${MEMORY_MEGABYTES}, seed 1, at the traces' pace: ` +
      `about ${Math.ceil(seconds / jobs / 60)} minutes\n`,
  );
  console.log(line([
    "trace",
    "ours",
    "design",
    "memcached",
    "points",
    "bytes ours/mc",
    "items",
    "RSS MB",
    "",
  ]));
  const rest = traces.slice();
  let passes = true;
  const work = async () => {
    for (let trace; (trace = rest.shift()) !== undefined;) {
      if (!await replay(trace, metadir)) passes = false;
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  console.log(
    `\npass: at most ${HIT_RATIO_SLACK * 100} points below the design, above ` +
      "memcached 1.6.45 as recorded,\nno corrupt value, no failed set. " +
      "points: ours less memcached's.\n",
  );
  return passes;
}

/** Fills the server with items of each size; true if all of it passes. */
async function fillAll(): Promise<boolean> {
  const values = ITEM_COSTS.map(({ valueBytes }) => valueBytes).join(",");
  const more = ["--json", "1", "--mems", String(MEMORY_MEGABYTES)];
  const text = await runTool("fill.mjs", [...more, "--values", values]);
  const rows: Filled[] = text.trim().split("\n").map((row) => JSON.parse(row));
  console.log(`Bytes of the limit per item, -m ${MEMORY_MEGABYTES}\n`);
  let passes = true;
  for (const { valueBytes, bytesMax, memcachedBytes } of ITEM_COSTS) {
    const row = rows.find(({ value }) => value === valueBytes);
    if (row === undefined) throw new Error(`fill.mjs: no row of ${valueBytes}`);
    const above = row.rssMB - MEMORY_MEGABYTES;
    const isWithin = row.limitBytesPerItem <= bytesMax &&
      above <= MEMORY_ABOVE_LIMIT_MAX && !hasErrors(row.errors);
    passes &&= isWithin;
    console.log(
      `value ${valueBytes} B, key 10 B: ${row.limitBytesPerItem} B (at most ` +
        `${bytesMax}; memcached ${memcachedBytes}), ${row.itemsSteady} ` +
        `items; process ${row.rssMB} MB, ${above.toFixed(1)} above -m (at ` +
        `most ${MEMORY_ABOVE_LIMIT_MAX}), ${row.baseRssMB} when empty: ` +
        (isWithin ? "pass" : "FAIL") +
        (hasErrors(row.errors) ? ` ${JSON.stringify(row.errors)}` : ""),
    );
  }
  return passes;
}

async function main(): Promise<number> {
  const options = readOptions(Deno.args);
  checkSurroundings();
  const isHit = options.traces.length === 0 || await replayAll(options);
  const isSmall = !options.isFill || await fillAll();
  return isHit && isSmall ? 0 : 1;
}

try {
  Deno.exit(await main());
} catch (error) {
  console.error(`bench:replay: ${error instanceof Error ? error.message : ""}`);
  Deno.exit(error instanceof Unable ? 2 : 1);
}
