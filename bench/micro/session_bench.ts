/**
 * Question: what does a request cost from bytes in to bytes out, without a
 * socket? The difference to `bench/compare` is what I/O costs. (µs printed =
 * ns for one key; 100,000 keys, values of 100 B, in random order.)
 *
 * @module
 */
import type { Session } from "../../src/engine/session.ts";
import { RUN_READ } from "../../src/engine/session_states.ts";
import { Output } from "../../src/protocol/output.ts";
import { MemoryServer } from "../../tests/support/memory_server.ts";
import { LOAD_DEFAULT, type LoadOptions, type Mode } from "../load/options.ts";
import { Requests } from "../load/requests.ts";
import { demand, OPERATIONS, results } from "./thousand.ts";

const server = new MemoryServer({ memoryBytes: 256 * 1024 * 1024 });
const output = new Output(128 * 1024);

/** Batches of requests, one `Uint8Array` each. */
function batches(options: LoadOptions, count: number): Uint8Array[] {
  const requests = new Requests(options);
  const client = requests.createClient(0);
  return Array.from({ length: count }, () => {
    requests.write(client);
    return client.out.slice(0, client.outBytes);
  });
}

/** Gives a session a batch and runs it to the end; returns bytes of reply. */
function serve(session: Session, batch: Uint8Array): number {
  let replyBytes = 0;
  for (let at = 0; at < batch.length;) {
    at += session.feed(at === 0 ? batch : batch.subarray(at));
    output.clear();
    const code = session.run();
    if (code !== RUN_READ) throw new Error(`run returned ${code}`);
    replyBytes += output.length;
    session.growInput();
  }
  return replyBytes;
}

function connect(): Session {
  const { session } = server.connect();
  session.output = output;
  return session;
}

const FILL: LoadOptions = { ...LOAD_DEFAULT, mode: "fill", pipe: 20 };
const filling = connect();
for (const batch of batches(FILL, FILL.keys / FILL.pipe)) {
  serve(filling, batch);
}

/** Bytes of the reply to one key that is there, or that is stored. */
const VALUE_LINE = "VALUE key:00000000 0 100\r\n".length + 100 + 2;
const REPLY_BYTES: Partial<Record<Mode, number>> = {
  get: VALUE_LINE + "END\r\n".length,
  mget: VALUE_LINE + "END\r\n".length / LOAD_DEFAULT.mgetKeys,
  mg: "VA 100\r\n".length + 100 + 2,
  bget: 24 + 4 + 100,
  set: "STORED\r\n".length,
  ms: "HD\r\n".length,
};

function benchSession(name: string, mode: Mode, pipe: number): void {
  const session = connect();
  const keysEach = mode === "mget" ? LOAD_DEFAULT.mgetKeys : 1;
  const count = OPERATIONS / (pipe * keysEach);
  // Many more than one iteration takes, so that keys do not repeat soon.
  const list = batches({ ...LOAD_DEFAULT, mode, pipe }, count * 50);
  const expected = Math.round(OPERATIONS * REPLY_BYTES[mode]!);
  let next = 0;
  Deno.bench({
    name: `session: ${name}`,
    group: "session",
    fn: () => {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        sum += serve(session, list[next]);
        next = next + 1 === list.length ? 0 : next + 1;
      }
      results.last = sum;
      // A miss would be shorter.
      demand(name, sum, expected);
    },
  });
}

benchSession("1 get", "get", 1);
benchSession("20 gets", "get", 20);
benchSession("1 get of 50 keys", "mget", 1);
benchSession("20 mg", "mg", 20);
benchSession("20 binary gets", "bget", 20);
benchSession("1 set", "set", 1);
benchSession("20 sets", "set", 20);
benchSession("20 ms", "ms", 20);
