/**
 * Owns the test with memjs, a client of npm that speaks binary. Leaves out
 * prepend, for which memjs 1.3.2 sends append, and numbers above 32 bits in
 * replies, which it adds up wrongly.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { deflateSync, inflateSync } from "node:zlib";
import { Client } from "npm:memjs@1.3.2";
import { payload, waitFor } from "../support/serving.ts";
import { Wire } from "../support/wire.ts";
import { clientTest, SASL_USER, saslServer, withDeadline } from "./program.ts";

const UINT64_MAX = "18446744073709551615";
/** Set in the flags of a value that was compressed. */
const COMPRESSED = 8;

type MemjsClient = ReturnType<typeof Client.create>;

function connect(port: number, options = {}): MemjsClient {
  return Client.create(`127.0.0.1:${port}`, {
    timeout: 60,
    logger: { log() {} },
    ...options,
  });
}

async function text(client: MemjsClient, key: string): Promise<string | null> {
  const { value } = await client.get(key);
  return value === null ? null : value.toString();
}

async function stores(client: MemjsClient): Promise<void> {
  assertEquals(await client.set("store", "one"), true);
  assertEquals(await text(client, "store"), "one");
  assertEquals(await text(client, "store-none"), null);
  assertEquals(await client.add("store", "no"), false);
  assertEquals(await client.add("store-added", "yes"), true);
  assertEquals(await client.replace("store", "two"), true);
  assertEquals(await client.replace("store-none", "no"), false);
  assertEquals(await client.append("store", ">"), true);
  await assertRejects(() => client.append("store-none", ">"), Error);
  assertEquals(await text(client, "store"), "two>");
  assertEquals(await client.set("store", ""), true);
  assertEquals(await text(client, "store"), "");
  const bytes = Buffer.from(payload(10_000, 1));
  await client.set("store", bytes);
  assert(bytes.equals((await client.get("store")).value));
  assertEquals(await client.delete("store"), true);
  assertEquals(await client.delete("store"), false);
  assertEquals(await text(client, "store"), null);
}

async function pipelines(client: MemjsClient): Promise<void> {
  const keys = Array.from({ length: 2000 }, (_, i) => `pipeline-${i}`);
  const stored = await Promise.all(keys.map((key) => client.set(key, key)));
  assertEquals(stored, keys.map(() => true));
  const found = await Promise.all(keys.map((key) => text(client, key)));
  assertEquals(found, keys);
  const counts = await Promise.all(
    keys.map(() => client.increment("pipeline", 1, { initial: 1 })),
  );
  const wanted = keys.map((_, i) => ({ success: true, value: i + 1 }));
  assertEquals(counts, wanted);
}

async function numbers(client: MemjsClient): Promise<void> {
  const incr = async (amount: number, options = {}) =>
    (await client.increment("number", amount, options)).value;
  const decr = async (amount: number) =>
    (await client.decrement("number", amount, {})).value;
  assertEquals(await incr(5, { initial: 10 }), 10);
  assertEquals(await incr(5), 15);
  assertEquals(await decr(6), 9);
  assertEquals(await decr(100), 0);
  await client.set("number", UINT64_MAX);
  assertEquals(await incr(1), 0);
  await client.set("number", "18446744073709551614");
  await incr(1);
  assertEquals(await text(client, "number"), UINT64_MAX);
  await client.set("number", "text");
  await assertRejects(() => incr(1), Error, "Incr/Decr on non-numeric value");
  assertEquals(await text(client, "number"), "text");
}

async function expiry(client: MemjsClient, port: number): Promise<void> {
  assertEquals(await client.touch("expiry-none", 100), false);
  await client.set("expiry-short", "x", { expires: 2 });
  await client.set("expiry-kept", "kept", { expires: 100 });
  await client.set("expiry-touched", "x", {});
  await client.increment("expiry-number", 1, { initial: 1, expires: 1 });
  assertEquals(await client.touch("expiry-kept", 1000), true);
  using wire = await Wire.tcp(port);
  const left = (await wire.ask("mg expiry-kept t")).slice("HD t".length);
  assert(Number(left) > 100, `${left} s left`);
  assertEquals(await client.touch("expiry-touched", 1), true);
  for (const name of ["short", "touched", "number"]) {
    const key = `expiry-${name}`;
    await waitFor(key, async () => await text(client, key) === null);
  }
  assertEquals(await text(client, "expiry-kept"), "kept");
  assertEquals(await client.add("expiry-short", "new", {}), true);
}

