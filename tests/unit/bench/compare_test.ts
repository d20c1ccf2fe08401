/**
 * Owns the tests of what the comparison with memcached makes of its runs.
 * Never measures.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  rateText,
  type Run,
  spreadOf,
  stolenText,
  summarize,
  tableLine,
} from "../../../bench/compare/report.ts";
import { canBareAnswer, ROWS } from "../../../bench/compare/rows.ts";
import {
  QuietRounds,
  STOLEN_SHARE_MAX,
  stolenShare,
  ticksOf,
} from "../../../bench/load/quiet.ts";

const QUIET: Run = {
  cpuUs: 8,
  driverUs: 7,
  keysPerSecond: 100_000,
  p99Us: 900,
  stolenShare: 0.01,
};

describe("comparison with memcached", () => {
  it("says which rows the host has disturbed, and nothing if none", () => {
    const runs = { row: ROWS[0], rates: null, repeated: 0, firstUs: [9, 8] };
    const quiet = summarize({ ...runs, ours: [QUIET], theirs: [QUIET] });
    assertEquals(stolenText([quiet]), "");
    const patient = { ...quiet, repeated: 3 };
    assertEquals(
      stolenText([patient, quiet]),
      "the host took time away: 3 rounds were repeated",
    );
    const disturbed = summarize({
      ...runs,
      ours: [0.128, 0.021].map((share) => ({ ...QUIET, stolenShare: share })),
      theirs: [QUIET, QUIET],
      repeated: 4,
    });
    assertEquals(
      stolenText([patient, disturbed]),
      "the host took time away: 7 rounds were repeated; those that count " +
        "and lack more than 2 %, or with p99 anything: get p1 (2 of 2, at " +
        "most 13 %)",
    );
  });

  it("judges by the median of the ratios of neighbouring windows", () => {
    const at = (cpuUs: number) => ({ ...QUIET, cpuUs });
    const result = summarize({
      row: ROWS[0],
      rates: null,
      repeated: 0,
      firstUs: [9, null],
      ours: [at(4), at(6), at(50)],
      theirs: [at(8), at(10), at(100)],
    });
    assertEquals(result.ratio, {
      median: 0.5,
      low: 0.5,
      high: 0.55,
      mean: 1.6 / 3,
    });
    // One window that took long counts here.
    assertEquals(result.ratioOfMeans, 60 / 118);
    // What came before the first round is said, and judges nothing.
    assertEquals([result.oursFirstUs, result.theirFirstUs], [9, null]);
    assertMatch(tableLine(result), / 9\.00\/- /);
  });

  it("takes quartiles between the two nearest values", () => {
    assertEquals(spreadOf([7, 1, 3, 5]), {
      median: 4,
      low: 2.5,
      high: 5.5,
      mean: 4,
    });
    assertEquals(spreadOf([2]), { median: 2, low: 2, high: 2, mean: 2 });
  });

  it("lets the server that only answers run what it can answer", () => {
    assertEquals(
      ROWS.filter(canBareAnswer).map((row) => row.name),
      ["get p1", "get p20", "p99 half"],
    );
  });
});

describe("latency", () => {
  it("counts every round of latency that anything was stolen from", () => {
    const ours = [0, 0.001, 0.02].map((stolenShare) => (
      { ...QUIET, stolenShare }
    ));
    const rates = null, theirs = ours;
    const runs = { rates, repeated: 0, firstUs: [9, 8], ours, theirs };
    const [cpu, latency] = [false, true].map((isLatency) =>
      summarize({ ...runs, row: { ...ROWS[0], isLatency } }).disturbed
    );
    assertEquals([cpu, latency], [0, 2]);
  });

  // What is said of a row whose rounds asked for so much a second, when so much
  // was answered by ours, and all of it by theirs.
  const sayRates = (rates: number[], answered: number[]) => {
    const runs = (list: number[]) =>
      list.map((keysPerSecond) => ({ ...QUIET, keysPerSecond }));
    const ours = runs(answered), theirs = runs(rates);
    const row = { ...ROWS[0], isLatency: true };
    const rest = { repeated: 0, firstUs: [9, 8], ours, theirs };
    return rateText(summarize({ row, rates, ...rest }));
  };
  const RATES =
    "get p1: at 45000 (40000..50000) requests/s, half of what the " +
    "slower one answered before each round";

  it("says how much was asked for, and when it was not answered", () => {
    const rates = [35_000, 45_000, 40_000, 60_000, 50_000];
    assertEquals(sayRates(rates, rates), RATES);
    // One window that was disturbed says nothing of the row.
    assertEquals(sayRates(rates, [1_000, ...rates.slice(1)]), RATES);
    const share = (share: number) => rates.map((rate) => rate * share);
    assertEquals(sayRates(rates, share(0.95)), RATES);
    assertEquals(
      sayRates(rates, share(0.94)),
      `${RATES}, of which only 94 % were answered: the machine is too busy, this ` +
        "row means nothing",
    );
  });

  it("has no rate where as much as possible is asked for", () => {
    const row = { row: ROWS[0], rates: null, repeated: 0, firstUs: [9, 8] };
    const result = summarize({ ...row, ours: [QUIET], theirs: [QUIET] });
    assertEquals([result.rates, result.rateShare], [null, null]);
    assertEquals(rateText(result), "");
  });
});

describe("rounds on a disturbed machine", () => {
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

  // Rounds from which so much was stolen, one a second; what came of them.
  const measure = (
    shares: number[],
    wanted: number,
    patienceSecs: number,
    shareMax?: number,
  ) => {
    const rounds = new QuietRounds<number>(wanted, patienceSecs, shareMax);
    let second = 0;
    while (!rounds.isDone(second)) {
      rounds.add(second, shares[second], second + 1);
      second++;
    }
    return {
      counted: rounds.counted.map(({ round }) => round),
      repeated: rounds.repeated,
      repeatedSecs: rounds.extraSecs(second),
    };
  };

  it("takes no more than are wanted on a quiet one", () => {
    const limit = STOLEN_SHARE_MAX;
    assertEquals(measure([0, limit, limit], 3, 60), {
      counted: [0, 1, 2],
      repeated: 0,
      repeatedSecs: 0,
    });
  });

  it("takes only rounds that nothing was stolen from, where that is asked", () => {
    const { counted } = measure([0.001, 0, 0.01, 0], 2, 60, 0);
    assertEquals(counted, [1, 3]);
  });

  it("repeats what was disturbed until there are enough quiet ones", () => {
    assertEquals(measure([0.5, 0, 0.03, 0.01, 0], 3, 60), {
      counted: [1, 3, 4],
      repeated: 2,
      repeatedSecs: 2,
    });
  });

  it("takes those that lost least, in their order, if patience ends", () => {
    assertEquals(measure([0.5, 0, 0.3, 0.4, 0.2, 0], 3, 2), {
      counted: [1, 2, 4],
      repeated: 2,
      repeatedSecs: 2,
    });
    assertEquals(measure([0.5, 0.4], 2, 0), {
      counted: [0, 1],
      repeated: 0,
      repeatedSecs: 0,
    });
  });
});
