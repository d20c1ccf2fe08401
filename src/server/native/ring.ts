/**
 * Owns an io_uring of Linux, by which several sockets receive, or send, in one
 * system call. Never waits, and leaves nothing under way: a call that cannot be
 * done at once fails (EAGAIN), as those of the C library do.
 *
 * A system call costs 0.22 us before it has done anything, and a small `recv`
 * and `send` are half of the CPU time of a single request. Layouts and numbers
 * are those of Linux's `include/uapi/linux/io_uring.h`; io_uring_setup(2) and
 * io_uring_enter(2) describe the two rings.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import type { Bytes } from "../../base/bytes.ts";
import * as startError from "../start_error.ts";
import { type CallBatch, SingleCalls } from "./calls.ts";
import type { Libc } from "./libc.ts";
import * as libc from "./libc.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { baseOf, EAGAIN, MSG_DONTWAIT, putAddress, SEND_FLAGS } = libc;
const { reasonOf } = startError;

// Numbers of system calls, alike on x86-64 and ARM64.
const SYS_IO_URING_SETUP = 425;
const SYS_IO_URING_ENTER = 426;

/** A call that is refused does not keep those behind it from being made. */
const IORING_SETUP_SUBMIT_ALL = 1 << 7;
/** One thread only uses the ring. */
const IORING_SETUP_SINGLE_ISSUER = 1 << 12;
/** No work of the ring interrupts that thread, so that results need no lock.
 * Linux 6.1 knows all three. */
const IORING_SETUP_DEFER_TASKRUN = 1 << 13;
const SETUP_FLAGS = IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER |
  IORING_SETUP_DEFER_TASKRUN;

// struct io_uring_params, in words of 32 bits.
const PARAMS_WORDS = 30;
const PARAMS_SQ_ENTRIES = 0;
const PARAMS_CQ_ENTRIES = 1;
const PARAMS_FLAGS = 2;
const PARAMS_SQ_HEAD = 10;
const PARAMS_SQ_TAIL = 11;
const PARAMS_SQ_ARRAY = 16;
const PARAMS_CQ_HEAD = 20;
const PARAMS_CQ_TAIL = 21;
const PARAMS_CQ_CQES = 25;

/** Where the parts of a ring are to be mapped from. */
const IORING_OFF_SQ_RING = 0;
const IORING_OFF_SQES = 0x10000000;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_POPULATE = 0x8000;

// struct io_uring_sqe, what is asked for, in words of 32 bits. Those that are
// not named stay 0.
const SQE_WORDS = 16;
const SQE_OPCODE = 0;
const SQE_FD = 1;
const SQE_ADDRESS = 4;
const SQE_LENGTH = 6;
const SQE_MSG_FLAGS = 7;
const SQE_USER_DATA = 8;
const IORING_OP_SEND = 26;
const IORING_OP_RECV = 27;

// struct io_uring_cqe, what came of it.
const CQE_WORDS = 4;
const CQE_USER_DATA = 0;
const CQE_RESULT = 2;

/** One ring of one thread. */
export class Ring implements CallBatch {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #mappings: [Deno.PointerObject, number][] = [];
  /** Both rings, and what is asked for. */
  readonly #rings: Uint32Array;
  readonly #asked: Uint32Array;
  /** Numbers of words of `#rings`, and of entries less one. */
  readonly #sqHead: number;
  readonly #sqTail: number;
  readonly #cqHead: number;
  readonly #cqTail: number;
  readonly #cqes: number;
  readonly #sqMask: number;
  readonly #cqMask: number;
  /** By the number of the call. */
  readonly #results: Int32Array;

