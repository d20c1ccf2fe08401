/**
 * Owns driving Debian's Chromium in tests: finds it, opens pages, and takes
 * down what the pages complain about. Skips are the caller's business.
 *
 * @module
 */
import { type Browser, chromium, type Page } from "npm:playwright-core@1.65.1";
import { inTemporaryDirectory } from "./serving.ts";

export type { Page } from "npm:playwright-core@1.65.1";

/** Path of the browser: CHROMIUM, or what Debian installs; null if missing. */
function findChromium(): string | null {
  for (const path of [Deno.env.get("CHROMIUM"), "/usr/bin/chromium"]) {
    if (path === undefined || path === "") continue;
    try {
      if (Deno.statSync(path).isFile) return path;
    } catch {
      // Not there: look further.
    }
  }
  return null;
}

/** The browser's path; null where tests may go without it. CI may not. */
export function chromiumPath(): string | null {
  const path = findChromium();
  if (path === null && Deno.env.get("DENOCACHED_CI") === "1") {
    throw new Error("CI needs Chromium: apt-get install chromium");
  }
  return path;
}

/** How a page is looked at. */
export interface Look {
  colorScheme?: "light" | "dark";
  width?: number;
  height?: number;
}

/** An open browser. */
export interface Browsing {
  /** Opens an address in a window of its own. */
  open(url: string, look?: Look): Promise<Page>;
  /** Errors and warnings of all pages so far, and what they asked of others
   * than the server. */
  complaints: string[];
}

// It talks to nobody but the server under test.
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Runs `body` with a browser, and closes it whatever happens. */
export async function browsing(
  executablePath: string,
  body: (browsing: Browsing) => Promise<void>,
): Promise<void> {
  await inTemporaryDirectory(async (home) => {
    const browser: Browser = await chromium.launch({
      executablePath,
      args: ARGUMENTS,
      // Profiles and caches of the browser end with the test.
      env: { ...Deno.env.toObject(), HOME: home, TMPDIR: home },
    });
    const complaints: string[] = [];
    const open = async (url: string, look: Look = {}) => {
      const { colorScheme = "light", width = 1280, height = 900 } = look;
      const page = await browser.newPage({
        colorScheme,
        viewport: { width, height },
      });
      page.on("console", (message) => {
        if (!["error", "warning"].includes(message.type())) return;
        complaints.push(`${message.type()}: ${message.text()}`);
      });
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("request", (request) => {
        const asked = request.url();
        if (asked.startsWith(url) || asked.startsWith("data:")) return;
        complaints.push(`asked ${asked}`);
      });
      await page.goto(url);
      return page;
    };
    try {
      await body({ open, complaints });
    } finally {
      await browser.close();
    }
  });
}
