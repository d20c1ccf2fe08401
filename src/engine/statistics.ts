/**
 * Owns the answers to `stats`: which statistics are asked for, written as
 * lines. Never counts anything.
 *
 * @module
 */
import * as prefixes from "../observe/prefixes.ts";
import type { Stat } from "../observe/stats.ts";
import type { Context } from "./context.ts";
import * as dumps from "./dumps.ts";
import type { ConnectionInfo, ServerPort } from "./ports.ts";
import { ServerStatistics } from "./server_statistics.ts";
import * as words from "./words.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { prefixDump } = prefixes;
const { cacheDump, CLASS_NUMBERS, sizeHistogram } = dumps;
const { toUint32 } = words;

const END = "END\r\n";

function lines(stats: Stat[]): string {
  let text = "";
  for (const [name, value] of stats) text += `STAT ${name} ${value}\r\n`;
  return text + END;
}

/** Answers `stats` for one worker. */
export class Statistics extends ServerStatistics {
  readonly #context: Context;
  readonly #server: ServerPort;

  constructor(context: Context, server: ServerPort) {
    super(context, server);
    this.#context = context;
    this.#server = server;
  }

  /** The text that answers `stats ...`; a sub-command may be cut short. */
  text(words: string[]): string | Promise<string> {
    const [, sub] = words;
    if (sub === undefined) return lines(this.general());
    const is = (name: string) => name.startsWith(sub);
    if (is("reset")) {
      this.reset();
      return "RESET\r\n";
    }
    if (is("detail")) return this.#detail(words);
    if (is("settings")) return lines(this.settings());
    if (is("cachedump")) return this.#cachedump(words);
    if (is("conns")) return this.#connections();
    if (is("extstore")) return END;
    if (is("items")) return lines(this.items());
    if (is("slabs")) return lines(this.slabs());
    if (is("sizes")) return this.#sizes();
    if (is("threads")) return lines(this.#server.threadStats());
    return "ERROR\r\n";
  }

  /** The statistics that a binary Stat with this key asks for; null if there
   * is no such group. */
  group(name: string): Stat[] | Promise<Stat[]> | null {
    if (name === "") return this.general();
    if (name.startsWith("settings")) return this.settings();
    if (name.startsWith("items")) return this.items();
    if (name.startsWith("slabs")) return this.slabs();
    if (name.startsWith("sizes")) return this.sizeStats();
    if (name.startsWith("threads")) return this.#server.threadStats();
    return null;
  }

  reset(): void {
    this.#server.resetCounters();
    this.#context.store.resetCounters();
    this.#context.observers.prefixes.reset();
  }

  async sizeStats(): Promise<Stat[]> {
    if (!this.#context.settings.trackSizes) {
      return [["sizes_status", "disabled"]];
    }
    const rows = await sizeHistogram(this.#context, this.#server);
    return rows.map(([size, count]) => [String(size), count]);
  }

  #sizes(): string | Promise<string> {
    if (!this.#context.settings.trackSizes) {
      return lines([["sizes_status", "disabled"]]);
    }
    return this.sizeStats().then(lines);
  }

  #detail(words: string[]): string | Promise<string> {
    const { settings } = this.#context;
    if (!settings.dumpEnabled) {
      return "CLIENT_ERROR stats detail not allowed\r\n";
    }
    return this.detail(words[2]) ??
      "CLIENT_ERROR usage: stats detail on|off|dump\r\n";
  }

  /** `stats detail`: null if the word is none of on, off, dump. */
  detail(verb: string | undefined): string | Promise<string> | null {
    const { settings, observers } = this.#context;
    if (verb === undefined) return null;
    if ("on".startsWith(verb) || "off".startsWith(verb)) {
      settings.detailEnabled = "on".startsWith(verb);
      observers.refresh();
      this.#server.settingsChanged();
      return "OK\r\n";
    }
    if (!"dump".startsWith(verb)) return null;
    const rows = this.#server.prefixRows();
    return Array.isArray(rows) ? prefixDump(rows) : rows.then(prefixDump);
  }

  #cachedump(words: string[]): string | Promise<string> {
    if (!this.#context.settings.dumpEnabled) {
      return "CLIENT_ERROR stats cachedump not allowed\r\n";
    }
    if (words.length < 4) return "CLIENT_ERROR bad command line\r\n";
    const slabClass = toUint32(words[2]), limit = toUint32(words[3]);
    if (slabClass < 0 || limit < 0) {
      return "CLIENT_ERROR bad command line format\r\n";
    }
    if (slabClass >= CLASS_NUMBERS) return "CLIENT_ERROR Illegal slab id\r\n";
    return cacheDump(this.#context, this.#server, slabClass, limit);
  }

  #connections(): string | Promise<string> {
    const list = this.#server.connections();
    const format = (all: ConnectionInfo[]) => lines(connectionStats(all));
    return Array.isArray(list) ? format(list) : list.then(format);
  }
}

/** The fields of `stats conns`. */
export function connectionStats(connections: ConnectionInfo[]): Stat[] {
  const stats: Stat[] = [];
  for (const c of connections) {
    const add = (name: string, value: string | number) =>
      stats.push([`${c.id}:${name}`, value]);
    if (c.isUdp) add("UDP", "UDP");
    add("addr", c.address);
    if (c.listenAddress !== null) add("listen_addr", c.listenAddress);
    add("state", c.state);
    add("secs_since_last_cmd", c.idleSeconds);
  }
  return stats;
}
