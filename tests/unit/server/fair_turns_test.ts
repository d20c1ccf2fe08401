/**
 * Owns tests of who rests when more clients are busy than one turn serves, and
 * who goes on first.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  FairTurns,
  FULL_TURN_READS,
  GO_ON_MAX,
} from "../../../src/server/fair_turns.ts";

/** Turns whose time passes when it is told to. */
class Stage {
  readonly #timers: (() => void)[] = [];
  readonly #turns = new FairTurns((run) => this.#timers.push(run));
  #clients = 0;
  /** Who went on, in their order; clients have numbers from 0. */
  readonly wentOn: number[] = [];

  /** A turn in which reads of so many new clients end; returns how many of them
   * rest afterwards. */
  turn(reads: number): number {
    for (let i = 0; i < reads; i++) this.#turns.arrived();
    let resting = 0;
    for (let i = 0; i < reads; i++) {
      const client = this.#clients++;
      if (!this.#turns.runs()) continue;
      resting++;
      this.#turns.rest().then(() => this.wentOn.push(client));
    }
    return resting;
  }

  /** How many went on so far. */
  async countWentOn(): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve));
    return this.wentOn.length;
  }

  /** Runs what is due; returns how much that was. */
  passTime(): number {
    const due = this.#timers.splice(0);
    for (const run of due) run();
    return due.length;
  }
}

Deno.test("only those rest who fill a turn", () => {
  for (const extra of [-1, 0, 1]) {
    const reads = FULL_TURN_READS + extra;
    assertEquals(new Stage().turn(reads), extra < 0 ? 0 : reads);
  }
});

Deno.test("what ends in two turns does not fill one", () => {
  const stage = new Stage();
  for (let i = 0; i < 10; i++) assertEquals(stage.turn(FULL_TURN_READS / 2), 0);
  assertEquals(stage.passTime(), 0);
});

Deno.test("who rests goes on in turns that are not full, some at a time", async () => {
  const stage = new Stage();
  stage.turn(FULL_TURN_READS);
  stage.turn(FULL_TURN_READS + 5);
  assertEquals(await stage.countWentOn(), 0);
  const resting = 2 * FULL_TURN_READS + 5;
  // Who is served meanwhile rests, too, and comes last.
  assertEquals(stage.turn(1), 1);
  assertEquals(await stage.countWentOn(), GO_ON_MAX);
  assertEquals(stage.turn(2), 2);
  assertEquals(await stage.countWentOn(), 2 * GO_ON_MAX);
  const all = resting + 3;
  for (let last = 2 * GO_ON_MAX; last < all; last += GO_ON_MAX) {
    assertEquals(stage.wentOn.length, last);
    stage.turn(GO_ON_MAX);
    await stage.countWentOn();
  }
  const order = stage.wentOn.slice(0, all);
  assertEquals(order, Array.from({ length: all }, (_, i) => i));
});

Deno.test("everybody goes on without a rest when nobody is left", async () => {
  const stage = new Stage();
  stage.turn(FULL_TURN_READS);
  const turns = Math.ceil(FULL_TURN_READS / GO_ON_MAX);
  let resting = 0;
  for (let i = 1; i < turns; i++) resting += stage.turn(1);
  assertEquals(resting, turns - 1);
  // Those came to rest behind the others.
  for (let i = 0; i < 2; i++) resting += stage.turn(1);
  assertEquals(await stage.countWentOn(), FULL_TURN_READS + resting);
  assertEquals(stage.turn(5), 0);
});

Deno.test("if nothing arrives some go on after a time", async () => {
  const stage = new Stage();
  stage.turn(FULL_TURN_READS);
  stage.turn(FULL_TURN_READS);
  // There was a turn meanwhile.
  assertEquals(stage.passTime(), 1);
  assertEquals(await stage.countWentOn(), 0);
  // Twice as many each time.
  for (const factor of [1, 3, 7]) {
    assertEquals(stage.passTime(), 1);
    assertEquals(await stage.countWentOn(), factor * GO_ON_MAX);
  }
  // Until something arrives.
  stage.turn(FULL_TURN_READS);
  assertEquals(stage.passTime(), 1);
  assertEquals(await stage.countWentOn(), 7 * GO_ON_MAX);
  assertEquals(stage.passTime(), 1);
  assertEquals(await stage.countWentOn(), 8 * GO_ON_MAX);
  while (stage.passTime() > 0);
  assertEquals(await stage.countWentOn(), 3 * FULL_TURN_READS);
  // And once more.
  stage.turn(FULL_TURN_READS);
  assertEquals(stage.passTime(), 1);
  assertEquals(await stage.countWentOn(), 3 * FULL_TURN_READS + GO_ON_MAX);
});

Deno.test("the order stays when the queue is long and never empty", async () => {
  const stage = new Stage();
  let clients = 0;
  for (let i = 0; i < 20; i++) clients += stage.turn(FULL_TURN_READS);
  for (let i = 0; i < 200; i++) clients += stage.turn(GO_ON_MAX);
  const count = await stage.countWentOn();
  assertEquals(count, 200 * GO_ON_MAX);
  assertEquals(clients > count, true);
  assertEquals(stage.wentOn, Array.from({ length: count }, (_, i) => i));
});
