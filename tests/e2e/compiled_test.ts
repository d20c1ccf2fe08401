/**
 * Owns the end-to-end tests of executables: that the smoke test holds for the
 * program, what is baked into a file that `deno compile` makes, and, with a
 * real denort, that the file alone passes the smoke test.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { VERSION } from "../../src/base/version.ts";
import { PERMISSIONS, V8_FLAGS } from "../../src/build/compile_arguments.ts";
import { embeddedFiles } from "../../src/build/compile.ts";
import { findTarget, releaseName } from "../../src/build/targets.ts";
import { latin1 } from "../../src/base/bytes.ts";
import { MODES } from "../support/our_server.ts";
import { inEveryMode, inTemporaryDirectory, skip } from "../support/serving.ts";
import { smoke, smokeExecutable } from "./smoke.ts";

const ROOT = new URL("../../", import.meta.url);
const MAIN = fileURLToPath(new URL("main.ts", ROOT));
const COMPILE = fileURLToPath(new URL("src/build/compile.ts", ROOT));
const FLAGS = [
  ...PERMISSIONS.map(([flag]) => flag),
  "--no-prompt",
  `--v8-flags=${V8_FLAGS.join(",")}`,
];
const DENO_DIR: string = JSON.parse(
  new TextDecoder().decode(
    new Deno.Command(Deno.execPath(), { args: ["info", "--json"] })
      .outputSync().stdout,
  ),
).denoDir;

inEveryMode(
  "the program passes the smoke test with what is baked into executables",
  async (mode) => {
    await inTemporaryDirectory(async (folder) => {
      await smoke({
        command: [Deno.execPath(), "run", ...FLAGS, MAIN],
        mode: mode.args,
        folder,
        env: { DENO_DIR },
      });
      assertEquals([...Deno.readDirSync(folder)], []);
    });
  },
);

/** Runs the compile task into `folder`. */
async function compile(
  folder: string,
  env: Record<string, string>,
): Promise<{ code: number; lines: string[] }> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", COMPILE],
    env: { NO_COLOR: "1", DENOCACHED_DIST: folder, DENO_DIR, ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(output.stderr);
  return { code: output.code, lines: text.trimEnd().split("\n") };
}

const TARGET = findTarget(Deno.build.target);

Deno.test("an executable contains what it needs, and no more rights", async () => {
  if (TARGET === null) return skip(`no executables for ${Deno.build.target}`);
  await inTemporaryDirectory(async (folder) => {
    // Any program of the right format is taken; Deno itself is at hand.
    const { code, lines } = await compile(folder, {
      DENORT_BIN: Deno.execPath(),
    });
    assertEquals(code, 0, lines.join("\n"));
    const name = `${releaseName(VERSION, TARGET)}.tar.gz`;
    assertEquals(lines, [join(folder, name)]);
    const sums = Deno.readTextFileSync(join(folder, "SHA256SUMS"));
    assertStringIncludes(sums, `  ${name}\n`);
    const bytes = Deno.readFileSync(join(folder, "denocached"));
    const embedded = latin1(bytes, bytes.length - 8_000_000, bytes.length);
    const start = embedded.indexOf('{"argv":');
    assert(start > 0, "no metadata");
    const metadata = embedded.slice(start, start + 20_000);
    for (const flag of V8_FLAGS) assertStringIncludes(metadata, `"${flag}"`);
    assertStringIncludes(metadata, '"prompt":false');
    assertStringIncludes(metadata, '"deny_import":[]');
    assertStringIncludes(metadata, '"features":["net"]');
    const allowed = [...metadata.matchAll(/"allow_(\w+)":\[\]/g)]
      .map((match) => `--allow-${match[1]}`);
    assertEquals(allowed.sort(), PERMISSIONS.map(([flag]) => flag).sort());
    for (const file of embeddedFiles()) {
      assertStringIncludes(embedded, file.split("/").at(-1)!);
    }
  });
});

Deno.test("without the runtime the task says so in one line", async () => {
  await inTemporaryDirectory(async (folder) => {
    const { code, lines } = await compile(folder, {
      DENORT_BIN: join(folder, "denort"),
    });
    assertEquals(code, 1);
    assertEquals(lines.length, 1, lines.join("\n"));
    assertStringIncludes(lines[0], "set DENORT_BIN");
    assertEquals([...Deno.readDirSync(folder)], []);
  });
});

Deno.test("an executable alone passes the smoke test in every mode", async () => {
  const runtime = Deno.env.get("DENORT_BIN") ?? "";
  if (runtime === "") return skip("DENORT_BIN does not name a denort");
  await inTemporaryDirectory(async (folder) => {
    const { code, lines } = await compile(folder, { DENORT_BIN: runtime });
    assertEquals(code, 0, lines.join("\n"));
    const name = Deno.build.os === "windows" ? "denocached.exe" : "denocached";
    const modes = MODES.map(({ args }) => args);
    await smokeExecutable(join(folder, name), modes);
  });
});
