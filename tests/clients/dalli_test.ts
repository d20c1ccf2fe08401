/**
 * Owns the tests with dalli, a client in Ruby: binary, and meta where the
 * installed version has it.
 *
 * @module
 */
import { clientTest, expectChecks, findRuby, lacks } from "./program.ts";

const PATH = findRuby("dalli", "true");
const META = findRuby("dalli", "Dalli::Protocol.const_defined?(:Meta)");
const CHECKS = 123;

clientTest({
  name: "dalli, binary",
  missing: lacks("ruby with ruby-dalli", PATH),
  body: ({ port }) =>
    expectChecks({
      path: PATH!,
      file: "dalli_checks.rb",
      more: ["binary"],
      checks: CHECKS,
    }, port),
});

clientTest({
  name: "dalli, meta",
  missing: lacks("ruby with a ruby-dalli that has meta commands (3.2)", META),
  // Debian 12 has dalli 3.0; there is none to install there.
  isOptional: true,
  body: ({ port }) =>
    expectChecks({
      path: META!,
      file: "dalli_checks.rb",
      more: ["meta"],
      checks: CHECKS,
    }, port),
});
