/**
 * Owns native I/O of one worker: the loop, and what all its connections
 * share. Never parses.
 *
 * @module
 */
import type { Counters } from "../../observe/counters.ts";
import type { OpenListener } from "../listeners.ts";
import type { Service } from "../service.ts";
import { Acceptor } from "./acceptor.ts";
import type { CallBatch } from "./calls.ts";
import { Gather } from "./gather.ts";
import { InputPool } from "./input_pool.ts";
import type { Libc } from "./libc.ts";
import type { NativeListener } from "./listening.ts";
import { NativeLoop, SLICE } from "./loop.ts";
import { openCalls } from "./ring.ts";
import { Together } from "./together.ts";

/** Native I/O of one worker. */
export class NativeIo {
  readonly service: Service;
  readonly libc: Libc;
  readonly gather: Gather;
  readonly loop: NativeLoop;
  readonly together: Together;
  readonly #calls: CallBatch;
  readonly inputs = new InputPool();
  readonly counters: Counters;

  /** Starts its loop. */
  constructor(service: Service, libc: Libc) {
    this.service = service;
    this.libc = libc;
    this.gather = new Gather(libc);
    this.counters = service.engine.context.counters;
    const { context: { lookahead } } = service.engine;
    this.#calls = openCalls(libc, SLICE).calls;
    this.together = new Together(this.#calls, this.counters);
    this.loop = new NativeLoop(libc, {
      prepared: () => {
        this.together.finishReceiving();
        lookahead.fetchNoted();
        this.inputs.endAhead();
      },
      completed: () => this.together.finishSending(),
    });
    this.#run();
  }

  get #descriptors(): number[] {
    return [...this.#calls.descriptors, ...this.loop.descriptors];
  }

  async #run(): Promise<void> {
    const { descriptors } = this.service;
    const { length } = this.#descriptors;
    for (const fd of this.#descriptors) descriptors?.opened(fd);
    await this.loop.open();
    const own = this.#descriptors;
    for (const fd of own.slice(length)) descriptors?.opened(fd);
    await this.loop.run();
    this.#calls.close();
    for (const fd of own) descriptors?.closed(fd);
  }

  /** Accepts clients of a listener until that is closed. */
  listen(open: OpenListener, listener: NativeListener): void {
    new Acceptor(open, listener, this).start();
  }

  stop(): void {
    this.loop.stop();
  }
}
