/**
 * Owns the long comparison of the whole engine with a plain model: a million
 * random commands of all three protocols while memory never suffices.
 *
 * @module
 */
import { assert } from "@std/assert";
import { MemoryServer } from "../support/memory_server.ts";
import {
  lengthFactor,
  Random,
  seedFromEnvironment,
} from "../support/random.ts";
import { ProtocolModel, VALUE_MAX } from "./protocol_model.ts";

const COMMANDS = 1_000_000;
const CHECK_EVERY = 20_000;

Deno.test("a million random commands are answered as the model says", () => {
  const seed = seedFromEnvironment(7);
  const server = new MemoryServer({
    memoryBytes: 1024 * 1024,
    itemBytesMax: VALUE_MAX,
  });
  const model = new ProtocolModel(server, new Random(seed), 12_000);
  const commands = COMMANDS * lengthFactor();
  for (let i = 0; i < commands; i++) {
    model.step();
    if (i % CHECK_EVERY === 0) model.check();
  }
  model.check();
  assert(
    model.evictions > commands / 100,
    `only ${model.evictions} evictions: memory was not small enough`,
  );
});
