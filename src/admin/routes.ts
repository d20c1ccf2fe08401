/**
 * Owns the table of everything that can be asked over HTTP: path, methods,
 * who may ask, and what answers. Never listens.
 *
 * @module
 */
import {
  KEY_BYTES_MAX,
  SEARCH_KEYS_DEFAULT,
  SEARCH_KEYS_MAX,
} from "../base/limits.ts";
import { exporterFamilies } from "../observe/exporter_metrics.ts";
import { hottest } from "../observe/hot_keys.ts";
import { ownFamilies } from "../observe/own_metrics.ts";
import {
  formatFamilies,
  PROMETHEUS_MEDIA_TYPE,
} from "../observe/prometheus.ts";
import { uriKey } from "../observe/observers.ts";
import type { Stat } from "../observe/stats.ts";
import { CursorError, type ServerView } from "../observe/view.ts";
import { PAGE_HTML, PAGE_POLICY } from "./page.ts";
import type { Sampler } from "./sampler.ts";

/** What routes answer from. */
export interface Surroundings {
  view: ServerView;
  sampler: Sampler;
  /** Begins to stop the server; null if nobody may do that over HTTP. */
  drain: (() => void) | null;
}

/** One thing that can be asked. */
export interface Route {
  path: string;
  methods: readonly string[];
  /** Whether only requests to this server's own name are answered: all that
   * a browser could be made to read for another site. */
  checksHost: boolean;
  answer(
    request: Request,
    surroundings: Surroundings,
  ): Response | Promise<Response>;
}

const READ = ["GET", "HEAD"];

/** Every route, the page first. */
export const ROUTES: readonly Route[] = [
  { path: "/", methods: READ, checksHost: true, answer: page },
  { path: "/livez", methods: READ, checksHost: false, answer: live },
  { path: "/readyz", methods: READ, checksHost: false, answer: ready },
  { path: "/metrics", methods: READ, checksHost: false, answer: metrics },
  { path: "/stats.json", methods: READ, checksHost: true, answer: stats },
  { path: "/history.json", methods: READ, checksHost: true, answer: history },
  { path: "/keys.json", methods: READ, checksHost: true, answer: keys },
  { path: "/drain", methods: ["POST"], checksHost: true, answer: drain },
];

/** A reply of one line. */
export function plain(status: number, line: string): Response {
  return new Response(`${line}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}

function json(value: unknown): Response {
  return new Response(JSON.stringify(value), {
    headers: { "content-type": "application/json" },
  });
}

function page(): Response {
  return new Response(PAGE_HTML, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": PAGE_POLICY,
    },
  });
}

// That it answers is all there is to say.
function live(): Response {
  return plain(200, "ok");
}

function ready(_request: Request, { view }: Surroundings): Response {
  const reason = view.unreadyReason();
  return reason === null ? plain(200, "ok") : plain(503, reason);
}

// A page of another site can make a browser post here, but not without saying
// where it comes from.
function drain(request: Request, around: Surroundings): Response {
  if (around.drain === null) return plain(403, "stopping is off (-A)");
  const { headers } = request;
  if (headers.has("origin") || headers.has("sec-fetch-site")) {
    return plain(403, "not from a browser");
  }
  around.drain();
  return plain(202, "draining");
}

function metrics(_request: Request, around: Surroundings): Response {
  const { view, sampler } = around;
  const general = view.general();
  const memory = Deno.memoryUsage();
  const families = [
    ...exporterFamilies({
      general,
      settings: view.settings(),
      items: view.items(),
      slabs: view.slabs(),
    }),
    ...ownFamilies({
      process: view.process(),
      table: view.table(),
      general,
      counters: view.counters(),
      workers: view.workers(),
      lagMs: sampler.lagMs,
      residentBytes: memory.rss,
      heapBytes: memory.heapUsed,
    }),
  ];
  return new Response(formatFamilies(families), {
    headers: { "content-type": PROMETHEUS_MEDIA_TYPE },
  });
}

const object = (list: Stat[]) => Object.fromEntries(list);

async function stats(
  _request: Request,
  { view, sampler }: Surroundings,
): Promise<Response> {
  const reports = await view.hotKeys();
  const { batchTimes } = view.counters();
  const process = view.process();
  const memory = Deno.memoryUsage();
  return json({
    version: process.version,
    ready: view.unreadyReason() === null,
    general: object(view.general()),
    settings: object(view.settings()),
    items: object(view.items()),
    slabs: object(view.slabs()),
    batches: {
      timed: batchTimes.total,
      p50_us: finite(batchTimes.quantile(0.5)),
      p99_us: finite(batchTimes.quantile(0.99)),
    },
    lag_ms: sampler.lagMs,
    resident_bytes: memory.rss,
    heap_bytes: memory.heapUsed,
    hot_keys: reports === null ? null : hottest(reports).map((hot) => ({
      key: escapeKey(hot.key),
      gets_per_second: hot.getsPerSecond,
      error_per_second: hot.errorPerSecond,
    })),
  });
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function escapeKey(latin1: string): string {
  const bytes = Uint8Array.from(latin1, (c) => c.charCodeAt(0));
  return uriKey(bytes, 0, bytes.length);
}

function history(request: Request, { sampler }: Surroundings): Response {
  const from = new URL(request.url).searchParams.get("from") ?? "0";
  if (!/^[0-9]{1,15}$/.test(from)) return plain(400, "from: not a number");
  return json(sampler.history.since(Number(from)));
}

async function keys(
  request: Request,
  { view }: Surroundings,
): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const prefix = searchParams.get("prefix");
  const text = prefix ?? searchParams.get("match") ?? "";
  const pattern = new TextEncoder().encode(text);
  if (pattern.length > KEY_BYTES_MAX) {
    return plain(400, `no key is longer than ${KEY_BYTES_MAX} bytes`);
  }
  const limit = searchParams.get("limit") ?? String(SEARCH_KEYS_DEFAULT);
  if (!/^[1-9][0-9]{0,3}$/.test(limit) || Number(limit) > SEARCH_KEYS_MAX) {
    return plain(400, `limit: not a number from 1 to ${SEARCH_KEYS_MAX}`);
  }
  try {
    const page = await view.search({
      pattern,
      isPrefix: prefix !== null,
      limit: Number(limit),
      cursor: searchParams.get("cursor") ?? "",
      isAborted: () => request.signal.aborted,
    });
    if (page === null) return plain(403, "listing keys is off (-X)");
    return json({
      keys: page.keys.map((row) => ({
        key: row.key,
        bytes: row.bytes,
        value_bytes: row.valueBytes,
        ttl_seconds: row.ttlSeconds,
        idle_seconds: row.idleSeconds,
        class: row.slabClass,
        fetched: row.fetched,
      })),
      cursor: page.cursor,
      looked: page.looked,
    });
  } catch (error) {
    if (error instanceof CursorError) return plain(400, error.message);
    throw error;
  }
}
