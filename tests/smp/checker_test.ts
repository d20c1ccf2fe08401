/**
 * Owns the tests of the linearizability checker with histories made by hand:
 * those that one item can explain, and those that none can.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Random } from "../support/random.ts";
import { checkHistory, violationText } from "./checker.ts";
import type { Kind, Operation } from "./history.ts";
import { type ItemState, MISSING, step } from "./item_model.ts";

/** `<client> <start>..<end> <kind> [argument][@cas id] -> <word> [value][@id]` */
function parse(line: string): Operation {
  const match =
    /^(\d) (\d+)\.\.(\d+) (\w+) ?([^ @]*)(?:@(\d+))? -> (\w+) ?([^ @]*)(?:@(\d+))?$/
      .exec(line);
  assert(match !== null, line);
  const [, client, start, end, kind, argument, compare, word, value, cas] =
    match;
  return {
    client: Number(client),
    key: "k",
    kind: kind as Kind,
    argument,
    compare: compare === undefined ? undefined : Number(compare),
    start: Number(start),
    end: Number(end),
    answer: {
      word,
      value: word === "VALUE" ? value : undefined,
      cas: cas === undefined ? undefined : Number(cas),
    },
  };
}

function isLinearizable(lines: string[]): boolean {
  return checkHistory(lines.map(parse)).violation === null;
}

function fits(name: string, ...lines: string[]): void {
  Deno.test(`one order explains: ${name}`, () => {
    assert(isLinearizable(lines));
  });
}

function fitsNot(name: string, ...lines: string[]): void {
  Deno.test(`no order explains: ${name}`, () => {
    const { violation } = checkHistory(lines.map(parse));
    assert(violation !== null, "it was accepted");
    assert(violationText(violation).includes("key k"));
  });
}

const SET = "0 0..1 set a -> STORED";

// ---- registers ----

fits("nothing at all");
fits("a value that was set", SET, "1 2..3 get -> VALUE a");
fits("a get beside the set", SET.replace("..1", "..9"), "1 2..3 get -> END");
fits(
  "the new value beside its set",
  "0 0..9 set a -> STORED",
  "1 2..3 get -> VALUE a",
);
fits(
  "two sets at once, in the order that the gets show",
  "0 0..9 set a -> STORED",
  "1 0..9 set b -> STORED",
  "2 1..2 get -> VALUE b",
  "2 3..4 get -> VALUE a",
);
fits(
  "a set that needs one asked later",
  "0 0..9 get -> VALUE b",
  "1 1..8 set b -> STORED",
);
fits(
  "delete and add",
  SET,
  "1 2..3 delete -> DELETED",
  "1 4..5 add b -> STORED",
);
fitsNot("a value from nowhere", SET, "1 2..3 get -> VALUE b");
fitsNot(
  "a value before its set",
  "1 0..1 get -> VALUE a",
  "0 2..3 set a -> STORED",
);
fitsNot(
  "a stale value",
  SET,
  "0 2..3 set b -> STORED",
  "1 4..5 get -> VALUE a",
);
fitsNot("a lost value", SET, "1 2..3 get -> END");
fitsNot(
  "a value after its delete",
  SET,
  "0 2..3 delete -> DELETED",
  "1 4..5 get -> VALUE a",
);
fitsNot(
  "new, then old",
  SET,
  "0 2..9 set b -> STORED",
  "1 3..4 get -> VALUE b",
  "2 5..6 get -> VALUE a",
);
fitsNot("two adds", "0 0..9 add a -> STORED", "1 0..9 add b -> STORED");
fitsNot(
  "two deletes of one item",
  SET,
  "0 2..9 delete -> DELETED",
  "1 2..9 delete -> DELETED",
);

// ---- counters ----

fits(
  "three increments at once",
  "0 0..1 set 9 -> STORED",
  "0 2..9 incr 1 -> 12",
  "1 2..9 incr 1 -> 10",
  "2 2..9 incr 1 -> 11",
);
fits(
  "a shorter number is filled up",
  "0 0..1 set 10 -> STORED",
  "0 2..3 decr 1 -> 9",
);
fits("down to nothing", "0 0..1 set 10 -> STORED", "0 2..3 decr 11 -> 0");
fitsNot(
  "a lost increment",
  "0 0..1 set 9 -> STORED",
  "0 2..9 incr 1 -> 10",
  "1 2..9 incr 1 -> 10",
);
fitsNot(
  "a lost increment that only a get shows",
  "0 0..1 set 9 -> STORED",
  "0 2..3 incr 1 -> 10",
  "1 4..5 get -> VALUE 9",
);
fitsNot(
  "increments against the time",
  "0 0..1 set 9 -> STORED",
  "0 2..3 incr 1 -> 11",
  "1 4..5 incr 1 -> 10",
);

// ---- append ----

