/**
 * Owns the transcripts of the binary commands that are not about one key.
 *
 * @module
 */
import {
  answer,
  answerStat,
  answerValue,
  ask,
  ASK_NOOP,
  askStore,
  AUTH_ERROR,
  NOOP,
  NOT_FOUND,
  OP,
  refusal,
  STATS_END,
  u32,
  UNKNOWN,
} from "../packets.ts";
import type { Exchange, Transcript } from "../transcript.ts";

const MISS: Exchange = [
  ask(OP.get, { key: "k" }),
  refusal(OP.get, NOT_FOUND),
];
const STORED: Exchange = [
  askStore(OP.set, "k", "v"),
  answer(OP.set, { cas: "{cas8:k}" }),
];
const NEW: Exchange = [
  askStore(OP.set, "k", "v"),
  answer(OP.set, { cas: "{cas8:new!k}" }),
];

/** A Stat with a key. */
function askStat(key: string): string {
  return ask(OP.stat, { key });
}

export const BINARY_ADMIN: readonly Transcript[] = [
  {
    name: "binary noop and version",
    steps: [
      [ASK_NOOP, NOOP],
      [ASK_NOOP.repeat(3), NOOP.repeat(3)],
    ],
  },
  {
    name: "binary version",
    since: "1.6.45",
    steps: [
      [ask(OP.version), answer(OP.version, { value: "1.6.45" })],
      [
        ask(OP.version, { opaque: 1 }) + ask(OP.noop, { opaque: 2 }),
        answer(OP.version, { opaque: 1, value: "1.6.45" }) +
        answer(OP.noop, { opaque: 2 }),
      ],
    ],
  },
  {
    name: "binary quit",
    steps: [
      [ask(OP.quit), answer(OP.quit) + "{close}"],
      [ask(OP.quitQ), "{close}"],
      [ASK_NOOP, NOOP],
      [ask(OP.quit) + ASK_NOOP, answer(OP.quit) + "{close}"],
    ],
  },
  {
    name: "binary flush: at once",
    steps: [
      STORED,
      [ask(OP.flush), answer(OP.flush)],
      MISS,
      NEW,
      [ask(OP.flush, { extras: u32(0) }), answer(OP.flush)],
      MISS,
      [askStore(OP.setQ, "k", "v") + ask(OP.flushQ) + ASK_NOOP, NOOP],
      MISS,
      [ask(OP.flushQ, { extras: u32(0) }) + ASK_NOOP, NOOP],
    ],
  },
  {
    name: "binary flush: later",
    steps: [
      STORED,
      [ask(OP.flush, { extras: u32(10) }), answer(OP.flush)],
      { advance: 8 },
      [
        ask(OP.get, { key: "k" }),
        answerValue(OP.get, 0, "v", { cas: "{cas8:k}" }),
      ],
      { advance: 2 },
      MISS,
      NEW,
    ],
  },
  {
    name: "binary flush: not allowed",
    flags: ["-F", "-X", "-W"],
    steps: [
      STORED,
      [ask(OP.flush), refusal(OP.flush, AUTH_ERROR)],
      [ask(OP.flushQ), refusal(OP.flushQ, AUTH_ERROR)],
      [
        ask(OP.flush, { extras: u32(10) }),
        refusal(OP.flush, AUTH_ERROR),
      ],
      [
        ask(OP.get, { key: "k" }),
        answerValue(OP.get, 0, "v", { cas: "{cas8:k}" }),
      ],
    ],
  },
  {
    name: "binary verbosity",
    differs: "memcached does not know the opcode",
    fresh: true,
    steps: [
      [ask(OP.verbosity, { extras: u32(0) }), answer(OP.verbosity)],
      [ASK_NOOP, NOOP],
    ],
  },
  {
    name: "binary sasl: not there without -S",
    steps: [
      [ask(OP.saslList), refusal(OP.saslList, UNKNOWN)],
      [
        ask(OP.saslAuth, { key: "PLAIN", value: "\0user\0pass" }) + ASK_NOOP,
        refusal(OP.saslAuth, UNKNOWN) + NOOP,
      ],
      [
        ask(OP.saslStep, { key: "PLAIN", value: "\0user\0pass" }) + ASK_NOOP,
        refusal(OP.saslStep, UNKNOWN) + NOOP,
      ],
    ],
  },
  {
    name: "binary stat: one packet each, an empty one at the end",
    fresh: true,
    steps: [
      STORED,
      MISS_OF_ANOTHER(),
      [
        ask(OP.stat),
        `{any}${answerStat("pointer_size", "64")}{any}` +
        `${answerStat("cmd_get", "1")}${answerStat("cmd_set", "1")}{any}` +
        `${answerStat("get_hits", "0")}${answerStat("get_misses", "1")}{any}` +
        `${answerStat("curr_items", "1")}${answerStat("total_items", "1")}` +
        `{any}${STATS_END}`,
      ],
    ],
  },
  {
    name: "binary stat: settings, sizes, items, slabs",
    fresh: true,
    steps: [
      [
        askStat("settings"),
        `{any}${answerStat("maxconns", "1024")}{any}` +
        `${answerStat("cas_enabled", "yes")}{any}${STATS_END}`,
      ],
      [
        askStat("sizes"),
        answerStat("sizes_status", "disabled") + STATS_END,
      ],
      [askStat("items"), STATS_END],
      STORED,
      [
        askStat("items"),
        `{any}${answerStat("items:1:number", "1")}{any}${STATS_END}`,
      ],
      [
        askStat("slabs"),
        `{any}${answerStat("1:used_chunks", "1")}{any}` +
        `${answerStat("active_slabs", "1")}{any}${STATS_END}`,
      ],
    ],
  },
  {
    name: "binary stat: reset",
    fresh: true,
    steps: [
      MISS,
      [ask(OP.stat), `{any}${answerStat("get_misses", "1")}{any}${STATS_END}`],
      [askStat("reset"), STATS_END],
      [ask(OP.stat), `{any}${answerStat("get_misses", "0")}{any}${STATS_END}`],
    ],
  },
  {
    name: "binary stat: detail",
    fresh: true,
    steps: [
      [askStat("detail on"), STATS_END],
      [
        askStat("detail dump"),
        answerStat("detailed", "END\r\n") + STATS_END,
      ],
      [askStore(OP.setQ, "a:b", "v") + ASK_NOOP, NOOP],
      [
        askStat("detail dump"),
        answerStat(
          "detailed",
          "PREFIX a get 0 hit 0 set 1 del 0\r\nEND\r\n",
        ) + STATS_END,
      ],
      [askStat("detail off"), STATS_END],
      [askStat("detail x"), refusal(OP.stat, NOT_FOUND)],
    ],
  },
  {
    name: "binary stat: what there is not",
    steps: [
      [askStat("foo"), refusal(OP.stat, NOT_FOUND)],
      [askStat("conns"), refusal(OP.stat, NOT_FOUND)],
      [askStat("cachedump 1 0"), refusal(OP.stat, NOT_FOUND)],
      [askStat("\0"), refusal(OP.stat, NOT_FOUND)],
    ],
  },
  {
    name: "-B binary: text is closed without a reply",
    flags: ["-B", "binary"],
    fresh: true,
    steps: [
      ["version\r\n".repeat(3), "{close}"],
      [`get ${"a ".repeat(20)}\r\n`, "{close}"],
      [ASK_NOOP, NOOP, "binary"],
    ],
  },
  {
    name: "-B ascii: binary packets wait for the end of their line",
    flags: ["-B", "ascii"],
    steps: [
      ["mn\r\n", "MN\r\n"],
      [ask(OP.version), "", "binary"],
      ["\r\n", "ERROR\r\n", "binary"],
      ["mn\r\n", "MN\r\n", "binary"],
    ],
    endsOpen: true,
  },
];

function MISS_OF_ANOTHER(): Exchange {
  return [ask(OP.get, { key: "none" }), refusal(OP.get, NOT_FOUND)];
}
