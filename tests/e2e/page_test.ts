/**
 * Owns the tests of the page in a browser: that it shows what the server
 * does, that keys are found, that nothing is complained about, and that it
 * works in the dark, on a phone, and without a mouse.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { browsing, chromiumPath, type Page } from "../support/chromium.ts";
import { type ServedHttp, servingHttp } from "../support/http.ts";
import { type Mode, MODES } from "../support/our_server.ts";
import { inEveryMode, skip, waitFor } from "../support/serving.ts";
import type { Wire } from "../support/wire.ts";

interface Opened extends ServedHttp {
  page: Page;
  wire: Wire;
}

/** Runs `body` with the page of a server, and wants no complaint after it. */
async function withPage(
  mode: Mode,
  look: { colorScheme?: "light" | "dark"; width?: number },
  body: (opened: Opened) => Promise<void>,
): Promise<void> {
  const path = chromiumPath();
  if (path === null) return skip("no Chromium (Debian: chromium)");
  const args = ["--hot-keys=1"];
  await servingHttp({ mode, args }, async (served) => {
    using wire = await served.connect();
    await browsing(path, async ({ open, complaints }) => {
      const page = await open(served.url, look);
      await waitFor(
        "the page is live",
        async () => await page.textContent("#state") === "live",
      );
      await body({ ...served, page, wire });
      assertEquals(complaints, []);
    });
  });
}

async function store(wire: Wire, prefix: string, count: number) {
  for (let i = 0; i < count; i++) {
    await wire.send(`set ${prefix}${i} 0 600 5 noreply\r\nhello\r\n`);
  }
  assertMatch(await wire.ask("version"), /^VERSION /);
}

/** Keys that are shown now. */
async function shownKeys(page: Page): Promise<string[]> {
  return await page.locator("#keys td.key").allTextContents();
}

async function searchFor(page: Page, text: string, mode = "match") {
  await page.selectOption("#search-mode", mode);
  await page.fill("#search", text);
  await page.keyboard.press("Enter");
  await waitFor(
    "the search ends",
    async () => await page.getAttribute("#keys", "aria-busy") === "false",
  );
}

/** The value of a chart's title line. */
async function valueOf(page: Page, chart: string): Promise<string> {
  return await page.textContent(`#chart-${chart} .value`) ?? "";
}

inEveryMode("the page shows what the server does", async (mode) => {
  await withPage(mode, {}, async ({ page, wire }) => {
    assertEquals(await page.title(), "denocached");
    // Live once the charts' rows are there; the statistics come by themselves.
    await waitFor("what serves", async () => {
      const about = await page.textContent("#about") ?? "";
      return /as memcached 1\.6\./.test(about);
    });
    await waitFor(
      "no items",
      async () => await valueOf(page, "items") === "0",
    );
    await store(wire, "load:", 1234);
    const traffic = async () => {
      for (let i = 0; i < 50; i++) {
        await wire.send("get load:1\r\nget load:1\r\nget load:1\r\nget no\r\n");
        for (let k = 0; k < 4; k++) await wire.lines();
      }
    };
    await waitFor(
      "items",
      async () => await valueOf(page, "items") === "1,234",
    );
    await waitFor(
      "connections",
      async () => await valueOf(page, "connections") === "1 of 1,024",
    );
    assertMatch(await valueOf(page, "memory"), /^\d\d(\.\d)? KiB of 64 MiB$/);
    // While requests come, rates, ratio, latency and hot keys are there.
    await waitFor("the ratio of hits", async () => {
      await traffic();
      return await valueOf(page, "hits") === "75.0 %";
    });
    await waitFor("requests per second", async () => {
      await traffic();
      const value = await valueOf(page, "requests");
      return Number(value.replace(/[,/s]/g, "")) > 10;
    });
    await waitFor("latency", async () => {
      await traffic();
      return /^[\d.,]+ (µs|ms)$/.test(await valueOf(page, "latency"));
    });
    await waitFor("the hottest key", async () => {
      await traffic();
      const keys = page.locator("#hot td.key");
      return (await keys.allTextContents())[0] === "load:1";
    });
    // A line takes two samples.
    for (const chart of ["hits", "requests", "latency", "items"]) {
      await waitFor(`the line of ${chart}`, async () => {
        await traffic();
        const d = await page.getAttribute(`#chart-${chart} .line`, "d");
        return /^M[\d.]+ [\d.]+L/.test(d ?? "");
      });
    }
  });
});

inEveryMode("keys are found page by page", async (mode) => {
  await withPage(mode, {}, async ({ page, wire }) => {
    await store(wire, "user:", 250);
    await store(wire, "other:", 50);
    await searchFor(page, "user:", "prefix");
    const first = await shownKeys(page);
    assert(first.length > 80 && first.length <= 100, `${first.length}`);
    for (const key of first) assertMatch(key, /^user:\d+$/);
    const row = await page.locator("#keys tbody tr").first().textContent();
    assertMatch(row ?? "", /\d+ B(9 min \d+ s|10 min)\d+ s ago1$/);
    const seen = [...first];
    assert(await page.isDisabled("#previous"));
    for (let number = 2; await page.isEnabled("#next"); number++) {
      await page.click("#next");
      await waitFor(
        "the next page",
        async () => await page.textContent("#page-number") === `page ${number}`,
      );
      seen.push(...await shownKeys(page));
    }
    assertEquals(seen.length, 250);
    assertEquals(new Set(seen).size, 250);
    await page.click("#previous");
    await page.click("#previous");
    await waitFor(
      "the first page",
      async () => await page.textContent("#page-number") === "page 1",
    );
    assertEquals(await shownKeys(page), first);
    await searchFor(page, "nothing like this");
    assertEquals(await shownKeys(page), []);
    assertMatch(await page.textContent("#search-status") ?? "", /^No key;/);
  });
});

