/**
 * Owns the checks of how log lines are written, and that the README tells
 * every field of them.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Log, LOG_FIELDS } from "../../../src/observe/log.ts";

function linesOf(json: boolean, write: (log: Log) => void): string[] {
  const lines: string[] = [];
  write(new Log(json, (line) => lines.push(line)));
  return lines;
}

Deno.test("a JSON line is one object on one line", () => {
  const [line] = linesOf(
    true,
    (log) =>
      log.warn('a "quote"\nand a line', { connection: 27, error: "x\ny" }),
  );
  assertEquals(line.includes("\n"), false);
  const record = JSON.parse(line);
  assertEquals(Object.keys(record), [
    "time",
    "level",
    "message",
    "connection",
    "error",
  ]);
  assertEquals(record.level, "warn");
  assertEquals(record.message, 'a "quote"\nand a line');
});

Deno.test("a text line quotes only what needs it", () => {
  const [line] = linesOf(
    false,
    (log) =>
      log.info("listening", { address: "tcp:[::]:1", reason: "two words" }),
  );
  assertMatch(
    line,
    /^\S+Z INFO listening address=tcp:\[::\]:1 reason="two words"$/,
  );
});

Deno.test("the README tells every field", () => {
  const readme = Deno.readTextFileSync(
    new URL("../../../README.md", import.meta.url),
  );
  for (const name of ["time", "level", "message", ...Object.keys(LOG_FIELDS)]) {
    assert(
      new RegExp(`^\\| \`${name}\` +\\|`, "m").test(readme),
      `${name} is not in README.md`,
    );
  }
});
