/**
 * Owns a program that tells how many bytes of V8's old generation a read leaves
 * behind, by `Deno.Conn` and by `socketOf`. Never a part of the product.
 *
 * Usage: deno run --allow-net --v8-flags=--expose-gc old_generation.ts
 * Prints a line of JSON: `{ methods, runtime }`, bytes for a read.
 *
 * @module
 */
import { getHeapSpaceStatistics } from "node:v8";
import { findRuntimeCalls, socketOf } from "../../src/server/deno_socket.ts";

/** So many do not make enough garbage for a collection of the old generation. */
const READS = 20_000;

declare const gc: (options?: { type: "minor" }) => void;

function oldBytes(): number {
  const spaces = getHeapSpaceStatistics();
  return spaces.find(({ space_name }) => space_name === "old_space")!
    .space_used_size;
}

/** Bytes that stay for a read by `calls`, after one that had to wait long. */
async function bytesLeft(calls = findRuntimeCalls()): Promise<number> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const connecting = Deno.connect({ hostname: "127.0.0.1", port });
  using conn = await listener.accept();
  using peer = await connecting;
  const socket = socketOf(conn, calls), client = socketOf(peer);
  const input = new Uint8Array(16), reply = new Uint8Array(16);
  const served = (async () => {
    while (await socket.read(input)) await socket.write(input);
  })();
  // What is pending comes into the old generation.
  gc();
  gc();
  const before = oldBytes();
  for (let i = 0; i < READS; i++) {
    await client.write(reply);
    await client.read(reply);
  }
  gc({ type: "minor" });
  const after = oldBytes();
  peer.closeWrite();
  await served;
  return (after - before) / READS;
}

/** Of several runs: a collection between the readings spoils one. */
async function median(calls = findRuntimeCalls()): Promise<number> {
  const runs: number[] = [];
  for (let i = 0; i < 3; i++) runs.push(await bytesLeft(calls));
  return runs.sort((a, b) => a - b)[1];
}

// What is compiled first stays, too.
await bytesLeft();
console.log(JSON.stringify({
  methods: await median(null),
  runtime: await median(),
}));
