/**
 * Owns the tests that the shared table is linearizable: clients on different
 * workers ask for the same few keys, and a checker looks for one order that
 * explains all answers. A table whose locks exclude nobody must be caught.
 *
 * DENOCACHED_SEED=n makes another history, DENOCACHED_LONG=n a longer one.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { SmpServer } from "../../src/server/smp_server.ts";
import { checkShard } from "../../src/store/invariants.ts";
import {
  lengthFactor,
  Random,
  seedFromEnvironment,
} from "../support/random.ts";
import type { Wire } from "../support/wire.ts";
import { checkHistory, CLIENTS_MAX, violationText } from "./checker.ts";
import type { Kind, Operation } from "./history.ts";
import { inProcess } from "./in_process.ts";
import { ALL_PLANS, type KeyPlan, Recorder } from "./recorder.ts";

const WORKERS = 2;
/** Operations of one run. */
const OPERATIONS = 120_000;
/** For the broken table: operations of one run, and runs at most. */
const BROKEN_OPERATIONS = 20_000;
const BROKEN_RUNS = 20;

type Io = "deno" | "native";
const KINDS_OF_IO: readonly Io[] = Deno.build.os === "linux"
  ? ["deno", "native"]
  : ["deno"];

/** A counter, for a table that must not be made to allocate. */
const COUNTER_ONLY: readonly KeyPlan[] = [{
  name: "counter",
  holds: "numbers",
  textBytes: 0,
  kinds: Array<Kind>(9).fill("incr").concat("get"),
}];

/** How a history is made. */
interface Run {
  io: Io;
  seed: number;
  operations: number;
  plans: readonly KeyPlan[];
  brokenLock: boolean;
}

// The gate lets no worker be more than two connections ahead.
function assertSpread(server: SmpServer): void {
  const shares = server.workers.map(({ worker }) =>
    server.control.connectionsOf(worker)
  );
  assert(
    shares.every((share) => share >= CLIENTS_MAX / WORKERS - 1),
    `connections of the workers: ${shares}`,
  );
}

function assertShared(server: SmpServer, operations: number): void {
  const stats = new Map(server.threadStats());
  for (const { worker } of server.workers) {
    const commands = Number(stats.get(`${worker}:commands`));
    assert(
      commands > operations / (3 * WORKERS),
      `worker ${worker} ran ${commands} of ${operations} operations`,
    );
  }
}

/** Makes a history with a server of its own. */
function record(run: Run): Promise<Operation[]> {
  const { seed, plans, operations, brokenLock } = run;
  const settings = { threads: WORKERS, io: run.io };
  const options = { settings, switches: { brokenLock } };
  return inProcess(options, async ({ server, connect }) => {
    const history: Operation[] = [];
    const wires: Wire[] = [];
    try {
      for (let i = 0; i < CLIENTS_MAX; i++) wires.push(await connect());
      // The last connection is accepted when its first answer comes.
      for (const wire of wires) assert(await wire.ask("mn") === "MN");
      assertSpread(server);
      for (const plan of plans) {
        const value = plan.holds === "numbers" ? "100" : "first";
        history.push(await firstSet(wires[0], plan.name, value));
      }
      const random = new Random(seed);
      const recorders = wires.map((wire, client) =>
        new Recorder(client, wire, new Random(random.uint32()), plans, history)
      );
      await Promise.all(recorders.map((recorder) => recorder.run(operations)));
      // A short run says little of who did how much.
      if (!brokenLock) assertShared(server, operations);
    } finally {
      for (const wire of wires) wire.close();
    }
    if (!brokenLock) checkTable(server);
    return history;
  });
}

async function firstSet(
  wire: Wire,
  key: string,
  argument: string,
): Promise<Operation> {
  const start = performance.now();
  const word = await wire.set(key, argument);
  const end = performance.now();
  return {
    client: 0,
    key,
    kind: "set",
    argument,
    start,
    end,
    answer: { word },
  };
}

function checkTable(server: SmpServer): void {
  for (const { shard } of server.store.partitions) {
    shard.lock();
    checkShard(shard);
    shard.unlock();
  }
}

for (const io of KINDS_OF_IO) {
  Deno.test(`answers of two workers fit one order (--io=${io})`, async () => {
    const seed = seedFromEnvironment(20261121);
    const operations = OPERATIONS * lengthFactor();
    const history = await record({
      io,
      seed,
      operations,
      plans: ALL_PLANS,
      brokenLock: false,
    });
    assert(history.length >= operations);
    const { violation, widest } = checkHistory(history);
    if (violation !== null) {
      throw new Error(`seed ${seed}: ${violationText(violation)}`);
    }
    assert(widest > 10, `hardly two operations overlapped: ${widest}`);
  });
}

Deno.test("locks that exclude nobody are noticed", async () => {
  const seed = seedFromEnvironment(1);
  for (let run = 0; run < BROKEN_RUNS; run++) {
    const history = await record({
      io: KINDS_OF_IO.at(-1)!,
      seed: seed + run,
      operations: BROKEN_OPERATIONS,
      plans: COUNTER_ONLY,
      brokenLock: true,
    });
    if (checkHistory(history).violation !== null) return;
  }
  throw new Error(`${BROKEN_RUNS} runs without locks look linearizable`);
});
