/**
 * Owns the tests that connections are spread over the workers: with 200 of
 * them no worker of four has more than twice as many as another.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Mode } from "../support/our_server.ts";
import {
  inTemporaryDirectory,
  serving,
  waitForStat,
} from "../support/serving.ts";
import { Wire } from "../support/wire.ts";

const WORKERS = 4;
const CONNECTIONS = 200;
/** Connections of a worker that may be busy with something else. */
const ACTIVE = 50;

/** Connections of each worker, as `stats threads` tells any client. */
async function shares(wire: Wire): Promise<number[]> {
  const stats = await wire.stats("threads");
  return Array.from(
    { length: WORKERS },
    (_, worker) => Number(stats.get(`${worker}:connections`)),
  );
}

function assertEven(counts: number[], total: number): void {
  assertEquals(counts.reduce((sum, n) => sum + n, 0), total);
  const most = Math.max(...counts), fewest = Math.min(...counts);
  assert(most <= 2 * fewest, `connections of the workers: ${counts}`);
}

async function connectAll(
  connect: () => Promise<Wire>,
  atOnce: boolean,
): Promise<Wire[]> {
  if (atOnce) {
    return await Promise.all(Array.from({ length: CONNECTIONS }, connect));
  }
  const wires: Wire[] = [];
  for (let i = 0; i < CONNECTIONS; i++) wires.push(await connect());
  return wires;
}

// Some clients ask all the time while others come.
async function keepAsking(wires: Wire[], until: () => boolean): Promise<void> {
  await Promise.all(wires.map(async (wire) => {
    while (!until()) assertEquals(await wire.ask("mn"), "MN");
  }));
}

async function spread(
  connect: () => Promise<Wire>,
  atOnce: boolean,
): Promise<void> {
  const busy: Wire[] = [];
  let wires: Wire[] = [];
  try {
    for (let i = 0; i < ACTIVE; i++) busy.push(await connect());
    let isDone = false;
    const asking = keepAsking(busy, () => isDone);
    wires = await connectAll(connect, atOnce);
    // All are accepted when all have answered.
    for (const wire of wires) assertEquals(await wire.ask("mn"), "MN");
    isDone = true;
    await asking;
    assertEven(await shares(busy[0]), ACTIVE + CONNECTIONS);
    for (const wire of busy) await wire.ask("quit").catch(() => {});
    const left = wires[0];
    await waitForStat(left, "curr_connections", CONNECTIONS);
    assertEven(await shares(left), CONNECTIONS);
  } finally {
    for (const wire of [...busy, ...wires]) wire.close();
  }
}

function modeFor(io: string): Mode {
  const args = ["-t", String(WORKERS), `--io=${io}`];
  return { name: args.join(" "), args };
}

const KINDS_OF_IO = Deno.build.os === "linux" ? ["deno", "native"] : ["deno"];

for (const io of KINDS_OF_IO) {
  for (const atOnce of [false, true]) {
    const how = atOnce ? "all at once" : "one after another";
    Deno.test(`connections are spread evenly, ${how} (--io=${io})`, () =>
      serving({ mode: modeFor(io) }, ({ connect }) => spread(connect, atOnce)));
  }
}

// With Deno's sockets the file of a UNIX socket is the first worker's.
if (KINDS_OF_IO.includes("native")) {
  Deno.test("connections of a UNIX socket are spread evenly (--io=native)", () =>
    inTemporaryDirectory((directory) => {
      const path = `${directory}/socket`;
      const options = {
        mode: modeFor("native"),
        args: ["-s", path],
        host: null,
      };
      return serving(options, () => spread(() => Wire.unix(path), false));
    }));
}
