/**
 * Owns the tests of where flags come from: configuration files, environment
 * variables, the order between them, and how their mistakes are named.
 *
 * @module
 */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { readConfigFile, splitWords } from "../../src/cli/config_file.ts";
import { readEnvironment, variableOf } from "../../src/cli/environment.ts";
import { FLAGS } from "../../src/cli/flags.ts";
import { configText } from "../../src/cli/print_config.ts";
import { configureAll } from "../../src/cli/sources.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import type { Settings } from "../../src/base/settings.ts";
import { MIB, system } from "./configured.ts";

type Texts = Record<string, string>;

/** The flags of a file's text, with the number of the line. */
function lines(text: string): [line: string, flags: Texts][] {
  return readConfigFile(text, "f").map(({ origin, given }) => [
    origin,
    Object.fromEntries([...given].map(([k, v]) => [k, v.join("|")])),
  ]);
}

function settings(args: string[], env: Texts = {}, files: Texts = {}) {
  return configureAll(args, system(env, files)).config.settings;
}

function complaint(args: string[], env: Texts = {}, files: Texts = {}) {
  const error = assertThrows(() => settings(args, env, files), UsageError);
  return [(error as UsageError).exitCode, (error as UsageError).message];
}

/** The flags that variables give. */
function variables(env: Texts, files: Texts = {}): Texts {
  const parts = readEnvironment(system(env, files));
  return Object.fromEntries(
    parts.flatMap(({ given }) => [...given].map(([k, v]) => [k, v.join("|")])),
  );
}

Deno.test("a configuration file has a flag a line", () => {
  assertEquals(
    lines(
      "-m 64\n--port=11300\n\n--conn-limit 10\n-l 127.0.0.1\n-l ::1\n-vv\n-M",
    ),
    [
      ["f:1", { "memory-limit": "64" }],
      ["f:2", { port: "11300" }],
      ["f:4", { "conn-limit": "10" }],
      ["f:5", { listen: "127.0.0.1" }],
      ["f:6", { listen: "::1" }],
      ["f:7", { verbose: "true|true" }],
      ["f:8", { "disable-evictions": "true" }],
    ],
  );
});

Deno.test("Debian's memcached.conf is read as its script reads it", () => {
  const text = `# memcached default config file
# -vv

-d
logfile /var/log/memcached.log
# Start with a cap of 64 megs
-m 64
-u memcache
-P /var/run/memcached/memcached.pid   # the pid
  -h
`;
  assertEquals(lines(text), [
    ["f:7", { "memory-limit": "64" }],
    ["f:8", { user: "memcache" }],
    ["f:9", { pidfile: "/var/run/memcached/memcached.pid" }],
  ]);
});

Deno.test("Windows' line ends and byte order mark do no harm", () => {
  assertEquals(lines("\uFEFF-m 64\r\n-M\r\n"), [
    ["f:1", { "memory-limit": "64" }],
    ["f:2", { "disable-evictions": "true" }],
  ]);
});

Deno.test("words are split at blanks, outside quotes", () => {
  assertEquals(splitWords(""), []);
  assertEquals(splitWords("  \t "), []);
  assertEquals(splitWords("-a  b\tc"), ["-a", "b", "c"]);
  assertEquals(splitWords(`-s "/tmp/a b" 'c d'`), ["-s", "/tmp/a b", "c d"]);
  assertEquals(splitWords(`--unix-socket="/a b"`), ["--unix-socket=/a b"]);
  assertEquals(splitWords(`"it's" ''`), ["it's", ""]);
  assertEquals(splitWords(`-s C:\\x`), ["-s", "C:\\x"]);
  assertEquals(splitWords("-D# #comment"), ["-D#"]);
  assertEquals(splitWords('"#" # "'), ["#"]);
});

Deno.test("mistakes in a file are named with file and line", () => {
  const cases: [text: string, code: number, message: string][] = [
    ["-m 64\n-q 1", 1, 'f:2: Illegal argument "q"'],
    ["# c\n\n--port", 1, "f:3: Missing argument of --port"],
    ["memory 64", 64, 'f:1: "memory" is no flag'],
    ["-M yes", 64, 'f:1: "yes" is no flag'],
    ['-s "/tmp', 64, 'f:1: " without its end'],
    ["--config=g", 64, "f:1: --config cannot stand in a file"],
    ["-V", 64, "f:1: --version cannot stand in a file"],
    // Wrong values are found later, and named as well.
    ["-m 64\n-I 5", 64, "f:2: Item max size cannot be less than 1024 bytes."],
    ["-p 70000", 64, "f:1: ERROR: Invalid port number 70000."],
    ["-o nothing", 1, 'f:1: Illegal suboption "nothing"'],
    ["-u nobody_here", 67, "f:1: can't find the user nobody_here to switch to"],
  ];
  for (const [text, code, message] of cases) {
    assertEquals(complaint(["--config=f"], {}, { f: text }), [code, message]);
  }
});

