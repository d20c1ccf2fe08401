/**
 * Owns the long comparison of the table with a Map.
 *
 * @module
 */
import { assert } from "@std/assert";
import { createStore } from "../../src/store/store.ts";
import {
  lengthFactor,
  Random,
  seedFromEnvironment,
} from "../support/random.ts";
import { StoreModel } from "./store_model.ts";

const MIB = 1024 * 1024;

function run(name: string, options: {
  limitBytes: number;
  itemBytesMax: number;
  keys: number;
  steps: number;
  evicts?: boolean;
  useCas?: boolean;
}): void {
  Deno.test(`the store agrees with a Map: ${name}`, () => {
    const seed = seedFromEnvironment(20261121);
    const store = createStore({
      limitBytes: options.limitBytes,
      itemBytesMax: options.itemBytesMax,
      evicts: options.evicts ?? true,
      hashSeed: seed,
    });
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
