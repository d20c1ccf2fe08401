/**
 * Owns a server's clock that only a test moves: then no pause of the machine
 * makes anybody idle who is not meant to be. The server must have been started
 * with {@linkcode STOPPABLE}. Never measures time.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { waitFor } from "./serving.ts";
import type { Wire } from "./wire.ts";

/** The option, for `-o`, without which nobody may move the clock. */
export const STOPPABLE = "relaxed_privileges";
/** Far more than passes by itself while the server is told to stop its clock. */
const LEAP_SECONDS = 20;

/** Stops the clock of the server. Other threads may take up to a quarter of a
 * second to notice: who comes by then counts as silent for twenty seconds. */
export async function stopClock(wire: Wire): Promise<void> {
  assertEquals(await wire.ask("debugtime p"), "OK");
  // With several threads it is answered before it is so; when the clock has
  // been moved, which was asked for later, it is.
  await moveClock(wire, LEAP_SECONDS);
}

/** Moves the clock; the last thing that `wire` asks is asked afterwards. */
export async function moveClock(wire: Wire, seconds: number): Promise<void> {
  const end = await wire.stat("time") + seconds;
  assertEquals(await wire.ask(`debugtime ${seconds}`), "OK");
  await waitFor("the moved clock", async () => await wire.stat("time") >= end);
}
