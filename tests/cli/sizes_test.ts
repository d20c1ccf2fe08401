/**
 * Owns the tests of reading sizes and the cgroup's memory limit.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { parseCgroupLimit, parseSize } from "../../src/cli/sizes.ts";
import { UsageError } from "../../src/cli/usage_error.ts";

const KIB = 1024, MIB = 1024 * KIB, GIB = 1024 * MIB;

function refused(text: string, whole?: number): void {
  const error = assertThrows(
    () => parseSize(text, "-m", MIB, whole),
    UsageError,
    `-m: ${text}`,
  );
  assertEquals((error as UsageError).exitCode, 64);
}

Deno.test("parseSize() counts a bare number in the unit of its flag", () => {
  assertEquals(parseSize("64", "-m", MIB), 64 * MIB);
  assertEquals(parseSize("1048576", "-I", 1), MIB);
  assertEquals(parseSize("0", "-m", MIB), 0);
});

Deno.test("parseSize() knows suffixes, of either case, with and without b", () => {
  for (const [suffix, unit] of [["k", KIB], ["m", MIB], ["g", GIB]] as const) {
    for (const text of [suffix, suffix.toUpperCase(), `${suffix}b`]) {
      assertEquals(parseSize(`3${text}`, "-m", MIB), 3 * unit, text);
    }
    assertEquals(parseSize(`3${suffix}ib`, "-m", MIB), 3 * unit);
  }
  assertEquals(parseSize("2t", "-m", MIB), 2048 * GIB);
});

Deno.test("parseSize() takes fractions, rounded down to bytes", () => {
  assertEquals(parseSize("1.5g", "-m", MIB), 1536 * MIB);
  assertEquals(parseSize("0.5m", "-m", MIB), 512 * KIB);
  assertEquals(parseSize("1.0001k", "-I", 1), 1024);
});

Deno.test("parseSize() takes a percentage of the whole", () => {
  assertEquals(parseSize("75%", "-m", MIB, 1000), 750);
  assertEquals(parseSize("100%", "-m", MIB, 4 * GIB), 4 * GIB);
  assertEquals(parseSize("0.1%", "-m", MIB, 1000), 1);
  assertEquals(parseSize("33%", "-m", MIB, 10), 3);
});

Deno.test("parseSize() refuses what is no size", () => {
  for (
    const text of ["", "abc", "-1", "+1", "1x", "m", "1 2", "0x10", "1e9", ".5"]
  ) refused(text);
  refused("1.m");
  refused("1mm");
  refused("101%", 1000);
  refused("-5%", 1000);
  refused("75%");
});

Deno.test("parseCgroupLimit() reads limits and tells when there is none", () => {
  assertEquals(parseCgroupLimit("1073741824\n"), GIB);
  assertEquals(parseCgroupLimit("4096"), 4096);
  assertEquals(parseCgroupLimit("max\n"), null);
  // cgroup v1 without a limit: PAGE_COUNTER_MAX.
  assertEquals(parseCgroupLimit("9223372036854771712\n"), null);
  assertEquals(parseCgroupLimit(""), null);
  assertEquals(parseCgroupLimit("none"), null);
  assertEquals(parseCgroupLimit("-1"), null);
});
