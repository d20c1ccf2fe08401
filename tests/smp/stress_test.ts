/**
 * Owns the stress tests of the multi-core server: memory that never suffices,
 * small values and values over many pages, expiry, deletes and flushes, with
 * every read verified and the table checked in the end.
 *
 * Seconds in CI; `deno task test:long` and DENOCACHED_LONG=n make n times as
 * many operations, DENOCACHED_SEED=n others.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { SmpServer } from "../../src/server/smp_server.ts";
import { checkShard } from "../../src/store/invariants.ts";
import { C_PINNED_PAGES } from "../../src/store/layout.ts";
import {
  lengthFactor,
  Random,
  seedFromEnvironment,
} from "../support/random.ts";
import { waitFor } from "../support/serving.ts";
import type { Wire } from "../support/wire.ts";
import { inProcess } from "./in_process.ts";
import { KEYS, type Stress, StressClient, Tally } from "./stress_client.ts";
import { Ledger } from "./stress_values.ts";

const MIB = 1024 * 1024;
const MEMORY_BYTES = 6 * MIB;
const CLIENTS = 8;
const OPERATIONS = 60_000;
/** Pages that copying may take beyond the limit for a moment. */
const SPARE_PAGES = 8;

/** What the server complains of. */
const complaints: string[] = [];

async function stress(threads: number, io: "deno" | "native"): Promise<void> {
  const settings = { threads, io, memoryBytes: MEMORY_BYTES };
  complaints.length = 0;
  const onLog = (line: string) => complaints.push(line);
  await inProcess({ settings, onLog }, async ({ server, connect }) => {
    const first = [...server.workers];
    const tally = await load(connect);
    await waitFor(
      "the connections' end",
      () => server.control.connections === 0,
    );
    checkTable(server);
    checkTally(server, tally);
    assertEquals(server.workers, first, `a worker died: ${complaints}`);
  });
}

async function load(connect: () => Promise<Wire>): Promise<Tally> {
  const random = new Random(seedFromEnvironment(20261122));
  const shared: Stress = {
    ledger: new Ledger(KEYS + CLIENTS),
    tally: new Tally(),
    clients: CLIENTS,
  };
  const wires: Wire[] = [];
  try {
    for (let i = 0; i < CLIENTS; i++) wires.push(await connect());
    const clients = wires.map((wire, i) =>
      new StressClient(wire, new Random(random.uint32()), shared, i)
    );
    const operations = OPERATIONS * lengthFactor();
    await Promise.all(clients.map((client) => client.run(operations)));
    await clients[0].readAll();
  } finally {
    for (const wire of wires) wire.close();
  }
  return shared.tally;
}

function checkTable(server: SmpServer): void {
  const { store } = server;
  for (const { shard } of store.partitions) {
    shard.lock();
    checkShard(shard);
    assertEquals(shard.memory.control[C_PINNED_PAGES], 0, "pinned pages");
    shard.unlock();
  }
  const most = store.geometry.shardCount *
    (store.geometry.pagesUsable + SPARE_PAGES);
  assert(store.pagesUsed() <= most, `${store.pagesUsed()} of ${most} pages`);
}

// The memory was full, and everything happened that should.
function checkTally(server: SmpServer, tally: Tally): void {
  const { evictions, reclaimed, sweptItems } = server.store.summary();
  const told = JSON.stringify({ ...tally, evictions, reclaimed, sweptItems });
  assert(evictions > 500, told);
  assert(reclaimed + sweptItems > 100, told);
  assert(tally.hits > tally.operations / 20 && tally.misses > 0, told);
  assert(tally.largeHits > 5 && tally.flushes > 0, told);
  assert(tally.refused <= tally.stored / 100, told);
}

const KINDS_OF_IO = Deno.build.os === "linux"
  ? ["deno", "native"] as const
  : ["deno"] as const;

for (const io of KINDS_OF_IO) {
  for (const threads of [2, 4]) {
    Deno.test(
      `memory is full and every value is whole (-t ${threads} --io=${io})`,
      () => stress(threads, io),
    );
  }
}