Deno.test("a mistake that takes two sources is not blamed on one", () => {
  const [, message] = complaint(["--config=f", "-m", "2"], {}, { f: "-I 2m" });
  assertEquals(
    message,
    "Cannot set item size limit higher than 1/2 of memory max.",
  );
});

Deno.test("a file that cannot be read ends the start", () => {
  const [code, message] = complaint(["--config", "/no/file"]);
  assertEquals(code, 64);
  assertStringIncludes(String(message), "cannot read /no/file");
});

Deno.test("every flag with a value has a variable of its own", () => {
  for (const { name, value } of FLAGS) {
    if (value === "") continue;
    const variable = variableOf(name);
    assertEquals(/^MEMCACHED_[A-Z_]+$/.test(variable), true, variable);
    assertEquals(variables({ [variable]: "x" }), { [name]: "x" });
  }
  assertEquals(variableOf("memory-limit"), "MEMCACHED_MEMORY_LIMIT");
});

Deno.test("variables of other images mean the same", () => {
  assertEquals(
    variables({
      MEMCACHED_CACHESIZE: "128",
      MEMCACHED_MAXCONN: "2000",
      MEMCACHED_PORT_NUMBER: "11300",
      MEMCACHED_LISTEN_ADDRESS: "::",
      MEMCACHED_THREADS: "2",
    }),
    {
      "memory-limit": "128",
      "conn-limit": "2000",
      port: "11300",
      listen: "::",
      threads: "2",
    },
  );
  // A flag's own name wins.
  assertEquals(
    variables({ MEMCACHED_CACHESIZE: "1", MEMCACHED_MEMORY_LIMIT: "2" }),
    { "memory-limit": "2" },
  );
});

Deno.test("variables that belong to others are left alone", () => {
  // Set by images, by Kubernetes for a service called memcached, or empty.
  assertEquals(
    variables({
      MEMCACHED_VERSION: "1.6.45",
      MEMCACHED_PORT: "tcp://10.0.0.7:11211",
      MEMCACHED_PORT_FILENAME: "/tmp/p",
      MEMCACHED_SERVICE_PORT: "11211",
      MEMCACHED_PORT_11211_TCP_ADDR: "10.0.0.7",
      MEMCACHED_DAEMON: "1",
      MEMCACHED_THREADS: "",
    }),
    {},
  );
});

Deno.test("variables of switches say yes or no", () => {
  for (const yes of ["1", "true", "YES", "on"]) {
    assertEquals(settings([], { MEMCACHED_DISABLE_CAS: yes }).useCas, false);
  }
  for (const no of ["0", "false", "No", "off"]) {
    assertEquals(settings([], { MEMCACHED_DISABLE_CAS: no }).useCas, true);
  }
  assertEquals(complaint([], { MEMCACHED_DISABLE_CAS: "maybe" }), [
    64,
    "MEMCACHED_DISABLE_CAS: maybe is neither yes nor no",
  ]);
  assertEquals(settings([], { MEMCACHED_VERBOSE: "2" }).verbosity, 2);
});

Deno.test("_FILE takes the value from a file, without the last newline", () => {
  const files = { "/run/secrets/m": "128\n", "/run/secrets/l": "a\nb\r\n" };
  assertEquals(
    variables({
      MEMCACHED_MEMORY_LIMIT_FILE: "/run/secrets/m",
      MEMCACHED_LISTEN_FILE: "/run/secrets/l",
    }, files),
    { "memory-limit": "128", listen: "a\nb" },
  );
  assertEquals(complaint([], { MEMCACHED_PORT_FILE: "/no/file" }), [
    64,
    "MEMCACHED_PORT_FILE: cannot read /no/file: no such file",
  ]);
  assertEquals(
    complaint([], { MEMCACHED_PORT_FILE: "/f", MEMCACHED_PORT: "1" }),
    [64, "MEMCACHED_PORT and MEMCACHED_PORT_FILE are both set"],
  );
});

