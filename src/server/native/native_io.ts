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
import { InputPool } from "./input_pool.ts";
import type { Libc } from "./libc.ts";
import type { NativeListener } from "./listening.ts";
import { NativeLoop } from "./loop.ts";

/** Native I/O of one worker. */
export class NativeIo {
  readonly service: Service;
  readonly libc: Libc;
  readonly loop: NativeLoop;
  readonly inputs = new InputPool();
  readonly counters: Counters;

  /** Starts its loop. */
  constructor(service: Service, libc: Libc) {
    this.service = service;
    this.libc = libc;
    this.counters = service.engine.context.counters;
    this.loop = new NativeLoop(libc);
    this.loop.run();
  }

  /** Accepts clients of a listener until that is closed. */
  listen(open: OpenListener, listener: NativeListener): void {
    new Acceptor(open, listener, this).start();
  }

  stop(): void {
    this.loop.stop();
  }
}
