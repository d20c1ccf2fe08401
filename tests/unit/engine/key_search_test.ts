/**
 * Owns the checks of looking for keys page by page.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SEARCH_RECORDS_MAX } from "../../../src/base/limits.ts";
import { hasPattern, KeySearch } from "../../../src/engine/key_search.ts";
import {
  CursorError,
  type KeyPage,
  type KeyQuery,
} from "../../../src/observe/view.ts";
import { MemoryServer } from "../../support/memory_server.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function query(text: string, options: Partial<KeyQuery> = {}): KeyQuery {
  return {
    pattern: bytes(text),
    isPrefix: false,
    limit: 100,
    cursor: "",
    isAborted: () => false,
    ...options,
  };
}

/** A server with keys k0, k1, ... and what else is asked for. */
async function filled(count: number, more = ""): Promise<MemoryServer> {
  const server = new MemoryServer();
  const client = server.connect();
  for (let i = 0; i < count; i += 1000) {
    let text = "";
    for (let k = i; k < Math.min(count, i + 1000); k++) {
      text += `set k${k} 0 0 2 noreply\r\nxy\r\n`;
    }
    await client.send(text);
  }
  if (more !== "") await client.send(more);
  return server;
}

async function find(server: MemoryServer, asked: KeyQuery): Promise<KeyPage> {
  const page = await server.view.search(asked);
  assert(page !== null);
  return page;
}

async function allPages(
  server: MemoryServer,
  text: string,
  options: Partial<KeyQuery> = {},
): Promise<KeyPage[]> {
  const pages: KeyPage[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: KeyPage = await find(
      server,
      query(text, { ...options, cursor }),
    );
    pages.push(page);
    cursor = page.cursor;
  }
  return pages;
}

Deno.test("a pattern is found anywhere, or at the start only", () => {
  const key = bytes("--user:1--");
  const has = (text: string, isPrefix: boolean) =>
    hasPattern(key, 2, 6, bytes(text), isPrefix);
  for (const text of ["", "u", "user", "user:1"]) {
    assertEquals([has(text, false), has(text, true)], [true, true], text);
  }
  for (const text of ["ser", "1", ":1"]) {
    assertEquals([has(text, false), has(text, true)], [true, false], text);
  }
  for (const text of ["-", "user:1-", "x", "user:2", "-user"]) {
    assertEquals([has(text, false), has(text, true)], [false, false], text);
  }
});

for (const limit of [1, 7, 100, 999, 1000, 1001, 5000]) {
  Deno.test(`pages of ${limit} hold every key once`, async () => {
    const server = await filled(1000);
    const pages = await allPages(server, "", { limit });
    const keys = pages.flatMap((page) => page.keys.map((row) => row.key));
    assertEquals(keys.length, 1000);
    assertEquals(new Set(keys).size, 1000);
    assertEquals(pages.reduce((sum, p) => sum + p.looked, 0), 1000);
    // A bucket of the index is never torn apart.
    for (const page of pages) assert(page.keys.length <= Math.max(limit, 14));
    if (limit >= 100) {
      for (const page of pages) assert(page.keys.length <= limit);
    }
  });
}

Deno.test("only keys that match are shown", async () => {
  const server = await filled(500);
  const pages = await allPages(server, "k49", { isPrefix: true });
  const keys = pages.flatMap((page) => page.keys.map((row) => row.key));
  const wanted = ["k49", ...Array.from({ length: 10 }, (_, i) => `k49${i}`)];
  assertEquals(keys.sort(), wanted);
  assertEquals((await allPages(server, "nothing"))[0].keys, []);
});

