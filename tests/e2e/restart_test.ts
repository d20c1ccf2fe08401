/**
 * Owns the end-to-end tests of warm restart: what comes back, what must not,
 * and what is left when something goes wrong.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  denoArguments,
  type Mode,
  MODES,
  OurServer,
  runOurs,
} from "../support/our_server.ts";
import {
  inEveryMode,
  inTemporaryDirectory,
  payload,
  type Served,
  serving,
  skip,
  waitFor,
  waitForPorts,
} from "../support/serving.ts";
import { Wire } from "../support/wire.ts";

const MIB = 1024 * 1024;

function snapshotAt(folder: string, ...more: string[]): string[] {
  return ["--snapshot", `${folder}/s`, ...more];
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
}

/** Stops a server, which must then have written its snapshot. */
async function stopWarm({ server }: Served): Promise<void> {
  assertEquals(await server.stop("SIGTERM"), 0, server.log);
  assertMatch(server.log, /snapshot written/);
}

/** Runs one server after the other over the same snapshot. */
async function lives(
  mode: Mode,
  args: string[],
  ...bodies: ((served: Served, wire: Wire) => Promise<void>)[]
): Promise<void> {
  for (const body of bodies) {
    await serving({ mode, args }, async (served) => {
      await served.server.waitForLog(/snapshot (loaded|refused)|no snapshot/);
      using wire = await served.connect();
      await body(served, wire);
    });
  }
}

for (const first of MODES) {
  for (const second of MODES) {
    for (const memory of ["-m 64", "-m 2g", "-m 16"]) {
      const change = `from ${first.name} to ${second.name} ${memory}`;
      Deno.test(`items come back, ${change}`, () => {
        return inTemporaryDirectory(async (folder) => {
          const large = payload(900_000, 1);
          const args = snapshotAt(folder);
          await lives(first, args, async (served, wire) => {
            assertEquals(await wire.set("large", large), "STORED");
            for (let i = 0; i < 500; i++) {
              const command = `set key${i} ${i} 0 5\r\n`;
              await wire.send(command + String(i).padStart(5) + "\r\n");
              assertEquals(await wire.line(), "STORED");
            }
            assertEquals(await wire.ask("ms YmluYXJ5 1 b\r\nx"), "HD");
            await stopWarm(served);
          });
          const changed = [...args, ...memory.split(" ")];
          await lives(second, changed, async (_served, wire) => {
            await wire.expectValue("large", large);
            for (let i = 0; i < 500; i++) {
              await wire.send(`get key${i}\r\n`);
              const value = String(i).padStart(5);
              await wire.expect(`VALUE key${i} ${i} 5\r\n${value}\r\nEND\r\n`);
            }
            assertEquals(await wire.ask("mg YmluYXJ5 b k"), "HD kYmluYXJ5 b");
            assertEquals(await wire.stat("curr_items"), 502);
            assertEquals(await wire.stat("evictions"), 0);
          });
        });
      });
    }
  }
}

inEveryMode("lives go on while nobody serves", async (mode) => {
  await inTemporaryDirectory(async (folder) => {
    const args = snapshotAt(folder, "-o", "relaxed_privileges");
    let endOfShort = 0;
    await lives(mode, args, async (served, wire) => {
      await wire.send("set short 0 2 1\r\nv\r\nset long 0 1000 1\r\nv\r\n");
      await wire.expect("STORED\r\nSTORED\r\n");
      endOfShort = Date.now() + 3000;
      await stopWarm(served);
      await waitFor("the end of an item", () => Date.now() > endOfShort);
    }, async (served, wire) => {
      assertEquals(await wire.ask("mg short t"), "EN");
      const left = Number((await wire.ask("mg long t")).slice("HD t".length));
      assert(left > 900 && left <= 997, `${left} s left`);
      // What counts is the time of the table, however it was moved.
      assertEquals(await wire.ask("debugtime 500"), "OK");
      const then = Number((await wire.ask("mg long t")).slice("HD t".length));
      assert(then > 400 && then <= left - 500, `${then} s left`);
      await stopWarm(served);
    }, async (_served, wire) => {
      const left = Number((await wire.ask("mg long t")).slice("HD t".length));
      assert(left > 300 && left <= 497, `${left} s left`);
    });
  });
});

