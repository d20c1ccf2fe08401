/**
 * Owns what operators' commands mean: stats, flush_all, verbosity,
 * cache_memlimit, shutdown, watch, lru_crawler, and the accepted ones. Never
 * on a data path.
 *
 * Texts: `../shared/reference/memcached.md`, 1.2, 1.6 and 1.7.
 *
 * @module
 */
import * as bytes from "../base/bytes.ts";
import * as limits from "../base/limits.ts";
import * as counters from "../observe/counters.ts";
import type { Watcher } from "../observe/watch.ts";
import * as watch from "../observe/watch.ts";
import type { Context } from "./context.ts";
import { ItemDump } from "./dumps.ts";
import * as dumps from "./dumps.ts";
import type { ServerPort } from "./ports.ts";
import type { Sink } from "./sink.ts";
import { Statistics } from "./statistics.ts";
import * as slabCommands from "./slab_commands.ts";
import * as words from "./words.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { latin1 } = bytes;
const { MEMLIMIT_MEGABYTES_MAX, MEMLIMIT_MEGABYTES_MIN } = limits;
const { CMD_FLUSH } = counters;
const { WATCH_FETCHERS, watchFlag } = watch;
const { parseClasses } = dumps;
const { extstoreCommand, lruCommand, slabsCommand } = slabCommands;
const { toInt32, toUint32 } = words;

const BAD_FORMAT = "CLIENT_ERROR bad command line format";
const MIB = 1024 * 1024;
const VERBOSITY_MAX = 2;

/** Commands that may change settings beside those that say so. */
const CHANGE_SETTINGS = new Set(["lru_crawler", "lru", "slabs", "extstore"]);

/** What a command may do beside answering. */
export interface AdminSink extends Sink {
  /** The answer that is waited for. */
  deferred: Promise<string> | null;
  /** Answers later; commands after it wait. */
  defer(text: Promise<string>): void;
  /** From now on the connection only receives log lines. */
  startWatching(watcher: Watcher): void;
  /** Ends the connection without a reply. */
  hangUp(reason: string): void;
}

/** Runs the operators' commands of one worker. */
export class Admin {
  readonly #context: Context;
  readonly #server: ServerPort;
  readonly #statistics: Statistics;

  constructor(context: Context, server: ServerPort) {
    this.#context = context;
    this.#server = server;
    this.#statistics = new Statistics(context, server);
  }

  get statistics(): Statistics {
    return this.#statistics;
  }

  /**
   * Runs a command given as its words. If it has changed something for all
   * workers, its reply waits until all know.
   *
   * @param isFirst whether no other reply of this batch waits
   */
  run(words: string[], quiet: boolean, isFirst: boolean, sink: AdminSink) {
    const { output } = sink;
    const mark = output.length;
    this.#run(words, quiet, isFirst, sink);
    if (CHANGE_SETTINGS.has(words[0])) this.#server.settingsChanged();
    const pending = this.#server.takePendingChange();
    if (pending === null || sink.deferred !== null) return;
    const reply = latin1(output.bytes.u8, mark, output.length);
    output.length = mark;
    sink.defer(pending.then(() => reply));
  }

