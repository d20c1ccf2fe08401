/**
 * Owns the long comparison of the whole engine with a plain model: a million
 * random commands of all three protocols while memory never suffices.
 *
 * @module
 */
import { assert } from "@std/assert";
import {
  createSharingServers,
  MemoryServer,
} from "../support/memory_server.ts";
import {
  lengthFactor,
  Random,
  seedFromEnvironment,
} from "../support/random.ts";
import { ProtocolModel, VALUE_MAX } from "./protocol_model.ts";

const COMMANDS = 1_000_000;
const SHARED_COMMANDS = 400_000;
const CHECK_EVERY = 20_000;
const KEYS = 12_000;
const SETTINGS = { memoryBytes: 1024 * 1024, itemBytesMax: VALUE_MAX };

function play(model: ProtocolModel, count: number): void {
  const commands = count * lengthFactor();
  for (let i = 0; i < commands; i++) {
    model.step();
    if (i % CHECK_EVERY === 0) model.check();
  }
  model.check();
  assert(
    model.evictions > commands / 100,
    `only ${model.evictions} evictions: memory was not small enough`,
  );
}

Deno.test("a million random commands are answered as the model says", () => {
  const random = new Random(seedFromEnvironment(7));
  play(new ProtocolModel(new MemoryServer(SETTINGS), random, KEYS), COMMANDS);
});

// What one of them stores the other one finds.
Deno.test("two servers that share a table answer as the model says", () => {
  const random = new Random(seedFromEnvironment(8));
  const [first, second] = createSharingServers(SETTINGS, 2);
  play(new ProtocolModel(first, random, KEYS, second), SHARED_COMMANDS);
});
