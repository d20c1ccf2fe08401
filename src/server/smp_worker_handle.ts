/**
 * Owns one worker as the main thread sees it: its start, its messages, its
 * end. Never decides what happens after the end.
 *
 * @module
 */
import type { Log } from "../observe/log.ts";
import { Channel } from "./smp_channel.ts";
import type { Control } from "./smp_control.ts";
import type {
  FromWorker,
  MainCall,
  ToWorker,
  WatchLine,
  WorkerCall,
  WorkerStart,
} from "./smp_messages.ts";

/** What a worker's messages lead to. */
export interface WorkerEvents {
  log: Log;
  onCall(call: MainCall): unknown;
  onLines(lines: WatchLine[]): void;
  onDeath(reason: string): void;
}

/** One worker. */
export class WorkerHandle {
  readonly worker: number;
  readonly channel: Channel<WorkerCall, MainCall>;
  readonly #control: Control;
  readonly #events: WorkerEvents;
  readonly #thread: Worker;
  readonly #ready = Promise.withResolvers<void>();
  #isAlive = true;

  constructor(worker: number, control: Control, events: WorkerEvents) {
    this.worker = worker;
    this.#control = control;
    this.#events = events;
    this.#thread = new Worker(new URL("./smp_worker.ts", import.meta.url), {
      type: "module",
      name: `worker ${worker}`,
    });
    this.channel = new Channel(
      (message) => this.#post(message),
      (call) => events.onCall(call),
    );
    this.#thread.onmessage = ({ data }) => this.#receive(data as FromWorker);
    this.#thread.onerror = (event) => {
      // Without this the whole process ends.
      event.preventDefault();
      this.#ready.reject(new Error(event.message));
      events.onDeath(event.message);
    };
  }

  /** Resolves when the worker serves or was ended; rejects if it cannot
   * listen. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  #post(message: ToWorker): void {
    if (this.#isAlive) this.#thread.postMessage(message);
  }

  start(message: WorkerStart): void {
    this.#post(message);
  }

  sendLines(lines: WatchLine[]): void {
    this.#post({ type: "lines", lines });
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "ready":
        return this.#ready.resolve();
      case "failed":
        return this.#ready.reject(new Error(message.reason));
      case "log": {
        const bytes = message.message.length + 64;
        this.#control.countPosted(this.worker, -bytes);
        // Lines of -vv look the same in every mode.
        const fields = message.level === "DEBUG"
          ? message.fields
          : { worker: this.worker, ...message.fields };
        return this.#events.log.at(message.level, message.message, fields);
      }
      case "lines": {
        const bytes = message.lines.reduce((n, [, line]) => n + line.length, 0);
        this.#control.countPosted(this.worker, -bytes);
        return this.#events.onLines(message.lines);
      }
      default:
        this.channel.receive(message);
    }
  }

  /** Ends the thread; false if that was done before. */
  end(): boolean {
    if (!this.#isAlive) return false;
    this.#isAlive = false;
    this.#thread.terminate();
    this.channel.abandon();
    // Nobody waits for a thread that will never say a word.
    this.#ready.resolve();
    return true;
  }
}
