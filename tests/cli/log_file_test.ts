/**
 * Owns the tests of --log-file: it appends, makes its folder, and does not
 * grow without bounds.
 *
 * @module
 */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { join } from "node:path";
import { LogFile } from "../../src/cli/log_file.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { denoArguments, runOurs } from "../support/our_server.ts";
import {
  inEveryMode,
  inTemporaryDirectory,
  waitFor,
} from "../support/serving.ts";

Deno.test("a log file is made with its folder, and appended to", async () => {
  await inTemporaryDirectory((folder) => {
    const path = join(folder, "not", "there", "log");
    for (const line of ["one", "two"]) {
      const file = new LogFile(path);
      file.write(line);
      file.close();
    }
    assertEquals(Deno.readTextFileSync(path), "one\ntwo\n");
    return Promise.resolve();
  });
});

Deno.test("a log file that is full is put aside, once", async () => {
  await inTemporaryDirectory((folder) => {
    const path = join(folder, "log");
    const file = new LogFile(path, 10);
    // Exactly full is not too full.
    for (const line of ["1234", "6789", "b", "x".repeat(20), "d"]) {
      file.write(line);
    }
    file.close();
    assertEquals(Deno.readTextFileSync(path), "d\n");
    assertEquals(Deno.readTextFileSync(`${path}.1`), "x".repeat(20) + "\n");
    assertEquals([...Deno.readDirSync(folder)].length, 2);
    return Promise.resolve();
  });
});

Deno.test("a log file counts what was there before", async () => {
  await inTemporaryDirectory((folder) => {
    const path = join(folder, "log");
    Deno.writeTextFileSync(path, "123456789\n");
    const file = new LogFile(path, 10);
    file.write("x");
    file.close();
    assertEquals(Deno.readTextFileSync(path), "x\n");
    assertEquals(Deno.readTextFileSync(`${path}.1`), "123456789\n");
    return Promise.resolve();
  });
});

Deno.test("a log file that cannot be opened ends the start", async () => {
  await inTemporaryDirectory(async (folder) => {
    const error = assertThrows(() => new LogFile(folder), UsageError);
    assertEquals((error as UsageError).exitCode, 71);
    const result = await runOurs(["--log-file", folder]);
    assertEquals(result.code, 71);
    assertMatch(result.stderr, /^--log-file: cannot open /);
  });
});

inEveryMode("the server logs to the file and not to stderr", async (mode) => {
  await inTemporaryDirectory(async (folder) => {
    const path = join(folder, "log"), socket = join(folder, "socket");
    const args = ["-s", socket, "--log-file", path, "--log-format=json"];
    const log = () => Deno.readTextFileSync(path);
    const child = new Deno.Command(Deno.execPath(), {
      args: denoArguments([...mode.args, ...args]),
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    try {
      await waitFor("the log", () => {
        try {
          return log().includes("listening");
        } catch {
          return false;
        }
      });
    } finally {
      child.kill("SIGTERM");
    }
    const { stderr } = await child.output();
    assertEquals(new TextDecoder().decode(stderr), "");
    assertMatch(log(), /"message":"Gracefully stopping","reason":"SIGTERM"/);
  });
});
