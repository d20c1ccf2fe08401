/**
 * Owns the tests of what the configuration refuses: memcached's words and
 * exit codes.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { changed, refusal } from "./configured.ts";

const TOO_SMALL = "Item max size cannot be less than 1024 bytes.";
const ABOVE_HALF = "Cannot set item size limit higher than 1/2 of memory max.";
const ABOVE_GIB = "Cannot set item size limit higher than a gigabyte.";
const BAD_PROTOCOL = "Invalid value for binding protocol: http\n" +
  " -- should be one of auto, binary, or ascii";

const NOT_BINARY =
  "ERROR: You cannot allow the BINARY protocol while using ascii " +
  "authentication tokens.";

/** Command lines that memcached refuses, with its code and words. */
const REFUSED: [args: string, code: number, text: string][] = [
  ["-I 1000", 64, TOO_SMALL],
  ["-I 1023", 64, TOO_SMALL],
  ["-I 0", 64, TOO_SMALL],
  ["-I 33m", 64, ABOVE_HALF],
  ["-I 256m", 64, ABOVE_HALF],
  ["-m 1", 64, ABOVE_HALF],
  ["-m 0", 64, ABOVE_HALF],
  ["-I 1025m -m 4g", 64, ABOVE_GIB],
  ["-c 0", 1, "Maximum connections must be greater than 0"],
  ["-c -5", 1, "Maximum connections must be greater than 0"],
  ["-c abc", 1, "Maximum connections must be greater than 0"],
  ["-t 0", 1, "Number of threads must be greater than 0"],
  ["-t x", 1, "Number of threads must be greater than 0"],
  ["--smp=0", 1, "Number of threads must be greater than 0"],
  ["--smp=65", 1, "--smp: at most 64"],
  ["--smp -t 2", 64, "--smp and --threads say the same thing: give one"],
  ["-R 0", 1, "Number of requests per event must be greater than 0"],
  ["-n 0", 1, "Chunk size must be greater than 0"],
  ["-f 1", 1, "Factor must be greater than 1"],
  ["-f 0.5", 1, "Factor must be greater than 1"],
  ["-f x", 1, "Factor must be greater than 1"],
  ["-B http", 64, BAD_PROTOCOL],
  ["-B ASCII", 64, BAD_PROTOCOL.replace("http", "ASCII")],
  ["-p 70000", 64, "ERROR: Invalid port number 70000."],
  ["-p 65536", 64, "ERROR: Invalid port number 65536."],
  ["-p -2", 64, "ERROR: Invalid port number -2."],
  ["-u nobody_here", 67, "can't find the user nobody_here to switch to"],
  ["-o nothing", 1, 'Illegal suboption "nothing"'],
  ["-U 65536", 64, "ERROR: Invalid port number 65536."],
  ["-U -2", 64, "ERROR: Invalid port number -2."],
  [
    "-Y users -U 11211",
    64,
    "Cannot use UDP with ascii authentication enabled (-U 0 to disable)",
  ],
  ["-Y users -B binary", 64, NOT_BINARY],
  ["-Y users -B auto", 64, NOT_BINARY],
  ["-o ssl_chain_cert", 1, "Missing ssl_chain_cert argument"],
  ["-o ssl_key", 1, "Missing ssl_key argument"],
  ["-o ssl_ca_cert", 1, "Missing ssl_ca_cert argument"],
  ["-o ssl_wbuf_size=x", 1, "could not parse argument to ssl_wbuf_size"],
  [
    "-o ssl_verify_mode=4",
    1,
    "Invalid ssl_verify_mode. Use help to see valid options.",
  ],
  [
    "-o ssl_min_version=4",
    1,
    "Invalid ssl_min_version. Use help to see valid options.",
  ],
  [
    "-Z -s sock -p 0 -o ssl_chain_cert=x",
    64,
    "ERROR: You cannot enable SSL without a TCP port.",
  ],
  ["-o idle_timeout", 1, "Missing numeric argument for idle_timeout"],
];

/** Command lines that only this program refuses, and how. */
const REFUSED_HERE: [args: string, code: number, part: string][] = [
  ["-m abc", 64, "-m: abc is no size"],
  ["-m 101%", 64, "-m: 101% is no size"],
  ["-m 512k -I 1k", 64, "at least 1 MB"],
  ["-I 50%", 64, "-I: 50% is no size"],
  ["-I x", 64, "-I: x is no size"],
  ["-t 65", 1, "at most 64"],
  ["-a 9", 64, "--unix-mask"],
  ["-a u+x", 64, "--unix-mask"],
  ["-l a:65536", 64, "Invalid port number"],
  ["-Z", 64, "ssl_chain_cert"],
  ["-S", 64, "MEMCACHED_SASL_PWDB"],
  ["-S -Y users", 64, "MEMCACHED_SASL_PWDB"],
  ["-l notls:a", 71, "'notls' option is valid only when SSL is enabled"],
  ["-l btls:a", 71, "'btls' option is valid only when SSL is enabled"],
  ["-l mtls:a", 71, "'mtls' option is valid only when SSL is enabled"],
  ["-o ssl_ciphers=ALL", 64, "-o ssl_ciphers: Deno's TLS offers a fixed list"],
  ["-o ssl_kernel_tls", 64, "-o ssl_kernel_tls: Deno's TLS cannot"],
  ["-o ssl_min_version=0", 64, "nothing below TLS 1.2"],
  ["-o ssl_min_version=1", 64, "nothing below TLS 1.2"],
  ["-o ssl_keyformat=3", 64, "1 (PEM) or 2 (DER)"],
  ["-o ssl_keyformat=0", 64, "1 (PEM) or 2 (DER)"],
  ["--log-format xml", 64, "--log-format"],
  ["--drain-grace 3601", 64, "--drain-grace: 3601 is not 0 to 3600"],
  ["--drain-grace -1", 64, "--drain-grace: -1 is not"],
  ["--drain-timeout 3601", 64, "--drain-timeout: 3601 is not 0 to 3600"],
  ["--drain-timeout 1.5", 64, "--drain-timeout: 1.5 is not"],
  ["--drain-timeout x", 64, "--drain-timeout: x is not"],
];

for (const [args, code, text] of REFUSED) {
  Deno.test(`${args} is refused as memcached does`, () => {
    assertEquals(refusal(...args.split(" ")), [code, text]);
  });
}

for (const [args, code, part] of REFUSED_HERE) {
  Deno.test(`${args} is refused`, () => {
    const [actual, text] = refusal(...args.split(" "));
    assertStringIncludes(text, part);
    assertEquals(actual, code);
  });
}

Deno.test("what stands just inside the limits is accepted", () => {
  changed("-I", "1024");
  changed("-I", "32m");
  changed("-I", "1g", "-m", "2g");
  changed("-m", "2");
  changed("-c", "1", "-t", "1", "-R", "1", "-n", "1");
  changed("-f", "1.0001");
  changed("-p", "65535");
  changed("-o", "hot_lru_pct=79,warm_lru_pct=1");
});

Deno.test("limits hold whatever the order of the flags", () => {
  assertEquals(
    changed("-I", "256m", "-m", "512"),
    changed("-m", "512", "-I", "256m"),
  );
  assertEquals(refusal("-m", "64", "-I", "33m"), [64, ABOVE_HALF]);
});
