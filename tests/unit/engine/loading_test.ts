/**
 * Owns the tests of commands that run while a snapshot is loaded: what they
 * changed must not be brought back, in any protocol; what they did not change
 * must.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Bytes } from "../../../src/base/bytes.ts";
import { Exporter, Importer } from "../../../src/store/store.ts";
import { MemoryServer } from "../../support/memory_server.ts";
import { packet } from "../../support/packets.ts";

const TOO_LARGE = 1024 * 1024 + 1;
const OP_DELETE = 0x04;

interface Case {
  name: string;
  /** Sent while the key `k` is in the snapshot and not in the table yet. */
  send: string;
  /** What `get k` answers once everything was loaded. */
  then: string;
}

const OLD = "VALUE k 0 3\r\nold\r\nEND\r\n";
const NEW = "VALUE k 0 3\r\nnew\r\nEND\r\n";
const GONE = "END\r\n";

const CASES: Case[] = [
  { name: "get", send: "get k\r\n", then: OLD },
  { name: "set", send: "set k 0 0 3\r\nnew\r\n", then: NEW },
  { name: "add", send: "add k 0 0 3\r\nnew\r\n", then: NEW },
  { name: "replace", send: "replace k 0 0 3\r\nnew\r\n", then: OLD },
  { name: "append", send: "append k 0 0 3\r\nnew\r\n", then: OLD },
  { name: "cas", send: "cas k 0 0 3 1\r\nnew\r\n", then: OLD },
  { name: "incr", send: "incr k 1\r\n", then: OLD },
  { name: "touch", send: "touch k 100\r\n", then: OLD },
  { name: "delete", send: "delete k\r\n", then: GONE },
  {
    name: "set and delete",
    send: "set k 0 0 3\r\nnew\r\ndelete k\r\n",
    then: GONE,
  },
  {
    name: "set of an expired item",
    send: "set k 0 -1 3\r\nnew\r\n",
    then: GONE,
  },
  {
    name: "set of a value that is too large",
    send: `set k 0 0 ${TOO_LARGE}\r\n${"x".repeat(TOO_LARGE)}\r\n`,
    then: GONE,
  },
  { name: "flush_all", send: "flush_all\r\n", then: GONE },
  { name: "mg", send: "mg k v\r\n", then: OLD },
  { name: "mg with autovivify", send: "mg k N0 v\r\n", then: "empty" },
  { name: "ms", send: "ms k 3\r\nnew\r\n", then: NEW },
  { name: "md", send: "md k\r\n", then: GONE },
  { name: "md, marking stale", send: "md k I T30\r\n", then: GONE },
  { name: "ma", send: "ma k\r\n", then: OLD },
  {
    name: "ma with autovivify",
    send: "ma k N0 J100\r\n",
    then: "VALUE k 0 3\r\n100\r\nEND\r\n",
  },
  {
    name: "binary delete",
    send: packet({ opcode: OP_DELETE, key: "k" }),
    then: GONE,
  },
];

/** The frames of a table with `k` and some others. */
async function frames(): Promise<Bytes> {
  const server = new MemoryServer();
  const client = server.connect();
  await client.send("set k 0 0 3\r\nold\r\nset other 0 0 5\r\nother\r\n");
  const exporter = new Exporter(server.store, server.context.now);
  const frame = Bytes.allocate(4096);
  assert(exporter.fill(frame));
  assertEquals(exporter.items, 2);
  const bytes = Bytes.from(frame.u8.subarray(0, exporter.length));
  client.close();
  return bytes;
}

for (const { name, send, then } of CASES) {
  Deno.test(`while loading: ${name}`, async () => {
    const server = new MemoryServer();
    const { now } = server.context;
    const importer = new Importer(server.store, 0);
    const client = server.connect();
    await client.send(send);
    client.close();
    const bytes = await frames();
    importer.start(bytes, bytes.capacity, 0);
    while (importer.run(1, now));
    importer.end(now);
    const reader = server.connect();
    const expected = then === "empty" ? "VALUE k 0 0\r\n\r\nEND\r\n" : then;
    assertEquals(await reader.send("get k\r\n"), expected);
    const other = name === "flush_all" ? GONE : "VALUE other 0 5\r\n" +
      "other\r\nEND\r\n";
    assertEquals(await reader.send("get other\r\n"), other);
    reader.close();
  });
}

Deno.test("while loading: a value that found no memory takes the old one along", async () => {
  const server = new MemoryServer({
    memoryBytes: 2 * 1024 * 1024,
    itemBytesMax: 900_000,
    evictions: false,
  });
  const importer = new Importer(server.store, 0);
  const client = server.connect();
  const value = "x".repeat(300_000);
  for (let i = 0;; i++) {
    const reply = await client.send(`set big${i} 0 0 300000\r\n${value}\r\n`);
    if (reply !== "STORED\r\n") break;
  }
  const refused = "SERVER_ERROR out of memory storing object\r\n";
  const reply = await client.send(`set k 0 0 300000\r\n${value}\r\n`);
  assertEquals(reply, refused);
  const bytes = await frames();
  importer.start(bytes, bytes.capacity, 0);
  while (importer.run(1, server.context.now));
  importer.end(server.context.now);
  assertEquals(importer.counts.outdated, 1);
  assertEquals(await client.send("get k\r\n"), GONE);
  client.close();
});
