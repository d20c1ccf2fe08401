/**
 * Owns gathering what `stats` and its groups show of a whole server from its
 * table and its counters. Never formats and never changes anything.
 *
 * @module
 */
import type { ClassFacts } from "../observe/slab_stats.ts";
import * as slabStats from "../observe/slab_stats.ts";
import type { Stat, TableFacts } from "../observe/stats.ts";
import * as stats from "../observe/stats.ts";
import * as reply from "../protocol/reply.ts";
import type { Context } from "./context.ts";
import type { FactsPort } from "./ports.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { itemsStats, slabsStats } = slabStats;
const { generalStats, settingsStats } = stats;
const { PROTOCOL_VERSION } = reply;

/** The statistics of a server. */
export class ServerStatistics {
  readonly #context: Context;
  readonly #server: FactsPort;

  constructor(context: Context, server: FactsPort) {
    this.#context = context;
    this.#server = server;
  }

  general(): Stat[] {
    return generalStats(
      this.#server.processFacts(),
      this.#server.counters(),
      this.table(),
      this.#context.settings,
      PROTOCOL_VERSION,
    );
  }

  settings(): Stat[] {
    const { settings, store } = this.#context;
    return settingsStats(settings, store.limitBytes, this.#server.port());
  }

  /** What the table contributes to `stats`. */
  table(): TableFacts {
    const { store } = this.#context;
    const summary = store.summary();
    return { limitBytes: store.limitBytes, ...summary };
  }

  classes(): ClassFacts[] {
    return this.#context.store.classSummary();
  }

  items(): Stat[] {
    const { settings } = this.#context;
    const counters = this.#server.counters();
    return itemsStats(this.classes(), counters, settings.lruMaintainer);
  }

  slabs(): Stat[] {
    const { store } = this.#context;
    const malloced = store.pagesUsed() * store.geometry.pageBytes;
    return slabsStats(this.classes(), this.#server.counters(), malloced);
  }
}