Deno.test("a row tells size, time and state, and no value", async () => {
  const server = await filled(
    0,
    "set short 0 60 5\r\nhello\r\nset long 0 0 5\r\nhello\r\nget long\r\n",
  );
  server.advance(10);
  const { keys } = await find(server, query(""));
  const byKey = new Map(keys.map((row) => [row.key, row]));
  const short = byKey.get("short")!;
  assertEquals(short.ttlSeconds, 50);
  assertEquals(short.valueBytes, 5);
  assertEquals(short.idleSeconds, 10);
  assertEquals(short.fetched, false);
  assertEquals(short.slabClass, 1);
  assert(short.bytes > 10);
  assertEquals(byKey.get("long")!.ttlSeconds, null);
  assertEquals(byKey.get("long")!.fetched, true);
  assert(!JSON.stringify(keys).includes("hello"));
});

Deno.test("looking changes nothing", async () => {
  const server = await filled(3);
  const before = await server.connect().send("me k1\r\n");
  await find(server, query("k"));
  assertEquals(await server.connect().send("me k1\r\n"), before);
});

Deno.test("what expired or was flushed is not shown", async () => {
  const server = await filled(2, "set gone 0 5 1\r\nx\r\n");
  server.context.setTime(server.context.now + 6);
  const keys = (await find(server, query(""))).keys.map((row) => row.key);
  assertEquals(keys.sort(), ["k0", "k1"]);
  await server.connect().send("flush_all\r\n");
  assertEquals((await find(server, query(""))).keys, []);
});

Deno.test("keys that are no text are escaped", async () => {
  // The key is the four bytes ff 00 20 22 in base64.
  const server = await filled(0, "ms /wAgIg== 1 b\r\nx\r\n");
  const { keys } = await find(server, query(""));
  assertEquals(keys.map((row) => row.key), ["%FF%00%20%22"]);
});

Deno.test("a page ends after enough records, and other work goes between", async () => {
  const count = SEARCH_RECORDS_MAX + 5000;
  const server = await filled(count);
  let yields = 0;
  const search = new KeySearch(server.context, () => {
    yields++;
    return Promise.resolve();
  });
  const page = await search.find(query("nothing"));
  assertEquals(page.keys, []);
  assert(page.cursor !== null);
  assert(page.looked < SEARCH_RECORDS_MAX, `${page.looked}`);
  assert(page.looked > SEARCH_RECORDS_MAX / 2, `${page.looked}`);
  assert(yields >= 40, `${yields} times`);
  let { looked } = page;
  let cursor: string | null = page.cursor;
  while (cursor !== null) {
    const next = await search.find(query("nothing", { cursor }));
    cursor = next.cursor;
    looked += next.looked;
  }
  assertEquals(looked, server.store.itemCount());
});

Deno.test("searches take turns", async () => {
  const server = await filled(20_000);
  let under = 0, most = 0;
  const search = new KeySearch(server.context, async () => {
    most = Math.max(most, ++under);
    await new Promise((resolve) => setTimeout(resolve, 0));
    under--;
  });
  await Promise.all(
    Array.from({ length: 4 }, () => search.find(query("nothing"))),
  );
  assertEquals(most, 1);
});

Deno.test("nobody waits: the search ends", async () => {
  const server = await filled(20_000);
  let asked = 0;
  const page = await find(
    server,
    query("nothing", { isAborted: () => ++asked > 10 }),
  );
  assert(page.looked < 1000);
});

Deno.test("cursors that no page ended with are refused", async () => {
  const server = await filled(10);
  const search = new KeySearch(server.context, () => Promise.resolve());
  for (const cursor of ["x", "1", "0.", ".0", "0.-1", "0.1e3", "9999.0"]) {
    assertThrows(() => search.find(query("", { cursor })), CursorError);
    await assertRejects(() => find(server, query("", { cursor })), CursorError);
  }
  // One beyond the end is the end.
  const last = await find(server, query("", { cursor: "0.999999999" }));
  assertEquals(last.keys, []);
  assertEquals(last.cursor, null);
});

Deno.test("-X switches the search off", async () => {
  const server = new MemoryServer({ dumpEnabled: false });
  assertEquals(await server.view.search(query("")), null);
});
