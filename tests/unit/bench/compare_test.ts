/**
 * Owns the tests of what the comparison with memcached makes of its runs.
 * Never measures.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stolenOf } from "../../../bench/compare/machine.ts";
import {
  type Run,
  stolenText,
  summarize,
} from "../../../bench/compare/report.ts";
import { isBare, ROWS } from "../../../bench/compare/rows.ts";

const QUIET: Run = {
  cpuUs: 8,
  driverUs: 7,
  keysPerSecond: 100_000,
  p50Us: 400,
  p99Us: 900,
  p999Us: 2000,
  stolenShare: 0.01,
};

describe("comparison with memcached", () => {
  it("reads stolen time of /proc/stat as proc(5) words it", () => {
    const stat = "cpu  100 20 30 400 5 6 7 32 9 9\ncpu0 1 2 3 4 5 6 7 8 0 0\n";
    assertEquals(stolenOf(stat), { stolen: 32, all: 600 });
    // Kernels before 2.6.11 have no such field, other systems no file.
    assertEquals(stolenOf("cpu 10 20 30 40 0 0 0"), { stolen: 0, all: 100 });
    assertEquals(stolenOf(""), { stolen: 0, all: 0 });
  });

  it("says which rows the host has disturbed, and nothing if none", () => {
    const runs = { row: ROWS[0], rate: null, repeated: 0 };
    const quiet = summarize({ ...runs, ours: [QUIET], theirs: [QUIET] });
    assertEquals(stolenText([quiet]), "");
    const patient = { ...quiet, repeated: 3 };
    assertEquals(
      stolenText([patient, quiet]),
      "the host took time away: 3 runs were repeated",
    );
    const disturbed = summarize({
      ...runs,
      ours: [QUIET],
      theirs: [{ ...QUIET, stolenShare: 0.128 }],
      repeated: 4,
    });
    assertEquals(disturbed.stolenShareMax, 0.128);
    assertEquals(
      stolenText([patient, disturbed]),
      "the host took time away: 7 runs were repeated; more than 2 % was " +
        "missing from runs of get p1 (13 %)",
    );
  });

  it("takes medians, and the least and most of neighbouring runs", () => {
    const at = (cpuUs: number) => ({ ...QUIET, cpuUs });
    const result = summarize({
      row: ROWS[0],
      rate: null,
      repeated: 0,
      ours: [at(4), at(6), at(5)],
      theirs: [at(8), at(10), at(20)],
    });
    assertEquals(result.ratio, 0.5);
    assertEquals([result.ratioMin, result.ratioMax], [0.25, 0.6]);
  });

  it("lets the server that only answers run what it can answer", () => {
    assertEquals(
      ROWS.filter(isBare).map((row) => row.name),
      ["get p1", "get p20", "p99 half"],
    );
  });
});
