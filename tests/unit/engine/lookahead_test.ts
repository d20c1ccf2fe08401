/**
 * Owns tests of what is loaded for inputs that wait for their turn.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Bytes } from "../../../src/base/bytes.ts";
import { Lookahead, type Waiting } from "../../../src/engine/lookahead.ts";
import { SCOUT_KEYS_MAX } from "../../../src/protocol/key_scout.ts";
import type { Prefetch, Store } from "../../../src/store/store.ts";
import { MemoryServer } from "../../support/memory_server.ts";
import { packet } from "../../support/packets.ts";

function waitingWith(input: Bytes): Waiting {
  return { input, to: input.capacity, notedLength: 0, notedHash: 0 };
}

/** A lookahead on a real table, and the hashes that were loaded together. */
function watchedLookahead() {
  const { store } = new MemoryServer();
  const loaded: number[][] = [];
  const fetch = (hashes: Int32Array, count: number) =>
    loaded.push([...hashes.slice(0, count)]);
  const watched = {
    hash: store.hash.bind(store),
    createPrefetch: () => ({ fetch }) as unknown as Prefetch,
  } as unknown as Store;
  const lookahead = new Lookahead(watched);
  const note = (...texts: string[]) => {
    for (const text of texts) {
      lookahead.note(waitingWith(Bytes.fromLatin1(text)));
    }
    lookahead.fetchNoted();
    return loaded.splice(0);
  };
  const hashesOf = (keys: string[]) =>
    keys.map((key) => store.hash(Bytes.fromLatin1(key), 0, key.length));
  return { lookahead, note, hashesOf };
}

Deno.test("keys of several inputs are loaded together", () => {
  const { note, hashesOf } = watchedLookahead();
  const get = packet({ opcode: 0, key: "three" });
  const texts = ["get one\r\n", "set two 0 0 1\r\nx\r\n", get, "mg 4 v\r\n"];
  assertEquals(note(...texts), [hashesOf(["one", "two", "three", "4"])]);
  // What was loaded is forgotten.
  assertEquals(note("get a\r\n", "get b c\r\n"), [hashesOf(["a", "b", "c"])]);
});

Deno.test("one key is not worth loading, and no key is none", () => {
  const { note, hashesOf } = watchedLookahead();
  assertEquals(note(), []);
  assertEquals(note("get one\r\n"), []);
  assertEquals(note("version\r\n", "x", "get one\r\n", "\x80"), []);
  const found = [hashesOf(["1", "22"])];
  assertEquals(note("get 1\r\n", "\r\n", "g", "get 22"), found);
});

Deno.test("no more keys are loaded at a time than there is room for", () => {
  const { note, hashesOf } = watchedLookahead();
  for (const extra of [-1, 0, 1, 2, SCOUT_KEYS_MAX]) {
    const keys = Array.from(
      { length: SCOUT_KEYS_MAX + extra },
      (_, i) => `${i}`,
    );
    const loaded = note(...keys.map((key) => `get ${key}\r\n`));
    const expected = [keys.slice(0, SCOUT_KEYS_MAX)];
    // One more key is not worth loading.
    if (extra > 1) expected.push(keys.slice(SCOUT_KEYS_MAX));
    assertEquals(loaded, expected.map(hashesOf));
  }
});

Deno.test("a batch knows nothing of what was noted before it", () => {
  const { lookahead, note, hashesOf } = watchedLookahead();
  const input = Bytes.fromLatin1("get one two\r\n");
  lookahead.note(waitingWith(input));
  lookahead.forget();
  input.u8.set([110, 101, 119], 4);
  assertEquals([lookahead.hash(input, 4, 3)], hashesOf(["new"]));
  assertEquals(note(), [hashesOf(["one", "two"])]);
});
