/**
 * Owns the test with pylibmc: libmemcached driven from Python, in classic text
 * and binary.
 *
 * @module
 */
import { clientTest, expectChecks, findPython, lacks } from "./program.ts";

const PATH = findPython("pylibmc");

clientTest({
  name: "pylibmc",
  missing: lacks("python3-pylibmc", PATH),
  body: ({ port }) =>
    expectChecks({
      path: PATH!,
      args: ["-B"],
      file: "pylibmc_checks.py",
      checks: 276,
    }, port),
});