inEveryMode("CAS ids stay, and new ones are new", async (mode) => {
  await inTemporaryDirectory(async (folder) => {
    const ids = new Set<string>();
    let last = "";
    const life = async (served: Served, wire: Wire) => {
      if (last !== "") {
        await wire.send(`cas k 0 0 1 ${last}\r\nc\r\n`);
        assertEquals(await wire.line(), "STORED");
      }
      for (let i = 0; i < 20; i++) {
        assertEquals(await wire.set("k", String(i)), "STORED");
        last = (await wire.ask("mg k c")).slice("HD c".length);
        assert(!ids.has(last), `${last} again`);
        ids.add(last);
      }
      await stopWarm(served);
    };
    await lives(mode, snapshotAt(folder), life, life, life);
  });
});

inEveryMode("after a crash old values do not come back", async (mode) => {
  await inTemporaryDirectory(async (folder) => {
    const args = snapshotAt(folder);
    await lives(mode, args, async (served, wire) => {
      assertEquals(await wire.set("k", "old"), "STORED");
      await stopWarm(served);
      assertEquals(names(folder), ["s"]);
    }, async (served, wire) => {
      await wire.expectValue("k", new TextEncoder().encode("old"));
      assertEquals(await wire.set("k", "new"), "STORED");
      await served.server.stop("SIGKILL");
      assertEquals(names(folder), ["s.used"]);
    }, async (served, wire) => {
      assertMatch(served.server.log, /no snapshot to load/);
      assertEquals(await wire.ask("get k"), "END");
    });
  });
});

inEveryMode("only a graceful stop writes a snapshot", async (mode) => {
  await inTemporaryDirectory(async (folder) => {
    const args = ["-e", `${folder}/s`, "-A"];
    const settings = async (wire: Wire) =>
      (await wire.stats("settings")).get("memory_file");
    await lives(mode, args, async ({ server }, wire) => {
      assertEquals(await settings(wire), `${folder}/s`);
      assertEquals(await server.stop("SIGINT"), 0);
      assertEquals(names(folder), []);
    }, async ({ server }, wire) => {
      await wire.send("shutdown\r\n");
      assertEquals(await server.ended(), 0);
      assertEquals(names(folder), []);
    }, async ({ server }, wire) => {
      await wire.send("shutdown graceful\r\n");
      assertEquals(await server.ended(), 0);
      assertEquals(names(folder), ["s"]);
    });
  });
});

inEveryMode(
  "a file that cannot be used is refused, and served",
  async (mode) => {
    await inTemporaryDirectory(async (folder) => {
      const path = `${folder}/s`;
      let whole = new Uint8Array();
      await lives(mode, snapshotAt(folder), async (served, wire) => {
        assertEquals(await wire.set("k", "v"), "STORED");
        await stopWarm(served);
        whole = Deno.readFileSync(path);
      });
      const older = whole.slice();
      older[8] = 0;
      const damaged = whole.slice();
      damaged[90]++;
      const cases: [Uint8Array, RegExp][] = [
        [whole.subarray(0, whole.length - 1), /reason="it is truncated"/],
        [new Uint8Array(), /reason="it is empty"/],
        [new TextEncoder().encode("something else"), /"it is no snapshot"/],
        [older, /reason="its version 0 is older than 1"/],
        [damaged, /reason="a frame is damaged"/],
      ];
      for (const [bytes, reason] of cases) {
        Deno.writeFileSync(path, bytes);
        await lives(mode, snapshotAt(folder), async ({ server }, wire) => {
          assertMatch(server.log, /ERROR snapshot refused/);
          assertMatch(server.log, reason);
          assertEquals(await wire.ask("get k"), "END");
          assertEquals(await wire.set("k", "w"), "STORED");
          assertEquals(Deno.readFileSync(`${path}.refused`), bytes);
        });
      }
    });
  },
);

inEveryMode("a place that cannot be written ends the start", async (mode) => {
  await inTemporaryDirectory(async (folder) => {
    for (const path of [`${folder}/missing/s`, folder]) {
      const args = [...mode.args, "-p", "-1", "-l", "127.0.0.1", "-e", path];
      const { code, stderr } = await runOurs(args);
      assertEquals(code, 71);
      assertMatch(stderr, /--snapshot: .*(cannot write|no regular file)/);
    }
  });
});

async function fill(wire: Wire, megabytes: number): Promise<void> {
  const value = payload(MIB, 7);
  for (let i = 0; i < megabytes; i++) {
    assertEquals(await wire.set(`big${i}`, value), "STORED");
  }
}

