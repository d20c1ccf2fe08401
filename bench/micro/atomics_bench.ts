/**
 * Question: what do the atomic steps of one write and of one read cost, by
 * Atomics and by `shared_atomics.ts`? (µs printed = ns for one. A write: the
 * lock, two copies of a stripe made odd and even, the lock released. A read:
 * the version, and the check of it.)
 *
 * @module
 */
import { LOCK_LINE_WORDS } from "../../src/store/geometry.ts";
import { STRIPES } from "../../src/store/layout.ts";
import {
  allocateSharedWords,
  SharedWords,
} from "../../src/store/shared_atomics.ts";
import { benchThousand } from "./thousand.ts";

const COPY_BYTES = STRIPES * 4;
const FIRST = LOCK_LINE_WORDS * 4;
const END = FIRST + 2 * COPY_BYTES;

const { words, steps } = new SharedWords(
  allocateSharedWords(LOCK_LINE_WORDS + 2 * STRIPES),
);

function changeByAtomics(stripe: number): void {
  const end = END / 4;
  for (let word = LOCK_LINE_WORDS + stripe; word < end; word += STRIPES) {
    Atomics.add(words, word, 1);
  }
}

benchThousand("write", "Atomics", (i) => {
  const stripe = i % STRIPES;
  const before = Atomics.compareExchange(words, 0, 0, 1);
  changeByAtomics(stripe);
  changeByAtomics(stripe);
  Atomics.store(words, 0, 0);
  return 1 - before;
}, { each: 1, baseline: true });
benchThousand("write", "steps", (i) => {
  const at = FIRST + i % STRIPES * 4;
  const before = steps.claim(0, 1);
  steps.count(at, END, COPY_BYTES);
  steps.count(at, END, COPY_BYTES);
  steps.store(0, 0);
  return 1 - before;
}, { each: 1 });

benchThousand("read", "Atomics", (i) => {
  const word = LOCK_LINE_WORDS + i % STRIPES;
  const version = Atomics.load(words, word);
  return Atomics.add(words, word, 0) === version ? 1 : 0;
}, { each: 1, baseline: true });
benchThousand("read", "steps", (i) => {
  const at = FIRST + i % STRIPES * 4;
  const version = steps.load(at);
  return steps.add(at, 0) === version ? 1 : 0;
}, { each: 1 });
