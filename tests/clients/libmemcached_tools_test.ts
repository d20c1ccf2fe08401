/**
 * Owns the tests with the tools of libmemcached, as a shell script would use
 * them, and with its load generators.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { latin1 } from "../../src/base/bytes.ts";
import {
  inTemporaryDirectory,
  payload,
  type Served,
} from "../support/serving.ts";
import { findProgram } from "../support/programs.ts";
import { clientTest, lacks, run } from "./program.ts";

const MISSING = lacks(
  "libmemcached-tools",
  findProgram(["memccp"], ["--version"]),
);

/** Runs a tool against a server; its exit code must be the wanted one. */
type Tool = (name: string, args?: string[], code?: number) => Promise<string>;

function toolsFor(port: number, options: string[]): Tool {
  return async (name, args = [], code = 0) => {
    const all = ["-s", `127.0.0.1:${port}`, ...options, ...args];
    const ended = await run(name, all);
    const said = `${name} ${all.join(" ")}: ${ended.stdout}${ended.stderr}`;
    assertEquals(ended.code, code, said);
    // memcstat -S writes to standard error.
    return ended.stdout + ended.stderr;
  };
}

async function copiesFiles(tool: Tool, folder: string): Promise<void> {
  const text = `${folder}/text`, large = `${folder}/large`;
  const bytes = payload(1_000_000, 1);
  await Deno.writeTextFile(text, "two\nlines");
  await Deno.writeFile(large, bytes);
  await Deno.writeFile(`${folder}/too-large`, payload(1024 * 1024 + 1, 2));
  await tool("memccp", ["-F", "7", text, large]);
  assertEquals(await tool("memccat", ["-F", "text"]), "7\ntwo\nlines\n");
  await tool("memccat", ["-f", `${folder}/copy`, "large"]);
  const copy = await Deno.readFile(`${folder}/copy`);
  assertEquals(
    latin1(copy, 0, copy.length) === latin1(bytes, 0, bytes.length),
    true,
  );
  await tool("memccp", ["-A", text], 1);
  await tool("memccp", ["-R", "-F", "9", text]);
  assertEquals(await tool("memccat", ["-F", "text"]), "9\ntwo\nlines\n");
  await tool("memccp", [`${folder}/too-large`], 1);
  await tool("memccat", ["too-large"], 1);
}

async function asksAndRemoves(tool: Tool): Promise<void> {
  await tool("memcexist", ["text"]);
  await tool("memcexist", ["missing"], 1);
  await tool("memctouch", ["-e", "1000", "text"]);
  await tool("memctouch", ["-e", "1000", "missing"], 1);
  await tool("memcrm", ["text"]);
  await tool("memcrm", ["text"], 1);
  await tool("memccat", ["text"], 1);
  await tool("memcexist", ["large"]);
  await tool("memcflush");
  await tool("memcexist", ["large"], 1);
}

async function shows(tool: Tool): Promise<void> {
  assertMatch(await tool("memcstat", ["-S"]), /:\d+ 1\.6\.45\n$/);
  assertMatch(await tool("memcstat"), /\tcurr_items: 2\n/);
  assertMatch(await tool("memcstat", ["settings"]), /\tmaxconns: 1024\n/);
  assertMatch(await tool("memcstat", ["items"]), /:number: \d+\n/);
  assertMatch(await tool("memcstat", ["slabs"]), /\ttotal_malloced: \d+\n/);
  assertMatch(await tool("memcstat", ["-a"]), /Servers Analyzed +: 1\n/);
}

for (const [name, options] of [["text", []], ["binary", ["-b"]]] as const) {
  clientTest({
    name: `tools of libmemcached, ${name}`,
    missing: MISSING,
    async body({ port }) {
      const tool = toolsFor(port, [...options]);
      await inTemporaryDirectory((folder) => copiesFiles(tool, folder));
      await shows(tool);
      // These two know no binary protocol.
      const text = toolsFor(port, []);
      await text("memcping");
      const names = (await text("memcdump")).trimEnd().split("\n");
      assertEquals(names.sort(), ["large", "text"]);
      await asksAndRemoves(tool);
      assertEquals(await text("memcdump"), "");
    },
  });
}

const LOADS: readonly string[][] = [
  ["-t", "set"],
  ["-t", "get"],
  ["-t", "mget"],
  ["-t", "set", "--buffer"],
  ["-t", "set", "--non-blocking"],
  ["-t", "set", "--noreply"],
];

clientTest({
  name: "memcslap",
  missing: MISSING,
  async body({ port, connect }: Served) {
    using wire = await connect();
    for (const protocol of [[], ["-b"]]) {
      const tool = toolsFor(port, [...protocol, "-c", "4", "-e", "1000"]);
      for (const load of LOADS) {
        const [, what] = load;
        const said = await tool("memcslap", load);
        assertMatch(said, new RegExp(`Time to ${what} +4000 keys by +4 `));
      }
    }
    assertEquals(await wire.stat("get_misses"), 0);
  },
});

clientTest({
  name: "memcaslap",
  missing: MISSING,
  async body({ port }) {
    for (const protocol of [[], ["-B"]]) {
      const tool = toolsFor(port, [...protocol, "-T", "1", "-c", "16"]);
      // Every value that comes back is compared with what was set.
      const load = ["-x", "20000", "-v", "1", "-d", "5", "-e", "0.1"];
      const said = await tool("memcaslap", load);
      assertMatch(said, /Ops: 20000 /);
      assertMatch(said, /\nget_misses: 0\n/);
      assertMatch(said, /\nverify_misses: 0\nverify_failed: 0\n/);
      assertMatch(said, /\nunexpired_unget: 0\n/);
    }
  },
});
