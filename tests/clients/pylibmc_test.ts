/**
 * Owns the test with pylibmc: libmemcached driven from Python, in classic text
 * and binary, and with SASL.
 *
 * @module
 */
import {
  clientTest,
  expectChecks,
  findPython,
  lacks,
  SASL_USER,
  saslServer,
} from "./program.ts";

const PATH = findPython("pylibmc");

clientTest({
  name: "pylibmc",
  missing: lacks("python3-pylibmc", PATH),
  body: ({ port }) =>
    expectChecks({
      path: PATH!,
      args: ["-B"],
      file: "pylibmc_checks.py",
      checks: 278,
    }, port),
});

clientTest({
  name: "pylibmc with SASL",
  missing: lacks("python3-pylibmc", PATH),
  start: saslServer,
  body: ({ port }) =>
    expectChecks({
      path: PATH!,
      args: ["-B"],
      file: "pylibmc_sasl_checks.py",
      more: [SASL_USER.name, SASL_USER.password],
      checks: 17,
    }, port),
});