async function flags(port: number): Promise<void> {
  const serializer = {
    serialize(_opcode: number, value: Buffer, extras: Buffer) {
      if (value.length < 100 || extras.length === 0) return { value, extras };
      const marked = Buffer.from(extras);
      marked.writeUInt32BE(COMPRESSED, 0);
      return { value: deflateSync(value), extras: marked };
    },
    deserialize(_opcode: number, value: Buffer, extras: Buffer) {
      const isPacked = extras.length > 0 &&
        extras.readUInt32BE(0) === COMPRESSED;
      return { value: isPacked ? inflateSync(value) : value, extras };
    },
  };
  const client = connect(port, { serializer });
  for (const value of [Buffer.from("short"), Buffer.alloc(500_000, "long ")]) {
    await client.set("flags", value);
    assert(value.equals((await client.get("flags")).value));
  }
  client.close();
}

async function keysAndSizes(client: MemjsClient): Promise<void> {
  for (const key of ["k".repeat(250), "schlüssel-鍵-🔑", "é".repeat(125)]) {
    assertEquals(await client.set(key, "v"), true);
    assertEquals(await text(client, key), "v");
    assertEquals(await client.delete(key), true);
  }
  for (const length of [1, 65_536, 1_000_000, 1024 * 1024 - 512]) {
    const value = Buffer.from(payload(length, length));
    assertEquals(await client.set("size", value), true);
    assert(value.equals((await client.get("size")).value));
  }
  const large = Buffer.alloc(1024 * 1024 + 1);
  await assertRejects(() => client.set("size", large), Error, "too large");
  assertEquals(await text(client, "size"), null);
  assertEquals(await client.set("size", "thereafter"), true);
}

// The server hangs up after such a key, which memjs does not notice.
async function keyTooLong(port: number): Promise<void> {
  const client = connect(port);
  const refused = () => client.set("k".repeat(251), "v");
  await assertRejects(refused, Error, "Invalid arguments");
  client.close();
}

type Statistics = Record<string, string>;

function statistics(client: MemjsClient, name: string): Promise<Statistics> {
  return new Promise((resolve, reject) => {
    client.statsWithKey(
      name,
      (error: Error | null, _server: string, stats: Statistics) =>
        error === null ? resolve(stats) : reject(error),
    );
  });
}

async function operation(client: MemjsClient, port: number): Promise<void> {
  const before = await statistics(client, "");
  assertEquals(before.version, "1.6.45");
  await client.set("stats", "v");
  await client.get("stats");
  const after = await statistics(client, "");
  assertEquals(Number(after.get_hits) - Number(before.get_hits), 1);
  assertEquals((await statistics(client, "settings")).maxconns, "1024");
  assert("total_malloced" in await statistics(client, "slabs"));
  await statistics(client, "reset");
  assertEquals((await statistics(client, "")).get_hits, "0");
  assertEquals(await client.flush(), { [`127.0.0.1:${port}`]: true });
  assertEquals(await text(client, "stats"), null);
  assertEquals(await client.set("stats", "v"), true);
  client.quit();
  const other = connect(port);
  assertEquals(await text(other, "stats"), "v");
  other.close();
}

async function everything(port: number): Promise<void> {
  const client = connect(port);
  await stores(client);
  await pipelines(client);
  await numbers(client);
  await expiry(client, port);
  await flags(port);
  await keysAndSizes(client);
  await keyTooLong(port);
  await operation(client, port);
  client.close();
}

async function withSasl(port: number): Promise<void> {
  const { name: username, password } = SASL_USER;
  const client = connect(port, { username, password });
  const strangers = [
    connect(port, { username, password: password + "x", retries: 0 }),
    connect(port, { username: username + "x", password, retries: 0 }),
  ];
  try {
    await stores(client);
    await pipelines(client);
    assertEquals(await client.set("kept", "value"), true);
    for (const stranger of strangers) {
      // It rejects with what is no Error.
      const isRefused = await stranger.set("kept", "changed")
        .then(() => false, () => true);
      assert(isRefused, "a stranger was let in");
    }
    assertEquals(await text(client, "kept"), "value");
  } finally {
    client.close();
    for (const stranger of strangers) stranger.close();
  }
}

clientTest({
  name: "memjs",
  missing: null,
  body: ({ port }) => withDeadline(everything(port)),
});

clientTest({
  name: "memjs with SASL",
  missing: null,
  start: saslServer,
  body: ({ port }) => withDeadline(withSasl(port)),
});
