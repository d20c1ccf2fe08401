/**
 * Owns what is baked into an executable: permissions, V8 flags, embedded
 * files. Never runs the compiler.
 *
 * @module
 */
import type { Target } from "./targets.ts";

/** What the program may do, and what for. Nothing else, and it never asks. */
export const PERMISSIONS: readonly [flag: string, why: string][] = [
  ["--allow-net", "listening; connecting for `health`"],
  ["--allow-read", "configuration, users, snapshots, Unix sockets"],
  ["--allow-write", "logs, pid and port files, snapshots, Unix sockets"],
  ["--allow-sys", "memory of the machine for -m 75%, CPU time for stats"],
  ["--allow-env", "MEMCACHED_*, and what Node's library looks up"],
  ["--allow-run", "-d starts this program again; the Task Scheduler"],
  [
    "--allow-ffi",
    "the C library: /proc and /sys, which Deno keeps shut; --io=native",
  ],
];

/**
 * The young generation of 16 MiB makes a third of the scavenges for 12 MB more
 * a thread. The table is outside the heap: the old generation needs no flag.
 */
export const V8_FLAGS: readonly string[] = [
  "--min-semi-space-size=16",
  "--max-semi-space-size=16",
];

/** What an executable is made from. */
export interface CompileInput {
  target: Target;
  /** File to write. */
  output: string;
  /** Modules and files that the program finds by URL, from the root. */
  embedded: readonly string[];
}

/** The arguments of `deno`, to be run in the root of the project. */
export function compileArguments(
  { target, output, embedded }: CompileInput,
): string[] {
  return [
    "compile",
    `--target=${target.triple}`,
    `--output=${output}`,
    "--app-name=denocached",
    "--frozen",
    ...PERMISSIONS.map(([flag]) => flag),
    "--deny-import",
    "--no-prompt",
    `--v8-flags=${V8_FLAGS.join(",")}`,
    "--exclude-unused-npm",
    ...embedded.map((path) => `--include=${path}`),
    ...target.os === "windows" ? ["--icon=src/build/denocached.ico"] : [],
    "main.ts",
  ];
}

/**
 * What a source file refers to by `new URL("./x", import.meta.url)`: workers
 * and assets. The compiler follows imports only, so these must be named.
 * Returns the references as written.
 */
export function urlReferences(source: string): string[] {
  const found = source.matchAll(
    /new URL\(\s*["'](\.{1,2}\/[^"']+)["'],\s*import\.meta\.url,?\s*\)/g,
  );
  return [...found].map((match) => match[1]);
}
