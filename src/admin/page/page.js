/**
 * Owns the page while it is open: asks the server for numbers and keys, and
 * shows them. Never writes anything to the server, never makes markup of what
 * it gets.
 *
 * @module
 */
import { Chart, element } from "./charts.js";
import {
  axisTopBytes,
  formatBytes,
  formatDuration,
  formatKey,
  formatMicroseconds,
  formatNumber,
  formatPercent,
} from "./format.js";

const STATS_INTERVAL_MS = 2000;
const HISTORY_INTERVAL_MS = 5000;
const HISTORY_POINTS = 720;
const PAGE_KEYS = 100;
/** Keys that come together at most, so that a page does not overflow. */
const TOGETHER_KEYS = 16;

const byId = (id) => document.getElementById(id);

async function ask(path, signal) {
  const reply = await fetch(path, { signal });
  if (!reply.ok) throw new Error((await reply.text()).trim());
  return await reply.json();
}

// ---- charts ----

const perSecond = (value) => `${formatNumber(value)}/s`;
const bytesPerSecond = (value) => `${formatBytes(value)}/s`;

/** Every chart; `now` is the value of two readings of stats.json. */
const CHARTS = [
  {
    id: "hits",
    title: "Hit ratio",
    format: formatPercent,
    top: () => 1,
    series: [{ column: "hit_ratio", label: "hits" }],
    now: (rate) => formatPercent(rate("get_hits") / rate("cmd_get")),
  },
  {
    id: "requests",
    title: "Requests: gets and sets, by key",
    format: perSecond,
    series: [{ column: "gets", label: "gets" }, {
      column: "sets",
      label: "sets",
    }],
    now: (rate) => perSecond(rate("cmd_get") + rate("cmd_set")),
  },
  {
    id: "latency",
    title: "Latency of a batch, 99th percentile",
    format: formatMicroseconds,
    series: [{ column: "p99_us", label: "99 %" }, {
      column: "p50_us",
      label: "50 %",
    }],
    now: (_rate, _stats, row) => formatMicroseconds(row("p99_us")),
  },
  {
    id: "memory",
    title: "Memory of items",
    format: formatBytes,
    top: (columns) => columns.limit_bytes.at(-1) || 1,
    series: [{ column: "bytes", label: "used" }],
    now: (_rate, stats) =>
      `${formatBytes(stats.general.bytes)} of ${
        formatBytes(stats.general.limit_maxbytes)
      }`,
  },
  {
    id: "connections",
    title: "Connections",
    format: formatNumber,
    series: [{ column: "connections", label: "open" }],
    now: (_rate, stats) =>
      `${formatNumber(stats.general.curr_connections)} of ${
        formatNumber(stats.general.max_connections)
      }`,
  },
  {
    id: "evictions",
    title: "Evictions",
    format: perSecond,
    series: [{ column: "evictions", label: "evicted" }],
    now: (rate) => perSecond(rate("evictions")),
  },
  {
    id: "items",
    title: "Items",
    format: formatNumber,
    series: [{ column: "items", label: "stored" }],
    now: (_rate, stats) => formatNumber(stats.general.curr_items),
  },
  {
    id: "network",
    title: "Network",
    format: bytesPerSecond,
    top: (_columns, most) => axisTopBytes(most),
    series: [{ column: "bytes_written", label: "out" }, {
      column: "bytes_read",
      label: "in",
    }],
    now: (rate) => bytesPerSecond(rate("bytes_written") + rate("bytes_read")),
  },
  {
    id: "cpu",
    title: "Processor",
    format: formatPercent,
    series: [{ column: "cpu", label: "of one core" }],
    now: (rate) => formatPercent(rate("rusage_user") + rate("rusage_system")),
  },
];

const charts = CHARTS.map((spec) => new Chart(byId("charts"), spec));
let rows = {};
let nextRow = 0;

async function updateHistory() {
  const reply = await ask(`history.json?from=${nextRow}`);
  // The server was started anew: its rows begin again.
  if (reply.next < nextRow) {
    rows = {};
    nextRow = 0;
    return await updateHistory();
  }
  nextRow = reply.next;
  for (const [name, values] of Object.entries(reply.columns)) {
    rows[name] = [...rows[name] ?? [], ...values].slice(-HISTORY_POINTS);
  }
  for (const chart of charts) chart.draw(rows.time, rows);
}

let before = null;

async function updateStats() {
  const stats = await ask("stats.json");
  const at = performance.now();
  showAbout(stats);
  showHotKeys(stats.hot_keys);
  showSettings(stats.settings);
  const row = (name) => rows[name]?.at(-1) ?? null;
  const rate = (name) => {
    if (before === null) return NaN;
    const rise = stats.general[name] - before.stats.general[name];
    return Math.max(0, rise) / ((at - before.at) / 1000);
  };
  for (const chart of charts) chart.setNow(chart.spec.now(rate, stats, row));
  before = { stats, at };
}

