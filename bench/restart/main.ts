/**
 * Question: how long does it take to write a table at a graceful stop and to
 * load it at the next start, and what do clients feel while it is loaded?
 *
 * Usage: deno task bench:restart [--megabytes=1024] [--value=1000]
 *          [--threads=1] [--rate=5000] [--folder=/tmp]
 *   fills a server with so many MB of keys and values, restarts it twice:
 *   once without clients, once with gets at a rate, half of the time loading
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import {
  type OurServer,
  startOurServer,
} from "../../tests/support/our_server.ts";
import { Wire } from "../../tests/support/wire.ts";
import type { LoadResult } from "../load/driver.ts";
import {
  LOAD_DEFAULT,
  loadArguments,
  type LoadOptions,
} from "../load/options.ts";

const LOAD_MAIN = new URL("../load/main.ts", import.meta.url).pathname;
const KEY_BYTES = 12;
const WAIT_MS = 600_000;
const MIB = 1024 * 1024;

interface Options {
  megabytes: number;
  value: number;
  threads: number;
  rate: number;
  folder: string;
}

function readOptions(): Options {
  const args = parseArgs(Deno.args, {
    default: {
      megabytes: 1024,
      value: 1000,
      threads: 1,
      rate: 5000,
      folder: "/tmp",
    },
  });
  const { megabytes, value, threads, rate } = args;
  for (const number of [megabytes, value, threads, rate]) {
    if (!(Number(number) > 0)) throw new Error(`bad number ${number}`);
  }
  return { megabytes, value, threads, rate, folder: String(args.folder) };
}

/** One run of the load driver; misses are no mistake here. */
async function load(given: Partial<LoadOptions>): Promise<LoadResult> {
  const options: LoadOptions = { ...LOAD_DEFAULT, ...given };
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", LOAD_MAIN, ...loadArguments(options)],
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (text === "") throw new Error(new TextDecoder().decode(stderr));
  const result = JSON.parse(text) as LoadResult;
  if (result.errors > 0) throw new Error(result.firstError);
  return result;
}

/** The numbers of the log line with `message`. */
function numbersOf(server: OurServer, message: string): Map<string, number> {
  const line = server.log.split("\n").find((text) => text.includes(message));
  if (line === undefined) throw new Error(`no "${message}":\n${server.log}`);
  const pairs = line.matchAll(/(\w+)=([0-9.]+)(?= |$)/g);
  return new Map([...pairs].map(([, name, value]) => [name, Number(value)]));
}

function tell(what: string, bytes: number, items: number, seconds: number) {
  const rate = Math.round(bytes / MIB / seconds);
  console.log(
    `${what}: ${seconds.toFixed(2)} s, ${rate} MB/s, ` +
      `${(seconds * 1e6 / items).toFixed(2)} µs/item`,
  );
}

function tellLatency(what: string, result: LoadResult): void {
  const hits = Math.round(100 * result.hits / (result.hits + result.misses));
  console.log(
    `${what}: p50 ${result.p50Us} µs, p99 ${result.p99Us} µs, ` +
      `p99.9 ${result.p999Us} µs, most ${result.maxUs} µs, ${hits} % hits, ` +
      `${Math.round(result.requestsPerSecond)} gets/s`,
  );
}

async function stop(server: OurServer): Promise<void> {
  const exitCode = await server.stop("SIGTERM");
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}\n${server.log}`);
}

async function measure(options: Options, path: string): Promise<void> {
  const { megabytes, value, threads, rate } = options;
  const keys = Math.floor(megabytes * MIB / (value + KEY_BYTES));
  const start = () =>
    startOurServer({
      args: [
        ...["-t", String(threads), "-m", String(Math.ceil(megabytes * 1.6))],
        ...["--snapshot", path],
      ],
    });
  const gets = { mode: "get" as const, keys, valueBytes: value, conns: 10 };
  const first = await start();
  const filling = { ...gets, mode: "fill" as const, pipe: 20 };
  await load({ ...filling, port: first.port, keys, secs: WAIT_MS / 1000 });
  await stop(first);
  const written = numbersOf(first, "snapshot written");
  const { size } = Deno.statSync(path);
  const items = written.get("items")!;
  console.log(
    `${items} items of ${KEY_BYTES}+${value} bytes, file of ` +
      `${Math.round(size / MIB)} MB, -t ${threads}`,
  );
  tell("write", size, items, written.get("seconds")!);

  const second = await start();
  await second.waitForLog(/snapshot loaded/, WAIT_MS);
  const alone = numbersOf(second, "snapshot loaded").get("seconds")!;
  tell("load, no clients", size, items, alone);
  await stop(second);

  const third = await start();
  await third.waitForLog(/listening/, WAIT_MS);
  // The first answer comes after the head start of loading.
  const wire = await Wire.tcp(third.port);
  await wire.ask("version");
  wire.close();
  const window = { ...gets, port: third.port, rate, secs: alone / 2 };
  const during = await load(window);
  const isOver = third.log.includes("snapshot loaded");
  tellLatency(isOver ? "gets, loading ended meanwhile" : "gets", during);
  await third.waitForLog(/snapshot loaded/, WAIT_MS);
  const loaded = numbersOf(third, "snapshot loaded").get("seconds")!;
  tell("load, with gets for a part of it", size, items, loaded);
  tellLatency("gets afterwards", await load(window));
  await third.stop("SIGKILL");
}

const options = readOptions();
const folder = Deno.makeTempDirSync({
  dir: options.folder,
  prefix: "denocached-restart-",
});
try {
  await measure(options, `${folder}/snapshot`);
} finally {
  Deno.removeSync(folder, { recursive: true });
}
