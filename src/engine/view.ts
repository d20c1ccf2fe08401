/**
 * Owns what onlookers see of a server: its statistics, its counters and its
 * keys, gathered where `stats` gathers them. Never changes anything.
 *
 * @module
 */
import type { Counters } from "../observe/counters.ts";
import type { HotKeysReport } from "../observe/hot_keys.ts";
import type { ProcessFacts, Stat, TableFacts } from "../observe/stats.ts";
import type { KeyPage, KeyQuery, ServerView } from "../observe/view.ts";
import type { Context } from "./context.ts";
import { KeySearch } from "./key_search.ts";
import type { ViewPort } from "./ports.ts";
import { ServerStatistics } from "./server_statistics.ts";

/** A view of the server that has this table and these workers. */
export class EngineView implements ServerView {
  readonly #context: Context;
  readonly #server: ViewPort;
  readonly #statistics: ServerStatistics;
  readonly #search: KeySearch;

  constructor(context: Context, server: ViewPort) {
    this.#context = context;
    this.#server = server;
    this.#statistics = new ServerStatistics(context, server);
    this.#search = new KeySearch(context, () => server.yield());
  }

  general(): Stat[] {
    return this.#statistics.general();
  }
  settings(): Stat[] {
    return this.#statistics.settings();
  }
  items(): Stat[] {
    return this.#statistics.items();
  }
  slabs(): Stat[] {
    return this.#statistics.slabs();
  }

  process(): ProcessFacts {
    return this.#server.processFacts();
  }
  table(): TableFacts {
    return this.#statistics.table();
  }
  counters(): Counters {
    return this.#server.counters();
  }
  workers(): Counters[] {
    return this.#server.workerCounters();
  }

  async hotKeys(): Promise<HotKeysReport[] | null> {
    if (this.#context.settings.hotKeysSample === 0) return null;
    return await this.#server.hotKeys();
  }

  async search(query: KeyQuery): Promise<KeyPage | null> {
    if (!this.#context.settings.dumpEnabled) return null;
    return await this.#search.find(query);
  }

  unreadyReason(): string | null {
    return this.#server.unreadyReason();
  }
}