fits(
  "appends in either order",
  SET,
  "0 2..9 append b -> STORED",
  "1 2..9 append c -> STORED",
  "2 10..11 get -> VALUE acb",
);
fits(
  "append and prepend",
  SET,
  "0 2..9 append b -> STORED",
  "1 2..9 prepend c -> STORED",
  "2 10..11 get -> VALUE cab",
);
fits("append to nothing", "0 0..1 append a -> NOT_STORED");
fitsNot(
  "a lost append",
  SET,
  "0 2..9 append b -> STORED",
  "1 2..9 append c -> STORED",
  "2 10..11 get -> VALUE ac",
);
fitsNot(
  "two orders of the same appends",
  SET,
  "0 2..20 append b -> STORED",
  "1 2..20 append c -> STORED",
  "2 10..11 get -> VALUE acb",
  "2 12..13 get -> VALUE abc",
);
fitsNot(
  "half a value",
  "0 0..1 set aaaa -> STORED",
  "0 2..9 set bbbb -> STORED",
  "1 3..4 get -> VALUE aabb",
);

// ---- CAS ----

fits(
  "a cas that won",
  SET,
  "1 2..3 gets -> VALUE a@7",
  "1 4..5 cas b@7 -> STORED",
);
fits(
  "one of two wins",
  SET,
  "1 2..3 gets -> VALUE a@7",
  "1 4..9 cas b@7 -> EXISTS",
  "2 4..9 cas c@7 -> STORED",
  "0 10..11 gets -> VALUE c@8",
);
fits(
  "a chosen id",
  "0 0..1 choose a@5 -> HD",
  "1 2..3 gets -> VALUE a@5",
  "1 4..5 cas b@5 -> STORED",
);
fitsNot(
  "both win",
  SET,
  "1 2..3 gets -> VALUE a@7",
  "1 4..9 cas b@7 -> STORED",
  "2 4..9 cas c@7 -> STORED",
);
fitsNot(
  "a cas over a set that it has not seen",
  SET,
  "1 2..3 gets -> VALUE a@7",
  "0 4..5 set c -> STORED",
  "1 6..7 cas b@7 -> STORED",
);
fitsNot(
  "a refusal without a reason",
  SET,
  "1 2..3 gets -> VALUE a@7",
  "1 4..5 cas b@7 -> EXISTS",
);
fitsNot(
  "two ids of one version",
  SET,
  "1 2..3 gets -> VALUE a@7",
  "1 4..5 gets -> VALUE a@8",
);
fitsNot(
  "an id that stays when the number changes",
  "0 0..1 set 9 -> STORED",
  "1 2..3 gets -> VALUE 9@7",
  "0 4..5 incr 1 -> 10",
  "1 6..7 gets -> VALUE 10@7",
);

// ---- operations that were sent together ----

fits(
  "a client's own order",
  "0 0..9 set a -> STORED",
  "0 0..9 get -> VALUE a",
  "0 0..9 set b -> STORED",
);
fitsNot(
  "not a client's own order",
  "0 0..9 get -> VALUE a",
  "0 0..9 set a -> STORED",
);

// ---- at random ----

/** Runs operations one after the other, each within a span of time around the
 * moment at which it was run. */
function randomHistory(random: Random, count: number): Operation[] {
  const history: Operation[] = [];
  const free = [0, 0, 0, 0, 0, 0];
  let state: ItemState = MISSING;
  for (let i = 0; i < count; i++) {
    const client = random.below(free.length);
    const moment = Math.max(free[client], 10 * i);
    // Only who is free at this moment can be the next.
    if (moment > 10 * i) continue;
    const kind = random.pick<Kind>(["get", "set", "append", "delete", "add"]);
    const operation: Operation = {
      client,
      key: "k",
      kind,
      argument: `${i},`,
      start: Math.max(free[client], moment - random.below(40)),
      end: moment + 1 + random.below(40),
      answer: { word: "" },
    };
    free[client] = operation.end;
    const words = kind === "delete"
      ? ["DELETED", "NOT_FOUND"]
      : kind === "get"
      ? ["VALUE", "END"]
      : ["STORED", "NOT_STORED"];
    for (const word of words) {
      operation.answer = { word, value: state.value ?? undefined };
      const next = step(state, operation);
      if (next === null) continue;
      state = next;
      break;
    }
    history.push(operation);
  }
  return history;
}

Deno.test("histories that were run in some order are accepted", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const history = randomHistory(new Random(seed), 400);
    const { violation } = checkHistory(history);
    assertEquals(violation, null, `seed ${seed}`);
  }
});

Deno.test("an answer that was changed afterwards is noticed", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new Random(seed);
    const history = randomHistory(random, 400);
    const gets = history.filter(({ kind, answer }) =>
      kind === "get" && answer.word === "VALUE"
    );
    const changed = random.pick(gets);
    changed.answer = { word: "VALUE", value: changed.answer.value + "?" };
    assert(checkHistory(history).violation !== null, `seed ${seed}`);
  }
});
