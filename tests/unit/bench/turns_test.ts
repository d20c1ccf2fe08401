/**
 * Owns the tests of the driver that turns between servers: every server has its
 * windows, one worker all of the load if that was asked for, and nothing that
 * went wrong stays unsaid. Never looks at times.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import {
  LOAD_DEFAULT,
  loadArguments,
  type LoadOptions,
} from "../../../bench/load/options.ts";
import {
  halfOfPeak,
  type Target,
  turnArguments,
  type TurnOptions,
  type TurnResult,
} from "../../../bench/load/turns.ts";
import { MODES } from "../../support/our_server.ts";
import { type Served, serving } from "../../support/serving.ts";

const ROUNDS = 3;
const LOAD = {
  ...LOAD_DEFAULT,
  conns: 6,
  // Of those of another data set a server has none.
  first: 1000,
  keys: 50,
  secs: 0.1,
  warmUpSecs: 0.01,
};
const [ONE_THREAD] = MODES;
const TWO_THREADS = MODES.find(({ name }) => name === "-t 2")!;

async function run(program: string, args: string[]) {
  const path = new URL(`../../../bench/load/${program}`, import.meta.url);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", fileURLToPath(path), ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  return { code, out, err };
}

async function drive(program: string, args: string[]): Promise<string> {
  const { code, out, err } = await run(program, args);
  assertEquals(code, 0, err);
  return out;
}

function optionsFor(targets: Target[]): TurnOptions {
  const times = { patienceSecs: 0, firstSecs: 0.3, peakSecs: 0 };
  return { targets, rounds: ROUNDS, ...times, areAlone: false };
}

async function turns(
  targets: Target[],
  worker: number,
  options: Partial<TurnOptions> = {},
): Promise<TurnResult> {
  const all = { ...optionsFor(targets), ...options };
  const args = turnArguments({ ...LOAD, worker }, all);
  return JSON.parse(await drive("turns.ts", args));
}

/** Runs two servers that have the keys. */
async function servingTwo(body: (targets: Target[]) => Promise<void>) {
  const filled = async ({ server, port }: Served) => {
    const target = { port, pid: server.child.pid };
    const fill = { ...LOAD, ...target, mode: "fill" as const };
    await drive("main.ts", loadArguments(fill));
    return target;
  };
  await serving({ mode: ONE_THREAD }, async (served) => {
    const first = await filled(served);
    await serving({ mode: ONE_THREAD }, async (served) => {
      await body([first, await filled(served)]);
    });
  });
}

// Linux only: it drives sockets by epoll.
Deno.test({
  name: "servers are driven in turns, or one worker of a server",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    serving({ mode: TWO_THREADS }, async ({ server, port, connect }) => {
      const two = { port, pid: server.child.pid };
      await drive("main.ts", loadArguments({ ...LOAD, ...two, mode: "fill" }));
      const asks = await connect();
      const commands = async () => {
        const stats = await asks.stats("threads");
        return [0, 1].map((worker) => Number(stats.get(`${worker}:commands`)));
      };
      const before = await commands();
      const { windows } = await turns([two], 1);
      const { hits } = windows[0][ROUNDS - 1];
      assert(hits > 0);
      const after = await commands();
      assert(after[1] - before[1] >= hits, `${hits}: ${before}, ${after}`);
      // Questions about who serves whom only: a get for each hit is missing.
      assert(after[0] - before[0] < hits, `${hits}: ${before}, ${after}`);

      await serving({ mode: ONE_THREAD }, async ({ server, port }) => {
        const one = { port, pid: server.child.pid };
        const fill = { ...LOAD, ...one, mode: "fill" as const };
        await drive("main.ts", loadArguments(fill));
        const result = await turns([two, one], -1);
        const { windows, stolenShares, rates, firstUs } = result;
        assertEquals(windows.map(({ length }) => length), [ROUNDS, ROUNDS]);
        assertEquals(stolenShares.length, ROUNDS);
        assertEquals(rates, [0, 0, 0]);
        assertEquals(firstUs.map((us) => us! > 0), [true, true]);
        for (const { requests, misses, errors } of windows.flat()) {
          assert(requests > 0);
          assertEquals([misses, errors], [0, 0]);
        }
      });
    }),
});

Deno.test("half of what the slower server answered is asked for", () => {
  const peaks = [90_001, 70_001, 80_001].map((requestsPerSecond) => (
    { requestsPerSecond }
  ));
  assertEquals(halfOfPeak(peaks), 35_000.5);
});

Deno.test({
  name: "each round has a rate of its own if peaks are asked for",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    servingTwo(async (targets) => {
      const { rates, windows } = await turns(targets, -1, { peakSecs: 0.05 });
      assertEquals(rates.map((rate) => rate > 0), [true, true, true]);
      // No two peaks are the same to the request.
      assert(new Set(rates).size > 1, String(rates));
      // As much as possible would be twice as much in all of them.
      const shares = windows.flatMap((list) =>
        list.map((window, i) => window.requestsPerSecond / rates[i])
      );
      assert(Math.min(...shares) < 1.5, String(shares));
    }),
});

/** The letter that proc(5) has for what a process does: T is stopped. */
function stateOf({ pid }: Target): string {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return /^State:\s+(\S)/m.exec(status)![1];
}

Deno.test({
  name:
    "servers that are to be alone are stopped in turns, and go on afterwards",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    servingTwo(async (targets) => {
      let isOver = false;
      const driving = turns(targets, -1, { areAlone: true })
        .finally(() => isOver = true);
      // Awaited below, after some time.
      driving.catch(() => {});
      const seen = targets.map(() => 0);
      while (!isOver) {
        targets.forEach((target, i) => {
          if (stateOf(target) === "T") seen[i]++;
        });
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await driving;
      assert(Math.min(...seen) > 0, String(seen));
      assert(targets.every((target) => stateOf(target) !== "T"));
    }),
});

Deno.test({
  name: "servers go on that were stopped, if the turns end early",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    serving({ mode: ONE_THREAD }, async ({ server, port }) => {
      const target = { port, pid: server.child.pid };
      const options = { ...optionsFor([target]), areAlone: true };
      const { code, err } = await run("turns.ts", turnArguments(LOAD, options));
      assertEquals(code, 1);
      assertMatch(err, /[1-9][0-9]* misses/);
      assert(stateOf(target) !== "T");
    }),
});

Deno.test({
  name: "a miss ends the turns and is said, whatever rounds count",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    serving({ mode: ONE_THREAD }, async ({ server, port }) => {
      const targets = [{ port, pid: server.child.pid }];
      const args = turnArguments(LOAD, optionsFor(targets));
      const { code, out, err } = await run("turns.ts", args);
      assertEquals([code, out], [1, ""]);
      assertMatch(err, new RegExp(`at port ${port}, get: [1-9][0-9]* misses`));
    }),
});

Deno.test({
  name: "a worker of a server that tells of none is refused",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const served = (async () => {
      const conn = await listener.accept();
      await conn.write(new TextEncoder().encode("ERROR\r\n"));
      await conn.readable.pipeTo(new WritableStream());
    })();
    const { port } = listener.addr;
    const of = (load: Partial<LoadOptions>) =>
      run("main.ts", loadArguments({ ...LOAD, port, worker: 0, ...load }));
    const { code, err } = await of({});
    await served;
    listener.close();
    assertEquals(code, 1);
    assertEquals(err, "load: the server has no stats threads\n");
    assertEquals(
      (await of({ portable: true })).err,
      "load: --worker needs Linux and --allow-ffi, without --portable\n",
    );
  },
});
