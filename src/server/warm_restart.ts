/**
 * Owns what outlives the process: the snapshot is taken before anybody is
 * served, loaded in slices while clients are, and written when they are gone.
 * Knows neither how an item is written nor what the files are called.
 *
 * A file is used whole or not at all: it is read to the end and checked
 * before the first item goes into the table.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { LogPort } from "../observe/log.ts";
import {
  Exporter,
  Importer,
  SnapshotError,
  type Store,
} from "../store/store.ts";
import type { ServerClock } from "./clock.ts";
import {
  FrameReader,
  SnapshotFiles,
  type TakenSnapshot,
} from "./snapshot_file.ts";
import type { SnapshotHeader } from "./snapshot_format.ts";
import { reasonOf } from "./start_error.ts";

/** Loading holds up clients for this long at most. Then they go first: those
 * who are there have the thread for themselves for at least the pause, four
 * fifths of the time (measured by bench/restart). */
const SLICE_MS = 0.5;
const PAUSE_MS = 1;
/** The first clients wait for this long at most: a small snapshot is there
 * before them, as it is in memcached. */
const HEAD_START_MS = 500;
/** Items between two looks at the time: some 20 us. */
const ITEMS_PER_LOOK = 16;
/** How often progress is logged. */
const REPORT_MS = 2000;
const MIB = 1024 * 1024;

/** What a warm restart needs of the server. */
export interface WarmRestartParts {
  path: string;
  store: Store;
  clock: ServerClock;
  log: LogPort;
  /** Table second of a flush to come, 0 for none. */
  flushAt(): number;
  setFlushAt(second: number): void;
  /** Batches of clients so far: if there are more, somebody is there. */
  batches(): number;
  /** Resolves after so long, as exactly as clients allow. */
  pause(ms: number): Promise<void>;
}

/** The snapshots of one server. */
export class WarmRestart {
  /** The snapshots of a server, null if it has none. */
  static create(
    path: string | null,
    parts: Omit<WarmRestartParts, "path">,
  ): WarmRestart | null {
    return path === null ? null : new WarmRestart({ ...parts, path });
  }

  readonly #parts: WarmRestartParts;
  readonly #files: SnapshotFiles;
  #taken: TakenSnapshot | null;
  #importer: Importer | null = null;
  #wasTaken = false;
  #isAbandoned = false;
  #batches = 0;
  #loading: Promise<void> = Promise.resolve();

