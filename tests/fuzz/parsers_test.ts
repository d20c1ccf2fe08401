/**
 * Owns fuzzing the parsers alone: whatever comes in, they say something
 * sensible about it, and what they accept keeps the protocol's rules.
 *
 * Longer: `deno task test:long`, or DENOCACHED_LONG=100 DENOCACHED_SEED=n.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Bytes, toLatin1 } from "../../src/base/bytes.ts";
import {
  KEY_BYTES_MAX,
  META_TOKENS_MAX,
  OPAQUE_BYTES_MAX,
} from "../../src/base/limits.ts";
import { decodeBase64, encodeBase64 } from "../../src/protocol/base64.ts";
import { isBinaryOpcode, parseBinary } from "../../src/protocol/binary.ts";
import {
  Command,
  COMPLETE,
  HANG_UP,
  HAS_BODY,
  NEED_MORE,
  REFUSED,
} from "../../src/protocol/command.ts";
import {
  OP_ADMIN,
  OP_GATS,
  OP_MN,
  OP_QUIT,
  OP_VERSION,
} from "../../src/protocol/commands.ts";
import { ERROR_TEXTS } from "../../src/protocol/errors.ts";
import {
  KEY,
  KEY_TOO_LONG,
  KEYS_END,
  nextKey,
  TextParser,
} from "../../src/protocol/text.ts";
import {
  lengthFactor,
  Random,
  seedFromEnvironment,
} from "../support/random.ts";
import { InputMaker } from "./inputs.ts";

const ROUNDS = 30_000;
const WITHOUT_KEY = new Set([OP_ADMIN, OP_MN, OP_QUIT, OP_VERSION]);

function rounds(body: (maker: InputMaker, random: Random) => void): void {
  const seed = seedFromEnvironment(4711);
  const random = new Random(seed);
  const maker = new InputMaker(random);
  const count = ROUNDS * lengthFactor();
  for (let i = 0; i < count; i++) body(maker, random);
}

// What holds for every answer of a parser.
function checkAnswer(
  status: number,
  command: Command,
  from: number,
  to: number,
): void {
  const known = [NEED_MORE, COMPLETE, HAS_BODY, REFUSED, HANG_UP];
  assert(known.includes(status), `status ${status}`);
  if (status === COMPLETE || status === HAS_BODY || status === REFUSED) {
    assert(command.next > from && command.next <= to, "it makes progress");
  }
  if (status === HAS_BODY) assert(command.valueLength >= 0);
  if (status === REFUSED) assert(command.swallow >= 0);
}

function checkTextKey(command: Command): void {
  const { key, keyAt, keyLength, isBinaryKey } = command;
  assert(keyLength >= 1 && keyLength <= KEY_BYTES_MAX, `key of ${keyLength}`);
  if (isBinaryKey) return;
  for (let i = keyAt; i < keyAt + keyLength; i++) {
    assert(key.u8[i] !== 32 && key.u8[i] !== 10, "a key has space or LF");
  }
}

function checkFlags(command: Command): void {
  assert(command.flagCount <= META_TOKENS_MAX);
  const letters = new Set<number>();
  for (let i = 0; i < command.flagCount; i++) {
    assert(!letters.has(command.flagLetter[i]), "a flag is there twice");
    letters.add(command.flagLetter[i]);
    if (command.flagLetter[i] !== 79) continue;
    assert(command.flagLength[i] <= OPAQUE_BYTES_MAX);
  }
}

function checkKeys(input: Bytes, command: Command): void {
  let at = command.keysAt;
  for (;;) {
    const found = nextKey(input, at, command.next, command);
    if (found === KEYS_END || found === KEY_TOO_LONG) return;
    assertEquals(found, KEY, "a complete get line has no half key");
    checkTextKey(command);
    assert(command.keysAt > at);
    at = command.keysAt;
  }
}

Deno.test("the text parser keeps its promises on any input", () => {
  const parser = new TextParser();
  const command = new Command();
  rounds((maker) => {
    const input = Bytes.from(toLatin1(maker.any()));
    const to = input.capacity;
    for (let from = 0; from < to;) {
      const status = parser.parse(input, from, to, command);
      checkAnswer(status, command, from, to);
      if (status === NEED_MORE || status === HANG_UP) break;
      if (status === REFUSED) {
        assert(command.error >= 0 && command.error < ERROR_TEXTS.length);
      } else if (command.op <= OP_GATS) checkKeys(input, command);
      else if (!WITHOUT_KEY.has(command.op)) {
        checkTextKey(command);
        checkFlags(command);
      }
      from = command.next;
      if (status === HAS_BODY) from += command.valueLength + 2;
      command.flagCount = 0;
    }
  });
});

Deno.test("a text command that is cut anywhere waits for more", () => {
  const parser = new TextParser();
  const command = new Command();
  rounds((maker, random) => {
    const input = Bytes.from(toLatin1(maker.text()));
    const whole = parser.parse(input, 0, input.capacity, command);
    if (whole !== COMPLETE && whole !== HAS_BODY) return;
    const { op, next } = command;
    const cut = random.below(next);
    assertEquals(parser.parse(input, 0, cut, command), NEED_MORE);
    assertEquals(parser.parse(input, 0, input.capacity, command), whole);
    assertEquals([command.op, command.next], [op, next]);
  });
});

Deno.test("the binary parser keeps its promises on any input", () => {
  const command = new Command();
  rounds((maker) => {
    const input = Bytes.from(toLatin1(maker.any()));
    const to = input.capacity;
    for (let from = 0; from < to;) {
      const status = parseBinary(input, from, to, command);
      checkAnswer(status, command, from, to);
      if (status === NEED_MORE || status === HANG_UP) break;
      if (status === REFUSED && command.closes) break;
      if (status !== REFUSED) {
        assert(isBinaryOpcode(command.op));
        assert(command.keyLength <= KEY_BYTES_MAX);
        assert(command.keyAt + command.keyLength === command.next);
      }
      from = command.next + (status === REFUSED ? command.swallow : 0);
      if (status === HAS_BODY) from += command.valueLength;
    }
  });
});

Deno.test("base64 reads what it wrote, and anything else without harm", () => {
  const target = new Uint8Array(400), text = new Uint8Array(600);
  rounds((_maker, random) => {
    const bytes = random.bytes(random.between(1, 250));
    const end = encodeBase64(bytes, 0, bytes.length, text, 0);
    assertEquals(decodeBase64(text, 0, end, target), bytes.length);
    assertEquals(target.slice(0, bytes.length), bytes);
    const length = decodeBase64(bytes, 0, bytes.length, target);
    assert(length >= -1 && length <= bytes.length);
  });
});