function showAbout(stats) {
  const { general } = stats;
  byId("about").textContent =
    `${stats.version}, as memcached ${general.version}; up ${
      formatDuration(general.uptime)
    }; threads ${general.threads}; ` +
    `process ${formatBytes(stats.resident_bytes)}`;
}

function setState(text, isBad) {
  const state = byId("state");
  if (state.textContent !== text) state.textContent = text;
  state.classList.toggle("bad", isBad);
}

/** Runs `update` now and again; a hidden page rests. */
function repeat(update, intervalMs) {
  const turn = async () => {
    try {
      if (!document.hidden) {
        await update();
        setState("live", false);
      }
    } catch (error) {
      before = null;
      setState(`no answer: ${error.message}`, true);
    }
    setTimeout(turn, intervalMs);
  };
  turn();
}

// ---- tables ----

/** A cell that says in narrow tables what it is. */
function cell(label, text, className = "number") {
  const made = element("td", className, text);
  made.dataset.label = label;
  return made;
}

function fill(table, lines) {
  table.hidden = lines.length === 0;
  table.tBodies[0].replaceChildren(...lines.map((cells) => {
    const line = element("tr");
    line.append(...cells);
    return line;
  }));
}

function showHotKeys(hotKeys) {
  byId("hot-status").textContent = hotKeys === null
    ? "Not looked for. Start the server with --hot-keys to see them."
    : hotKeys.length === 0
    ? "None yet."
    : "";
  fill(
    byId("hot"),
    (hotKeys ?? []).map((hot) => [
      cell("Key", formatKey(hot.key), "key"),
      cell("Gets per second", formatNumber(hot.gets_per_second)),
      cell("At most too high by", formatNumber(hot.error_per_second)),
    ]),
  );
}

let settings = {};

function showSettings(now = settings) {
  settings = now;
  const wanted = byId("settings-filter").value.toLowerCase();
  byId("settings").replaceChildren(
    ...Object.entries(settings)
      .filter(([name]) => name.includes(wanted))
      .map(([name, value]) => {
        const line = element("div");
        line.append(
          element("dt", "", name),
          element("dd", "", String(value)),
        );
        return line;
      }),
  );
}

byId("settings-filter").addEventListener("input", () => showSettings());

// ---- search ----

/** Where each page of the search began; the last one is shown. */
let cursors = [""];
let nextCursor = null;
let searching = null;

/** One page: asks on until there are keys enough, or no more items. */
async function collect(cursor, signal) {
  const form = new URLSearchParams({
    [byId("search-mode").value]: byId("search").value,
  });
  const found = { keys: [], cursor, looked: 0 };
  do {
    form.set("cursor", found.cursor);
    form.set("limit", String(PAGE_KEYS - found.keys.length));
    const page = await ask(`keys.json?${form}`, signal);
    found.keys.push(...page.keys);
    found.looked += page.looked;
    found.cursor = page.cursor;
    byId("search-status").textContent = `${formatNumber(found.looked)} items ` +
      "looked at";
  } while (
    found.cursor !== null && found.keys.length <= PAGE_KEYS - TOGETHER_KEYS
  );
  return found;
}

async function search() {
  searching?.abort();
  const mine = searching = new AbortController();
  byId("pager").hidden = true;
  byId("keys").ariaBusy = "true";
  try {
    showPage(await collect(cursors.at(-1), mine.signal));
  } catch (error) {
    if (mine.signal.aborted) return;
    fill(byId("keys"), []);
    byId("search-status").textContent = error.message;
  }
  byId("keys").ariaBusy = "false";
}

function showPage(found) {
  nextCursor = found.cursor;
  fill(
    byId("keys"),
    found.keys.map((key) => [
      cell("Key", formatKey(key.key), "key"),
      cell("Item", formatBytes(key.bytes)),
      cell(
        "Expires in",
        key.ttl_seconds === null ? "never" : formatDuration(key.ttl_seconds),
      ),
      cell("Last access", `${formatDuration(key.idle_seconds)} ago`),
      cell("Class", String(key.class)),
    ]),
  );
  const count = found.keys.length === 0
    ? "No key"
    : `${found.keys.length} ${found.keys.length === 1 ? "key" : "keys"}`;
  byId("search-status").textContent = `${count}; ${
    formatNumber(found.looked)
  } items looked at${nextCursor === null ? "; no more" : ""}`;
  byId("pager").hidden = nextCursor === null && cursors.length === 1;
  byId("previous").disabled = cursors.length === 1;
  byId("next").disabled = nextCursor === null;
  byId("page-number").textContent = `page ${cursors.length}`;
}

byId("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  cursors = [""];
  search();
});
byId("next").addEventListener("click", () => {
  cursors.push(nextCursor);
  search();
});
byId("previous").addEventListener("click", () => {
  cursors.pop();
  search();
});

repeat(updateHistory, HISTORY_INTERVAL_MS);
repeat(updateStats, STATS_INTERVAL_MS);
