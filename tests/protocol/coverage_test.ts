/**
 * Checks that the transcripts leave nothing out: every command, opcode and
 * flag is sent, every error is expected, and no mark is without its reason.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { STATUS_AUTH_CONTINUE } from "../../src/protocol/binary.ts";
import * as binary from "../../src/protocol/binary.ts";
import * as commands from "../../src/protocol/commands.ts";
import {
  ERROR_NONE,
  ERROR_TEXTS,
  NO_MEMORY_WRITING,
} from "../../src/protocol/errors.ts";
import { TRANSCRIPTS } from "./table.ts";
import { exchangesOf, requestsOf } from "./transcript.ts";

const EXCHANGES = TRANSCRIPTS.flatMap(exchangesOf);
const REQUESTS = TRANSCRIPTS.flatMap(requestsOf);
const REPLIES = EXCHANGES.map(([, reply]) => reply);

/** What the issue asks for, by far. */
const EXCHANGES_MIN = 1000;

const HEADER_BYTES = 24;

/** The flags of each meta command (memcached's doc/protocol.txt); P and L are
 * for proxies. */
const META_FLAGS: Record<string, string> = {
  mg: "bcfhklOqstuvCENRTPL",
  ms: "bcCEFIkOqsTMNPL",
  md: "bCEIkOqTxPL",
  ma: "bCENJDTMOqtcvkPL",
};

/** Errors that no transcript can bring about, and the tests that do. */
const ELSEWHERE = new Map<number, string>([
  [NO_MEMORY_WRITING, "../e2e/slow_readers_test.ts"],
]);

/** Numbers of the constants of a module whose names begin like this. */
function constants(module: object, prefix: string): [string, number][] {
  return Object.entries(module).filter(([name]) => name.startsWith(prefix));
}

/** The first words of all lines that are sent; a value may be among them. */
function firstWords(): Set<string> {
  const lines = REQUESTS.flatMap((request) => request.split("\n"));
  return new Set(lines.map((line) => line.trim().split(" ")[0]));
}

/** Bytes 0..5 of the packets that a text consists of, by their headers. */
function* packets(text: string, magic: number): Generator<string> {
  const byte = (at: number) => text.charCodeAt(at);
  for (let at = 0; at + HEADER_BYTES <= text.length;) {
    if (byte(at) !== magic) return;
    yield text.slice(at, at + HEADER_BYTES);
    const bodyBytes = (byte(at + 8) << 24) | (byte(at + 9) << 16) |
      (byte(at + 10) << 8) | byte(at + 11);
    at += HEADER_BYTES + bodyBytes;
  }
}

Deno.test("there are more transcripts than were asked for", () => {
  assert(EXCHANGES.length >= EXCHANGES_MIN, `${EXCHANGES.length} exchanges`);
});

Deno.test("every transcript has a name of its own, and exchanges", () => {
  const names = TRANSCRIPTS.map(({ name }) => name);
  assertEquals(names.filter((name, i) => names.indexOf(name) !== i), []);
  for (const transcript of TRANSCRIPTS) {
    assert(exchangesOf(transcript).length > 0, transcript.name);
  }
});

Deno.test("marks are versions and reasons", () => {
  for (const transcript of TRANSCRIPTS) {
    const { name, steps, whole, sockets, memory } = transcript;
    const parts = steps.filter((step) => "steps" in step);
    for (const { since, differs } of [transcript, ...parts]) {
      if (since !== undefined) assert(/^1\.6\.\d+$/.test(since), name);
      if (differs !== undefined) assert(differs.includes(" "), name);
    }
    for (const reason of [whole, sockets, memory]) {
      if (reason !== undefined) assert(reason.includes(" "), name);
    }
    for (const part of parts) {
      assert(part.since !== undefined || part.differs !== undefined, name);
    }
  }
});

Deno.test("every text command is sent", () => {
  const words = firstWords();
  const missing = commands.COMMANDS
    .filter(({ dialect }) => dialect !== "binary")
    .filter(({ name }) => !words.has(name));
  assertEquals(missing, []);
});

Deno.test("every text command is sent as usual by one that all know", () => {
  // A command that only we answer is not compared with anything.
  const shared = TRANSCRIPTS.filter(({ differs }) => differs === undefined)
    .flatMap(({ steps }) => steps)
    .flatMap((step) =>
      !("steps" in step) ? [step] : step.differs === undefined ? step.steps : []
    )
    .flatMap((step) => Array.isArray(step) ? [step[0] as string] : [])
    .join("");
  for (const { name, dialect } of commands.COMMANDS) {
    if (dialect === "binary") continue;
    assert(new RegExp(`(?:^|\n)${name}[ \r]`).test(shared), name);
  }
});

Deno.test("every binary opcode is sent, and so are unknown ones", () => {
  const sent = new Set<number>();
  for (const request of REQUESTS) {
    for (const head of packets(request, 0x80)) sent.add(head.charCodeAt(1));
  }
  const known = constants(commands, "BIN_");
  assert(known.length > 0);
  assertEquals(known.filter(([, opcode]) => !sent.has(opcode)), []);
  const opcodes = new Set(known.map(([, opcode]) => opcode));
  assert([...sent].some((opcode) => !opcodes.has(opcode)));
});

Deno.test("every flag of every meta command is sent", () => {
  const lines = REQUESTS.flatMap((request) => request.split("\r\n"));
  for (const [command, flags] of Object.entries(META_FLAGS)) {
    const sent = new Set<string>();
    for (const line of lines) {
      const [word, , ...rest] = line.split(/ +/);
      if (word !== command) continue;
      for (const flag of command === "ms" ? rest.slice(1) : rest) {
        sent.add(flag.charAt(0));
      }
    }
    const missing = [...flags].filter((flag) => !sent.has(flag));
    assertEquals(missing, [], command);
  }
});

Deno.test("every text error is expected", async () => {
  const expected = REPLIES.join("");
  for (const [number, text] of ERROR_TEXTS.entries()) {
    if (number === ERROR_NONE) continue;
    const path = ELSEWHERE.get(number);
    if (path === undefined) assertStringIncludes(expected, `${text}\r\n`);
    else {
      const source = await Deno.readTextFile(new URL(path, import.meta.url));
      assertStringIncludes(source, text, path);
    }
  }
});

Deno.test("every binary status is expected", () => {
  const expected = new Set<number>();
  for (const reply of REPLIES) {
    // The notation of an id is as long as it likes.
    const plain = reply.replaceAll(/\{cas8:[^}]*\}/g, "\0".repeat(8));
    for (const head of packets(plain, 0x81)) {
      expected.add((head.charCodeAt(6) << 8) | head.charCodeAt(7));
    }
  }
  const known = constants(binary, "STATUS_")
    // Only SASL asks for more, and there is none.
    .filter(([, status]) => status !== STATUS_AUTH_CONTINUE);
  assertEquals(known.filter(([, status]) => !expected.has(status)), []);
});