Deno.test("a variable that ends in _FILE by its own name is no such file", () => {
  // --auth-file, --log-file and --memory-file have a path as their value.
  assertEquals(variables({ MEMCACHED_LOG_FILE: "/tmp/log" }), {
    "log-file": "/tmp/log",
  });
});

Deno.test("mistakes in variables are named", () => {
  assertEquals(complaint([], { MEMCACHED_PORT: "70000" }), [
    64,
    "MEMCACHED_PORT: ERROR: Invalid port number 70000.",
  ]);
  assertEquals(
    complaint([], { MEMCACHED_THREADS_FILE: "/t" }, { "/t": "0\n" }),
    [1, "MEMCACHED_THREADS_FILE: Number of threads must be greater than 0"],
  );
});

Deno.test("flags win over variables, and those over a file", () => {
  const files = { f: "-m 100\n-p 1\n-c 7\n-l a\n-l b\n-C" };
  const env = {
    MEMCACHED_MEMORY_LIMIT: "200",
    MEMCACHED_PORT: "2",
    MEMCACHED_LISTEN: "c",
    MEMCACHED_DISABLE_CAS: "no",
  };
  const result = settings(["--config", "f", "-m", "300"], env, files);
  assertEquals(result.memoryBytes, 300 * MIB);
  assertEquals(result.port, 2);
  assertEquals(result.connectionsMax, 7);
  assertEquals(result.listenText, "c");
  assertEquals(result.useCas, true);
  assertEquals(settings(["--config", "f"], {}, files).listenText, "a,b");
});

Deno.test("options of -o add up, and the stronger source wins", () => {
  const files = { f: "-o idle_timeout=5,track_sizes" };
  const env = { MEMCACHED_EXTENDED: "idle_timeout=6" };
  const flags = ["--config=f"];
  const fromAll = settings([...flags, "-o", "idle_timeout=7"], env, files);
  assertEquals([fromAll.idleTimeoutSeconds, fromAll.trackSizes], [7, true]);
  assertEquals(settings(flags, env, files).idleTimeoutSeconds, 6);
  assertEquals(settings(flags, {}, files).idleTimeoutSeconds, 5);
});

Deno.test("MEMCACHED_CONFIG names the file; --config wins", () => {
  const files = { f: "-c 1", g: "-c 2" };
  const env = { MEMCACHED_CONFIG: "f" };
  assertEquals(settings([], env, files).connectionsMax, 1);
  assertEquals(settings(["--config=g"], env, files).connectionsMax, 2);
});

/** What --print-config prints, read again. */
function printed(args: string[], env: Texts, files: Texts) {
  const { config, gathered } = configureAll(args, system(env, files));
  return JSON.parse(configText(config.settings, gathered));
}

Deno.test("--print-config shows the settings in force and their sources", () => {
  const { settings, given } = printed(
    ["--config=f", "-p", "5", "-o", "track_sizes"],
    { MEMCACHED_CACHESIZE: "75%", MEMCACHED_PORT: "4" },
    { f: "-p 3\n-l a\n-l b\n-o idle_timeout=9" },
  );
  assertEquals(settings.memoryBytes, 6 * 1024 * MIB);
  assertEquals(settings.port, 5);
  assertEquals(settings.evictions, true);
  assertEquals(given, {
    config: { values: ["f"], from: ["command line"] },
    "memory-limit": { values: ["75%"], from: ["MEMCACHED_CACHESIZE"] },
    port: { values: ["5"], from: ["command line"] },
    listen: { values: ["a", "b"], from: ["f:2", "f:3"] },
    extended: {
      values: ["idle_timeout=9", "track_sizes"],
      from: ["f:4", "command line"],
    },
  });
});

Deno.test("--print-config shows no secret, whatever holds it", () => {
  const secrets = {
    password: "hunter2",
    tlsPassphrase: "hunter2",
    nested: { apiToken: "hunter2" },
    "admin-secret": ["hunter2"],
    hasPassword: true,
    emptyPassword: "",
    noToken: null,
  };
  const text = configText(
    secrets as unknown as Settings,
    { given: new Map(), parts: [] },
  );
  assertEquals(text.includes("hunter2"), false);
  assertEquals(JSON.parse(text).settings, {
    password: "***",
    tlsPassphrase: "***",
    nested: { apiToken: "***" },
    "admin-secret": "***",
    hasPassword: true,
    emptyPassword: "",
    noToken: null,
  });
});
