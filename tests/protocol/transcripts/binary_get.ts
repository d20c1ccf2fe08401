/**
 * Owns the transcripts of the binary Get, GAT and Touch family.
 *
 * @module
 */
import {
  answer,
  answerValue,
  ask,
  ASK_NOOP,
  askStore,
  NOOP,
  NOT_FOUND,
  OP,
  refusal,
  u32,
} from "../packets.ts";
import type { Exchange, Transcript } from "../transcript.ts";

const LONGEST = "k".repeat(250);
const CAS = "{cas8:a}";
const STORED: Exchange = [
  askStore(OP.set, "k", "val", { flags: 0xdead }),
  answer(OP.set, { cas: CAS }),
];

export const BINARY_GET: readonly Transcript[] = [
  {
    name: "binary get: misses",
    steps: [
      [ask(OP.get, { key: "k" }), refusal(OP.get, NOT_FOUND)],
      [ask(OP.getK, { key: "k" }), answer(OP.getK, { key: "k", status: 1 })],
      [ask(OP.getQ, { key: "k" }) + ASK_NOOP, NOOP],
      [ask(OP.getKQ, { key: "k" }) + ASK_NOOP, NOOP],
    ],
  },
  {
    name: "binary get: hits",
    steps: [
      STORED,
      [
        ask(OP.get, { key: "k" }),
        answerValue(OP.get, 0xdead, "val", { cas: CAS }),
      ],
      [
        ask(OP.getK, { key: "k" }),
        answerValue(OP.getK, 0xdead, "val", { cas: CAS, key: "k" }),
      ],
      [
        ask(OP.getQ, { key: "k" }),
        answerValue(OP.getQ, 0xdead, "val", { cas: CAS }),
      ],
      [
        ask(OP.getKQ, { key: "k" }),
        answerValue(OP.getKQ, 0xdead, "val", { cas: CAS, key: "k" }),
      ],
    ],
  },
  {
    name: "binary get: quiet gets and a noop, as clients do it",
    steps: [
      [
        askStore(OP.setQ, "a", "1") + askStore(OP.setQ, "c", "33") + ASK_NOOP,
        NOOP,
      ],
      [
        ask(OP.getKQ, { key: "a" }) + ask(OP.getKQ, { key: "b" }) +
        ask(OP.getKQ, { key: "c" }) + ask(OP.noop, { opaque: 7 }),
        answerValue(OP.getKQ, 0, "1", { cas: "{cas8:a}", key: "a" }) +
        answerValue(OP.getKQ, 0, "33", { cas: "{cas8:c}", key: "c" }) +
        answer(OP.noop, { opaque: 7 }),
      ],
    ],
  },
  {
    name: "binary get: the opaque is echoed, in hits and errors",
    steps: [
      [
        askStore(OP.set, "k", "v", { opaque: 1 }),
        answer(OP.set, { opaque: 1, cas: CAS }),
      ],
      [
        ask(OP.get, { key: "k", opaque: 0xffffffff }),
        answerValue(OP.get, 0, "v", { opaque: 0xffffffff, cas: CAS }),
      ],
      [
        ask(OP.get, { key: "x", opaque: 0x01020304 }),
        answer(OP.get, { opaque: 0x01020304, status: 1, value: "Not found" }),
      ],
      [ask(OP.noop, { opaque: 0 }), answer(OP.noop, { opaque: 0 })],
    ],
  },
  {
    name: "binary get: empty values, flags at their limits",
    steps: [
      [askStore(OP.set, "k", ""), answer(OP.set, { cas: CAS })],
      [ask(OP.get, { key: "k" }), answerValue(OP.get, 0, "", { cas: CAS })],
      [
        askStore(OP.set, "k", "x", { flags: 0xffffffff }),
        answer(OP.set, { cas: "{cas8:b!a}" }),
      ],
      [
        ask(OP.get, { key: "k" }),
        answerValue(OP.get, 0xffffffff, "x", { cas: "{cas8:b}" }),
      ],
    ],
  },
  {
    name: "binary get: keys of any bytes, and the longest",
    steps: [
      [askStore(OP.set, "a b\r\n\0", "v"), answer(OP.set, { cas: CAS })],
      [
        ask(OP.getK, { key: "a b\r\n\0" }),
        answerValue(OP.getK, 0, "v", { cas: CAS, key: "a b\r\n\0" }),
      ],
      [askStore(OP.set, LONGEST, "v"), answer(OP.set, { cas: "{cas8:b}" })],
      [
        ask(OP.getK, { key: LONGEST }),
        answerValue(OP.getK, 0, "v", { cas: "{cas8:b}", key: LONGEST }),
      ],
    ],
  },
  {
    name: "binary get: datatype and vbucket are ignored",
    steps: [
      [ask(OP.noop, { datatype: 5 }), NOOP],
      [ask(OP.noop, { status: 7 }), NOOP],
      [
        ask(OP.get, { key: "k", datatype: 1, status: 9 }),
        refusal(OP.get, NOT_FOUND),
      ],
    ],
  },
  {
    name: "binary touch: flags come back, and no value",
    steps: [
      [
        ask(OP.touch, { key: "k", extras: u32(100) }),
        refusal(OP.touch, NOT_FOUND),
      ],
      STORED,
      [
        ask(OP.touch, { key: "k", extras: u32(100) }),
        answer(OP.touch, { extras: u32(0xdead), cas: CAS }),
      ],
      ["mg k t c\r\n", "HD t{ttl:100} c{cas:a}\r\n", "text"],
      [
        ask(OP.touch, { key: "k", extras: u32(0) }),
        answer(OP.touch, { extras: u32(0xdead), cas: CAS }),
      ],
      ["mg k t\r\n", "HD t-1\r\n", "text"],
    ],
  },
  {
    name: "binary gat: misses and hits",
    steps: [
      [
        ask(OP.gat, { key: "k", extras: u32(9) }),
        refusal(OP.gat, NOT_FOUND),
      ],
      [
        ask(OP.gatK, { key: "k", extras: u32(9) }),
        answer(OP.gatK, { key: "k", status: 1 }),
      ],
      [ask(OP.gatQ, { key: "k", extras: u32(9) }) + ASK_NOOP, NOOP],
      [ask(OP.gatKQ, { key: "k", extras: u32(9) }) + ASK_NOOP, NOOP],
      STORED,
      [
        ask(OP.gat, { key: "k", extras: u32(100) }),
        answerValue(OP.gat, 0xdead, "val", { cas: CAS }),
      ],
      ["mg k t\r\n", "HD t{ttl:100}\r\n", "text"],
      [
        ask(OP.gatK, { key: "k", extras: u32(200) }),
        answerValue(OP.gatK, 0xdead, "val", { cas: CAS, key: "k" }),
      ],
      ["mg k t\r\n", "HD t{ttl:200}\r\n", "text"],
      [
        ask(OP.gatQ, { key: "k", extras: u32(300) }),
        answerValue(OP.gatQ, 0xdead, "val", { cas: CAS }),
      ],
      ["mg k t\r\n", "HD t{ttl:300}\r\n", "text"],
      [
        ask(OP.gatKQ, { key: "k", extras: u32(400) }),
        answerValue(OP.gatKQ, 0xdead, "val", { cas: CAS, key: "k" }),
      ],
      ["mg k t\r\n", "HD t{ttl:400}\r\n", "text"],
    ],
  },
  {
    name: "binary gat: a date long ago ends the item",
    steps: [
      STORED,
      [
        ask(OP.gat, { key: "k", extras: u32(2592001) }),
        answerValue(OP.gat, 0xdead, "val", { cas: CAS }),
      ],
      [ask(OP.get, { key: "k" }), refusal(OP.get, NOT_FOUND)],
    ],
  },
  {
    name: "binary get: items expire",
    steps: [
      [
        askStore(OP.set, "k", "v", { exptime: 10 }),
        answer(OP.set, { cas: CAS }),
      ],
      { advance: 9 },
      [ask(OP.get, { key: "k" }), answerValue(OP.get, 0, "v", { cas: CAS })],
      [
        ask(OP.touch, { key: "k", extras: u32(5) }),
        answer(OP.touch, { extras: u32(0), cas: CAS }),
      ],
      { advance: 4 },
      [ask(OP.get, { key: "k" }), answerValue(OP.get, 0, "v", { cas: CAS })],
      { advance: 1 },
      [ask(OP.get, { key: "k" }), refusal(OP.get, NOT_FOUND)],
      [
        ask(OP.touch, { key: "k", extras: u32(5) }),
        refusal(OP.touch, NOT_FOUND),
      ],
    ],
  },
  {
    name: "binary get: large values",
    steps: [2048, 65536, 200000].flatMap((size) =>
      [
        [
          askStore(OP.set, "k", "v".repeat(size)),
          answer(OP.set, { cas: `{cas8:s${size}}` }),
        ],
        [
          ask(OP.get, { key: "k" }),
          answerValue(OP.get, 0, "v".repeat(size), {
            cas: `{cas8:s${size}}`,
          }),
        ],
      ] as const
    ),
  },
  {
    name: "binary and text: one table",
    steps: [
      ["set k 5 0 1\r\nx\r\n", "STORED\r\n", "text"],
      [ask(OP.get, { key: "k" }), answerValue(OP.get, 5, "x", { cas: CAS })],
      ["gets k\r\n", "VALUE k 5 1 {cas:a}\r\nx\r\nEND\r\n", "text"],
      [
        askStore(OP.set, "k", "y", { flags: 6, cas: CAS }),
        answer(OP.set, { cas: "{cas8:b!a}" }),
      ],
      ["gets k\r\n", "VALUE k 6 1 {cas:b}\r\ny\r\nEND\r\n", "text"],
    ],
  },
];
