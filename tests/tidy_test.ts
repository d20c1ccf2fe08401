/**
 * Owns the rules of the source tree that a machine can check: who imports
 * whom, how long files and functions are, which globals a folder may touch,
 * that every command is documented and covered. Never runs the product.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { dirname, join, normalize, relative } from "node:path";
import { VERSION } from "../src/base/version.ts";
import { COMMANDS } from "../src/protocol/commands.ts";

const ROOT = join(import.meta.dirname!, "..");
const FILE_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 70;

/** What each folder may import besides itself (src/README.md). */
const MAY_IMPORT: Record<string, readonly string[]> = {
  "main.ts": ["cli"],
  base: [],
  std: [],
  protocol: ["base"],
  store: ["base"],
  engine: ["base", "protocol", "store/store.ts", "observe"],
  observe: ["base", "@std/log"],
  server: [
    "base",
    "protocol",
    "engine",
    "observe",
    "store/store.ts",
    "store/smp_store.ts",
  ],
  admin: ["base", "observe"],
  cli: ["base", "@std/cli", "server", "admin/admin.ts", "observe/log.ts"],
  // Makes executables; nothing imports it.
  build: ["base/version.ts", "fflate", "nanotar"],
};

/** Folders whose time, randomness and I/O come from outside. */
const NO_DENO = ["base", "protocol", "store", "engine", "observe"];
const NO_CLOCK = ["base", "protocol", "store", "engine"];
/** The one place below the server that writes to stderr. */
const LOG_SINK = "src/observe/log.ts";

/** Folders and files on the path of a request, where imported constants and
 * functions are bound to constants of the module (src/README.md, "Imports"). */
const BINDS_IMPORTS = [
  "protocol",
  "store",
  "engine",
  "observe/counters.ts",
  "observe/observers.ts",
  "server/connection.ts",
  "server/deno_socket.ts",
  "server/service.ts",
  "server/batch_timer.ts",
  "server/output_pool.ts",
  "server/native/calls.ts",
  "server/native/connection.ts",
  "server/native/gather.ts",
  "server/native/loop.ts",
  "server/native/ring.ts",
  "server/native/together.ts",
];

interface SourceFile {
  /** Relative to the root, with forward slashes. */
  path: string;
  text: string;
}

