/**
 * Owns the tests with memccapable, libmemcached's test of a server.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { findProgram } from "../support/programs.ts";
import { clientTest, lacks, run } from "./program.ts";

const PATH = findProgram(["memccapable"], ["-V"]);

for (
  const [protocol, flag] of [["ascii", "-a"], ["binary", "-b"]] as const
) {
  clientTest({
    name: `memccapable ${flag}`,
    missing: lacks("libmemcached-tools", PATH),
    async body({ port }) {
      const args = ["-h", "127.0.0.1", "-p", String(port), "-t", "60", flag];
      const { code, stdout, stderr } = await run(PATH!, args);
      const lines = stdout.split("\n")
        .filter((line) => line.startsWith(`${protocol} `));
      const passed = lines.filter((line) => line.endsWith("[pass]"));
      assertEquals(passed, lines, stdout + stderr);
      assertEquals(lines.length, 27);
      assertStringIncludes(stdout, "All tests passed");
      assertEquals(code, 0);
    },
  });
}
