/**
 * Owns the tests of the atomic steps: each does to the words what Atomics
 * would, and threads see one memory. Never looks at what the words are for.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  allocateSharedWords,
  SharedWords,
} from "../../../src/store/shared_atomics.ts";

const WORDS = 40;

function make(): SharedWords {
  return new SharedWords(allocateSharedWords(WORDS));
}

Deno.test("words begin as 0, at least as many as asked for", () => {
  for (const count of [1, 16384, 16385]) {
    const { words } = new SharedWords(allocateSharedWords(count));
    assertEquals(words.length, Math.ceil(count / 16384) * 16384);
    assertEquals(words.every((word) => word === 0), true);
  }
});

Deno.test("load and store", () => {
  const { words, steps } = make();
  steps.store(12, -5);
  assertEquals([words[2], words[3], words[4]], [0, -5, 0]);
  assertEquals([steps.load(8), steps.load(12)], [0, -5]);
});

Deno.test("add returns what was there, and goes round", () => {
  const { words, steps } = make();
  words[1] = 0x7fffffff;
  assertEquals(steps.add(4, 1), 0x7fffffff);
  assertEquals(steps.add(4, 0), -0x80000000);
  assertEquals(words[1], -0x80000000);
});

Deno.test("claim puts only where 0 is", () => {
  const { words, steps } = make();
  assertEquals(steps.claim(4, 7), 0);
  assertEquals(steps.claim(4, 8), 7);
  assertEquals([words[0], words[1], words[2]], [0, 7, 0]);
});

Deno.test("count goes by strides, and always counts the first", () => {
  for (const [end, expected] of [[20, 1], [21, 2], [36, 2], [37, 3]]) {
    const { words, steps } = make();
    steps.count(4, end, 16);
    const counted = [...words].flatMap((word, i) => word === 0 ? [] : [i]);
    assertEquals(counted, [1, 5, 9].slice(0, expected));
    assertEquals(words[1], 1);
  }
  const { words, steps } = make();
  steps.count(4, 4, 16);
  assertEquals(words[1], 1);
});

Deno.test("a step outside the words is refused", () => {
  const { words, steps } = make();
  let refused = 0;
  for (const at of [words.byteLength, -4, 2]) {
    try {
      steps.add(at, 1);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) refused++;
    }
  }
  assertEquals(refused, 3);
});

Deno.test("no step of two threads is lost", async () => {
  const memory = allocateSharedWords(WORDS);
  const { words } = new SharedWords(memory);
  const module = new URL(
    "../../../src/store/shared_atomics.ts",
    import.meta.url,
  );
  const code = `
    import { SharedWords } from "${module}";
    onmessage = ({ data }) => {
      const { steps } = new SharedWords(data);
      for (let i = 0; i < 200000; i++) {
        steps.add(0, 1);
        steps.count(64, 129, 64);
      }
      postMessage(null);
    };
  `;
  const url = URL.createObjectURL(
    new Blob([code], { type: "application/typescript" }),
  );
  const threads = [0, 1].map(() => new Worker(url, { type: "module" }));
  await Promise.all(threads.map((thread) =>
    new Promise((resolve, reject) => {
      thread.onmessage = resolve;
      thread.onerror = reject;
      thread.postMessage(memory);
    })
  ));
  for (const thread of threads) thread.terminate();
  URL.revokeObjectURL(url);
  assertEquals([words[0], words[16], words[32]], [400000, 400000, 400000]);
});