function* walk(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(join(ROOT, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* walk(path);
    else if (/\.[jt]s$/.test(entry.name)) yield path;
  }
}

const FILES: SourceFile[] = [
  "main.ts",
  ...["src", "tests", "bench"].flatMap((folder) => [...walk(folder)]),
].map((path) => ({
  path,
  text: Deno.readTextFileSync(join(ROOT, path)).replaceAll("\r\n", "\n"),
}));

/** The folder of src that a file belongs to, or "main.ts". */
function folderOf(path: string): string {
  return path.startsWith("src/") ? path.split("/")[1] : path;
}

function isSource(file: SourceFile): boolean {
  return file.path === "main.ts" || file.path.startsWith("src/");
}

/** What a file imports: paths from the root for its own files, else the name
 * as written. */
function importsOf(file: SourceFile): string[] {
  const names = file.text.matchAll(
    /^(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm,
  );
  return [...names].map((match) => {
    const name = match[1] ?? match[2] ?? match[3];
    if (!name.startsWith(".")) return name;
    const path = normalize(join(dirname(file.path), name));
    return path.replaceAll("\\", "/");
  });
}

function report(complaints: string[]): void {
  assertEquals(complaints, [], complaints.join("\n"));
}

Deno.test("imports go only where the architecture lets them", () => {
  const complaints: string[] = [];
  for (const file of FILES.filter(isSource)) {
    const folder = folderOf(file.path);
    const allowed = MAY_IMPORT[folder];
    if (allowed === undefined) {
      complaints.push(`${file.path}: folder is not in the table`);
      continue;
    }
    for (const name of importsOf(file)) {
      if (name.startsWith(`src/${folder}/`)) continue;
      if (name.startsWith("node:") || folder === "std") continue;
      const target = name.replace(/^src\//, "");
      const fits = allowed.some((may) =>
        target === may || target.startsWith(`${may}/`)
      );
      if (!fits) complaints.push(`${file.path} imports ${name}`);
    }
  }
  report(complaints);
});

Deno.test("hot code binds what it imports to constants", () => {
  const isHot = ({ path }: SourceFile) =>
    BINDS_IMPORTS.some((hot) =>
      path === `src/${hot}` || path.startsWith(`src/${hot}/`)
    );
  // A file that was renamed would drop out without a word.
  for (const hot of BINDS_IMPORTS) {
    assert(FILES.some(({ path }) => path.startsWith(`src/${hot}`)), hot);
  }
  const imports = /^import \{([^}]*)\} from "\.[^"]*";$/gm;
  // Types and classes may be imported by name: no request makes an object. So
  // may `assert`, whose type has to be declared where it is named.
  const isFree = (name: string) =>
    /^type |^(U64|assert)$|^[A-Z]\w*[a-z]/.test(name);
  report(
    FILES.filter(isHot).flatMap(({ path, text }) =>
      [...text.matchAll(imports)]
        .flatMap(([, names]) => names.split(",").map((name) => name.trim()))
        .filter((name) => name !== "" && !isFree(name))
        .map((name) => `${path} does not bind ${name}`)
    ),
  );
});

Deno.test("nothing in the product imports tests or benchmarks", () => {
  report(
    FILES.filter((file) => !file.path.startsWith("tests/")).flatMap((file) =>
      importsOf(file)
        .filter((name) =>
          name.startsWith("tests/") ||
          (name.startsWith("bench/") && !file.path.startsWith("bench/"))
        )
        // A benchmark may play against the helpers of the tests.
        .filter((name) =>
          !(file.path.startsWith("bench/") && name.startsWith("tests/support/"))
        )
        .map((name) => `${file.path} imports ${name}`)
    ),
  );
});

Deno.test("no file of the product imports itself in a circle", () => {
  const graph = new Map(
    FILES.filter(isSource).map((file) => [file.path, valueImports(file)]),
  );
  const done = new Set<string>();
  const complaints: string[] = [];
  const visit = (path: string, trail: string[]) => {
    if (trail.includes(path)) {
      complaints.push([...trail.slice(trail.indexOf(path)), path].join(" > "));
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  report(complaints);
});

// A type that two files know of each other ties nothing together at run time.
function valueImports(file: SourceFile): string[] {
  const text = file.text.replace(/^import type [^;]*;/gm, "");
  return importsOf({ path: file.path, text });
}

Deno.test("a file starts with what it owns and stays short", () => {
  const complaints: string[] = [];
  for (const { path, text } of FILES) {
    const lines = text.split("\n").length - 1;
    if (lines > FILE_LINES_MAX) complaints.push(`${path}: ${lines} lines`);
    if (!/^\/\*\*\n \* \S[\s\S]*?\n \* @module\n \*\/\n/.test(text)) {
      complaints.push(`${path}: no module sentence at the top`);
    }
    if (/(^|\/)(utils?|helpers?|misc|common)(\.ts|\/)/.test(path)) {
      complaints.push(`${path}: the name does not say what it owns`);
    }
  }
  report(complaints);
});

Deno.test("functions stay short", () => {
  const complaints: string[] = [];
  for (const { path, text } of FILES) {
    const check = (node: { range: [number, number] }) => {
      const [from, to] = node.range;
      const lines = text.slice(from, to).split("\n").length;
      if (lines <= FUNCTION_LINES_MAX) return;
      const at = text.slice(0, from).split("\n").length;
      complaints.push(`${path}:${at}: ${lines} lines`);
    };
    const plugin: Deno.lint.Plugin = {
      name: "tidy",
      rules: {
        functions: {
          create: () => ({
            FunctionDeclaration: check,
            FunctionExpression: check,
            ArrowFunctionExpression: check,
          }),
        },
      },
    };
    Deno.lint.runPlugin(plugin, path, text);
  }
  report(complaints);
});

// The text without its comments; strings stay.
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

Deno.test("time, randomness and I/O come from outside", () => {
  const complaints: string[] = [];
  for (const file of FILES.filter(isSource)) {
    const folder = folderOf(file.path);
    const code = codeOf(file.text);
    if (
      NO_DENO.includes(folder) && file.path !== LOG_SINK &&
      /\bDeno\.|\bnode:(?!path)/.test(code)
    ) complaints.push(`${file.path}: touches the system`);
    if (
      NO_CLOCK.includes(folder) &&
      /\bDate\b|\bMath\.random\b|\bperformance\b|\bsetTimeout\b/.test(code)
    ) complaints.push(`${file.path}: reads a clock or draws by itself`);
    if (folder !== "std" && /\bconsole\./.test(code)) {
      complaints.push(`${file.path}: writes to the console`);
    }
  }
  report(complaints);
});

Deno.test("only shared variants of the store use Atomics", () => {
  report(
    FILES.filter(isSource)
      .filter((file) => /\b(Atomics|WebAssembly)\./.test(codeOf(file.text)))
      .filter((file) => !/\/(smp|shared)_[a-z_]+\.ts$/.test(file.path))
      .map((file) => `${file.path}: Atomics`),
  );
});

Deno.test("the main file only hands over", () => {
  const main = FILES.find((file) => file.path === "main.ts")!;
  assert(main.text.split("\n").length <= 16);
});

Deno.test("nothing is left unfinished", () => {
  const unfinished = new RegExp(
    ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"].join("|"),
  );
  report(
    FILES.filter(({ text }) => unfinished.test(text)).map(({ path }) => path),
  );
});

Deno.test("the version is the same everywhere", () => {
  const config = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json")));
  assertEquals(config.version, VERSION);
});

Deno.test("every command is named once and says what it does", () => {
  const names = COMMANDS.map((spec) => `${spec.dialect} ${spec.name}`);
  assertEquals(new Set(names).size, names.length);
  for (const spec of COMMANDS) {
    assert(spec.tokensMin >= 1 && spec.usage !== "" && spec.help !== "");
  }
});

Deno.test("every classic and meta command is in the README", () => {
  const readme = Deno.readTextFileSync(join(ROOT, "README.md"));
  report(
    COMMANDS.filter((spec) => spec.dialect !== "binary")
      .filter((spec) => !readme.includes("`" + spec.name + "`"))
      .map((spec) => `${spec.name} is not in README.md`),
  );
});

Deno.test("every task and file that a document names is there", () => {
  const { tasks } = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json")));
  const complaints: string[] = [];
  for (const document of ["README.md", "src/README.md", "bench/README.md"]) {
    const text = Deno.readTextFileSync(join(ROOT, document));
    for (const [, task] of text.matchAll(/\btask ([a-z][a-z:_-]*)/g)) {
      if (!(task in tasks)) complaints.push(`${document}: task ${task}`);
    }
    const folder = dirname(join(ROOT, document));
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      const path = join(folder, target);
      try {
        Deno.statSync(path);
      } catch {
        complaints.push(`${document}: no file ${relative(ROOT, path)}`);
      }
    }
  }
  report(complaints);
});

Deno.test("every picture is shown by a document", () => {
  const readme = Deno.readTextFileSync(join(ROOT, "README.md"));
  const pictures = ["src/admin/page.png"];
  report(
    pictures.filter((path) => !readme.includes(`](${path})`))
      .map((path) => `README.md does not show ${path}`),
  );
});

Deno.test("only bridges and tests import packages", () => {
  const complaints: string[] = [];
  for (const file of FILES) {
    for (const name of importsOf(file)) {
      const isStandard = name.startsWith("@std/") || name.startsWith("node:") ||
        name.startsWith("src/") || name.startsWith("tests/") ||
        name.startsWith("bench/");
      const isBridge = /^(src|tests)\/std\//.test(file.path);
      const isTest = file.path.startsWith("tests/");
      if (isStandard || isBridge) continue;
      if (name.startsWith("npm:") && isTest) continue;
      if (MAY_IMPORT[folderOf(file.path)]?.includes(name)) continue;
      complaints.push(`${file.path} imports ${name}`);
    }
  }
  report(complaints);
});

Deno.test("tests do not sit beside the sources they test", () => {
  report(
    FILES.filter((file) =>
      isSource(file) && /_(test|bench)\.ts$/.test(file.path)
    ).map((file) => file.path),
  );
});