/** Kills a server that writes its snapshot; false if that was done before the
 * signal came. */
async function killWhileWriting(mode: Mode, folder: string): Promise<boolean> {
  const args = snapshotAt(folder, "-m", "320");
  let old = new Uint8Array();
  let isCaught = false;
  await lives(mode, args, async (served, wire) => {
    assertEquals(await wire.set("k", "old"), "STORED");
    await stopWarm(served);
    old = Deno.readFileSync(`${folder}/s`);
  }, async ({ server }, wire) => {
    await fill(wire, 250);
    wire.close();
    server.child.kill("SIGTERM");
    await waitFor("the new file", () => {
      return names(folder).some((name) => ["s.new", "s"].includes(name));
    });
    await server.stop("SIGKILL");
    // Without its last name it was not done.
    isCaught = !names(folder).includes("s");
    if (!isCaught) return;
    assertEquals(names(folder), ["s.new", "s.used"], server.log);
    assertEquals(Deno.readFileSync(`${folder}/s.used`), old);
  });
  return isCaught;
}

inEveryMode("killed while writing, the old file survives", async (mode) => {
  let isCaught = false;
  for (let round = 0; round < 3 && !isCaught; round++) {
    await inTemporaryDirectory(async (folder) => {
      isCaught = await killWhileWriting(mode, folder);
      if (isCaught) await expectOldSurvives(mode, folder);
    });
  }
  assert(isCaught, "the snapshot is always there before the signal");
});

/** What follows {@linkcode killWhileWriting}. */
async function expectOldSurvives(mode: Mode, folder: string): Promise<void> {
  const args = snapshotAt(folder, "-m", "320");
  await lives(mode, args, async ({ server }, wire) => {
    assertMatch(server.log, /no snapshot to load/);
    assertEquals(names(folder), ["s.used"]);
    assertEquals(await wire.stat("curr_items"), 0);
  });
  // An operator who wants the old values back says so by renaming.
  Deno.renameSync(`${folder}/s.used`, `${folder}/s`);
  await lives(mode, args, async (_served, wire) => {
    await wire.expectValue("k", new TextEncoder().encode("old"));
  });
}

/** Runs the server as the last command of a shell script, and `body` with it
 * from its first moment on. */
