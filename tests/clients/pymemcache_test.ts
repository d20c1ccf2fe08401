/**
 * Owns the test with pymemcache, a client in pure Python.
 *
 * @module
 */
import { clientTest, expectChecks, findPython, lacks } from "./program.ts";

const PATH = findPython("pymemcache");

clientTest({
  name: "pymemcache",
  missing: lacks("python3-pymemcache", PATH),
  body: ({ port }) =>
    expectChecks({
      path: PATH!,
      args: ["-B"],
      file: "pymemcache_checks.py",
      checks: 162,
    }, port),
});
