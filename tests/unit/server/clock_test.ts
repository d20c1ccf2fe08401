/**
 * Owns tests of the time of a process, over a machine's clock that jumps.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { afterEach, beforeEach, describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import { tableSeconds, unixSeconds } from "../../../src/base/clock.ts";
import { ServerClock } from "../../../src/server/clock.ts";

// Half a second into a second: a test takes less than the other half.
const START_MS = 1_800_000_000_100;
const HOUR_MS = 3_600_000;

describe("the clock of a process", () => {
  let machine: FakeTime;

  beforeEach(() => {
    machine = new FakeTime(START_MS);
  });
  afterEach(() => machine.restore());

  it("starts with the machine's time", () => {
    const clock = new ServerClock();
    assertEquals(clock.seconds(), tableSeconds(START_MS / 1000));
    assertEquals(clock.tableUnixSeconds(), Math.floor(START_MS / 1000));
    assertEquals(clock.uptimeSeconds(), 0);
  });

  it("does not follow a machine's clock that is set back or forward", () => {
    const clock = new ServerClock();
    const before = clock.seconds();
    machine.restore();
    for (const jumpMs of [-HOUR_MS, HOUR_MS]) {
      machine = new FakeTime(START_MS + jumpMs);
      assertEquals(clock.seconds(), before);
      if (jumpMs < 0) machine.restore();
    }
    machine.tick(HOUR_MS);
    assertEquals(clock.seconds(), before);
  });

  it("is moved by debugtime, uptime included", () => {
    const clock = new ServerClock();
    const before = clock.seconds();
    clock.move(90);
    assertEquals(clock.seconds(), before + 90);
    assertEquals(clock.uptimeSeconds(), 90);
    clock.move(-30);
    assertEquals(clock.seconds(), before + 60);
  });

  it("stands while it is paused, but for being moved", () => {
    const clock = new ServerClock();
    clock.pause(true);
    const before = clock.seconds();
    clock.move(5);
    assertEquals(clock.seconds(), before + 5);
    clock.pause(false);
    assertEquals(clock.seconds(), before + 5);
  });

  it("names Unix seconds as the table does", () => {
    const clock = new ServerClock();
    assertEquals(unixSeconds(clock.seconds()), clock.tableUnixSeconds());
  });
});