  #run(words: string[], quiet: boolean, isFirst: boolean, sink: AdminSink) {
    const say = (text: string) => {
      if (!quiet) sink.output.string(text + "\r\n");
    };
    switch (words[0]) {
      case "stats":
        return this.#stats(words, sink);
      case "flush_all":
        return say(this.#flushAll(words, quiet));
      case "verbosity":
        return say(this.#verbosity(words));
      case "cache_memlimit":
        return say(this.#memoryLimit(words));
      case "shutdown":
        return this.#shutdown(words, quiet, sink);
      case "watch":
        return this.#watch(words, isFirst, sink);
      case "lru_crawler":
        return this.#crawler(words, isFirst, sink, say);
      case "lru":
        return say(lruCommand(words, this.#context.settings));
      case "slabs":
        return say(slabsCommand(words, this.#context));
      case "extstore":
        return say(extstoreCommand(words, this.#context.settings));
      case "debugtime":
        return say(this.#debugTime(words));
      case "refresh_certs":
        if (!this.#context.settings.tls.enabled) return say("ERROR");
        return sink.defer(
          this.#server.refreshCertificates().then((text) => text + "\r\n"),
        );
      default:
        return say("ERROR");
    }
  }

  #stats(words: string[], sink: AdminSink): void {
    const answer = this.#statistics.text(words);
    if (typeof answer === "string") sink.output.string(answer);
    else sink.defer(answer);
  }

  /** The text that answers flush_all. */
  #flushAll(words: string[], quiet: boolean): string {
    const { counters, settings } = this.#context;
    counters.values[CMD_FLUSH]++;
    if (!settings.flushEnabled) return "CLIENT_ERROR flush_all not allowed";
    let exptime: number | null = 0;
    if (words.length !== (quiet ? 2 : 1)) exptime = toInt32(words[1]);
    if (exptime === null) return "CLIENT_ERROR invalid exptime argument";
    this.#server.flush(exptime);
    return "OK";
  }

  #verbosity(words: string[]): string {
    const level = toUint32(words[1]);
    if (level < 0) return BAD_FORMAT;
    this.setVerbosity(level);
    return "OK";
  }

  setVerbosity(level: number): void {
    this.#context.settings.verbosity = Math.min(level, VERBOSITY_MAX);
    this.#context.observers.refresh();
    this.#server.settingsChanged();
  }

  #memoryLimit(words: string[]): string {
    const megabytes = toUint32(words[1]);
    if (megabytes < 0) return "ERROR";
    if (megabytes < MEMLIMIT_MEGABYTES_MIN) {
      return "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m";
    }
    if (megabytes > MEMLIMIT_MEGABYTES_MAX) {
      return "MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes";
    }
    return this.#server.setMemoryLimit(megabytes * MIB)
      ? "OK"
      : "MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust";
  }

  #shutdown(words: string[], quiet: boolean, sink: AdminSink): void {
    const say = (text: string) => {
      if (!quiet) sink.output.string(text + "\r\n");
    };
    if (!this.#context.settings.shutdownCommand) {
      return say("SERVER_ERROR: shutdown not enabled");
    }
    const graceful = words.length === 2 && "graceful".startsWith(words[1]);
    if (words.length !== 1 && !graceful) {
      return say("CLIENT_ERROR invalid shutdown mode");
    }
    sink.hangUp("shutdown");
    this.#server.shutdown(graceful);
  }

  #watch(words: string[], isFirst: boolean, sink: AdminSink): void {
    const { settings, observers } = this.#context;
    const say = (text: string) => sink.output.string(text + "\r\n");
    if (!settings.watchEnabled) {
      return say("CLIENT_ERROR watch commands not allowed");
    }
    if (!isFirst) {
      return say("ERROR cannot pipeline other commands before watch");
    }
    let flags = words.length > 1 ? 0 : WATCH_FETCHERS;
    for (const word of words.slice(1)) {
      const flag = watchFlag(word);
      if (flag === 0) return say("ERROR");
      flags |= flag;
    }
    const watcher = observers.watch.open(flags);
    if (watcher === null) {
      return say("WATCHER_TOO_MANY log watcher limit reached");
    }
    say("OK");
    sink.startWatching(watcher);
  }

  #crawler(
    words: string[],
    isFirst: boolean,
    sink: AdminSink,
    say: (text: string) => void,
  ): void {
    const { settings } = this.#context;
    const [, verb, argument] = words;
    const is = (name: string) => verb !== undefined && name.startsWith(verb);
    if (words.length === 2 && is("enable")) {
      if (settings.lruCrawler) {
        return say("ERROR failed to start lru crawler thread");
      }
      settings.lruCrawler = true;
      return say("OK");
    }
    if (words.length === 2 && is("disable")) {
      settings.lruCrawler = false;
      return say("OK");
    }
    if (words.length !== 3) return say("ERROR");
    if (is("crawl")) {
      if (!settings.lruCrawler) {
        return say("CLIENT_ERROR lru crawler disabled");
      }
      // As memcached, which crawls lists only, answers it.
      if (argument === "hash") return say("ERROR an unknown error happened");
      return say(classesError(parseClasses(argument)) ?? "OK");
    }
    if (is("metadump")) return this.#dump("metadump", argument, isFirst, sink);
    if (is("mgdump")) return this.#dump("mgdump", argument, isFirst, sink);
    if (is("tocrawl")) return say(this.#tocrawl(argument));
    if (is("sleep")) return say(this.#sleep(argument));
    say("ERROR");
  }

  #tocrawl(argument: string): string {
    const count = toUint32(argument);
    if (count < 0) return BAD_FORMAT;
    this.#context.settings.lruCrawlerTocrawl = count;
    return "OK";
  }

  #sleep(argument: string): string {
    const microseconds = toUint32(argument);
    if (microseconds < 0) return BAD_FORMAT;
    if (microseconds > 1_000_000) {
      return "CLIENT_ERROR sleep must be one second or less";
    }
    this.#context.settings.lruCrawlerSleep = microseconds;
    return "OK";
  }

  #dump(
    verb: "metadump" | "mgdump",
    argument: string,
    isFirst: boolean,
    sink: AdminSink,
  ): void {
    const { settings } = this.#context;
    const say = (text: string) => sink.output.string(text + "\r\n");
    const isMeta = verb === "metadump";
    if (!settings.lruCrawler) return say("CLIENT_ERROR lru crawler disabled");
    if (!settings.dumpEnabled) {
      return say(
        isMeta ? "ERROR metadump not allowed" : "ERROR key dump not allowed",
      );
    }
    if (!isFirst) {
      return say(`ERROR cannot pipeline other commands before ${verb}`);
    }
    const classes = parseClasses(argument);
    const error = classesError(classes);
    if (error !== null) return say(error);
    say("OK");
    sink.source = new ItemDump(this.#context, classes!, isMeta);
  }

  #debugTime(words: string[]): string {
    if (!this.#context.settings.debugCommands || words.length < 2) {
      return "ERROR";
    }
    if (words[1] === "p" || words[1] === "r") {
      this.#server.pauseClock(words[1] === "p");
      return "OK";
    }
    const seconds = toInt32(words[1]);
    if (seconds === null) return "ERROR";
    this.#server.moveClock(seconds);
    return "OK";
  }
}

/** What is wrong with the classes that a crawler command names. */
function classesError(classes: boolean[] | null): string | null {
  if (classes === null) return "BADCLASS invalid class id";
  return classes.includes(true) ? null : "NOTSTARTED no items to crawl";
}