Deno.test("keys that look like markup are text", async () => {
  await withPage(MODES[0], {}, async ({ page, wire }) => {
    const key = "<img/src=x:y/onerror=alert(1)>";
    assertEquals(await wire.set(key, "v"), "STORED");
    for (let i = 0; i < 20; i++) {
      await wire.send(`get ${key}\r\n`);
      await wire.lines();
    }
    await searchFor(page, "<img");
    assertEquals(await shownKeys(page), [key]);
    await waitFor(
      "hot keys",
      async () => await page.locator("#hot td.key").count() > 0,
    );
    assertEquals(await page.locator("#hot td.key").allTextContents(), [key]);
    assertEquals(await page.locator("img").count(), 0);
  });
});

Deno.test("settings are shown and filtered by name", async () => {
  await withPage(MODES[0], {}, async ({ page }) => {
    await waitFor(
      "settings",
      async () => await page.locator("#settings dt").count() > 40,
    );
    await page.fill("#settings-filter", "maxconns");
    assertEquals(await page.locator("#settings dt").allTextContents(), [
      "maxconns",
      "maxconns_fast",
    ]);
  });
});

/** Contrast of an element's text and what is behind it (WCAG 2, 1.4.3). */
const CONTRAST = `(selector) => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = parse(color).map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const element = document.querySelector(selector);
  let behind = element;
  const ground = (e) => getComputedStyle(e).backgroundColor;
  while (parse(ground(behind))[3] === 0) behind = behind.parentElement;
  const a = light(getComputedStyle(element).color), b = light(ground(behind));
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}`;

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`the page can be read in ${colorScheme}, also on a phone`, async () => {
    const look = { colorScheme, width: 360 };
    await withPage(MODES[0], look, async ({ page, wire }) => {
      assertEquals(await wire.set("k".repeat(250), "v"), "STORED");
      await wire.send(`get ${"k".repeat(250)}\r\n`);
      await wire.lines();
      await searchFor(page, "k");
      await waitFor(
        "hot keys",
        async () => await page.locator("#hot td.key").count() > 0,
      );
      const width = await page.evaluate("document.documentElement.scrollWidth");
      assertEquals(width, 360, "it scrolls sideways");
      const ground = await page.evaluate(
        "getComputedStyle(document.body).backgroundColor",
      ) as string;
      const [red] = ground.match(/\d+/g)!.map(Number);
      assertEquals(red > 127, colorScheme === "light", ground);
      for (
        const selector of [
          "h1",
          "#about",
          "#state",
          ".value",
          ".legend",
          "#keys td.key",
          "#search-go",
          "#settings dt",
          "footer a",
        ]
      ) {
        const ratio = await page.evaluate(
          `(${CONTRAST})(${JSON.stringify(selector)})`,
        ) as number;
        assert(ratio >= 4.5, `${selector}: contrast ${ratio}`);
      }
    });
  });
}

Deno.test("everything can be reached and done with keys", async () => {
  await withPage(MODES[0], {}, async ({ page, wire }) => {
    await store(wire, "k", 120);
    const focused = () =>
      page.evaluate(
        "document.activeElement.id || document.activeElement.textContent || " +
          "document.activeElement.closest('figure')?.id || ''",
      ) as Promise<string>;
    await page.evaluate("document.activeElement.blur()");
    await page.keyboard.press("Tab");
    assertMatch(await focused(), /Skip to the key search/);
    await page.keyboard.press("Tab");
    assertEquals(await focused(), "chart-hits");
    // The outline shows where we are.
    const outline = await page.evaluate(
      "getComputedStyle(document.activeElement).outlineWidth",
    );
    assertEquals(outline, "3px");
    await waitFor(
      "two points of a chart",
      async () =>
        /L/.test(await page.getAttribute("#chart-items .line", "d") ?? ""),
    );
    await page.keyboard.press("ArrowLeft");
    assertMatch(
      await page.textContent("#chart-hits .legend") ?? "",
      /\d:\d\d:\d\d/,
    );
    const reached: string[] = [];
    for (let i = 0; i < 20 && !reached.includes("search-go"); i++) {
      await page.keyboard.press("Tab");
      reached.push(await focused());
    }
    for (const id of ["chart-cpu", "search-mode", "search", "search-go"]) {
      assert(reached.includes(id), `${id} is not reached`);
    }
    await page.keyboard.press("Enter");
    await waitFor("keys", async () => (await shownKeys(page)).length > 0);
    // The button that leads back cannot be used yet.
    await page.keyboard.press("Tab");
    assertEquals(await focused(), "next");
    await page.keyboard.press("Enter");
    await waitFor(
      "the second page",
      async () => await page.textContent("#page-number") === "page 2",
    );
    const names = await page.evaluate(
      "[...document.querySelectorAll('input,select,svg')].filter((e) => " +
        "!e.labels?.length && !e.ariaLabel).length",
    );
    assertEquals(names, 0, "something has no name");
  });
});

Deno.test("the page says so when the server is gone", async () => {
  const path = chromiumPath();
  if (path === null) return skip("no Chromium (Debian: chromium)");
  await servingHttp({ mode: MODES[0] }, async ({ server, url }) => {
    await browsing(path, async ({ open }) => {
      const page = await open(url);
      await waitFor(
        "live",
        async () => await page.textContent("#state") === "live",
      );
      await server.stop("SIGTERM");
      await waitFor(
        "notice",
        async () => /^no answer/.test(await page.textContent("#state") ?? ""),
      );
    });
  });
});
