/**
 * Owns the test with pymemcache, a client in pure Python, plain and by TLS.
 *
 * @module
 */
import { CertificateDirectory, OPENSSL, tlsFlags } from "../support/tls.ts";
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
      checks: 163,
    }, port),
});

clientTest({
  name: "pymemcache by TLS",
  missing: lacks("python3-pymemcache", PATH) ?? lacks("openssl", OPENSSL),
  start: async (path) => {
    const files = await new CertificateDirectory(path).usual();
    return { args: tlsFlags(files) };
  },
  body: ({ port }, path) =>
    expectChecks({
      path: PATH!,
      args: ["-B"],
      file: "pymemcache_checks.py",
      more: [new CertificateDirectory(path).file("ca.crt")],
      checks: 163,
    }, port),
});
