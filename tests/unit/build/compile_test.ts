/**
 * Owns the tests of what executables are made of: names, rights, embedded
 * files, licence notes, and the words when one cannot be made.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  compileArguments,
  PERMISSIONS,
  urlReferences,
} from "../../../src/build/compile_arguments.ts";
import { embeddedFiles } from "../../../src/build/compile.ts";
import { explainFailure } from "../../../src/build/failure.ts";
import { noticesText } from "../../../src/build/notices.ts";
import {
  archiveName,
  executableName,
  findTarget,
  releaseName,
  TARGETS,
} from "../../../src/build/targets.ts";

const ROOT = new URL("../../../", import.meta.url);

function sources(folder: URL): string {
  let text = "";
  for (const entry of Deno.readDirSync(folder)) {
    const url = new URL(entry.name, folder);
    if (entry.isDirectory) text += sources(new URL(`${url}/`));
    else if (entry.name.endsWith(".ts")) text += Deno.readTextFileSync(url);
  }
  return text;
}

Deno.test("archives are called after version, system and processor", () => {
  assertEquals(TARGETS.map((target) => archiveName("1.2.3", target)), [
    "denocached-1.2.3-linux-x86_64.tar.gz",
    "denocached-1.2.3-linux-aarch64.tar.gz",
    "denocached-1.2.3-macos-x86_64.tar.gz",
    "denocached-1.2.3-macos-aarch64.tar.gz",
    "denocached-1.2.3-windows-x86_64.zip",
  ]);
  const target = findTarget("x86_64-pc-windows-msvc")!;
  assertEquals(releaseName("1.2.3", target), "denocached-1.2.3-windows-x86_64");
  assertEquals(executableName(target), "denocached.exe");
  assertEquals(findTarget("mips-unknown-none"), null);
});

Deno.test("the compiler is told everything that must be baked in", () => {
  for (const target of TARGETS) {
    const args = compileArguments({
      target,
      output: "/tmp/x",
      embedded: ["src/server/worker.ts"],
    });
    assertEquals(args[0], "compile");
    assertEquals(args.at(-1), "main.ts");
    for (
      const flag of [
        `--target=${target.triple}`,
        "--output=/tmp/x",
        "--include=src/server/worker.ts",
        "--no-prompt",
        "--deny-import",
        "--v8-flags=--min-semi-space-size=16,--max-semi-space-size=16",
        "--exclude-unused-npm",
      ]
    ) assert(args.includes(flag), flag);
    assertEquals(args.includes("--no-code-cache"), false);
    assertEquals(args.includes("--allow-all"), false);
    assertEquals(
      args.some((arg) => arg.startsWith("--icon=")),
      target.os === "windows",
    );
  }
});

Deno.test("an executable has the rights that the program uses, no others", () => {
  const text = sources(new URL("src/cli/", ROOT)) +
    sources(new URL("src/server/", ROOT)) +
    sources(new URL("src/observe/", ROOT));
  const uses: [flag: string, use: RegExp][] = [
    ["--allow-net", /Deno\.listen\(/],
    ["--allow-read", /Deno\.readTextFileSync\(/],
    ["--allow-write", /Deno\.writeTextFileSync\(/],
    ["--allow-sys", /Deno\.systemMemoryInfo\(/],
    ["--allow-env", /Deno\.env\./],
    ["--allow-run", /new Deno\.Command\(/],
    ["--allow-ffi", /Deno\.dlopen\(/],
  ];
  assertEquals(
    PERMISSIONS.map(([flag]) => flag),
    uses.filter(([, use]) => use.test(text)).map(([flag]) => flag),
  );
});

Deno.test("the start task gives the same rights", () => {
  const config = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  const words = (config.tasks.start as string).split(" ");
  assertEquals(words.filter((word) => word.startsWith("--allow")), [
    ...PERMISSIONS.map(([flag]) => flag),
  ]);
  assert(words.includes("--no-prompt"));
});

Deno.test("urlReferences() finds workers and assets, not other URLs", () => {
  assertEquals(
    urlReferences(`
      new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
      const page = new URL(
        '../admin/page.html',
        import.meta.url,
      );
      new URL("http://x/", import.meta.url); new URL("./a", other);
      import "./b.ts";
    `),
    ["./worker.ts", "../admin/page.html"],
  );
});

Deno.test("every file to be embedded is there", () => {
  for (const path of embeddedFiles()) {
    assert(Deno.statSync(new URL(path, ROOT)).isFile, path);
  }
});

Deno.test("every file that starts a worker tells the compiler which", () => {
  const starts = [...sources(new URL("src/", ROOT)).matchAll(/new Worker\(/g)];
  const modules = embeddedFiles().filter((path) => path.endsWith(".ts"));
  assertEquals(starts.length > 0, modules.length > 0);
});

Deno.test("licence notes name every work with its terms", () => {
  const text = noticesText({
    version: "1.2.3",
    denoVersion: "2.9.6",
    v8Version: "15.0",
    ownLicense: "Copyright (c) us",
    packages: [{
      name: "a-package",
      version: "4.5.6",
      license: "ISC",
      text: "Copyright (c) them",
    }],
  });
  for (
    const part of [
      "denocached 1.2.3 (MIT)",
      "Copyright (c) us",
      "Deno 2.9.6 (MIT)",
      "V8 15.0 (BSD-3-Clause)",
      "a-package 4.5.6 (ISC)",
      "Copyright (c) them",
    ]
  ) assertStringIncludes(text, part);
});

Deno.test("a missing runtime is told in one line, other faults in full", () => {
  const download = `Compile main.ts to x
error: Writing deno compile executable to temporary file 'x.tmp'

Caused by:
    0: Setting up base binary.
    1: error sending request for url (https://dl.example/denort-a.zip): dns
`;
  assertEquals(
    explainFailure("denocached-1-linux-x86_64", download),
    "denocached-1-linux-x86_64: denort, the runtime it is made of, cannot be " +
      "downloaded from https://dl.example/denort-a.zip; set DENORT_BIN to a " +
      "copy of it",
  );
  const local = "Caused by:\n    0: Could not find denort at '/no/denort'\n";
  assertEquals(
    explainFailure("x", local),
    "x: denort, the runtime it is made of, cannot be read; set DENORT_BIN to " +
      "a copy of it",
  );
  const fault = "error: TS2345 [ERROR]: wrong\n  at main.ts:1:1\n";
  assertEquals(explainFailure("x", fault), `x: ${fault.trim()}`);
});
