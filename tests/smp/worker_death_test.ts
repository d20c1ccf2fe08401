/**
 * Owns the tests of a worker that dies under load: its connections end, all
 * others see nothing, the data stays, another worker takes its place.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { toLatin1 } from "../../src/base/bytes.ts";
import type { SmpServer } from "../../src/server/smp_server.ts";
import { waitFor } from "../support/serving.ts";
import type { Wire } from "../support/wire.ts";
import { inProcess } from "./in_process.ts";

/** A client that stores and reads its own keys until it is told to stop. */
class Load {
  readonly #wire: Wire;
  readonly #name: string;
  isStopped = false;
  rounds = 0;
  /** What went wrong: the connection, or an answer. */
  error: unknown = null;
  readonly done: Promise<void>;

  constructor(wire: Wire, name: string) {
    this.#wire = wire;
    this.#name = name;
    this.done = this.#run().catch((error) => {
      this.error = error;
    });
  }

  async #run(): Promise<void> {
    while (!this.isStopped) {
      const key = `${this.#name}-${this.rounds % 50}`;
      const value = `${key}=${this.rounds}`.padEnd(20 + this.rounds % 300, ".");
      assertEquals(await this.#wire.set(key, value), "STORED");
      await this.#wire.expectValue(key, toLatin1(value));
      this.rounds++;
    }
  }

  close(): void {
    this.#wire.close();
  }
}

async function dies(
  io: "deno" | "native",
  kill: (server: SmpServer) => void,
): Promise<void> {
  const settings = { threads: 2, io };
  await inProcess({ settings }, async ({ server, connect }) => {
    using first = await connect();
    assertEquals(await first.set("kept", "value"), "STORED");
    const loads: Load[] = [];
    for (let i = 0; i < 10; i++) {
      loads.push(new Load(await connect(), `load${i}`));
    }
    await waitFor("load", () => loads.every((load) => load.rounds > 20));
    const victims = server.control.connectionsOf(1);
    assert(victims > 0, "no connection was the victim's");
    const before = server.workers[1];
    kill(server);
    await waitFor("another worker", () => server.workers[1] !== before);
    await server.workers[1].ready;
    const marks = loads.map((load) => load.rounds);
    await waitFor(
      "load goes on",
      () =>
        loads.every((load, i) =>
          load.error !== null || load.rounds > marks[i] + 20
        ),
    );
    const lost = loads.filter((load) => load.error !== null).length;
    for (const load of loads) load.isStopped = true;
    await Promise.all(loads.map((load) => load.done));
    // The first connection may have been one of them.
    assert(lost === victims || lost === victims - 1, `${lost} of ${victims}`);
    using after = await connect();
    await after.expectValue("kept", toLatin1("value"));
    for (let i = 0; i < 10; i++) {
      for (let k = 0; k < 50; k++) {
        assertEquals(await after.set(`load${i}-${k}`, "new"), "STORED");
      }
    }
    for (const load of loads) load.close();
  });
}

const KINDS = Deno.build.os === "linux"
  ? ["deno", "native"] as const
  : ["deno"] as const;

for (const io of KINDS) {
  Deno.test(`a worker that is ended is replaced (--io=${io})`, () =>
    dies(io, (server) => {
      server.replaceWorker(1, "ended by a test");
    }));

  Deno.test(`a worker that throws is replaced (--io=${io})`, () =>
    dies(io, (server) => {
      server.workers[1].channel.call({ name: "fail" });
    }));
}
