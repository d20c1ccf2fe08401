/**
 * Owns tests of the short way of reading plain lines: it must say what the
 * long way says. Never looks at replies.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Bytes } from "../../../src/base/bytes.ts";
import { KEY_BYTES_MAX } from "../../../src/base/limits.ts";
import { Command, COMPLETE, HAS_BODY } from "../../../src/protocol/command.ts";
import { PlainLine } from "../../../src/protocol/plain_line.ts";
import { TextParser } from "../../../src/protocol/text.ts";
import { Random } from "../../support/random.ts";

const ROUNDS = 5000;

// What the engine may look at after `set` and `mg`.
function fields(command: Command): unknown {
  const { at, flags } = {
    at: command.keyAt,
    flags: [...command.flagLetter.subarray(0, command.flagCount)].map(
      (letter, i) => [letter, command.flagAt[i], command.flagLength[i]],
    ),
  };
  const { op, keyLength, isBinaryKey, quiet, clientFlags, exptime } = command;
  const { hasCompare, hasCas, upperFlags, lowerFlags, mode } = command;
  return {
    ...{ op, at, keyLength, isBinaryKey, quiet, clientFlags, exptime, flags },
    ...{ hasCompare, hasCas, upperFlags, lowerFlags, mode },
    ...{ rawAt: command.rawKeyAt, rawLength: command.rawKeyLength },
    value: command.valueLength,
  };
}

// A line that ends without CR is not plain: it is read the long way.
function bothWays(line: string, status: number): void {
  const parser = new TextParser();
  const short = new Command(), long = new Command();
  // Left over from another command.
  for (const command of [short, long]) {
    const before = Bytes.fromLatin1("ms k 5 T9 F7 q C5 E9 MA b\r\n");
    parser.parse(before, 0, before.capacity, command);
    command.flagCount = 0;
    command.rawKeyAt = command.rawKeyLength = 0;
    command.upperFlags = command.lowerFlags = command.mode = 0;
    command.valueLength = 0;
  }
  const plain = Bytes.fromLatin1(line + "\r\n");
  const other = Bytes.fromLatin1(line + "\n");
  assertEquals(parser.parse(plain, 0, plain.capacity, short), status, line);
  assertEquals(parser.parse(other, 0, other.capacity, long), status, line);
  assertEquals(fields(short), fields(long), line);
  assertEquals(short.next, plain.capacity);
}

function isPlain(line: string): boolean {
  const input = Bytes.fromLatin1(line + "\r\n");
  const command = new Command();
  return line.startsWith("set ")
    ? new PlainLine().set(input, 4, input.capacity, command)
    : new PlainLine().metaGet(input, 3, input.capacity, command);
}

Deno.test("plain set lines are read alike both ways", () => {
  const random = new Random(1);
  for (let i = 0; i < ROUNDS; i++) {
    const key = "k".repeat(random.between(1, KEY_BYTES_MAX));
    const line = `set ${key} ${random.below(1e9)} ${random.below(1e9)} ` +
      random.below(1e9);
    assert(isPlain(line), line);
    bothWays(line, HAS_BODY);
  }
});

Deno.test("plain mg lines are read alike both ways", () => {
  const random = new Random(2);
  for (let i = 0; i < ROUNDS; i++) {
    const letters = [..."cfhklqstuvx"].filter(() => random.below(3) === 0);
    letters.sort(() => random.below(3) - 1);
    if (letters.length === 0) letters.push("v");
    const line = `mg ${"k".repeat(random.between(1, 250))} ` +
      letters.join(" ");
    assert(isPlain(line), line);
    bothWays(line, COMPLETE);
  }
});

Deno.test("what is not plain is left to the long way", () => {
  for (
    const line of [
      "set k 0 0 1 noreply",
      "set  k 0 0 1",
      "set k  0 0 1",
      "set k 0 0 1 ",
      "set k -1 0 1",
      "set k 0 -1 1",
      "set k 0 0 -1",
      "set k 1234567890 0 1",
      "set k 0 0 ",
      "set k 0 0 1x",
      "set k\t 0 0 1",
      `set ${"k".repeat(251)} 0 0 1`,
      "set  0 0 1",
      "mg k",
      "mg k ",
      "mg k b",
      "mg k v v",
      "mg k T5",
      "mg k v  t",
      "mg k j",
      "mg k v ",
      "mg k V",
      "mg  v",
      `mg ${"k".repeat(251)} v`,
      // A twelfth flag is looked at, too.
      "mg k c f h k l q s t u v x b",
      "mg k c f h k l q s t u v x v",
      "mg k c f h k l q s t u v x 1",
    ]
  ) assert(!isPlain(line), line);
});

Deno.test("a plain line that is cut anywhere is not plain", () => {
  for (const line of ["set key 1 2 3", "mg key v f t"]) {
    const input = Bytes.fromLatin1(line + "\r\n");
    const parser = new PlainLine();
    for (let to = 5; to < input.capacity; to++) {
      const command = new Command();
      const isWhole = line.startsWith("set")
        ? parser.set(input, 4, to, command)
        : parser.metaGet(input, 3, to, command);
      assert(!isWhole, `${line} cut at ${to}`);
    }
  }
});
