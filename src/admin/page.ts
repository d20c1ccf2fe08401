/**
 * Owns the page as it is sent: its parts put together into one document that
 * loads nothing, and the policy that allows exactly these parts.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { pagePolicy } from "./access.ts";
import CHARTS from "./page/charts.js" with { type: "text" };
import FORMAT from "./page/format.js" with { type: "text" };
import STYLE from "./page/page.css" with { type: "text" };
import BODY from "./page/page.html" with { type: "text" };
import SCRIPT from "./page/page.js" with { type: "text" };

/**
 * Modules as one: what they export and import of each other becomes names of
 * one scope. Each must come after those it imports from.
 */
export function joinModules(modules: string[]): string {
  return modules.map((text) =>
    text.replace(/^import\s[^;]*;\n/gm, "").replace(/^export\s+/gm, "")
  ).join("\n");
}

const SCRIPTS = joinModules([FORMAT, CHARTS, SCRIPT]);

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}

/** The whole document. */
export const PAGE_HTML = BODY
  .replace("<!-- style -->", () => `<style>${STYLE}</style>`)
  .replace(
    "<!-- script -->",
    () => `<script type="module">${SCRIPTS}</script>`,
  );

/** The Content-Security-Policy that goes with it. */
export const PAGE_POLICY = pagePolicy(sha256(STYLE), sha256(SCRIPTS));
