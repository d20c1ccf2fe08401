/**
 * Owns the tests of the texts of --help, --version and --license.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { VERSION } from "../../src/base/version.ts";
import { EXTENDED, WITHOUT_EFFECT } from "../../src/cli/extended.ts";
import { FLAGS } from "../../src/cli/flags.ts";
import {
  helpText,
  LICENSE_TEXT,
  MEMCACHED_VERSION,
  versionText,
} from "../../src/cli/help.ts";
import { PROTOCOL_VERSION } from "../../src/protocol/reply.ts";

Deno.test("--version starts as memcached's, with our own version after it", () => {
  const [first, second] = versionText().split("\n");
  assertMatch(first, /^memcached [0-9]+\.[0-9]+\.[0-9]+$/);
  assertEquals(second, `denocached ${VERSION}`);
});

Deno.test("--version and the wire tell the same version", () => {
  assertEquals(MEMCACHED_VERSION, PROTOCOL_VERSION);
});

Deno.test("--help starts with the version and lists every flag once", () => {
  const help = helpText();
  assert(help.startsWith(versionText()));
  for (const { letter, name, help: text } of FLAGS) {
    const lines = help.split("\n").filter((line) =>
      new RegExp(`^(-., |    )--${name}(\\[?=| |$)`).test(line)
    );
    assertEquals(lines.length, 1, name);
    if (letter !== "") assert(lines[0].startsWith(`-${letter}, `), lines[0]);
    assertStringIncludes(lines[0], text);
  }
});

Deno.test("--help names the options of -o that do something", () => {
  const help = helpText();
  const at = help.indexOf("Options of -o:");
  assert(at > 0);
  const named = new Set(help.slice(at).split(/[\s,]+/));
  for (const name of EXTENDED.keys()) {
    assertEquals(named.has(name), !WITHOUT_EFFECT.has(name), name);
  }
});

Deno.test("no line of --help is longer than 80 characters", () => {
  for (const line of helpText().split("\n")) {
    assert(line.length <= 80, line);
    assertEquals(line, line.trimEnd());
  }
});

Deno.test("--license names the licence", () => {
  assertStringIncludes(LICENSE_TEXT, "MIT");
});
