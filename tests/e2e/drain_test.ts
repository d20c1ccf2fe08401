/**
 * Owns the end-to-end tests of a drain: what is under way is finished, the
 * rest is sent away, and bounds hold.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { servingHttp } from "../support/http.ts";
import {
  inEveryMode,
  inTemporaryDirectory,
  type Served,
  serving,
  waitFor,
} from "../support/serving.ts";
import { Wire } from "../support/wire.ts";

async function refuses(served: Served): Promise<boolean> {
  try {
    (await served.connect()).close();
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return true;
    throw error;
  }
}

inEveryMode("idle clients are sent away at once", async (mode) => {
  await serving(
    { mode },
    async ({ server, connect }) => {
      using silent = await connect();
      using idle = await connect();
      assertMatch(await idle.ask("version"), /^VERSION/);
      using watching = await connect();
      assertEquals(await watching.ask("watch fetchers"), "OK");
      assertEquals(await server.stop("SIGTERM"), 0);
      for (const wire of [silent, idle, watching]) await wire.expectEnd();
      assertMatch(server.log, /Gracefully stopping reason=SIGTERM/);
      assertMatch(server.log, /listeners closed/);
      assertMatch(server.log, / drained /);
      assert(!server.log.includes("drain timeout"), server.log);
    },
  );
});

inEveryMode("during the grace everything goes on", async (mode) => {
  const args = ["--drain-grace", "3600"];
  await serving(
    { mode, args },
    async ({ server, connect }) => {
      using old = await connect();
      server.child.kill("SIGTERM");
      await server.waitForLog(/Gracefully stopping.* grace_seconds=3600/);
      using fresh = await connect();
      assertEquals(await fresh.set("k", "v"), "STORED");
      await old.expectValue("k", toBytes("v"));
      await server.waitForLog(/waiting connections=2 seconds_left=/);
      assert(!server.log.includes("listeners closed"), server.log);
      assertEquals(await server.stop("SIGTERM"), 0);
      await old.expectEnd();
      await fresh.expectEnd();
    },
  );
});

inEveryMode("POST /drain: /readyz fails first", async (mode) => {
  const args = ["-A", "--drain-grace", "3600"];
  await servingHttp({ mode, args }, async ({ server, url, connect }) => {
    const ask = async (path: string, method = "GET") => {
      const reply = await fetch(`${url}${path}`, { method });
      return [reply.status, await reply.text()];
    };
    assertEquals(await ask("readyz"), [200, "ok\n"]);
    assertEquals(await ask("drain"), [405, "GET is not possible here\n"]);
    assertEquals(await ask("drain", "POST"), [202, "draining\n"]);
    assertEquals(await ask("readyz"), [503, "draining\n"]);
    assertEquals(await ask("livez"), [200, "ok\n"]);
    // Asked again it is the same drain.
    assertEquals(await ask("drain", "POST"), [202, "draining\n"]);
    assertMatch(server.log, /Gracefully stopping reason="POST \/drain"/);
    using wire = await connect();
    assertEquals(await wire.set("k", "v"), "STORED");
    assertEquals(await server.stop("SIGTERM"), 0);
    await wire.expectEnd();
  });
});

inEveryMode("a drain asked for over HTTP ends the server", async (mode) => {
  const args = ["-A"];
  await servingHttp({ mode, args }, async ({ server, url, connect }) => {
    using wire = await connect();
    assertEquals(await wire.set("k", "v"), "STORED");
    await (await fetch(`${url}drain`, { method: "POST" })).text();
    assertEquals(await server.ended(), 0);
    await wire.expectEnd();
  });
});

inEveryMode("after the grace clients are sent away", async (mode) => {
  const args = ["--drain-grace", "1"];
  await serving({ mode, args }, async (served) => {
    using wire = await served.connect();
    assertEquals(await served.server.stop("SIGTERM"), 0);
    await wire.expectEnd();
    const { log } = served.server;
    assert(log.indexOf("listeners closed") > log.indexOf("Gracefully"), log);
    const seconds = Number(/ drained seconds=([0-9.]+)/.exec(log)?.[1]);
    assert(seconds >= 1, log);
  });
});

inEveryMode("a value that is half there may arrive", async (mode) => {
  const args = ["--drain-timeout", "3600"];
  for (const length of [1000, 500_000]) {
    await serving({ mode, args }, async (served) => {
      const { server, connect } = served;
      using uploading = await connect();
      const value = "x".repeat(length);
      await uploading.send("get k\r\nset k 0 0 " + length + "\r\nxxx");
      assertEquals(await uploading.line(), "END");
      using typing = await connect();
      await typing.send("version\r\nvers");
      assertMatch(await typing.line(), /^VERSION/);
      server.child.kill("SIGTERM");
      await server.waitForLog(/listeners closed/);
      await waitFor("closed listeners", () => refuses(served));
      await uploading.send(value.slice(3) + "\r\n");
      assertEquals(await uploading.line(), "STORED");
      await uploading.expectEnd();
      await typing.send("ion\r\n");
      assertMatch(await typing.line(), /^VERSION/);
      await typing.expectEnd();
      assertEquals(await server.ended(), 0);
    });
  }
});

inEveryMode("a reply that is being read is read to its end", async (mode) => {
  const args = ["--drain-timeout", "3600"];
  await serving(
    { mode, args },
    async ({ server, connect }) => {
      using wire = await connect();
      const value = new Uint8Array(1_000_000).fill(7);
      assertEquals(await wire.set("k", value), "STORED");
      await wire.send("get k\r\n".repeat(30));
      using other = await connect();
      await waitFor("a client that is written to", async () => {
        const states = [...(await other.stats("conns")).values()];
        return states.includes("conn_mwrite");
      });
      server.child.kill("SIGTERM");
      await server.waitForLog(/listeners closed/);
      for (let i = 0; i < 30; i++) {
        await wire.expect(`VALUE k 0 ${value.length}\r\n`);
        await wire.expect(value);
        await wire.expect("\r\nEND\r\n");
      }
      await wire.expectEnd();
      assertEquals(await server.ended(), 0);
    },
  );
});

inEveryMode("what never finishes is cut off at the bound", async (mode) => {
  const args = ["--drain-timeout", "1"];
  await serving(
    { mode, args },
    async ({ server, connect }) => {
      using uploading = await connect();
      await uploading.send("get k\r\nset k 0 0 500000\r\nabc");
      assertEquals(await uploading.line(), "END");
      assertEquals(await server.stop("SIGTERM"), 0);
      await uploading.expectEnd();
      assertMatch(server.log, /drain timeout.* connections=1/);
    },
  );
});

inEveryMode("progress is logged", async (mode) => {
  const args = ["--drain-timeout", "3600"];
  await serving(
    { mode, args },
    async ({ server, connect }) => {
      using uploading = await connect();
      await uploading.send("get k\r\nset k 0 0 500000\r\nabc");
      assertEquals(await uploading.line(), "END");
      server.child.kill("SIGTERM");
      await server.waitForLog(/draining connections=1 seconds_left=/);
      await uploading.send("x".repeat(500_000 - 3) + "\r\n");
      assertEquals(await uploading.line(), "STORED");
      await uploading.expectEnd();
      assertEquals(await server.ended(), 0);
    },
  );
});

for (const second of ["SIGTERM", "SIGUSR1", "SIGINT"] as const) {
  inEveryMode(`${second} ends a drain at once`, async (mode) => {
    const args = ["--drain-grace", "3600", "--drain-timeout", "3600"];
    await serving(
      { mode, args },
      async ({ server, connect }) => {
        using wire = await connect();
        await wire.send("get k\r\nset k 0 0 500000\r\nabc");
        assertEquals(await wire.line(), "END");
        server.child.kill("SIGUSR1");
        await server.waitForLog(/Gracefully stopping reason=SIGUSR1/);
        assertEquals(await server.stop(second), 0);
        await wire.expectEnd();
        assertMatch(server.log, /stopping/);
      },
    );
  });
}

inEveryMode("SIGINT does not wait for anybody", async (mode) => {
  const args = ["--drain-timeout", "3600"];
  await serving(
    { mode, args },
    async ({ server, connect }) => {
      using wire = await connect();
      await wire.send("get k\r\nset k 0 0 500000\r\nabc");
      assertEquals(await wire.line(), "END");
      assertEquals(await server.stop("SIGINT"), 0);
      assert(!server.log.includes("Gracefully"), server.log);
    },
  );
});

/** Sets key after key until the server is gone; returns how many times it
 * was told STORED. */
