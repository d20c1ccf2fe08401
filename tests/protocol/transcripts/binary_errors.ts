/**
 * Owns the transcripts of binary packets that are not as they must be.
 *
 * @module
 */
import {
  answer,
  ask,
  ASK_NOOP,
  askStore,
  INVALID,
  NOOP,
  NOT_FOUND,
  OP,
  refusal,
  u32,
  UNKNOWN,
} from "../packets.ts";
import type { Exchange, Transcript } from "../transcript.ts";

const TOO_LONG = "k".repeat(251);

/** A packet that is answered by an error and a hang-up. */
function hangsUp(
  opcode: number,
  parts: Parameters<typeof ask>[1],
  status = INVALID,
): Exchange {
  return [ask(opcode, parts), refusal(opcode, status) + "{close}"];
}

const WITH_KEY = [
  OP.get,
  OP.getQ,
  OP.getK,
  OP.getKQ,
  OP.delete,
  OP.deleteQ,
] as const;
const STORES = [
  OP.set,
  OP.setQ,
  OP.add,
  OP.addQ,
  OP.replace,
  OP.replaceQ,
] as const;
const JOINS = [OP.append, OP.appendQ, OP.prepend, OP.prependQ] as const;
const DELTAS = [
  OP.increment,
  OP.incrementQ,
  OP.decrement,
  OP.decrementQ,
] as const;
const TOUCHES = [OP.touch, OP.gat, OP.gatQ, OP.gatK, OP.gatKQ] as const;
const BARE = [OP.noop, OP.version, OP.quit, OP.quitQ] as const;

