/**
 * Owns the tests of what the comparison with memcached makes of its runs.
 * Never measures.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stolenShare, ticksOf } from "../../../bench/compare/machine.ts";
import {
  Patience,
  quietest,
  STOLEN_SHARE_MAX,
} from "../../../bench/compare/patience.ts";
import {
  type Run,
  stolenText,
  summarize,
} from "../../../bench/compare/report.ts";
import { canBareAnswer, ROWS } from "../../../bench/compare/rows.ts";

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
    assertEquals(ticksOf(stat), { stolen: 32, all: 600 });
    // Kernels before 2.6.11 have no such field, other systems no file.
    assertEquals(ticksOf("cpu 10 20 30 40 0 0 0"), { stolen: 0, all: 100 });
    assertEquals(ticksOf(""), { stolen: 0, all: 0 });
    const before = ticksOf(stat);
    assertEquals(stolenShare(before, { stolen: 40, all: 800 }), 0.04);
    // No time has passed.
    assertEquals(stolenShare(before, before), 0);
  });

  it("says which rows the host has disturbed, and nothing if none", () => {
    const runs = { row: ROWS[0], rate: null, repeated: 0 };
    const quiet = summarize({ ...runs, ours: [QUIET], theirs: [QUIET] });
    assertEquals(stolenText([quiet]), "");
    const patient = { ...quiet, repeated: 3 };
    assertEquals(
      stolenText([patient, quiet]),
      "the host took time away: 3 pairs of runs were repeated",
    );
    const disturbed = summarize({
      ...runs,
      ours: [QUIET, { ...QUIET, stolenShare: 0.021 }],
      theirs: [{ ...QUIET, stolenShare: 0.128 }, QUIET],
      repeated: 4,
    });
    assertEquals(
      stolenText([patient, disturbed]),
      "the host took time away: 7 pairs of runs were repeated; pairs that " +
        "count and lack more than 2 %: get p1 (2 of 2, at most 13 %)",
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
      ROWS.filter(canBareAnswer).map((row) => row.name),
      ["get p1", "get p20", "p99 half"],
    );
  });
});

describe("patience with a disturbed machine", () => {
  it("repeats what was disturbed while there is patience", async () => {
    // What is stolen from one pair after the other.
    const quietestOf = (shares: number[], patience: Patience) => {
      const left = shares.values();
      const make = () => Promise.resolve(left.next().value!);
      return quietest(make, (share) => share, 10, patience);
    };
    const patience = new Patience(60, 2);
    patience.startRow();
    const limit = STOLEN_SHARE_MAX;
    assertEquals(await quietestOf([limit], patience), {
      pair: limit,
      repeated: 0,
    });
    assertEquals(await quietestOf([0.5, 0.3, 0, 0.1], patience), {
      pair: 0,
      repeated: 2,
    });
    // Ten seconds are left: one more, and the better of two counts.
    assertEquals(await quietestOf([0.3, 0.4, 0], patience), {
      pair: 0.3,
      repeated: 1,
    });
    assertEquals(await quietestOf([0.3, 0], patience), {
      pair: 0.3,
      repeated: 0,
    });
    patience.startRow();
    assertEquals(await quietestOf([0.4, 0.3, 0.2, 0.1, 0], patience), {
      pair: 0.1,
      repeated: 3,
    });
  });
});