async function throughShell(
  mode: Mode,
  args: string[],
  script: string,
  body: (server: OurServer) => Promise<void>,
): Promise<void> {
  const all = [...mode.args, "-l", "127.0.0.1", "-p", "-1", ...args];
  const child = new Deno.Command("/bin/sh", {
    args: [
      "-c",
      `${script} exec "$0" "$@"`,
      Deno.execPath(),
      ...denoArguments(all),
    ],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const server = new OurServer(child);
  try {
    await body(server);
  } finally {
    await server.stop("SIGKILL");
  }
}

inEveryMode("on a full disk the old file survives", async (mode) => {
  if (Deno.build.os === "windows") return skip("needs ulimit");
  await inTemporaryDirectory(async (folder) => {
    const args = snapshotAt(folder);
    let old = new Uint8Array();
    await lives(mode, args, async (served, wire) => {
      assertEquals(await wire.set("k", "old"), "STORED");
      await stopWarm(served);
      old = Deno.readFileSync(`${folder}/s`);
    });
    // As on a full disk, writing fails in the middle: after 8 MiB.
    const script = "trap '' XFSZ; ulimit -f 16384;";
    await throughShell(mode, args, script, async (server) => {
      const [port] = await waitForPorts(server, 1);
      const wire = await Wire.tcp(port);
      await fill(wire, 20);
      wire.close();
      assertEquals(await server.stop("SIGTERM"), 74);
      assertMatch(server.log, /ERROR snapshot not written.*File too large/);
      assertEquals(names(folder), ["s.used"]);
      assertEquals(Deno.readFileSync(`${folder}/s.used`), old);
    });
  });
});

inEveryMode("clients win over what is still being loaded", async (mode) => {
  await inTemporaryDirectory(async (folder) => {
    const count = 200_000;
    const args = snapshotAt(folder, "-m", "256");
    await lives(mode, args, async (served, wire) => {
      for (let i = 0; i < count; i += 1000) {
        let text = "";
        for (let j = i; j < i + 1000; j++) {
          text += `set key${j} 0 0 3 noreply\r\nold\r\n`;
        }
        await wire.send(text);
      }
      assertEquals(await wire.stat("curr_items"), count);
      await stopWarm(served);
    });
    await serving({ mode, args }, async ({ server, connect }) => {
      using wire = await connect();
      // Of the hundred that each step changes, half are set, half deleted.
      for (let i = 0; i < count; i += 2000) {
        let text = "", replies = "";
        for (let j = i; j < i + 50; j++) {
          text += `set key${j} 0 0 3\r\nnew\r\n`;
          replies += "STORED\r\n";
          text += `delete key${j + 50} noreply\r\n`;
        }
        await wire.exchange(text, replies);
      }
      await server.waitForLog(/snapshot loaded/);
      let lost = 0;
      for (let i = 0; i < count; i += 2000) {
        for (let j = i; j < i + 200; j++) {
          await wire.send(`get key${j}\r\n`);
          const line = await wire.line();
          const value = line === "END" ? null : await wire.line();
          if (value !== null) assertEquals(await wire.line(), "END");
          if (j < i + 50) assertEquals(value, "new");
          else if (j < i + 100) assertEquals(value, null);
          else if (value === null) lost++;
          else assertEquals(value, "old");
        }
      }
      assert(lost < 200, `${lost} of 10000 untouched items are lost`);
    });
  });
});

inEveryMode("a flush ends the loading", async (mode) => {
  await inTemporaryDirectory(async (folder) => {
    const args = snapshotAt(folder, "-m", "256");
    await lives(mode, args, async (served, wire) => {
      await fill(wire, 100);
      await stopWarm(served);
    });
    await serving({ mode, args }, async ({ server, connect }) => {
      using wire = await connect();
      assertEquals(await wire.ask("flush_all"), "OK");
      assertEquals(await wire.set("k", "new"), "STORED");
      await server.waitForLog(/snapshot loaded/);
      for (let i = 0; i < 100; i++) {
        assertEquals(await wire.ask(`get big${i}`), "END");
      }
      await wire.expectValue("k", new TextEncoder().encode("new"));
    });
  });
});

inEveryMode(
  "a stop in the middle of loading keeps what was not loaded",
  async (mode) => {
    await inTemporaryDirectory(async (folder) => {
      const args = snapshotAt(folder, "-m", "256");
      await lives(mode, args, async (served, wire) => {
        await fill(wire, 100);
        await stopWarm(served);
      });
      await serving({ mode, args }, stopWarm);
      await lives(mode, args, async (_served, wire) => {
        assertEquals(await wire.stat("curr_items"), 100);
        await wire.expectValue("big99", payload(MIB, 7));
      });
    });
  },
);

inEveryMode(
  "a stop before anybody is served keeps the snapshot",
  async (mode) => {
    if (Deno.build.os === "windows") return skip("needs a shell");
    await inTemporaryDirectory(async (folder) => {
      const args = snapshotAt(folder, "-m", "256");
      await lives(mode, args, async (served, wire) => {
        await fill(wire, 100);
        await stopWarm(served);
      });
      await throughShell(mode, args, "", async (server) => {
        await server.waitForLog(/loading a snapshot/);
        assertEquals(await server.stop("SIGTERM"), 0);
        assertMatch(server.log, /snapshot written/);
      });
      await lives(mode, args, async (_served, wire) => {
        assertEquals(await wire.stat("curr_items"), 100);
      });
    });
  },
);

inEveryMode(
  "a start that cannot listen leaves the snapshot alone",
  async (mode) => {
    if (Deno.build.os === "windows") return skip("needs UNIX sockets");
    await inTemporaryDirectory(async (folder) => {
      const args = snapshotAt(folder);
      await lives(mode, args, async (served, wire) => {
        assertEquals(await wire.set("k", "v"), "STORED");
        await stopWarm(served);
      });
      const socket = ["-s", `${folder}/missing/socket`];
      using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const http = ["--http", `127.0.0.1:${taken.addr.port}`];
      for (const wrong of [socket, http]) {
        const free = ["-l", "127.0.0.1", "-p", "-1"];
        const { code } = await runOurs(
          [...mode.args, ...free, ...args, ...wrong],
        );
        assertEquals(code, 71);
        assertEquals(names(folder), ["s"], wrong.join(" "));
      }
    });
  },
);
