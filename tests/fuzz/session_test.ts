/**
 * Owns fuzzing whole sessions: hostile bytes never throw, split anywhere they
 * give the same replies, and the table stays sound.
 *
 * Longer: `deno task test:long`, or DENOCACHED_LONG=100 DENOCACHED_SEED=n.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { checkShard } from "../../src/store/invariants.ts";
import {
  createSharingServers,
  MemoryServer,
} from "../support/memory_server.ts";
import {
  lengthFactor,
  Random,
  seedFromEnvironment,
} from "../support/random.ts";
import { InputMaker } from "./inputs.ts";

const ROUNDS = 3000;
const SHARED_ROUNDS = 1200;
const SETTINGS = { memoryBytes: 4 * 1024 * 1024, itemBytesMax: 64 * 1024 };
/** Replies to these depend on what was answered before in the same batch, or
 * show numbers that every command changes. */
const BATCH_DEPENDENT = /watch|lru_crawler m|stats/;
const BINARY_STAT = "\x80\x10";

async function session(
  server: MemoryServer,
  input: string,
  piece: number,
): Promise<string> {
  const connection = server.connect();
  connection.session.readsEnds = true;
  const reply = await connection.sendInPieces(input, piece);
  connection.close();
  return reply;
}

// CAS ids count pages that were opened: both servers must have had the same
// history, and then they agree.
async function answerAlike(
  whole: MemoryServer,
  split: MemoryServer,
  count: number,
): Promise<void> {
  const seed = seedFromEnvironment(815);
  const random = new Random(seed);
  const maker = new InputMaker(random);
  const rounds = count * lengthFactor();
  for (let i = 0; i < rounds; i++) {
    const input = maker.any();
    if (BATCH_DEPENDENT.test(input) || input.includes(BINARY_STAT)) continue;
    const piece = random.oneIn(2) ? 1 : random.between(1, 40);
    const expected = await session(whole, input, input.length || 1);
    assertEquals(
      await session(split, input, piece),
      expected,
      `seed ${seed}, round ${i}, pieces of ${piece}: ${JSON.stringify(input)}`,
    );
    if (i % 500 !== 0) continue;
    for (const { shard } of whole.store.partitions) checkShard(shard);
    for (const { shard } of split.store.partitions) checkShard(shard);
  }
}

Deno.test("sessions answer hostile input alike, whole and in pieces", () =>
  answerAlike(new MemoryServer(SETTINGS), new MemoryServer(SETTINGS), ROUNDS));

Deno.test("a shared table answers hostile input as a plain one does", () => {
  const [shared] = createSharingServers(SETTINGS, 2);
  return answerAlike(new MemoryServer(SETTINGS), shared, SHARED_ROUNDS);
});

Deno.test("after hostile input on one connection others are served", async () => {
  const random = new Random(seedFromEnvironment(99));
  const maker = new InputMaker(random);
  const server = new MemoryServer({ memoryBytes: 4 * 1024 * 1024 });
  const calm = server.connect();
  assertEquals(await calm.send("set calm 0 0 2\r\nok\r\n"), "STORED\r\n");
  for (let i = 0; i < 1000; i++) {
    const input = maker.any();
    if (/flush|calm|shutdown|verbosity/.test(input)) continue;
    const hostile = server.connect();
    await hostile.send(input);
    hostile.close();
    assertEquals(await calm.send("mn\r\n"), "MN\r\n");
  }
  const reply = await calm.send("get calm\r\n");
  assert(reply === "VALUE calm 0 2\r\nok\r\nEND\r\n" || reply === "END\r\n");
});
