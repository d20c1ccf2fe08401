/**
 * Owns tests of looking ahead for keys. Never runs a command.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Bytes, latin1 } from "../../../src/base/bytes.ts";
import { KeyScout, SCOUT_KEYS_MAX } from "../../../src/protocol/key_scout.ts";
import { Random } from "../../support/random.ts";

/** All keys ahead, found in as many goes as it takes. */
function scouted(text: string, inKeys = false): string[] {
  const input = Bytes.fromLatin1(text);
  const scout = new KeyScout();
  const keys: string[] = [];
  for (let from = 0; from < input.capacity;) {
    scout.text(input, from, input.capacity, inKeys && from === 0);
    assert(scout.count <= SCOUT_KEYS_MAX);
    assert(scout.until > from);
    for (let i = 0; i < scout.count; i++) {
      const at = scout.at[i];
      keys.push(latin1(input.u8, at, at + scout.length[i]));
    }
    // Where a get line goes on is known to the engine, not here.
    inKeys = false;
    from = scout.until;
  }
  return keys;
}

Deno.test("keys of commands that follow one another are found", () => {
  assertEquals(
    scouted(
      "get a\r\nget b c  d\r\nset e 0 0 8\r\nget no\r\n\r\nmg f v k\r\n" +
        "ms g 8 T0\r\nget no\r\n\r\nmd h q\r\nma i\r\nincr j 1\r\n" +
        "delete k\r\ntouch l 5\r\nadd m 1 2 2 noreply\r\nxy\r\nget n\r\n",
    ),
    [..."abcdefghijklmn"],
  );
});

Deno.test("in a get line its further keys are found, and what follows", () => {
  assertEquals(scouted(" b c\r\nget d\r\n", true), ["b", "c", "d"]);
});

Deno.test("a long get line stops where the next go begins", () => {
  for (
    const [count, goes] of [
      [SCOUT_KEYS_MAX - 1, 1],
      [SCOUT_KEYS_MAX, 2],
      [SCOUT_KEYS_MAX + 1, 2],
      [2 * SCOUT_KEYS_MAX + 8, 3],
    ]
  ) {
    const names = Array.from({ length: count }, (_, i) => `key${i}`);
    const line = `get ${names.join(" ")}\r\n`;
    const input = Bytes.fromLatin1(`${line}get z\r\n`);
    const scout = new KeyScout();
    const keys: string[] = [];
    let gone = 0;
    for (let from = 0; from < input.capacity; from = scout.until) {
      const inKeys = from > 0 && from < line.length;
      scout.text(input, from, input.capacity, inKeys);
      gone++;
      for (let i = 0; i < scout.count; i++) {
        const at = scout.at[i];
        keys.push(latin1(input.u8, at, at + scout.length[i]));
      }
    }
    assertEquals(keys, [...names, "z"]);
    assertEquals(gone, goes, `${count} keys`);
  }
});

Deno.test("lines that follow one another stop where the next go begins", () => {
  for (const over of [-1, 0, 1]) {
    const names = Array.from(
      { length: SCOUT_KEYS_MAX + over },
      (_, i) => `key${i}`,
    );
    assertEquals(scouted(names.map((n) => `mg ${n} v\r\n`).join("")), names);
  }
});

Deno.test("anything else is passed by, one byte at least", () => {
  assertEquals(scouted("stats items\r\n").length, 0);
  const random = new Random(3);
  for (let i = 0; i < 2000; i++) {
    const bytes = random.bytes(random.between(1, 200));
    scouted(latin1(bytes, 0, bytes.length));
  }
});

Deno.test("a length beyond the input ends the look", () => {
  assertEquals(scouted("set a 0 0 99999999999999\r\nget b\r\n"), ["a"]);
});

Deno.test("keys of binary packets are found", () => {
  const packet = (key: string, extras: number, value: number) => {
    const head = new Uint8Array(24);
    head[0] = 0x80;
    head[3] = key.length;
    head[4] = extras;
    new DataView(head.buffer).setUint32(8, key.length + extras + value);
    return latin1(head, 0, 24) + "x".repeat(extras) + key + "v".repeat(value);
  };
  const text = packet("a", 0, 0) + packet("bc", 8, 30) + packet("", 0, 0) +
    packet("d", 4, 0) + "junk";
  const input = Bytes.fromLatin1(text);
  const scout = new KeyScout();
  scout.binary(input, 0, input.capacity);
  const keys = [];
  for (let i = 0; i < scout.count; i++) {
    const at = scout.at[i];
    keys.push(latin1(input.u8, at, at + scout.length[i]));
  }
  assertEquals(keys, ["a", "bc", "d"]);
  assertEquals(scout.until, text.length - 4);
});