async function writeOn(wire: Wire, name: string): Promise<number> {
  const batch = 20;
  for (let sent = 0, stored = 0;; sent += batch) {
    let text = "";
    for (let i = sent; i < sent + batch; i++) {
      text += `set ${name}:${i} 0 0 ${String(i).length}\r\n${i}\r\n`;
    }
    try {
      await wire.send(text);
      for (let i = 0; i < batch; i++) {
        assertEquals(await wire.line(), "STORED");
        stored++;
      }
    } catch (error) {
      // Gone, and not in the middle of a reply.
      const message = String(error);
      assert(!/closed by the server after "[^"]/.test(message), message);
      return stored;
    }
  }
}

inEveryMode(
  "a drain under load loses no acknowledged write",
  async (mode) => {
    await inTemporaryDirectory(async (folder) => {
      const args = ["--snapshot", `${folder}/s`, "--drain-timeout", "60"];
      const names = Array.from({ length: 12 }, (_, i) => `writer${i}`);
      let stored: number[] = [];
      await serving(
        { mode, args },
        async ({ server, connect }) => {
          const wires = await Promise.all(names.map(() => connect()));
          const writing = wires.map((wire, i) => writeOn(wire, names[i]));
          using other = await connect();
          await waitFor("load", async () => await other.stat("cmd_set") > 5000);
          server.child.kill("SIGTERM");
          stored = await Promise.all(writing);
          assertEquals(await server.ended(), 0);
          for (const wire of wires) wire.close();
          assert(!/timeout,|ERROR/.test(server.log), server.log);
        },
      );
      assert(stored.reduce((a, b) => a + b) >= 5000);
      await serving(
        { mode, args },
        async ({ server, connect }) => {
          await server.waitForLog(/snapshot loaded/);
          using wire = await connect();
          for (const [i, name] of names.entries()) {
            for (let n = 0; n < stored[i]; n++) {
              await wire.expectValue(`${name}:${n}`, toBytes(String(n)));
            }
          }
        },
      );
    });
  },
);

function toBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
