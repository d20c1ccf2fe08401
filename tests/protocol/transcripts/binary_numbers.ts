/**
 * Owns the transcripts of the binary Increment and Decrement.
 *
 * @module
 */
import {
  answer,
  answerValue,
  ask,
  ASK_NOOP,
  askDelta,
  askStore,
  EXISTS,
  NON_NUMERIC,
  NOOP,
  NOT_FOUND,
  OP,
  refusal,
  u64,
} from "../packets.ts";
import type { Exchange, Transcript } from "../transcript.ts";

const MOST = 2n ** 64n - 1n;
const NEVER = 0xffffffff;
const WRONG = u64(0xffff_ffff_ffff_0000n);

/** An Increment or Decrement of `n`, and the number that it answers. */
function counts(
  opcode: number,
  delta: bigint,
  result: bigint,
  id: string,
  parts: { initial?: bigint; exptime?: number; cas?: string } = {},
): Exchange {
  return [
    askDelta(opcode, "n", delta, parts),
    answer(opcode, { value: u64(result), cas: `{cas8:${id}}` }),
  ];
}

export const BINARY_NUMBERS: readonly Transcript[] = [
  {
    name: "binary incr: creates with the initial value",
    steps: [
      counts(OP.increment, 5n, 10n, "a", { initial: 10n }),
      counts(OP.increment, 5n, 15n, "b!a", { initial: 10n }),
      counts(OP.increment, 1n, 16n, "c!b"),
      [
        ask(OP.get, { key: "n" }),
        answerValue(OP.get, 0, "16", { cas: "{cas8:c}" }),
      ],
    ],
  },
  {
    name: "binary decr: creates, too, and stops at 0",
    steps: [
      counts(OP.decrement, 5n, 10n, "a", { initial: 10n }),
      counts(OP.decrement, 4n, 6n, "b!a"),
      counts(OP.decrement, 7n, 0n, "c!b"),
      counts(OP.decrement, MOST, 0n, "d!c"),
      [
        ask(OP.get, { key: "n" }),
        answerValue(OP.get, 0, "0 ", { cas: "{cas8:d}" }),
      ],
    ],
  },
  {
    name: "binary incr: past 2^64-1",
    steps: [
      counts(OP.increment, 1n, MOST, "a", { initial: MOST }),
      counts(OP.increment, 1n, 0n, "b"),
      counts(OP.increment, MOST, MOST, "c"),
      counts(OP.increment, MOST, MOST - 1n, "d"),
      counts(OP.decrement, MOST - 1n, 0n, "e"),
      counts(OP.increment, 0x1_0000_0000n, 0x1_0000_0000n, "f"),
    ],
  },
  {
    name: "binary incr: 0xffffffff does not create",
    steps: [
      [
        askDelta(OP.increment, "n", 1n, { exptime: NEVER }),
        refusal(OP.increment, NOT_FOUND),
      ],
      [
        askDelta(OP.decrement, "n", 1n, { exptime: NEVER }),
        refusal(OP.decrement, NOT_FOUND),
      ],
      [
        askDelta(OP.incrementQ, "n", 1n, { exptime: NEVER }),
        refusal(OP.incrementQ, NOT_FOUND),
      ],
      [
        askDelta(OP.decrementQ, "n", 1n, { exptime: NEVER }),
        refusal(OP.decrementQ, NOT_FOUND),
      ],
      [ask(OP.get, { key: "n" }), refusal(OP.get, NOT_FOUND)],
    ],
  },
  {
    name: "binary incr: the expiration is for what is created only",
    steps: [
      counts(OP.increment, 1n, 7n, "a", { initial: 7n, exptime: 100 }),
      ["mg n t f v\r\n", "VA 1 t{ttl:100} f0\r\n7\r\n", "text"],
      counts(OP.increment, 1n, 8n, "b", { exptime: 5000 }),
      ["mg n t\r\n", "HD t{ttl:100}\r\n", "text"],
    ],
  },
  {
    name: "binary incr: quietly",
    steps: [
      [askDelta(OP.incrementQ, "n", 1n, { initial: 5n }) + ASK_NOOP, NOOP],
      [askDelta(OP.incrementQ, "n", 3n) + ASK_NOOP, NOOP],
      [askDelta(OP.decrementQ, "n", 1n) + ASK_NOOP, NOOP],
      [
        ask(OP.get, { key: "n" }),
        answerValue(OP.get, 0, "7", { cas: "{cas8:a}" }),
      ],
    ],
  },
  {
    name: "binary incr: an id is compared",
    steps: [
      [askStore(OP.set, "n", "1"), answer(OP.set, { cas: "{cas8:a}" })],
      [
        askDelta(OP.increment, "n", 1n, { cas: WRONG }),
        refusal(OP.increment, EXISTS),
      ],
      [
        askDelta(OP.decrementQ, "n", 1n, { cas: WRONG }),
        refusal(OP.decrementQ, EXISTS),
      ],
      counts(OP.increment, 1n, 2n, "b!a", { cas: "{cas8:a}" }),
      [
        askDelta(OP.increment, "n", 1n, { cas: "{cas8:a}" }),
        refusal(OP.increment, EXISTS),
      ],
    ],
  },
  {
    name: "binary incr: what is no number",
    steps: [
      [askStore(OP.set, "n", "ab"), answer(OP.set, { cas: "{cas8:a}" })],
      [askDelta(OP.increment, "n", 1n), refusal(OP.increment, NON_NUMERIC)],
      [askDelta(OP.decrement, "n", 1n), refusal(OP.decrement, NON_NUMERIC)],
      [askDelta(OP.incrementQ, "n", 1n), refusal(OP.incrementQ, NON_NUMERIC)],
      [askDelta(OP.decrementQ, "n", 1n), refusal(OP.decrementQ, NON_NUMERIC)],
      [
        askStore(OP.set, "n", "18446744073709551616"),
        answer(OP.set, { cas: "{cas8:b}" }),
      ],
      [askDelta(OP.increment, "n", 1n), refusal(OP.increment, NON_NUMERIC)],
      [
        askStore(OP.set, "n", "18446744073709551615"),
        answer(OP.set, { cas: "{cas8:c}" }),
      ],
      counts(OP.increment, 0n, MOST, "d"),
    ],
  },
];
