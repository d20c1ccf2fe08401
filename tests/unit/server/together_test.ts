/**
 * Owns the tests of who is told what came of calls that were made together.
 * Never uses a socket.
 *
 * @module
 */
import { assertEquals, assertStrictEquals } from "@std/assert";
import { Bytes } from "../../../src/base/bytes.ts";
import {
  BYTES_READ,
  BYTES_WRITTEN,
  Counters,
} from "../../../src/observe/counters.ts";
import type { CallBatch } from "../../../src/server/native/calls.ts";
import { type Caller, Together } from "../../../src/server/native/together.ts";

/** Calls whose result is their descriptor; `made` counts them. */
function calls(made: number[]): CallBatch {
  const fds: number[] = [];
  const add = (i: number, fd: number) => {
    fds[i] = fd;
  };
  return {
    receive: add,
    send: add,
    make: (count) => {
      made.push(count);
    },
    result: (i) => fds[i],
    descriptors: [],
    close: () => {},
  };
}

function caller(name: string, log: string[], target?: Bytes): Caller {
  const tell = (what: string) => {
    log.push(`${name} ${what}`);
    if (name.startsWith("bad")) throw new Error("an error of one");
  };
  return {
    received: (result, bytes) => {
      assertStrictEquals(bytes, target);
      tell(`received ${result}`);
    },
    sent: (result) => tell(`sent ${result}`),
    failed: () => log.push(`${name} failed`),
  };
}

Deno.test("all who asked are told, in their order, whoever throws", () => {
  const made: number[] = [], log: string[] = [];
  const together = new Together(calls(made), new Counters());
  const targets = [1, 2, 3].map(() => Bytes.allocate(8));
  ["a", "bad", "c"].forEach((name, i) =>
    together.receive(caller(name, log, targets[i]), 10 + i, targets[i], 8)
  );
  together.finishReceiving();
  // Fewer than before: nobody is told twice.
  ["bad", "d"].forEach((name, i) =>
    together.send(caller(name, log), -i, targets[i], 8)
  );
  together.finishSending();
  assertEquals(made, [3, 2]);
  assertEquals(log, [
    "a received 10",
    "bad received 11",
    "bad failed",
    "c received 12",
    "bad sent 0",
    "bad failed",
    "d sent -1",
  ]);
});

Deno.test("what others receive and send is counted until replies leave", () => {
  const most = 64 * 1024;
  const counters = new Counters();
  const together = new Together(calls([]), counters);
  const { values } = counters;
  values[BYTES_READ] = values[BYTES_WRITTEN] = 1e12;
  for (const finish of ["finishReceiving", "finishSending"] as const) {
    together[finish]();
    assertEquals(together.isLate, false);
    values[BYTES_READ] += most - 10;
    values[BYTES_WRITTEN] += 9;
    assertEquals(together.isLate, false);
    values[BYTES_WRITTEN]++;
    assertEquals(together.isLate, false);
    values[BYTES_READ]++;
    assertEquals(together.isLate, true);
  }
});

Deno.test("if nobody asks no call is made", () => {
  const made: number[] = [];
  const together = new Together(calls(made), new Counters());
  together.finishReceiving();
  together.finishSending();
  assertEquals(made, []);
});
