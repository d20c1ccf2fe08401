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
import { turnArguments, type TurnResult } from "../../../bench/load/turns.ts";
import { MODES } from "../../support/our_server.ts";
import { serving } from "../../support/serving.ts";

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

function optionsFor(targets: { port: number; pid: number }[]) {
  return { targets, rounds: ROUNDS, patienceSecs: 0, firstSecs: 0.3 };
}

async function turns(
  targets: { port: number; pid: number }[],
  worker: number,
): Promise<TurnResult> {
  const args = turnArguments({ ...LOAD, worker }, optionsFor(targets));
  return JSON.parse(await drive("turns.ts", args));
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
        const { windows, stolenShares, firstUs } = result;
        assertEquals(windows.map(({ length }) => length), [ROUNDS, ROUNDS]);
        assertEquals(stolenShares.length, ROUNDS);
        assertEquals(firstUs.map((us) => us! > 0), [true, true]);
        for (const { requests, misses, errors } of windows.flat()) {
          assert(requests > 0);
          assertEquals([misses, errors], [0, 0]);
        }
      });
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
