/**
 * Owns the checks of unsigned 64-bit integers, against BigInt.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { latin1, toLatin1 } from "../../../src/base/bytes.ts";
import { decimalLength, U64, writeDecimal } from "../../../src/base/u64.ts";
import { Random } from "../../support/random.ts";

const TOP = 2n ** 64n - 1n;

function parse(text: string): bigint | null {
  const out = new U64();
  if (!out.parse(toLatin1(text), 0, text.length)) return null;
  return (BigInt(out.high) << 32n) | BigInt(out.low);
}

function of(value: bigint): U64 {
  return new U64().set(Number(value >> 32n), Number(value & 0xffffffffn));
}

function toBigInt(value: U64): bigint {
  return (BigInt(value.high) << 32n) | BigInt(value.low);
}

function format(value: bigint): string {
  const bytes = new Uint8Array(24);
  return latin1(bytes, 0, of(value).write(bytes, 0));
}

/** Numbers at every edge, and random ones of every length. */
function samples(): bigint[] {
  const random = new Random(1);
  const list = [0n, 1n, 9n, 10n, TOP, TOP - 1n, TOP / 2n];
  for (let bit = 1n; bit < 64n; bit++) {
    list.push(2n ** bit - 1n, 2n ** bit, 2n ** bit + 1n);
  }
  for (let digits = 1n; digits < 20n; digits++) {
    list.push(10n ** digits - 1n, 10n ** digits);
  }
  for (let i = 0; i < 2000; i++) {
    const wide = (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());
    list.push(wide >> BigInt(random.below(64)));
  }
  return list;
}

Deno.test("U64 parse() and write() agree with BigInt", () => {
  for (const value of samples()) {
    assertEquals(parse(String(value)), value);
    assertEquals(format(value), String(value));
  }
});

Deno.test("U64 parse() refuses what is no unsigned 64-bit number", () => {
  const bad = ["", "-1", "+1", " 1", "1 ", "1x", "x", "1.0", "0x10"];
  for (const text of [...bad, String(TOP + 1n), "99999999999999999999999"]) {
    assertEquals(parse(text), null, text);
  }
  assertEquals(parse("18446744073709551615"), TOP);
  assertEquals(parse("0000000000000000000000007"), 7n);
});

Deno.test("U64 arithmetic agrees with BigInt", () => {
  const list = samples();
  for (let i = 1; i < list.length; i++) {
    const a = list[i - 1], b = list[i];
    assertEquals(toBigInt(of(a).add(of(b))), BigInt.asUintN(64, a + b));
    const rest = a > b ? a - b : 0n;
    assertEquals(toBigInt(of(a).subtractToZero(of(b))), rest);
    assertEquals(of(a).isBelow(of(b)), a < b);
    assertEquals(of(a).equals(of(b)), a === b);
  }
});

Deno.test("U64 setNumber() takes safe integers", () => {
  for (const value of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]) {
    assertEquals(new U64().setNumber(value).toNumber(), value);
  }
});

Deno.test("writeDecimal() writes what decimalLength() promises", () => {
  const bytes = new Uint8Array(24);
  const edges = [
    0,
    9,
    10,
    99,
    100,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 53 - 1,
  ];
  for (let power = 1; power < 1e15; power *= 10) edges.push(power, power - 1);
  for (const value of edges) {
    assertEquals(
      latin1(bytes, 3, writeDecimal(bytes, 3, value)),
      String(value),
    );
    assertEquals(decimalLength(value), String(value).length);
  }
});
