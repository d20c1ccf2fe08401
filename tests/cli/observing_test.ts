/**
 * Owns the tests of the flags by which a server is watched.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  HOT_KEYS_SAMPLE_DEFAULT,
  HOT_KEYS_SAMPLE_MAX,
} from "../../src/base/limits.ts";
import { changed, config, refusal } from "./configured.ts";

Deno.test("--http takes a port of the loopback, or an address", () => {
  const http = (text: string) => config(["--http", text]).settings.http;
  assertEquals(config([]).settings.http, null);
  assertEquals(http("9150"), { host: "127.0.0.1", port: 9150 });
  assertEquals(http(":9150"), { host: "127.0.0.1", port: 9150 });
  assertEquals(http("localhost:0"), { host: "localhost", port: 0 });
  assertEquals(http("10.0.0.1:65535"), { host: "10.0.0.1", port: 65535 });
  assertEquals(http("cache.example:80"), { host: "cache.example", port: 80 });
  assertEquals(http("[::1]:9150"), { host: "::1", port: 9150 });
  assertEquals(http("[::]:9150"), { host: "::", port: 9150 });
  assertEquals(http("*:9150"), { host: "0.0.0.0", port: 9150 });
});

Deno.test("--http refuses what is no address, with exit code 64", () => {
  for (
    const text of [
      "localhost",
      "localhost:",
      "localhost:x",
      "localhost:65536",
      "::1:9150",
      "[::1]",
      "http://localhost:1",
      "a b:1",
      "-1",
    ]
  ) {
    const [code, message] = refusal("--http", text);
    assertEquals(code, 64, text);
    assertStringIncludes(message, `--http: ${text} is not host:port`);
  }
  assertEquals(refusal("--http")[0], 1);
});

Deno.test("--http warns where others can reach it", () => {
  const warnings = (text: string) => config(["--http", text]).warnings.length;
  for (const own of ["1", "localhost:1", "127.0.0.2:1", "[::1]:1"]) {
    assertEquals(warnings(own), 0, own);
  }
  for (const open of ["*:1", "0.0.0.0:1", "10.0.0.1:1", "[::]:1", "a.b:1"]) {
    assertEquals(warnings(open), 1, open);
  }
});

Deno.test("--hot-keys is off, or looks at one of so many gets", () => {
  assertEquals(config([]).settings.hotKeysSample, 0);
  assertEquals(changed("--hot-keys"), {
    hotKeysSample: HOT_KEYS_SAMPLE_DEFAULT,
  });
  for (const sample of [1, HOT_KEYS_SAMPLE_MAX - 1, HOT_KEYS_SAMPLE_MAX]) {
    assertEquals(changed(`--hot-keys=${sample}`), { hotKeysSample: sample });
  }
  for (const sample of ["0", "-1", "x", "1.5", `${HOT_KEYS_SAMPLE_MAX + 1}`]) {
    const [code, message] = refusal(`--hot-keys=${sample}`);
    assertEquals(code, 64, sample);
    assertStringIncludes(message, "--hot-keys");
  }
});
