/**
 * Owns the end-to-end tests of what the server logs: text and JSON, and how
 * much of the traffic at each -v.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertNotMatch,
} from "@std/assert";
import { LOG_FIELDS } from "../../src/observe/log.ts";
import type { Mode } from "../support/our_server.ts";
import { inEveryMode, serving } from "../support/serving.ts";

const TEXT_LINE =
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARN|ERROR) \S/;

/** Every field that a JSON line may have. */
const FIELDS = ["time", "level", "message", ...Object.keys(LOG_FIELDS)];

/** The log of a server that has served a few commands, by lines. */
async function logOf(mode: Mode, args: string[]): Promise<string[]> {
  let log = "";
  await serving({ mode, args }, async ({ server, connect }) => {
    using wire = await connect();
    assertEquals(await wire.set("secret_key", "secret_value"), "STORED");
    await wire.expectValue(
      "secret_key",
      new TextEncoder().encode("secret_value"),
    );
    assertEquals(await wire.ask("nonsense"), "ERROR");
    assertEquals(await wire.ask("delete nothing_here"), "NOT_FOUND");
    assertEquals(await wire.ask('delete "quoted\\key"'), "NOT_FOUND");
    await wire.send("quit\r\n");
    await wire.expectEnd();
    await server.stop("SIGTERM");
    log = server.log;
  });
  const lines = log.split("\n");
  assertEquals(lines.pop(), "", "the last line has no end");
  return lines;
}

inEveryMode("a text line has time, level and message", async (mode) => {
  for (const args of [[], ["-v"], ["-vv"], ["-vvv"]]) {
    const lines = await logOf(mode, args);
    for (const line of lines) assertMatch(line, TEXT_LINE);
    const text = lines.join("\n");
    assertMatch(text, /INFO listening address=tcp:127\.0\.0\.1:\d+/);
    assertMatch(text, /INFO Gracefully stopping reason=SIGTERM /);
  }
});

inEveryMode("no key is logged without -vv", async (mode) => {
  for (const args of [[], ["-v"]]) {
    const text = (await logOf(mode, args)).join("\n");
    assertNotMatch(text, /secret|nothing_here/);
    assertNotMatch(text, /[<>]\d+ /);
  }
});

inEveryMode("-vv logs clients, commands and replies", async (mode) => {
  const lines = await logOf(mode, ["-vv"]);
  const messages = lines.map((line) =>
    // Of several workers each line says which.
    line.replace(/^\S+ DEBUG /, "").replace(/ worker=\d+$/, "")
  );
  const inOrder = [
    /^<(\d+) new .*client connection/,
    /^<\d+ set secret_key 0 0 12$/,
    /^>\d+ STORED$/,
    /^<\d+ get secret_key$/,
    /^<\d+ delete nothing_here$/,
    /^>\d+ NOT_FOUND$/,
    /^<\d+ quit$/,
    /^<\d+ connection closed\.$/,
  ];
  let at = 0;
  for (const pattern of inOrder) {
    const found = messages.findIndex((text, i) =>
      i >= at && pattern.test(text)
    );
    assert(found >= at, `${pattern} is missing in\n${lines.join("\n")}`);
    at = found + 1;
  }
  const ids = messages.map((text) => /^[<>](\d+) /.exec(text)?.[1])
    .filter((id) => id !== undefined);
  assertEquals(new Set(ids).size, 1, "one connection has one number");
  assertFalse(messages.some((text) => text.includes("secret_value")));
});

inEveryMode("-vvv also logs what was found", async (mode) => {
  const text = (await logOf(mode, ["-vvv"])).join("\n");
  assertMatch(text, /> FOUND KEY secret_key/);
});

inEveryMode(
  "every JSON line is an object with time, level and message",
  async (mode) => {
    for (const verbosity of [[], ["-vvv"]]) {
      const args = ["--log-format", "json", ...verbosity];
      const lines = await logOf(mode, args);
      assert(lines.length >= 2);
      const records = lines.map((line) => JSON.parse(line));
      for (const record of records) {
        assertEquals(
          new Date(record.time).toISOString(),
          record.time,
          "an RFC 3339 time",
        );
        assertMatch(record.level, /^(debug|info|warn|error)$/);
        assertEquals(typeof record.message, "string");
        for (const [name, value] of Object.entries(record)) {
          assertMatch(typeof value, /^(string|number|boolean)$/);
          assert(FIELDS.includes(name), `${name} is not documented`);
        }
        const [, id] = /^[<>](\d+) /.exec(record.message) ?? [];
        if (id !== undefined) assertEquals(record.connection, Number(id));
      }
      const listening = records.find((r) => r.message === "listening");
      assertMatch(listening.address, /^tcp:127\.0\.0\.1:\d+$/);
      assertEquals(listening.level, "info");
      const message = "Gracefully stopping";
      const stopping = records.find((r) => r.message === message);
      assertEquals(stopping.reason, "SIGTERM");
      const quoted = records.filter((r) => r.message.includes('"quoted\\key"'));
      assertEquals(quoted.length > 0, verbosity.length > 0);
    }
  },
);

inEveryMode("warnings come before the server listens", async (mode) => {
  const args = ["-k", "-r", "-L", "-o", "ext_threads=2"];
  const lines = await logOf(mode, args);
  const messages = lines.map((line) => line.replace(/^\S+ /, ""));
  assertEquals(messages.slice(0, 4).sort(), [
    "WARN --enable-coredumps: accepted, without effect",
    "WARN --enable-largepages: accepted, without effect",
    "WARN --lock-memory: accepted, without effect",
    "WARN -o ext_threads: accepted, without effect",
  ]);
  const next = messages.slice(4).find((line) => !/native I\/O/.test(line));
  assertMatch(next!, /^INFO listening /);
});

inEveryMode("verbosity changes the log while the server runs", async (mode) => {
  await serving({ mode }, async ({ server, connect }) => {
    using wire = await connect();
    assertEquals(await wire.set("before", "1"), "STORED");
    assertEquals(await wire.ask("verbosity 2"), "OK");
    assertEquals(await wire.set("during", "1"), "STORED");
    await server.waitForLog(/<\d+ set during 0 0 1/);
    assertEquals(await wire.ask("verbosity 0"), "OK");
    using other = await connect();
    assertEquals(await other.set("after", "1"), "STORED");
    await server.stop("SIGTERM");
    assertNotMatch(server.log, /set before/);
    assertNotMatch(server.log, /set after/);
  });
});
