/**
 * Owns the test with memcache-client, a client of npm that speaks classic
 * text.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { deflateSync, inflateSync } from "node:zlib";
import {
  MemcacheClient,
  type MultiCasRetrievalResponse,
  type MultiRetrievalResponse,
  type StatsCommandResponse,
} from "npm:memcache-client@1.0.5";
import { inEveryMode, payload, serving, waitFor } from "../support/serving.ts";
import { Wire } from "../support/wire.ts";
import { withDeadline } from "./program.ts";

const UINT64_MAX = "18446744073709551615";

const compressor = {
  compressSync: ({ input }: { input: Buffer }) => deflateSync(input),
  decompressSync: ({ input }: { input: Buffer }) => inflateSync(input),
};

function connect(port: number, maxConnections = 1): MemcacheClient {
  const server = { server: `127.0.0.1:${port}`, maxConnections };
  // deno-lint-ignore no-explicit-any -- its types are wider than its calls
  const library = compressor as any;
  return new MemcacheClient({
    server,
    compressor: library,
    cmdTimeout: 60_000,
    noDelay: true,
  });
}

async function values(
  client: MemcacheClient,
  keys: string[],
): Promise<Record<string, unknown>> {
  const found = await client.get<MultiRetrievalResponse>(keys);
  return Object.fromEntries(
    Object.entries(found).map(([key, { value }]) => [key, value]),
  );
}

async function value(client: MemcacheClient, key: string): Promise<unknown> {
  return (await client.get<unknown>(key))?.value;
}

async function stores(client: MemcacheClient): Promise<void> {
  assertEquals(await client.set("store", "one"), ["STORED"]);
  assertEquals(await value(client, "store"), "one");
  assertEquals(await value(client, "store-none"), undefined);
  await assertRejects(() => client.add("store", "no"), Error, "NOT_STORED");
  assertEquals(await client.add("store-added", "yes"), ["STORED"]);
  assertEquals(await client.replace("store", "mid"), ["STORED"]);
  await assertRejects(() => client.replace("store-none", "no"), Error);
  assertEquals(await client.append("store", ">"), ["STORED"]);
  assertEquals(await client.prepend("store", "<"), ["STORED"]);
  await assertRejects(() => client.append("store-none", ">"), Error);
  await assertRejects(() => client.prepend("store-none", "<"), Error);
  assertEquals(await value(client, "store"), "<mid>");
  assertEquals(await client.delete("store"), ["DELETED"]);
  await assertRejects(() => client.delete("store"), Error, "NOT_FOUND");
  const bytes = Buffer.from(payload(10_000, 1));
  for (const kind of [bytes, 42, -1.5, { a: [1, null] }, "äöü €", ""]) {
    await client.set("store", kind);
    assertEquals(await value(client, "store"), kind);
  }
  const { tokens } = await client.get<string>("store");
  assertEquals(tokens, ["VALUE", "store", "0", "0"]);
  const long = "long ".repeat(100_000);
  await client.set("store", long, { compress: true });
  assertEquals(await value(client, "store") === long, true);
  await client.set("store", Buffer.from(long), { compress: true });
  assert(Buffer.from(long).equals(await value(client, "store") as Buffer));
}

async function pipelines(client: MemcacheClient): Promise<void> {
  const keys = Array.from({ length: 2000 }, (_, i) => `pipeline-${i}`);
  const stored = await Promise.all(keys.map((key) => client.set(key, key)));
  assert(stored.every(([answer]) => answer === "STORED"));
  const one = await Promise.all(keys.map((key) => value(client, key)));
  assertEquals(one, keys);
  const many = await values(client, ["pipeline-none", ...keys]);
  assertEquals(Object.keys(many), keys);
  assertEquals(Object.values(many), keys);
  assertEquals(await values(client, ["pipeline-none", "pipeline-no"]), {});
  for (const key of keys) client.delete(key, { noreply: true });
  client.set("pipeline", "1", { noreply: true });
  client.incr("pipeline", 5, { noreply: true });
  client.decr("pipeline", 2, { noreply: true });
  client.append("pipeline", "0", { noreply: true });
  client.touch("pipeline", 0, { noreply: true });
  assertEquals(await client.incr("pipeline", 1), "41");
  assertEquals(await values(client, keys), {});
}

async function checkAndSet(client: MemcacheClient): Promise<void> {
  await client.set("cas", "one");
  await client.set("cas-other", "two");
  const { casUniq } = await client.gets<string>("cas");
  assertEquals(await client.cas("cas", "new", { casUniq }), ["STORED"]);
  await assertRejects(
    () => client.cas("cas", "no", { casUniq }),
    Error,
    "EXISTS",
  );
  await assertRejects(
    () => client.cas("cas-none", "no", { casUniq }),
    Error,
    "NOT_FOUND",
  );
  const both = await client.gets<MultiCasRetrievalResponse<string>>([
    "cas",
    "cas-other",
  ]);
  assertEquals(both["cas"].value, "new");
  assert(BigInt(both["cas"].casUniq) > BigInt(casUniq));
  const other = both["cas-other"].casUniq;
  assertEquals(await client.cas("cas-other", "new", { casUniq: other }), [
    "STORED",
  ]);
}

async function numbers(client: MemcacheClient): Promise<void> {
  await assertRejects(() => client.incr("number", 1), Error, "NOT_FOUND");
  await client.set("number", "10");
  assertEquals(await client.incr("number", 5), "15");
  assertEquals(await client.decr("number", 6), "9");
  assertEquals(await client.decr("number", 100), "0");
  await client.set("number", UINT64_MAX);
  assertEquals(await value(client, "number"), UINT64_MAX);
  assertEquals(
    await client.cmd<string>("decr number 1"),
    `${UINT64_MAX}`
      .replace(/5$/, "4"),
  );
  assertEquals(await client.incr("number", 2), "0");
  await client.set("number", "text");
  const refusal = "cannot increment or decrement non-numeric value";
  await assertRejects(() => client.incr("number", 1), Error, refusal);
  const negative = "invalid numeric delta argument";
  await assertRejects(() => client.incr("number", -1), Error, negative);
}

async function expiry(client: MemcacheClient, port: number): Promise<void> {
  await assertRejects(() => client.touch("expiry-none", 1), Error, "NOT_FOUND");
  await client.set("expiry-short", "x", { lifetime: 2 });
  await client.set("expiry-kept", "kept", { lifetime: 1000 });
  await client.set("expiry-touched", "x");
  assertEquals(await client.touch("expiry-kept", 0), ["TOUCHED"]);
  using wire = await Wire.tcp(port);
  assertEquals(await wire.ask("mg expiry-kept t"), "HD t-1");
  assertEquals(await client.touch("expiry-touched", 1), ["TOUCHED"]);
  for (const key of ["expiry-short", "expiry-touched"]) {
    await waitFor(key, async () => await value(client, key) === undefined);
  }
  const got = await client.cmd<MultiRetrievalResponse<string>>(
    "gat 1 expiry-kept expiry-none",
  );
  assertEquals(got["expiry-kept"].value, "kept");
  await waitFor(
    "gat",
    async () => await value(client, "expiry-kept") === undefined,
  );
  await client.set("expiry", "x", { lifetime: -1 });
  assertEquals(await value(client, "expiry"), undefined);
}

async function keysAndSizes(client: MemcacheClient): Promise<void> {
  for (const key of ["k".repeat(250), "schlüssel-鍵-🔑", "é".repeat(125)]) {
    assertEquals(await client.set(key, "v"), ["STORED"]);
    assertEquals(await value(client, key), "v");
    assertEquals(await client.delete(key), ["DELETED"]);
  }
  await assertRejects(() => client.get("k".repeat(251)), Error, "CLIENT_ERROR");
  for (const length of [1, 65_536, 1_000_000, 1024 * 1024 - 512]) {
    const bytes = Buffer.from(payload(length, length));
    assertEquals(await client.set("size", bytes), ["STORED"]);
    assert(bytes.equals(await value(client, "size") as Buffer));
  }
  const large = Buffer.alloc(1024 * 1024 + 1);
  const refusal = "SERVER_ERROR object too large for cache";
  await assertRejects(() => client.set("size", large), Error, refusal);
  assertEquals(await value(client, "size"), undefined);
  assertEquals(await client.set("size", "thereafter"), ["STORED"]);
}

async function operation(client: MemcacheClient): Promise<void> {
  assertEquals(await client.version(), ["VERSION", "1.6.45"]);
  for (const name of ["", " settings", " items", " slabs", " conns"]) {
    const { STAT } = await client.cmd<StatsCommandResponse>(`stats${name}`);
    assert(STAT.every((line) => line.length >= 1) && STAT.length > 1, name);
  }
  await assertRejects(() => client.cmd("nonsense"), Error, "ERROR");
  await client.set("flushed", "v");
  assertEquals(await client.cmd<string[]>("verbosity 0"), ["OK"]);
  assertEquals(await client.cmd<string[]>("flush_all"), ["OK"]);
  assertEquals(await value(client, "flushed"), undefined);
}

async function connections(port: number): Promise<void> {
  const client = connect(port, 8);
  await client.set("connections", "0");
  const counts = await Promise.all(
    Array.from({ length: 800 }, () => client.incr("connections", 1)),
  );
  assertEquals(new Set(counts).size, 800);
  assertEquals(await value(client, "connections"), "800");
  client.shutdown();
}

async function everything(port: number): Promise<void> {
  const client = connect(port);
  await stores(client);
  await pipelines(client);
  await checkAndSet(client);
  await numbers(client);
  await expiry(client, port);
  await keysAndSizes(client);
  await operation(client);
  client.shutdown();
  await connections(port);
}

inEveryMode("memcache-client", async (mode) => {
  await serving({ mode }, ({ port }) => withDeadline(everything(port)));
});
