/**
 * Owns comparing a reply with what a transcript expects, in the notation of
 * `notation.ts`. Never sends anything.
 *
 * @module
 */
import { type Knowledge, TOKEN } from "./notation.ts";

/** How far a clock may run between two exchanges. */
const SLACK_SECONDS = 9;

/** Bytes that are known. */
interface Literal {
  kind: "literal";
  text: string;
}
/** An id: as which name, which it must not be, and how it is written. */
interface Id {
  kind: "id";
  name: string;
  other: string | undefined;
  pattern: RegExp;
}
/** Anything that has this form. */
interface Form {
  kind: "form";
  pattern: RegExp;
}
/** Anything at all. */
interface Anything {
  kind: "anything";
}
type Part = Literal | Id | Form | Anything;

type Ids = ReadonlyMap<string, bigint>;

const DIGITS = /\d+/y;
const EIGHT_BYTES = /[^]{8}/y;
const WORD = /[^ \r\n]*/y;

/** One of the numbers from..to. */
function range(from: number, to: number): Form {
  const numbers = [];
  for (let n = from; n <= to; n++) numbers.push(n);
  const source = `(?:${numbers.join("|")})(?!\\d)`;
  return { kind: "form", pattern: new RegExp(source, "y") };
}

function partOf(match: RegExpMatchArray, now: number, slack: number): Part {
  const [token, written, name, other, span, seconds, offset, wildcard] = match;
  if (written !== undefined) {
    const pattern = written === "cas8" ? EIGHT_BYTES : DIGITS;
    return { kind: "id", name, other, pattern };
  }
  const count = Number(seconds);
  if (span === "ttl") return range(count - slack, count);
  if (span === "age") return range(count, count + slack);
  if (token.startsWith("{now")) {
    const time = now + Number(offset ?? 0);
    return range(time - slack, time + slack);
  }
  if (wildcard === "n") return { kind: "form", pattern: DIGITS };
  if (wildcard === "*") return { kind: "form", pattern: WORD };
  if (wildcard === "any") return { kind: "anything" };
  return { kind: "literal", text: "" };
}

function toId(written: string, isBinary: boolean): bigint {
  if (!isBinary) return BigInt(written);
  let id = 0n;
  for (const c of written) id = (id << 8n) | BigInt(c.charCodeAt(0));
  return id;
}

/** The ids that are known after `part` was met as `written`; null if that
 * must not be. */
function meet(part: Id, written: string, ids: Ids): Ids | null {
  const id = toId(written, part.pattern === EIGHT_BYTES);
  const known = ids.get(part.name);
  if (known !== undefined) return known === id ? ids : null;
  if (part.other !== undefined && ids.get(part.other) === id) return null;
  return new Map(ids).set(part.name, id);
}

/** A reply as a transcript expects it. */
export class ReplyPattern {
  readonly #parts: Part[] = [];

  constructor(reply: string, knowledge: Knowledge) {
    const slack = knowledge.isExact ? 0 : SLACK_SECONDS;
    let at = 0;
    for (const match of reply.matchAll(TOKEN)) {
      this.#literal(reply.slice(at, match.index));
      this.#parts.push(partOf(match, knowledge.now, slack));
      at = match.index + match[0].length;
    }
    this.#literal(reply.slice(at));
  }

  #literal(text: string): void {
    if (text !== "") this.#parts.push({ kind: "literal", text });
  }

  /** Whether `text` can still become the reply when more arrives. */
  canBecome(text: string): boolean {
    const [first, ...rest] = this.#parts;
    if (first === undefined) return text === "";
    if (first.kind !== "literal") return true;
    if (text.length <= first.text.length) return first.text.startsWith(text);
    return rest.length > 0 && text.startsWith(first.text);
  }

  /** Whether `text` is the whole reply; remembers the ids in it if so. */
  matches(text: string, knowledge: Knowledge): boolean {
    const ids = this.#match(text, 0, 0, knowledge.ids);
    if (ids !== null) knowledge.ids = ids;
    return ids !== null;
  }

  // Matches the parts from `index` on; the ids that are known then, or null.
  #match(text: string, at: number, index: number, ids: Ids): Ids | null {
    const part = this.#parts[index];
    if (part === undefined) return at === text.length ? ids : null;
    if (part.kind === "literal") {
      if (!text.startsWith(part.text, at)) return null;
      return this.#match(text, at + part.text.length, index + 1, ids);
    }
    if (part.kind === "anything") return this.#find(text, at, index + 1, ids);
    part.pattern.lastIndex = at;
    const match = part.pattern.exec(text);
    if (match === null) return null;
    const known = part.kind === "id" ? meet(part, match[0], ids) : ids;
    if (known === null) return null;
    return this.#match(text, at + match[0].length, index + 1, known);
  }

  // Finds the first place from where the parts from `index` on match.
  #find(text: string, at: number, index: number, ids: Ids): Ids | null {
    const next = this.#parts[index];
    if (next === undefined) return ids;
    for (; at <= text.length; at++) {
      if (next.kind === "literal") at = text.indexOf(next.text, at);
      if (at < 0) return null;
      const found = this.#match(text, at, index, ids);
      if (found !== null) return found;
    }
    return null;
  }
}
