/**
 * Owns the tests of -Z, -S, -Y, -U and the ssl_ options: what they set, and
 * what goes together. Refusals are in `refusals_test.ts`.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/cli/usage_error.ts";
import { SETTINGS_DEFAULT } from "../../src/base/settings.ts";
import { changed, config } from "./configured.ts";

Deno.test("-Z takes certificate and key; the rest has memcached's defaults", () => {
  const options = "ssl_chain_cert=/c,ssl_key=/k";
  assertEquals(changed("-Z", "-o", options), {
    tls: {
      ...SETTINGS_DEFAULT.tls,
      enabled: true,
      chainCert: "/c",
      key: "/k",
    },
  });
});

Deno.test("every ssl_ option that can be honoured is", () => {
  const { settings } = config([
    "-Z",
    "-o",
    "ssl_chain_cert=/c,ssl_ca_cert=/a,ssl_keyformat=2,ssl_session_cache",
    "-o",
    "ssl_wbuf_size=64,ssl_min_version=3,ssl_verify_mode=2",
  ]);
  assertEquals(settings.tls, {
    enabled: true,
    chainCert: "/c",
    key: null,
    keyFormat: 2,
    verifyMode: 3,
    caCert: "/a",
    sessionCache: true,
    writeBufferBytes: 65536,
    minVersion: "tlsv1.3",
  });
});

Deno.test("ssl_verify_mode is kept in OpenSSL's bits", () => {
  const bits = ["0", "1", "2", "3"].map((mode) =>
    config(["-o", `ssl_verify_mode=${mode}`]).settings.tls.verifyMode
  );
  assertEquals(bits, [0, 1, 3, 7]);
});

Deno.test("without -Z the ssl_ options change nothing that is served", () => {
  const { settings } = config(["-o", "ssl_chain_cert=/c"]);
  assertEquals(settings.tls.enabled, false);
});

Deno.test("-Y forces the text protocol, -S the binary one", () => {
  const token = config(["-Y", "/users"]).settings;
  assertEquals([token.authFile, token.protocol], ["/users", "ascii"]);
  assertEquals(config(["-Y", "/u", "-B", "ascii"]).settings.protocol, "ascii");
  const environment = { MEMCACHED_SASL_PWDB: "/db" };
  const sasl = config(["-S"], environment).settings;
  assertEquals(
    [sasl.sasl, sasl.saslFile, sasl.protocol],
    [true, "/db", "binary"],
  );
});

Deno.test("-S refuses text and UDP as memcached does", () => {
  const environment = { MEMCACHED_SASL_PWDB: "/db" };
  for (
    const [args, text] of [
      [["-S", "-B", "ascii"], "cannot allow the ASCII protocol"],
      [["-S", "-B", "auto"], "cannot allow the ASCII protocol"],
      [["-S", "-U", "11211"], "Cannot enable UDP"],
      [["-S", "-Y", "/users"], "cannot allow the BINARY protocol"],
    ] as const
  ) {
    const error = assertThrows(
      () => config([...args], environment),
      UsageError,
      text,
    );
    assertEquals((error as UsageError).exitCode, 64);
  }
});

Deno.test("-U sets the TCP port too unless -p does", () => {
  assertEquals(changed("-U", "11222"), { udpPort: 11222, port: 11222 });
  assertEquals(changed("-U", "-1"), { udpPort: -1, port: -1 });
  assertEquals(changed("-U", "11222", "-p", "11232"), {
    udpPort: 11222,
    port: 11232,
  });
  assertEquals(changed("-U", "65535", "-p", "0"), { udpPort: 65535, port: 0 });
  assertEquals(changed("-U", "0"), {});
});
