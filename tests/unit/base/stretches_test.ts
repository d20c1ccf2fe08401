/**
 * Owns tests of lists of runs of memory: their order, their limit.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { Bytes } from "../../../src/base/bytes.ts";
import { STRETCHES_PER_CALL_MAX } from "../../../src/base/limits.ts";
import { Stretches } from "../../../src/base/stretches.ts";

Deno.test("stretches keep their order, without the empty ones", () => {
  const [first, second] = [Bytes.allocate(10), Bytes.allocate(20)];
  const stretches = new Stretches();
  for (let round = 0; round < 2; round++) {
    stretches.add(second, 5, 7);
    stretches.add(first, 3, 0);
    stretches.add(first, 0, 4);
    assertEquals([stretches.count, stretches.total], [2, 11]);
    assertEquals(stretches.bytes.slice(0, 2), [second, first]);
    assertEquals([...stretches.at.slice(0, 2)], [5, 0]);
    assertEquals([...stretches.length.slice(0, 2)], [7, 4]);
    stretches.clear();
    assertEquals([stretches.count, stretches.total], [0, 0]);
  }
});

Deno.test("a list holds a value, what precedes it and what follows", () => {
  const bytes = Bytes.allocate(10);
  const stretches = new Stretches();
  for (let i = 0; i < STRETCHES_PER_CALL_MAX + 2; i++) {
    stretches.add(bytes, 0, 1);
  }
  // Nothing is no stretch.
  stretches.add(bytes, 0, 0);
  assertThrows(() => stretches.add(bytes, 0, 1), RangeError);
  assertEquals(stretches.total, STRETCHES_PER_CALL_MAX + 2);
});
