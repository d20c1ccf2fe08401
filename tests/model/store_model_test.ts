/**
 * Owns the long comparison of the table with a Map.
 *
 * @module
 */
import { assert } from "@std/assert";
import { attachStore, createSharedTable } from "../../src/store/smp_store.ts";
import { createStore, type Store } from "../../src/store/store.ts";
import {
  lengthFactor,
  Random,
  seedFromEnvironment,
} from "../support/random.ts";
import { StoreModel } from "./store_model.ts";

const MIB = 1024 * 1024;

interface Run {
  limitBytes: number;
  itemBytesMax: number;
  keys: number;
  steps: number;
  evicts?: boolean;
}

function storeFor(options: Run, hashSeed: number, shared: boolean): Store {
  const { limitBytes, itemBytesMax, evicts = true } = options;
  const given = { limitBytes, itemBytesMax, evicts, hashSeed };
  return shared
    ? attachStore(createSharedTable(given, 2, 2), { owner: 1 })
    : createStore(given);
}

function run(name: string, options: Run): void {
  for (const shared of [false, true]) {
    const mode = shared ? "shared" : "plain";
    runOne(`the ${mode} store agrees with a Map: ${name}`, options, shared);
  }
}

function runOne(name: string, options: Run, shared: boolean): void {
  Deno.test(name, () => {
    const seed = seedFromEnvironment(20261121);
    const store = storeFor(options, seed, shared);
    const model = new StoreModel(store, new Random(seed), options.keys);
    const steps = options.steps * lengthFactor();
    for (let i = 0; i < steps; i++) {
      model.step();
      if (i % 5000 === 0) model.check();
    }
    model.finish();
    if (options.evicts ?? true) {
      assert(model.evictions > 100, `only ${model.evictions} evictions`);
    }
  });
}

run("eviction never stops", {
  limitBytes: MIB,
  itemBytesMax: 64 * 1024,
  keys: 3000,
  steps: 150_000,
});
run("items over many pages", {
  limitBytes: 4 * MIB,
  itemBytesMax: MIB,
  keys: 800,
  steps: 60_000,
});
run("without eviction", {
  limitBytes: 2 * MIB,
  itemBytesMax: 64 * 1024,
  keys: 3000,
  steps: 100_000,
  evicts: false,
});
