/**
 * Owns the tests of reading a command line into flags: letters, long names,
 * values, and what is refused.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { FLAGS, readFlags } from "../../src/cli/flags.ts";
import { UsageError } from "../../src/cli/usage_error.ts";

/** memcached's flags with their long names and whether they take a value:
 * usage() and the getopt table of memcached 1.6.45. */
const MEMCACHED_FLAGS: [letter: string, name: string, takesValue: boolean][] = [
  ["p", "port", true],
  ["U", "udp-port", true],
  ["s", "unix-socket", true],
  ["a", "unix-mask", true],
  ["A", "enable-shutdown", false],
  ["Z", "enable-ssl", false],
  ["l", "listen", true],
  ["d", "daemon", false],
  ["r", "enable-coredumps", false],
  ["u", "user", true],
  ["m", "memory-limit", true],
  ["M", "disable-evictions", false],
  ["c", "conn-limit", true],
  ["k", "lock-memory", false],
  ["v", "verbose", false],
  ["h", "help", false],
  ["i", "license", false],
  ["V", "version", false],
  ["P", "pidfile", true],
  ["f", "slab-growth-factor", true],
  ["n", "slab-min-size", true],
  ["L", "enable-largepages", false],
  ["D", "", true],
  ["t", "threads", true],
  ["R", "max-reqs-per-event", true],
  ["C", "disable-cas", false],
  ["b", "listen-backlog", true],
  ["B", "protocol", true],
  ["I", "max-item-size", true],
  ["S", "enable-sasl", false],
  ["F", "disable-flush-all", false],
  ["X", "disable-dumping", false],
  ["W", "disable-watch", false],
  ["Y", "auth-file", true],
  ["e", "memory-file", true],
  ["o", "extended", true],
  ["N", "napi_ids", true],
];

function read(...args: string[]): Record<string, string[]> {
  return Object.fromEntries(readFlags(args));
}

function refusal(...args: string[]): [number, string] {
  const error = assertThrows(() => readFlags(args), UsageError);
  return [(error as UsageError).exitCode, (error as Error).message];
}

Deno.test("every flag of memcached is known by letter and by name", () => {
  for (const [letter, name, takesValue] of MEMCACHED_FLAGS) {
    const flag = FLAGS.find((f) => f.letter === letter);
    assert(flag !== undefined, `-${letter} is unknown`);
    if (name !== "") assertEquals(flag.name, name);
    assertEquals(flag.value !== "", takesValue, `-${letter}`);
  }
  assertEquals(
    FLAGS.filter((f) => f.letter !== "").length,
    MEMCACHED_FLAGS.length,
  );
});

Deno.test("letters and long names mean the same", () => {
  for (const { letter, name, value } of FLAGS) {
    const long = value === "" ? [`--${name}`] : [`--${name}=7`];
    const wanted = { [name]: [value === "" ? "true" : "7"] };
    assertEquals(read(...long), wanted);
    const mayLack = value === "" || value.startsWith("[");
    if (!mayLack) assertEquals(read(`--${name}`, "7"), wanted);
    if (letter === "") continue;
    assertEquals(read(...value === "" ? [`-${letter}`] : [`-${letter}7`]), {
      ...wanted,
    });
    if (value !== "") assertEquals(read(`-${letter}`, "7"), wanted);
  }
});

Deno.test("nothing given is nothing read", () => {
  assertEquals(read(), {});
});

Deno.test("letters may be joined", () => {
  assertEquals(read("-vv"), { verbose: ["true", "true"] });
  assertEquals(read("-vvv"), { verbose: ["true", "true", "true"] });
  assertEquals(read("-v", "-v"), { verbose: ["true", "true"] });
  assertEquals(read("-MCp11300"), {
    "disable-evictions": ["true"],
    "disable-cas": ["true"],
    port: ["11300"],
  });
  assertEquals(read("-dvP", "/tmp/pid"), {
    daemon: ["true"],
    verbose: ["true"],
    pidfile: ["/tmp/pid"],
  });
});

Deno.test("a value may begin with a minus", () => {
  assertEquals(read("-p", "-1"), { port: ["-1"] });
  assertEquals(read("-p-1"), { port: ["-1"] });
  assertEquals(read("--port=-1"), { port: ["-1"] });
  assertEquals(read("--port", "-1"), { port: ["-1"] });
  assertEquals(read("-D", "-"), { delimiter: ["-"] });
});

Deno.test("a value may hold an equals sign, a comma or a space", () => {
  const list = "idle_timeout=5,no_maxconns_fast";
  assertEquals(read("-o", list), { extended: [list] });
  assertEquals(read(`-o${list}`), { extended: [list] });
  assertEquals(read(`--extended=${list}`), { extended: [list] });
  assertEquals(read("-s", "/tmp/a b=c"), { "unix-socket": ["/tmp/a b=c"] });
  assertEquals(read("-D", " "), { delimiter: [" "] });
  assertEquals(read("-D="), { delimiter: ["="] });
});

Deno.test("a flag that is given again keeps the order", () => {
  assertEquals(read("-p", "1", "--port=2", "-p3"), { port: ["1", "2", "3"] });
  assertEquals(read("-l", "a", "-l", "b,c"), { listen: ["a", "b,c"] });
});

Deno.test("digits stay text", () => {
  assertEquals(read("-m", "0064"), { "memory-limit": ["0064"] });
  assertEquals(read("-f", "1.10"), { "slab-growth-factor": ["1.10"] });
  assertEquals(read("-c", "1e3"), { "conn-limit": ["1e3"] });
});

Deno.test("positional arguments are ignored", () => {
  assertEquals(read("x", "-p", "1", "y"), { port: ["1"] });
  assertEquals(read("-"), {});
});

Deno.test("nothing after -- is read", () => {
  assertEquals(read("-v", "--", "-p", "1"), { verbose: ["true"] });
});

Deno.test("unknown flags are refused with exit code 1", () => {
  assertEquals(refusal("-x")[0], 1);
  assertEquals(refusal("-vx"), [1, 'Illegal argument "x"']);
  assertEquals(refusal("--nothing"), [1, 'Illegal argument "nothing"']);
  assertEquals(refusal("--nothing=5"), [1, 'Illegal argument "nothing"']);
  assertEquals(refusal("--no-verbose")[0], 1);
  assertEquals(refusal("-?")[0], 1);
  assertEquals(refusal("-é")[0], 1);
});

Deno.test("a flag without its value is refused with exit code 1", () => {
  for (const { letter, name, value } of FLAGS) {
    if (value === "") continue;
    assertEquals(refusal(`--${name}=`)[0], 1, name);
    if (value.startsWith("[")) continue;
    assertEquals(refusal(`--${name}`)[0], 1, name);
    if (letter !== "") assertEquals(refusal(`-${letter}`)[0], 1, letter);
  }
});

Deno.test("a flag that takes no value refuses one with exit code 1", () => {
  for (const { name, value } of FLAGS) {
    if (value === "") assertEquals(refusal(`--${name}=x`)[0], 1, name);
  }
  assertEquals(refusal("--disable-evictions=false")[0], 1);
});
