/**
 * Owns `deno task compile` and `compile:all`: executables and their archives
 * in `dist/`. Never part of the server, and never starts it.
 *
 * `DENORT_BIN` names a local copy of denort, the runtime that executables
 * contain, for one target; `DENORT_DIR` a folder with `denort-<target>` files
 * for all of them.
 *
 * @module
 */
import { dirname, join, relative } from "node:path";
import { VERSION } from "../base/version.ts";
import { type ArchiveFile, checksumLine, tarGzip, zip } from "./archive.ts";
import { compileArguments, urlReferences } from "./compile_arguments.ts";
import { explainFailure } from "./failure.ts";
import { type EmbeddedPackage, noticesText } from "./notices.ts";
import {
  archiveName,
  executableName,
  findTarget,
  releaseName,
  type Target,
  TARGETS,
} from "./targets.ts";

const ROOT = join(import.meta.dirname!, "../..");
const DIST = Deno.env.get("DENOCACHED_DIST") ?? join(ROOT, "dist");

/** Something that was asked for cannot be made; the text says why. */
class BuildError extends Error {}

function tell(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(line + "\n"));
}

/** Runs `deno` in the root; its output, or null and what it complained of. */
async function deno(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ output: string | null; complaint: string }> {
  const result = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  const output = decoder.decode(result.stdout);
  return {
    output: result.success ? output : null,
    complaint: decoder.decode(result.stderr),
  };
}

function* sourceFiles(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = join(folder, entry.name);
    if (path === import.meta.dirname) continue;
    if (entry.isDirectory) yield* sourceFiles(path);
    else if (entry.name.endsWith(".ts")) yield path;
  }
}

/** Workers and assets of the program, from the root with forward slashes. */
export function embeddedFiles(): string[] {
  const found = new Set<string>();
  for (const path of sourceFiles(join(ROOT, "src"))) {
    for (const reference of urlReferences(Deno.readTextFileSync(path))) {
      const file = relative(ROOT, join(dirname(path), reference));
      found.add(file.replaceAll("\\", "/"));
    }
  }
  return [...found].sort();
}

interface Graph {
  modules: { npmPackage?: string }[];
  npmPackages: Record<
    string,
    { name: string; version: string; dependencies: string[]; localPath: string }
  >;
}

/** The npm packages that the program imports, directly or not. */
async function embeddedPackages(
  embedded: readonly string[],
): Promise<EmbeddedPackage[]> {
  const packages = new Map<string, EmbeddedPackage>();
  for (const entry of ["main.ts", ...embedded]) {
    if (!entry.endsWith(".ts")) continue;
    const { output, complaint } = await deno(["info", "--json", entry]);
    if (output === null) throw new BuildError(complaint);
    const graph = JSON.parse(output) as Graph;
    const open = graph.modules.flatMap((m) => m.npmPackage ?? []);
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const found = graph.npmPackages[id];
      if (packages.has(id) || found === undefined) continue;
      packages.set(id, describe(found.name, found.version, found.localPath));
      open.push(...found.dependencies);
    }
  }
  return [...packages.values()];
}

function describe(
  name: string,
  version: string,
  path: string,
): EmbeddedPackage {
  const { license } = JSON.parse(
    Deno.readTextFileSync(join(path, "package.json")),
  );
  const file = [...Deno.readDirSync(path)].find((entry) =>
    /^(licen[cs]e|copying)/i.test(entry.name)
  );
  const text = file === undefined
    ? ""
    : Deno.readTextFileSync(join(path, file.name));
  return { name, version, license, text };
}

/** The path of a local denort for a target; null to let Deno download it. */
function localRuntime({ triple, os }: Target): string | null {
  const folder = Deno.env.get("DENORT_DIR") ?? "";
  if (folder === "") return null;
  return join(folder, `denort-${triple}${os === "windows" ? ".exe" : ""}`);
}

async function compile(
  target: Target,
  embedded: string[],
): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await Deno.makeTempDir({ prefix: "denocached_build_" });
  const output = join(folder, executableName(target));
  const runtime = localRuntime(target);
  try {
    const result = await deno(
      compileArguments({ target, output, embedded }),
      runtime === null ? {} : { DENORT_BIN: runtime },
    );
    if (result.output === null) {
      const name = releaseName(VERSION, target);
      throw new BuildError(explainFailure(name, result.complaint));
    }
    return Deno.readFileSync(output);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function textFile(name: string, text: string): ArchiveFile {
  return { name, bytes: new TextEncoder().encode(text), isExecutable: false };
}

/** When the files were made: the commit's time, if the caller says it. */
function buildTime(): number {
  const given = Number(Deno.env.get("SOURCE_DATE_EPOCH") ?? "");
  return given > 0 ? given : Math.floor(Date.now() / 1000);
}

/** Makes executables and archives; returns the names of the archives. */
async function build(targets: readonly Target[]): Promise<string[]> {
  const embedded = embeddedFiles();
  const ownLicense = Deno.readTextFileSync(join(ROOT, "LICENSE"));
  const notices = noticesText({
    version: VERSION,
    denoVersion: Deno.version.deno,
    v8Version: Deno.version.v8,
    ownLicense,
    packages: await embeddedPackages(embedded),
  });
  Deno.mkdirSync(DIST, { recursive: true });
  const names: string[] = [];
  let checksums = "";
  for (const target of targets) {
    const executable: ArchiveFile = {
      name: executableName(target),
      bytes: await compile(target, embedded),
      isExecutable: true,
    };
    const files = [
      executable,
      textFile("VERSION", `${VERSION}\n`),
      textFile("LICENSE", ownLicense),
      textFile("LICENSES.txt", notices),
      textFile("README.md", Deno.readTextFileSync(join(ROOT, "README.md"))),
    ];
    const name = archiveName(VERSION, target);
    const pack = target.os === "windows" ? zip : tarGzip;
    const folder = releaseName(VERSION, target);
    const bytes = pack(files, { folder, unixSeconds: buildTime() });
    Deno.writeFileSync(join(DIST, name), bytes);
    checksums += await checksumLine(name, bytes);
    names.push(name);
    if (target.triple === Deno.build.target) {
      // The plain file for this machine, beside the archives.
      const path = join(DIST, executable.name);
      Deno.writeFileSync(path, executable.bytes, { mode: 0o755 });
    }
  }
  Deno.writeTextFileSync(join(DIST, "SHA256SUMS"), checksums);
  return names;
}

async function main(args: string[]): Promise<number> {
  const own = findTarget(Deno.build.target);
  const targets = args.includes("--all") ? TARGETS : own === null ? [] : [own];
  if (targets.length === 0) {
    tell(`there is no executable for ${Deno.build.target}`);
    return 1;
  }
  try {
    for (const name of await build(targets)) tell(join(DIST, name));
    return 0;
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    tell(error.message);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
