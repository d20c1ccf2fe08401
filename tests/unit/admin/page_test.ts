/**
 * Owns the checks of the page as text: that it loads nothing from elsewhere,
 * that its policy allows exactly its parts, and how it writes numbers.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import {
  joinModules,
  PAGE_HTML,
  PAGE_POLICY,
} from "../../../src/admin/page.ts";
import * as format from "../../../src/admin/page/format.js";

Deno.test("the page names nothing outside itself", () => {
  const addresses = PAGE_HTML.match(/(?:https?:)?\/\/[a-z][^\s"'`)]*/g) ?? [];
  assertEquals(
    addresses.filter((a) => a !== "http://www.w3.org/2000/svg"),
    [],
  );
  assertEquals(PAGE_HTML.match(/<(?:img|iframe|object|embed)\b/g), null);
  for (const [, target] of PAGE_HTML.matchAll(/(?:src|href)="([^"]*)"/g)) {
    assert(/^(?:data:,|#\w+|[a-z]+(\.json)?)$/.test(target), target);
  }
  assertEquals(
    /\b(?:innerHTML|outerHTML|insertAdjacentHTML|eval)\b/.exec(
      PAGE_HTML,
    ),
    null,
  );
});

Deno.test("the policy allows the inline parts by their hashes", () => {
  for (const name of ["style", "script"]) {
    const parts = [
      ...PAGE_HTML.matchAll(
        new RegExp(`<${name}[^>]*>([\\s\\S]*?)</${name}>`, "g"),
      ),
    ];
    assertEquals(parts.length, 1, name);
    const hash = createHash("sha256").update(parts[0][1]).digest("base64");
    assertStringIncludes(PAGE_POLICY, `${name}-src 'sha256-${hash}'`);
  }
  assertEquals(/ (?:style|on[a-z]+)="/.exec(PAGE_HTML), null);
});

Deno.test("modules are joined without their imports and exports", () => {
  const joined = joinModules([
    "export const a = 1;\n",
    'import { a } from "./a.js";\nimport {\n  b,\n  c,\n} from "./b.js";\n' +
    "export class D {}\nconst important = a;\n",
  ]);
  assertEquals(joined, "const a = 1;\n\nclass D {}\nconst important = a;\n");
  assertEquals(/^(?:import|export)\b/m.exec(PAGE_HTML), null);
});

Deno.test("numbers are written short", () => {
  assertEquals(
    [0, 0.123, 5, 12.34, 99.96, 1234.5, 1e6].map(format.formatNumber),
    ["0", "0.12", "5", "12.3", "100", "1,235", "1,000,000"],
  );
  assertEquals(
    [0, 1023, 1024, 1536, 64 * 1024 ** 2, 3 * 1024 ** 4].map(
      format.formatBytes,
    ),
    ["0 B", "1,023 B", "1 KiB", "1.5 KiB", "64 MiB", "3 TiB"],
  );
  assertEquals([0, 0.5, 0.985, 0.9999, 1].map(format.formatPercent), [
    "0 %",
    "50.0 %",
    "98.5 %",
    "100 %",
    "100 %",
  ]);
  assertEquals([3.2, 999, 1500, 2.5e6].map(format.formatMicroseconds), [
    "3 µs",
    "999 µs",
    "1.5 ms",
    "2.5 s",
  ]);
  assertEquals(
    [0, 59, 60, 3661, 90_000, 86_400 * 3].map(format.formatDuration),
    [
      "0 s",
      "59 s",
      "1 min",
      "1 h 1 min",
      "1 d 1 h",
      "3 d",
    ],
  );
  for (
    const write of [
      format.formatNumber,
      format.formatBytes,
      format.formatPercent,
      format.formatMicroseconds,
    ]
  ) assertEquals([NaN, Infinity, null].map(write), ["–", "–", "–"]);
});

Deno.test("keys are shown as text only if they are text", () => {
  assertEquals(format.formatKey("user%3A1"), "user:1");
  assertEquals(format.formatKey("%C3%A9"), "é");
  assertEquals(format.formatKey("%3Cb%3E"), "<b>");
  for (
    const escaped of [
      "%FF%FE",
      "a%00b",
      "a%0Ab",
      // Right-to-left override, zero width space, line separator.
      "a%E2%80%AEb",
      "a%E2%80%8Bb",
      "a%E2%80%A8b",
    ]
  ) assertEquals(format.formatKey(escaped), escaped);
});

Deno.test("an axis ends at 1, 2 or 5 times a power of ten", () => {
  assertEquals([0, NaN, 0.03, 1, 1.1, 4, 70, 501].map(format.axisTop), [
    1,
    1,
    0.05,
    1,
    2,
    5,
    100,
    1000,
  ]);
});

Deno.test("an axis of bytes ends at a round number of its unit", () => {
  const KIB = 1024, MIB = 1024 * KIB;
  assertEquals(
    [0, 3, 1000, 1024, 3 * KIB, 1000 * KIB, 6.4 * MIB].map(
      format.axisTopBytes,
    ),
    [1, 5, 1000, KIB, 5 * KIB, 1000 * KIB, 10 * MIB],
  );
});

Deno.test("a path has gaps where nothing is known", () => {
  assertEquals(format.pathOf([]), "");
  assertEquals(format.pathOf([[0, 1], [1, 2]]), "M0 1L1 2");
  assertEquals(
    format.pathOf([[0, 1], [1, null], [2, 3], [3, 4]]),
    "M0 1L1 1M2 3L3 4",
  );
  assertEquals(format.pathOf([[0, 1], [1, 2]], 9), "M0 1L1 2L1 9L0 9Z");
});