  /** For up to `countMax` calls at a time, a power of two, made by the thread
   * that opens it. Throws LibcError if there are no rings, or none of this
   * kind, or they are not allowed. */
  constructor(libc: Libc, countMax: number) {
    this.#libc = libc;
    this.#results = new Int32Array(countMax);
    const params = new Uint32Array(PARAMS_WORDS);
    params[PARAMS_FLAGS] = SETUP_FLAGS;
    this.#fd = libc.calls.io_uring_setup(SYS_IO_URING_SETUP, countMax, params);
    if (this.#fd < 0) throw libc.failure();
    const sqEntries = params[PARAMS_SQ_ENTRIES];
    const cqEntries = params[PARAMS_CQ_ENTRIES];
    const [sqArray, cqes] = [params[PARAMS_SQ_ARRAY], params[PARAMS_CQ_CQES]];
    const ringBytes = Math.max(
      sqArray + sqEntries * 4,
      cqes + cqEntries * CQE_WORDS * 4,
    );
    this.#rings = this.#map(IORING_OFF_SQ_RING, ringBytes);
    this.#asked = this.#map(IORING_OFF_SQES, sqEntries * SQE_WORDS * 4);
    this.#sqHead = params[PARAMS_SQ_HEAD] / 4;
    this.#sqTail = params[PARAMS_SQ_TAIL] / 4;
    this.#cqHead = params[PARAMS_CQ_HEAD] / 4;
    this.#cqTail = params[PARAMS_CQ_TAIL] / 4;
    this.#cqes = cqes / 4;
    this.#sqMask = sqEntries - 1;
    this.#cqMask = cqEntries - 1;
    // Entry i of the ring always is what is asked for at i.
    for (let i = 0; i < sqEntries; i++) this.#rings[sqArray / 4 + i] = i;
  }

  #map(from: number, byteCount: number): Uint32Array {
    const { mmap } = this.#libc.calls;
    const flags = MAP_SHARED | MAP_POPULATE;
    const at = mmap(null, byteCount, PROT_READ_WRITE, flags, this.#fd, from);
    // MAP_FAILED is the highest address of all.
    if (at === null || Deno.UnsafePointer.value(at) === 2n ** 64n - 1n) {
      const failure = this.#libc.failure();
      this.close();
      throw failure;
    }
    this.#mappings.push([at, byteCount]);
    const { getArrayBuffer } = Deno.UnsafePointerView;
    return new Uint32Array(getArrayBuffer(at, byteCount));
  }

  get descriptors(): number[] {
    return [this.#fd];
  }

  receive(i: number, fd: number, target: Bytes, count: number): void {
    this.#ask(i, IORING_OP_RECV, fd, target, count, MSG_DONTWAIT);
  }

  send(i: number, fd: number, bytes: Bytes, count: number): void {
    this.#ask(i, IORING_OP_SEND, fd, bytes, count, SEND_FLAGS);
  }

  #ask(
    i: number,
    opcode: number,
    fd: number,
    bytes: Bytes,
    count: number,
    flags: number,
  ): void {
    assert(i <= this.#sqMask, "the ring is large enough");
    const asked = this.#asked;
    const tail = this.#rings[this.#sqTail];
    const at = ((tail + i) & this.#sqMask) * SQE_WORDS;
    asked[at + SQE_OPCODE] = opcode;
    asked[at + SQE_FD] = fd;
    putAddress(asked, at + SQE_ADDRESS, baseOf(bytes));
    asked[at + SQE_LENGTH] = count;
    asked[at + SQE_MSG_FLAGS] = flags;
    asked[at + SQE_USER_DATA] = i;
  }

  make(count: number): void {
    const rings = this.#rings;
    const results = this.#results;
    // If memory is short some are not made: they are as good as not ready.
    results.fill(-EAGAIN, 0, count);
    rings[this.#sqTail] += count;
    const { io_uring_enter } = this.#libc.calls;
    io_uring_enter(SYS_IO_URING_ENTER, this.#fd, count, 0, 0);
    // Those are not made later: by then their memory is somebody else's.
    rings[this.#sqTail] = rings[this.#sqHead];
    const tail = rings[this.#cqTail];
    let head = rings[this.#cqHead];
    for (; head !== tail; head = (head + 1) >>> 0) {
      const at = this.#cqes + (head & this.#cqMask) * CQE_WORDS;
      results[rings[at + CQE_USER_DATA]] = rings[at + CQE_RESULT];
    }
    rings[this.#cqHead] = head;
  }

  result(i: number): number {
    return this.#results[i];
  }

  close(): void {
    const { munmap } = this.#libc.calls;
    for (const [at, byteCount] of this.#mappings) munmap(at, byteCount);
    this.#libc.close(this.#fd);
  }
}

/** A way to make up to `countMax` calls together, a power of two: by a ring, or
 * one by one, and why that. To be used by this thread only. */
export function openCalls(
  libc: Libc,
  countMax: number,
): { calls: CallBatch; obstacle: string | null } {
  try {
    return { calls: new Ring(libc, countMax), obstacle: null };
  } catch (error) {
    const calls = new SingleCalls(libc, countMax);
    return { calls, obstacle: reasonOf(error) };
  }
}
