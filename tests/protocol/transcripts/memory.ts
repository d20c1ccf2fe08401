/**
 * Owns the transcripts of a server that is full and must not evict.
 *
 * @module
 */
import {
  answer,
  answerValue,
  ask,
  askDelta,
  askStore,
  NO_MEMORY,
  NOT_FOUND,
  OP,
  refusal,
} from "../packets.ts";
import type { Exchange, Transcript } from "../transcript.ts";

const FULL = "SERVER_ERROR out of memory storing object\r\n";
const FULL_NUMBER = "SERVER_ERROR out of memory\r\n";
const FULL_NEW = "SERVER_ERROR Out of memory allocating new item\r\n";
const STORED = "STORED\r\n";
const MN = "MN\r\n";
const LARGE = "v".repeat(8000);
/** As large as most of what fills the memory. */
const USUAL = "v".repeat(1000);
const MANY = "what fills the memory is many megabytes";

/** Stores until nothing of this size can be stored any more. */
function fill(prefix: string, count: number, bytes: number): Exchange {
  const value = "v".repeat(bytes);
  const stores = Array.from(
    { length: count },
    (_, i) => `set ${prefix}${i} 0 0 ${bytes} noreply\r\n${value}\r\n`,
  );
  return [stores.join("") + "mn\r\n", MN];
}

/** Stores until nothing at all can be stored any more. */
const FILLS = [
  fill("k", 10000, 1000),
  fill("m", 20000, 100),
  fill("s", 30000, 1),
]
  .map(([request, reply]): Exchange => [request, reply, "filling"]);

/** What a binary command answers when there is no memory. */
function full(opcode: number, what: string): string {
  const value = `Out of memory ${what}`;
  return answer(opcode, { status: NO_MEMORY, value });
}

export const MEMORY: readonly Transcript[] = [
  {
    name: "-M: what does not fit is refused, what is there stays",
    flags: ["-M", "-m", "8"],
    fresh: true,
    whole: MANY,
    steps: [
      ["set small 0 0 1\r\nx\r\n", STORED],
      fill("k", 1500, 8000),
      [`set x 0 0 8000\r\n${LARGE}\r\n`, FULL],
      [`add x 0 0 8000\r\n${LARGE}\r\n`, FULL],
      [`replace small 0 0 8000\r\n${LARGE}\r\n`, FULL],
      [`ms x 8000\r\n${LARGE}\r\n`, FULL],
      [`ms x 8000 ME\r\n${LARGE}\r\n`, FULL],
      [`set x 0 0 8000 noreply\r\n${LARGE}\r\nmn\r\n`, MN],
      [`ms x 8000 q k\r\n${LARGE}\r\nmn\r\n`, FULL + MN],
      ["get small x\r\n", "VALUE small 0 1\r\nx\r\nEND\r\n"],
      ["get k0\r\n", `VALUE k0 0 8000\r\n${LARGE}\r\nEND\r\n`],
      [`set small 0 0 8000\r\n${LARGE}\r\n`, FULL],
      ["get small\r\n", "END\r\n"],
      ["stats\r\n", "{any}STAT evictions 0\r\n{any}END\r\n"],
    ],
  },
  {
    name: "-M: joins need memory, too",
    flags: ["-M", "-m", "8"],
    fresh: true,
    whole: MANY,
    differs: "memcached takes memory for what is joined before it looks for " +
      "the key, and ms then removes that",
    steps: [
      ["set small 0 0 1\r\nx\r\n", STORED],
      fill("k", 1500, 8000),
      [`append small 0 0 8000\r\n${LARGE}\r\n`, "NOT_STORED\r\n"],
      [`prepend small 0 0 8000\r\n${LARGE}\r\n`, "NOT_STORED\r\n"],
      [`ms small 8000 MA\r\n${LARGE}\r\n`, "NS\r\n"],
      ["get small\r\n", "VALUE small 0 1\r\nx\r\nEND\r\n"],
    ],
  },
  {
    name: "-M: not even a number",
    flags: ["-M", "-m", "8"],
    fresh: true,
    whole: MANY,
    steps: [
      ["set n 0 0 1\r\n9\r\n", STORED],
      ...FILLS,
      ["set x 0 0 1\r\nx\r\n", FULL],
      ["incr n 99999999999999999\r\n", FULL_NUMBER],
      ["ma n D99999999999999999 v\r\n", FULL_NUMBER],
      ["ma x N0\r\n", FULL_NEW],
      ["mg x N30\r\n", "EN\r\n"],
      ["get n x\r\n", "VALUE n 0 1\r\n9\r\nEND\r\n"],
      ["decr n 1\r\n", "8\r\n"],
      ["touch n 0\r\n", "TOUCHED\r\n"],
    ],
  },
  {
    name: "-M: binary commands say what there was no memory for",
    flags: ["-M", "-m", "8"],
    fresh: true,
    whole: MANY,
    steps: [
      ["set n 0 0 1\r\n9\r\n", STORED, "filling"],
      ...FILLS,
      [askStore(OP.set, "x", USUAL), full(OP.set, "allocating item")],
      [askStore(OP.setQ, "x", USUAL), full(OP.setQ, "allocating item")],
      [askStore(OP.add, "x", USUAL), full(OP.add, "allocating item")],
      [askStore(OP.replace, "n", USUAL), full(OP.replace, "allocating item")],
      [
        askDelta(OP.increment, "n", 99999999999999999n),
        full(OP.increment, "incrementing value"),
      ],
      [
        askDelta(OP.incrementQ, "n", 99999999999999999n),
        full(OP.incrementQ, "incrementing value"),
      ],
      [
        askDelta(OP.decrement, "x", 1n, { initial: 5n }),
        full(OP.decrement, "allocating new item"),
      ],
      [
        ask(OP.get, { key: "n" }),
        answerValue(OP.get, 0, "9", { cas: "{cas8:n}" }),
      ],
      [ask(OP.get, { key: "x" }), refusal(OP.get, NOT_FOUND)],
    ],
  },
];
