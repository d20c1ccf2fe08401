/**
 * Owns the words that threads of a shared table synchronize by, and the atomic
 * steps on them. Never knows what the words mean.
 *
 * The steps are WebAssembly, because V8 makes instructions of atomics there
 * and calls of builtins in JavaScript: the steps of a write take
 * 68 ns instead of 138, those of a read 18 instead of 37
 * (`bench/micro/atomics_bench.ts`). Memory model and soundness are the same.
 *
 * The format is that of the WebAssembly core specification, section 5, and of
 * its threads proposal.
 *
 * @module
 */

/** WebAssembly's unit of memory. */
const MEMORY_PAGE_BYTES = 65536;
/** The most that WebAssembly knows: 4 GB. Naming it costs nothing. */
const MEMORY_PAGES_MAX = 65536;

/** Atomic, sequentially consistent steps on words; `at` is in bytes. */
export interface AtomicSteps {
  load(at: number): number;
  store(at: number, value: number): void;
  /** Adds, and returns what was there. */
  add(at: number, value: number): number;
  /** Adds 1 at `first`, and after it every `strideBytes` below `end`. */
  count(first: number, end: number, strideBytes: number): void;
  /** Puts `value` where 0 is; returns what was there. */
  claim(at: number, value: number): number;
}

// Value type and opcodes.
const I32 = 0x7f;
const NO_VALUE = 0x40;
const LOOP = 0x03;
const END = 0x0b;
const BRANCH_IF = 0x0d;
const DROP = 0x1a;
const GET = 0x20;
const TEE = 0x22;
const CONST = 0x41;
const BELOW = 0x49;
const ADD = 0x6a;
// Atomic ones of 32 bits: prefix, opcode, alignment 4, offset 0.
const ATOMIC_LOAD = [0xfe, 0x10, 2, 0];
const ATOMIC_STORE = [0xfe, 0x17, 2, 0];
const ATOMIC_ADD = [0xfe, 0x1e, 2, 0];
const ATOMIC_COMPARE_EXCHANGE = [0xfe, 0x48, 2, 0];

/** A function of the module: parameters, all i32; results, i32; code. */
const STEPS: Record<keyof AtomicSteps, [number, number, number[]]> = {
  load: [1, 1, [GET, 0, ...ATOMIC_LOAD]],
  store: [2, 0, [GET, 0, GET, 1, ...ATOMIC_STORE]],
  add: [2, 1, [GET, 0, GET, 1, ...ATOMIC_ADD]],
  // deno-fmt-ignore
  count: [3, 0, [
    LOOP, NO_VALUE,
      GET, 0, CONST, 1, ...ATOMIC_ADD, DROP,
      GET, 0, GET, 2, ADD, TEE, 0,
      GET, 1, BELOW, BRANCH_IF, 0,
    END,
  ]],
  claim: [2, 1, [GET, 0, CONST, 0, GET, 1, ...ATOMIC_COMPARE_EXCHANGE]],
};

/** The words, as one thread sees them. */
export class SharedWords {
  readonly words: Int32Array;
  readonly steps: AtomicSteps;

  constructor(memory: WebAssembly.Memory) {
    this.words = new Int32Array(memory.buffer);
    const instance = new WebAssembly.Instance(
      new WebAssembly.Module(moduleBytes()),
      { shared: { words: memory } },
    );
    this.steps = instance.exports as unknown as AtomicSteps;
  }
}

/** Room for `count` words, all 0; it can be posted to workers. */
export function allocateSharedWords(count: number): WebAssembly.Memory {
  const pages = Math.ceil(count * 4 / MEMORY_PAGE_BYTES);
  return new WebAssembly.Memory({
    initial: pages,
    maximum: pages,
    shared: true,
  });
}

// The module: it imports the memory and exports the steps.
function moduleBytes(): Uint8Array<ArrayBuffer> {
  const steps = Object.entries(STEPS);
  const types = steps.map(([, [parameters, results]]) => [
    0x60,
    ...vector(Array.from({ length: parameters }, () => [I32])),
    ...vector(Array.from({ length: results }, () => [I32])),
  ]);
  const memory = [
    ...name("shared"),
    ...name("words"),
    // A memory, shared, with a least and a largest number of pages.
    ...[0x02, 0x03, ...unsigned(1), ...unsigned(MEMORY_PAGES_MAX)],
  ];
  const codes = steps.map(([, [, , code]]) => {
    const body = [0, ...code, END];
    return [...unsigned(body.length), ...body];
  });
  // deno-fmt-ignore
  return new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, types),
    ...section(2, [memory]),
    ...section(3, steps.map((_, i) => unsigned(i))),
    ...section(7, steps.map(([step], i) => [...name(step), 0, ...unsigned(i)])),
    ...section(10, codes),
  ]);
}

function section(id: number, entries: number[][]): number[] {
  const bytes = vector(entries);
  return [id, ...unsigned(bytes.length), ...bytes];
}

function vector(entries: number[][]): number[] {
  return [...unsigned(entries.length), ...entries.flat()];
}

function name(text: string): number[] {
  return vector([...text].map((character) => [character.charCodeAt(0)]));
}

// LEB128.
function unsigned(value: number): number[] {
  const bytes = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value];
}
