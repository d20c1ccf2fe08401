/**
 * Owns the transcripts of the binary stores and of Delete.
 *
 * @module
 */
import {
  answer,
  answerValue,
  ask,
  ASK_NOOP,
  askStore,
  EXISTS,
  NOOP,
  NOT_FOUND,
  NOT_STORED,
  OP,
  refusal,
  TOO_LARGE,
  u64,
} from "../packets.ts";
import type { Exchange, Transcript } from "../transcript.ts";

const A = "{cas8:a}";
const WRONG = u64(0xffff_ffff_ffff_0000n);
const ASK_GET = ask(OP.get, { key: "k" });
const MISS: Exchange = [ASK_GET, refusal(OP.get, NOT_FOUND)];

/** What Get answers. */
function hit(flags: number, value: string, cas: string): Exchange {
  return [ASK_GET, answerValue(OP.get, flags, value, { cas })];
}

/** As in limits.ts. */
const SMALL = ["-I", "131072", "-o", "slab_chunk_max=128"];
const FITS = "v".repeat(130000);
const NEVER = "v".repeat(132000);

export const BINARY_STORE: readonly Transcript[] = [
  {
    name: "binary set: stores and overwrites",
    steps: [
      [
        askStore(OP.set, "k", "one", { flags: 1 }),
        answer(OP.set, { cas: A }),
      ],
      hit(1, "one", A),
      [
        askStore(OP.set, "k", "two", { flags: 2 }),
        answer(OP.set, { cas: "{cas8:b!a}" }),
      ],
      hit(2, "two", "{cas8:b}"),
    ],
  },
  {
    name: "binary set: an id is compared",
    steps: [
      [
        askStore(OP.set, "k", "x", { cas: WRONG }),
        refusal(OP.set, NOT_FOUND),
      ],
      [askStore(OP.set, "k", "x"), answer(OP.set, { cas: A })],
      [askStore(OP.set, "k", "y", { cas: WRONG }), refusal(OP.set, EXISTS)],
      hit(0, "x", A),
      [
        askStore(OP.set, "k", "y", { cas: A }),
        answer(OP.set, { cas: "{cas8:b!a}" }),
      ],
      [askStore(OP.set, "k", "z", { cas: A }), refusal(OP.set, EXISTS)],
      hit(0, "y", "{cas8:b}"),
    ],
  },
  {
    name: "binary set: quietly",
    steps: [
      [askStore(OP.setQ, "k", "x", { flags: 9 }) + ASK_NOOP, NOOP],
      hit(9, "x", A),
      [
        askStore(OP.setQ, "k", "y", { cas: WRONG }),
        refusal(OP.setQ, EXISTS),
      ],
      [
        askStore(OP.setQ, "none", "y", { cas: WRONG }),
        refusal(OP.setQ, NOT_FOUND),
      ],
      [askStore(OP.setQ, "k", "y", { cas: A }) + ASK_NOOP, NOOP],
      hit(0, "y", "{cas8:b!a}"),
    ],
  },
  {
    name: "binary add: only what is not there",
    steps: [
      [
        askStore(OP.add, "k", "x", { flags: 3 }),
        answer(OP.add, { cas: A }),
      ],
      [askStore(OP.add, "k", "y"), refusal(OP.add, EXISTS)],
      hit(3, "x", A),
      [askStore(OP.addQ, "k", "y"), refusal(OP.addQ, EXISTS)],
      [askStore(OP.addQ, "j", "y") + ASK_NOOP, NOOP],
      [
        ask(OP.get, { key: "j" }),
        answerValue(OP.get, 0, "y", { cas: "{cas8:j}" }),
      ],
    ],
  },
  {
    name: "binary replace: only what is there",
    steps: [
      [askStore(OP.replace, "k", "x"), refusal(OP.replace, NOT_FOUND)],
      [askStore(OP.replaceQ, "k", "x"), refusal(OP.replaceQ, NOT_FOUND)],
      MISS,
      [askStore(OP.set, "k", "x"), answer(OP.set, { cas: A })],
      [
        askStore(OP.replace, "k", "y", { flags: 4 }),
        answer(OP.replace, { cas: "{cas8:b!a}" }),
      ],
      hit(4, "y", "{cas8:b}"),
      [
        askStore(OP.replace, "k", "z", { cas: WRONG }),
        refusal(OP.replace, EXISTS),
      ],
      [askStore(OP.replaceQ, "k", "z") + ASK_NOOP, NOOP],
      hit(0, "z", "{cas8:c!b}"),
    ],
  },
  {
    name: "binary append and prepend",
    steps: [
      [
        ask(OP.append, { key: "k", value: "x" }),
        refusal(OP.append, NOT_STORED),
      ],
      [
        ask(OP.prepend, { key: "k", value: "x" }),
        refusal(OP.prepend, NOT_STORED),
      ],
      [
        ask(OP.appendQ, { key: "k", value: "x" }),
        refusal(OP.appendQ, NOT_STORED),
      ],
      [
        ask(OP.prependQ, { key: "k", value: "x" }),
        refusal(OP.prependQ, NOT_STORED),
      ],
      [
        askStore(OP.set, "k", "m", { flags: 7 }),
        answer(OP.set, { cas: A }),
      ],
      [
        ask(OP.append, { key: "k", value: "end" }),
        answer(OP.append, { cas: "{cas8:b!a}" }),
      ],
      [
        ask(OP.prepend, { key: "k", value: "start" }),
        answer(OP.prepend, { cas: "{cas8:c!b}" }),
      ],
      hit(7, "startmend", "{cas8:c}"),
      [ask(OP.appendQ, { key: "k", value: "!" }) + ASK_NOOP, NOOP],
      [ask(OP.prependQ, { key: "k", value: "?" }) + ASK_NOOP, NOOP],
      hit(7, "?startmend!", "{cas8:d!c}"),
      [
        ask(OP.append, { key: "k", value: "" }),
        answer(OP.append, { cas: "{cas8:e!d}" }),
      ],
      hit(7, "?startmend!", "{cas8:e}"),
    ],
  },
  {
    name: "binary append: an id is compared",
    steps: [
      [askStore(OP.set, "k", "m"), answer(OP.set, { cas: A })],
      [
        ask(OP.append, { key: "k", value: "x", cas: WRONG }),
        refusal(OP.append, EXISTS),
      ],
      [
        ask(OP.prependQ, { key: "k", value: "x", cas: WRONG }),
        refusal(OP.prependQ, EXISTS),
      ],
      [
        ask(OP.append, { key: "k", value: "x", cas: A }),
        answer(OP.append, { cas: "{cas8:b!a}" }),
      ],
      hit(0, "mx", "{cas8:b}"),
    ],
  },
  {
    name: "binary delete",
    steps: [
      [ask(OP.delete, { key: "k" }), refusal(OP.delete, NOT_FOUND)],
      [ask(OP.deleteQ, { key: "k" }), refusal(OP.deleteQ, NOT_FOUND)],
      [askStore(OP.set, "k", "x"), answer(OP.set, { cas: A })],
      [
        ask(OP.delete, { key: "k", cas: WRONG }),
        refusal(OP.delete, EXISTS),
      ],
      [
        ask(OP.deleteQ, { key: "k", cas: WRONG }),
        refusal(OP.deleteQ, EXISTS),
      ],
      hit(0, "x", A),
      [ask(OP.delete, { key: "k", cas: A }), answer(OP.delete)],
      MISS,
      [askStore(OP.set, "k", "x"), answer(OP.set, { cas: "{cas8:b}" })],
      [ask(OP.delete, { key: "k" }), answer(OP.delete)],
      [askStore(OP.set, "k", "x"), answer(OP.set, { cas: "{cas8:c}" })],
      [ask(OP.deleteQ, { key: "k" }) + ASK_NOOP, NOOP],
      MISS,
    ],
  },
  {
    name: "binary set: expirations are unsigned",
    steps: [
      [
        askStore(OP.set, "k", "x", { exptime: 0xffffffff }),
        answer(OP.set, { cas: A }),
      ],
      hit(0, "x", A),
      [
        askStore(OP.set, "k", "x", { exptime: 2592000 }),
        answer(OP.set, { cas: "{cas8:b}" }),
      ],
      ["mg k t\r\n", "HD t{ttl:2592000}\r\n", "text"],
      [
        askStore(OP.set, "k", "x", { exptime: 2592001 }),
        answer(OP.set, { cas: "{cas8:c}" }),
      ],
      MISS,
    ],
  },
  {
    name: "binary set: too large, the stream goes on, the old value is gone",
    flags: SMALL,
    steps: [
      [askStore(OP.set, "k", "x"), answer(OP.set, { cas: A })],
      [
        askStore(OP.add, "k", NEVER) + ASK_NOOP,
        refusal(OP.add, TOO_LARGE) + NOOP,
      ],
      [
        askStore(OP.replace, "k", NEVER) + ASK_NOOP,
        refusal(OP.replace, TOO_LARGE) + NOOP,
      ],
      [
        ask(OP.append, { key: "k", value: NEVER }) + ASK_NOOP,
        refusal(OP.append, TOO_LARGE) + NOOP,
      ],
      hit(0, "x", A),
      [
        askStore(OP.set, "k", NEVER) + ASK_NOOP,
        refusal(OP.set, TOO_LARGE) + NOOP,
      ],
      MISS,
      [
        askStore(OP.setQ, "k", NEVER) + ASK_NOOP,
        refusal(OP.setQ, TOO_LARGE) + NOOP,
      ],
      [
        askStore(OP.set, "k", "v".repeat(300000)) + ASK_NOOP,
        refusal(OP.set, TOO_LARGE) + NOOP,
      ],
    ],
  },
  {
    name: "binary set: too large, the default limit",
    steps: [
      [
        askStore(OP.set, "k", "v".repeat(1047552)),
        answer(OP.set, { cas: A }),
      ],
      [
        askStore(OP.set, "k", "v".repeat(1049600)) + ASK_NOOP,
        refusal(OP.set, TOO_LARGE) + NOOP,
      ],
      MISS,
    ],
  },
  {
    name: "binary append: no larger than -I",
    flags: SMALL,
    steps: [
      [askStore(OP.set, "k", FITS), answer(OP.set, { cas: A })],
      [
        ask(OP.append, { key: "k", value: FITS }),
        refusal(OP.append, NOT_STORED),
      ],
      [
        ask(OP.prependQ, { key: "k", value: FITS }),
        refusal(OP.prependQ, NOT_STORED),
      ],
      hit(0, FITS, A),
    ],
  },
  {
    name: "binary: many commands at once",
    steps: [
      [
        Array.from(
          { length: 50 },
          (_, i) => askStore(OP.setQ, `k${i}`, `value ${i}`, { flags: i }),
        ).join("") + ASK_NOOP,
        NOOP,
      ],
      [
        Array.from({ length: 50 }, (_, i) => ask(OP.getKQ, { key: `k${i}` }))
          .join("") + ASK_NOOP,
        Array.from(
          { length: 50 },
          (_, i) =>
            answerValue(OP.getKQ, i, `value ${i}`, {
              key: `k${i}`,
              cas: `{cas8:c${i}}`,
            }),
        ).join("") + NOOP,
      ],
    ],
  },
];
