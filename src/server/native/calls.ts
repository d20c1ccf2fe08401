/**
 * Owns what is expected of several receives or sends that are made together,
 * and how they are made one by one. Never waits.
 *
 * @module
 */
import type { Bytes } from "../../base/bytes.ts";
import type { Libc } from "./libc.ts";
import * as libc from "./libc.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { EAGAIN, EINTR } = libc;

/** Whether a call that moves bytes failed for good, by its result: a negative
 * one is -errno. */
export function hasFailed(result: number): boolean {
  return result < 0 && result !== -EAGAIN && result !== -EINTR;
}

/** Calls that are collected, made, and asked for what came of them, over and
 * over. None of them waits for anything, whatever the socket is. From its
 * addition until it is made the memory of a call must stay, and what is to be
 * sent must stay as it is: only the address may be known. */
export interface CallBatch {
  /** Adds call `i`, the next one: receive up to `count` bytes. */
  receive(i: number, fd: number, target: Bytes, count: number): void;
  /** Adds call `i`, the next one: send the first `count` bytes. */
  send(i: number, fd: number, bytes: Bytes, count: number): void;
  /** Makes the `count` calls that were added, if that was not done yet. */
  make(count: number): void;
  /** How many bytes call `i` moved, or why it failed (-errno). */
  result(i: number): number;
  /** What is open as long as this is. */
  readonly descriptors: number[];
  close(): void;
}

/** Calls that are made one by one, as they are added. */
export class SingleCalls implements CallBatch {
  readonly descriptors: number[] = [];
  readonly #libc: Libc;
  readonly #results: Int32Array;

  constructor(libc: Libc, countMax: number) {
    this.#libc = libc;
    this.#results = new Int32Array(countMax);
  }

  receive(i: number, fd: number, target: Bytes, count: number): void {
    this.#results[i] = this.#libc.receiveInto(fd, target, count);
  }

  send(i: number, fd: number, bytes: Bytes, count: number): void {
    this.#results[i] = this.#libc.sendFront(fd, bytes, count, false);
  }

  make(): void {}

  result(i: number): number {
    return this.#results[i];
  }

  close(): void {}
}
