/**
 * Owns the tests of the program as a process: what it prints, what it
 * refuses to start with, and the exit codes that scripts rely on.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { freePort } from "../support/memcached.ts";
import { runOurs } from "../support/our_server.ts";

/** Command lines that must not start, with exit code and first line. */
const REFUSED: [args: string, code: number, line: string][] = [
  ["-I 1000", 64, "Item max size cannot be less than 1024 bytes."],
  [
    "-I 256m",
    64,
    "Cannot set item size limit higher than 1/2 of memory max.",
  ],
  ["-B http", 64, "Invalid value for binding protocol: http"],
  ["-p 70000", 64, "ERROR: Invalid port number 70000."],
  [
    "-l mtls:a",
    71,
    "'mtls' option is valid only when SSL is enabled: TLS is, with -Z",
  ],
  [
    "-u no_such_user_here",
    67,
    "can't find the user no_such_user_here to switch to",
  ],
  ["-c 0", 1, "Maximum connections must be greater than 0"],
  ["-o nothing", 1, 'Illegal suboption "nothing"'],
  ["-q", 1, 'Illegal argument "q"'],
  ["--port", 1, "Missing argument of --port"],
];

for (const [args, code, line] of REFUSED) {
  Deno.test(`the program ends with ${code} for ${args}`, async () => {
    const result = await runOurs(["-l", "127.0.0.1", ...args.split(" ")]);
    assertEquals(result.stderr.split("\n")[0], line);
    assertEquals(result.code, code);
    assertEquals(result.stdout, "");
  });
}

Deno.test("the program ends with 71 when its port is taken", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = taken.addr as Deno.NetAddr;
    const listen = ["-l", "127.0.0.1", "-p", String(port)];
    const { code, stderr } = await runOurs(listen);
    assertEquals(
      stderr.trimEnd().split("\n").at(-1),
      `failed to listen on TCP port ${port}: Address already in use`,
    );
    assertEquals(code, 71);
  } finally {
    taken.close();
  }
});

Deno.test("the program ends with 71 when one of its ports is taken", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = taken.addr as Deno.NetAddr;
    const list = `127.0.0.1:${freePort()},127.0.0.1:${port}`;
    const { code, stderr } = await runOurs(["-l", list]);
    assertStringIncludes(stderr, `TCP port ${port}: Address already in use`);
    assertEquals(code, 71);
  } finally {
    taken.close();
  }
});

Deno.test("the program ends with 71 for a host that does not exist", async () => {
  const { code, stderr } = await runOurs(["-l", "no-such-host.invalid"]);
  assertMatch(
    stderr,
    /failed to listen on one of interface\(s\) no-such-host\.invalid: /,
  );
  assertEquals(code, 71);
});

Deno.test("the program ends with 71 for a socket it cannot make", async () => {
  const path = "/no/such/directory/socket";
  const { code, stderr } = await runOurs(["-s", path]);
  assertStringIncludes(stderr, `failed to listen on UNIX socket: ${path}`);
  assertEquals(code, 71);
});

Deno.test("the program ends with 71 when -d may not start anything", async () => {
  // Without --allow-run nothing can be put into the background.
  const { code, stderr } = await runOurs(["-d", "-l", "127.0.0.1", "-p", "-1"]);
  assertStringIncludes(stderr, "in order to daemonize");
  assertEquals(code, 71);
});

Deno.test("-V, -h and -i print and end with 0", async () => {
  for (
    const [flags, text] of [
      [["-V", "--version"], /^memcached 1\.6\.[0-9]+\n/],
      [["-h", "--help"], /^memcached 1\.6[^]*--port=<num>[^]*-I, /],
      [["-i", "--license"], /MIT/],
    ] as const
  ) {
    for (const flag of flags) {
      const result = await runOurs([flag]);
      assertEquals([result.code, result.stderr], [0, ""], flag);
      assertMatch(result.stdout, text);
    }
  }
});

Deno.test("-h wins over anything else that is valid", async () => {
  const result = await runOurs(["-p", "11300", "-vh", "-m", "1g"]);
  assertEquals(result.code, 0);
  assert(result.stdout.includes("--memory-limit"));
});

Deno.test("the program's own name may come first", async () => {
  for (const name of ["memcached", "denocached"]) {
    const { code, stdout } = await runOurs([name, "-V"]);
    assertEquals(code, 0);
    assertMatch(stdout, /^memcached /);
  }
});

Deno.test("a first word that is no command is refused", async () => {
  for (const word of ["helth", "start"]) {
    const { code, stderr } = await runOurs([word]);
    assertEquals(code, 64);
    assertEquals(stderr, `there is no command "${word}"; see --help\n`);
  }
});

Deno.test("commands come after the program's own name as well", async () => {
  const { code, stdout } = await runOurs(["memcached", "health", "--help"]);
  assertEquals(code, 0);
  assertMatch(stdout, /^denocached health /);
});

Deno.test("--print-config prints JSON and does not serve", async () => {
  const { code, stdout } = await runOurs(["--print-config", "-p", "0"], {
    MEMCACHED_MAXCONN: "77",
  });
  assertEquals(code, 0);
  const { settings, given } = JSON.parse(stdout);
  assertEquals([settings.port, settings.connectionsMax], [-1, 77]);
  assertEquals(given["conn-limit"].from, ["MEMCACHED_MAXCONN"]);
});

Deno.test("the program ends with 64 for a file with a mistake", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "-m 64\n-p 70000\n");
    const { code, stderr } = await runOurs(["--config", path]);
    assertEquals(stderr, `${path}:2: ERROR: Invalid port number 70000.\n`);
    assertEquals(code, 64);
  } finally {
    await Deno.remove(path);
  }
});