export const BINARY_ERRORS: readonly Transcript[] = [
  {
    name: "binary errors: bad magic is closed without a reply",
    steps: [
      [ASK_NOOP, NOOP],
      ["\x81" + ASK_NOOP.slice(1), "{close}"],
      [ASK_NOOP + "\0".repeat(24), NOOP + "{close}"],
    ],
    differs: "memcached loses a reply that is not sent when it hangs up",
  },
  {
    name: "binary errors: text after a packet is closed without a reply",
    steps: [
      [ASK_NOOP, NOOP],
      ["version\r\nversion\r\nversion\r\n", "{close}"],
      [ASK_NOOP, NOOP],
      ["\x81" + ASK_NOOP.slice(1), "{close}"],
    ],
  },
  {
    name: "binary errors: a reply's magic at first is a line of text",
    steps: [
      ["\x81" + ask(OP.version).slice(1), ""],
      ["\r\n", "ERROR\r\n"],
    ],
    endsOpen: true,
  },
  {
    name: "binary errors: unknown opcodes",
    steps: [0x25, 0x30, 0x3c, 0x7f, 0xff, 0x1f].map((opcode) =>
      [
        ask(opcode) + ASK_NOOP,
        refusal(opcode, UNKNOWN) + NOOP,
      ] as const
    ),
  },
  {
    name: "binary errors: unknown opcodes with a body, but no key",
    steps: [
      [
        ask(0x25, { value: "x".repeat(100) }) + ASK_NOOP,
        refusal(0x25, UNKNOWN) + NOOP,
      ],
      [
        ask(0xff, { value: "x".repeat(5000) }) + ASK_NOOP,
        refusal(0xff, UNKNOWN) + NOOP,
      ],
    ],
  },
  {
    name: "binary errors: unknown opcodes with a key or extras stay in step",
    differs: "memcached throws away these lengths once too often",
    steps: [
      [
        ask(0x25, { key: "key", value: "value" }) + ASK_NOOP,
        refusal(0x25, UNKNOWN) + NOOP,
      ],
      [
        ask(0x30, { key: "key", extras: "abcd" }) + ASK_NOOP,
        refusal(0x30, UNKNOWN) + NOOP,
      ],
      [
        ask(0x31, { extras: "abcd" }) + ASK_NOOP,
        refusal(0x31, UNKNOWN) + NOOP,
      ],
    ],
  },
  {
    name: "binary errors: a key where there must be one",
    steps: [
      ...WITH_KEY.map((opcode) => hangsUp(opcode, {})),
      ...STORES.map((opcode) => hangsUp(opcode, { extras: "\0".repeat(8) })),
      ...JOINS.map((opcode) => hangsUp(opcode, { value: "x" })),
      ...DELTAS.map((opcode) => hangsUp(opcode, { extras: "\0".repeat(20) })),
      ...TOUCHES.map((opcode) => hangsUp(opcode, { extras: u32(0) })),
    ],
  },
  {
    name: "binary errors: extras where there must be none",
    steps: [
      ...WITH_KEY.map((opcode) =>
        hangsUp(opcode, { key: "k", extras: u32(0) })
      ),
      ...JOINS.map((opcode) =>
        hangsUp(opcode, { key: "k", extras: u32(0), value: "x" })
      ),
      ...BARE.map((opcode) => hangsUp(opcode, { extras: u32(0) })),
      hangsUp(OP.stat, { key: "items", extras: u32(0) }),
    ],
  },
  {
    name: "binary errors: extras of the wrong length",
    steps: [
      ...STORES.map((opcode) =>
        hangsUp(opcode, { key: "k", extras: u32(0), value: "x" })
      ),
      ...DELTAS.map((opcode) =>
        hangsUp(opcode, { key: "k", extras: "\0".repeat(16) })
      ),
      ...TOUCHES.map((opcode) =>
        hangsUp(opcode, { key: "k", extras: "\0".repeat(8) })
      ),
      hangsUp(OP.flush, { extras: "\0\0" }),
      hangsUp(OP.flushQ, { extras: "\0".repeat(8) }),
    ],
  },
  {
    name: "binary errors: stores without extras",
    steps: STORES.map((opcode) => hangsUp(opcode, { key: "k" })),
  },
  {
    name: "binary errors: a body where there must be none",
    steps: [
      ...BARE.map((opcode) => hangsUp(opcode, { value: "x" })),
      ...BARE.map((opcode) => hangsUp(opcode, { key: "x" })),
      ...WITH_KEY.map((opcode) => hangsUp(opcode, { key: "k", value: "x" })),
      hangsUp(OP.flush, { value: "x" }),
    ],
  },
  {
    name: "binary errors: keys of 250 bytes and of 251",
    steps: [
      [
        ask(OP.get, { key: TOO_LONG.slice(1) }),
        refusal(OP.get, NOT_FOUND),
      ],
      ...WITH_KEY.map((opcode) => hangsUp(opcode, { key: TOO_LONG })),
      hangsUp(OP.set, { key: TOO_LONG, extras: "\0".repeat(8), value: "x" }),
      hangsUp(OP.append, { key: TOO_LONG, value: "x" }),
      hangsUp(OP.increment, { key: TOO_LONG, extras: "\0".repeat(20) }),
    ],
  },
  {
    name: "binary errors: lengths that do not fit together",
    steps: [
      hangsUp(OP.get, { key: "0123456789", bodyLength: 5 }, UNKNOWN),
      hangsUp(
        OP.set,
        { extras: "\0".repeat(8), key: "0123456789", bodyLength: 17 },
        UNKNOWN,
      ),
      hangsUp(OP.get, { key: "k".repeat(250), bodyLength: 0 }, UNKNOWN),
      hangsUp(0x25, { key: "0123456789", bodyLength: 5 }, UNKNOWN),
    ],
  },
  {
    name: "binary errors: a body of more than a gigabyte",
    since: "1.6.45",
    steps: [
      hangsUp(OP.set, {
        key: "k",
        extras: "\0".repeat(8),
        bodyLength: 0xffffffff,
      }),
      hangsUp(OP.set, {
        key: "k",
        extras: "\0".repeat(8),
        bodyLength: 0x40000001,
      }),
    ],
  },
  {
    name: "binary errors: a packet that is not complete waits",
    steps: [
      [ASK_NOOP.slice(0, 10), ""],
      [ASK_NOOP.slice(10), NOOP],
      [askStore(OP.set, "k", "value").slice(0, 35), ""],
      [
        askStore(OP.set, "k", "value").slice(35),
        answer(OP.set, { cas: "{cas8:a}" }),
      ],
    ],
  },
];