  /**
   * Takes the snapshot that is there. From now on the table remembers what
   * clients change. Throws SnapshotPlaceError.
   */
  constructor(parts: WarmRestartParts) {
    this.#parts = parts;
    this.#files = new SnapshotFiles(parts.path);
    this.#taken = this.#take();
    if (this.#taken === null) return;
    this.#wasTaken = true;
    const shift = this.#shift(this.#taken.header);
    this.#importer = new Importer(parts.store, shift);
  }

  #take(): TakenSnapshot | null {
    const { path, log, store } = this.#parts;
    try {
      const taken = this.#files.take((header) => {
        store.raiseSequence(header.sequence);
      });
      if (taken === null) log.info("no snapshot to load", { path });
      return taken;
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error;
      this.#refuse(error.message);
      return null;
    }
  }

  #refuse(reason: string): void {
    this.#parts.log.error("snapshot refused", {
      path: this.#parts.path,
      reason,
      kept: this.#files.refusedPath,
    });
  }

  // What to add to the table seconds of the file. Both clocks should show
  // Unix time; then it is 0, and TTLs have gone on while nobody served. The
  // machine's clock may have been set back: that must not prolong a life.
  #shift(header: SnapshotHeader): number {
    const { clock } = this.#parts;
    const ahead = Math.round(clock.secondsAhead() - header.clockAhead);
    const down = Date.now() / 1000 - header.writtenUnix;
    return ahead - Math.floor(Math.min(0, down));
  }

  /** Starts to load what was taken. Clients may be served from now on, and
   * should be when the promise resolves: by then a small file is loaded. */
  async start(): Promise<void> {
    if (this.#taken === null || this.#importer === null) return;
    this.#loading = this.#load(this.#taken, this.#importer);
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, HEAD_START_MS);
    await Promise.race([promise, this.#loading]);
    clearTimeout(timer);
  }

  /** Resolves when nothing is loaded any more. */
  get loaded(): Promise<void> {
    return this.#loading;
  }

  async #load(taken: TakenSnapshot, importer: Importer): Promise<void> {
    const { log, clock } = this.#parts;
    const { end, file } = taken;
    const started = performance.now();
    log.info("loading a snapshot", {
      path: this.#parts.path,
      items: end.items,
      megabytes: Math.ceil(end.fileBytes / MIB),
    });
    try {
      const reader = new FrameReader(file);
      await this.#check(reader, end.items);
      if (this.#takeFlush(taken.header)) await this.#import(reader, importer);
    } catch (error) {
      const reason = reasonOf(error);
      this.#wasTaken = false;
      this.#files.refuse();
      this.#refuse(reason);
      return;
    } finally {
      importer.end(clock.seconds());
      file.close();
      this.#taken = this.#importer = null;
    }
    const seconds = (performance.now() - started) / 1000;
    const { loaded, outdated, expired, tooLarge, noMemory } = importer.counts;
    log.info(this.#isAbandoned ? "loading abandoned" : "snapshot loaded", {
      items: loaded,
      outdated,
      expired,
      too_large: tooLarge,
      no_memory: noMemory,
      seconds: Number(seconds.toFixed(3)),
    });
  }

  async #check(reader: FrameReader, items: number): Promise<void> {
    await reader.rewind();
    let count = 0;
    while (!this.#isAbandoned) {
      const head = await reader.next();
      if (head === null) break;
      count += head.items;
    }
    if (!this.#isAbandoned && count !== items) {
      throw new SnapshotError("its items are not all there");
    }
  }

  // A flush that was to come still comes; false if it has come already.
  #takeFlush(header: SnapshotHeader): boolean {
    if (header.flushAt === 0) return true;
    const second = header.flushAt + this.#shift(header);
    if (second > this.#parts.clock.seconds()) {
      if (this.#parts.flushAt() === 0) this.#parts.setFlushAt(second);
      return true;
    }
    this.#parts.log.info("the snapshot was flushed meanwhile");
    return false;
  }

  async #import(reader: FrameReader, importer: Importer): Promise<void> {
    const { log } = this.#parts;
    let reportAt = performance.now() + REPORT_MS;
    await reader.rewind();
    for (;;) {
      const head = await reader.next();
      if (head === null) return;
      importer.start(reader.frame, head.length, head.carried);
      while (this.#slice(importer)) {
        if (this.#isAbandoned) return;
        await this.#letOthersGo();
      }
      if (this.#isAbandoned) return;
      if (importer.wasFlushed) {
        log.info("clients flushed the table: the rest is not loaded");
        return;
      }
      if (performance.now() < reportAt) continue;
      reportAt = performance.now() + REPORT_MS;
      log.info("loading", { items: importer.counts.loaded });
    }
  }

  #letOthersGo(): Promise<void> {
    const batches = this.#parts.batches();
    const isAlone = batches === this.#batches;
    this.#batches = batches;
    return isAlone
      ? new Promise((resolve) => setImmediate(resolve))
      : this.#parts.pause(PAUSE_MS);
  }

  // True if the frame has more items.
  #slice(importer: Importer): boolean {
    const now = this.#parts.clock.seconds();
    const until = performance.now() + SLICE_MS;
    while (importer.run(ITEMS_PER_LOOK, now)) {
      if (performance.now() >= until) return true;
    }
    return false;
  }

  /**
   * Writes the table, which nobody uses any more; false if that failed, and
   * then the files are as before. Waits for the end of loading first.
   */
  async write(): Promise<boolean> {
    await this.#loading;
    const { path, store, clock, log } = this.#parts;
    const started = performance.now();
    log.info("writing a snapshot", { path, items: store.itemCount() });
    let reportAt = started + REPORT_MS;
    try {
      const end = await this.#files.write(
        this.#header(),
        new Exporter(store, clock.seconds()),
        () => this.#isAbandoned,
        (bytes) => {
          if (performance.now() < reportAt) return;
          reportAt = performance.now() + REPORT_MS;
          log.info("writing", { megabytes: Math.floor(bytes / MIB) });
        },
      );
      const seconds = (performance.now() - started) / 1000;
      log.info("snapshot written", {
        path,
        items: end.items,
        megabytes: Math.ceil(end.fileBytes / MIB),
        seconds: Number(seconds.toFixed(3)),
      });
      return true;
    } catch (error) {
      log.error("snapshot not written", { path, error: String(error) });
      return false;
    }
  }

  #header(): SnapshotHeader {
    const { store, clock } = this.#parts;
    return {
      writtenUnix: Date.now() / 1000,
      clockAhead: clock.secondsAhead(),
      sequence: store.sequence(),
      flushAt: this.#parts.flushAt(),
      itemBytesMax: store.options.itemBytesMax,
      limitBytes: store.limitBytes,
    };
  }

  /** The server does not start: the next one may take the snapshot. */
  async giveBack(): Promise<void> {
    const wasTaken = this.#wasTaken;
    this.abandon();
    await this.#loading;
    if (wasTaken) this.#files.giveBack();
  }

  /** The process ends now: nothing half done is left behind. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#files.abandon();
  }
}
