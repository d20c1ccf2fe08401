/**
 * Owns playing a transcript against a server, in memory or behind a socket,
 * with its requests cut into pieces in any way. Never decides what to play.
 *
 * @module
 */
import { assertEquals, fail } from "@std/assert";
import { pause } from "../support/memcached.ts";
import {
  asksForTime,
  closes,
  fillRequest,
  type Knowledge,
} from "./notation.ts";
import { ReplyPattern } from "./reply_pattern.ts";
import { type Exchange, stepsOf, type Transcript } from "./transcript.ts";

/** One connection to a server. */
export interface Wire {
  /** Sends the pieces one after the other, and collects what comes back until
   * `isDone` says so or, if it `ends`, the connection does. */
  exchange(
    pieces: string[],
    isDone: (reply: string) => boolean,
    ends: boolean,
  ): Promise<string>;
  /** Whether the server has ended it. */
  readonly isClosed: boolean;
  close(): void;
}

/** A server that transcripts can be played against. */
export interface Peer {
  connect(): Promise<Wire>;
  /** Whether the clock stands still between steps. */
  readonly isExact: boolean;
  /** Whether it may ask to come again later, as memcached's crawler does. */
  readonly isBusyAtTimes: boolean;
  unixTime(): Promise<number>;
  advance(seconds: number): Promise<void>;
}

/** Cuts a request into pieces. */
export type Cut = (request: string) => string[];

export const WHOLE: Cut = (request) => [request];

/** Above this the middle of a request goes in larger pieces. */
const SINGLE_BYTES_MAX = 4000;
const LARGE_PIECE_BYTES = 509;
const EDGE_BYTES = 300;

/** One byte at a time; the middle of a long request in larger pieces. */
export const BYTES: Cut = (request) => {
  if (request === "") return [request];
  if (request.length <= SINGLE_BYTES_MAX) return request.split("");
  const pieces = request.slice(0, EDGE_BYTES).split("");
  const end = request.length - EDGE_BYTES;
  for (let at = EDGE_BYTES; at < end; at += LARGE_PIECE_BYTES) {
    pieces.push(request.slice(at, Math.min(end, at + LARGE_PIECE_BYTES)));
  }
  return pieces.concat(request.slice(end).split(""));
};

/** In two, after `count` bytes. */
export function after(count: number): Cut {
  return (request) =>
    count > 0 && count < request.length
      ? [request.slice(0, count), request.slice(count)]
      : [request];
}

const MAGIC = "\x80";
const TEXT_FENCE: Exchange = ["mn\r\n", "MN\r\n"];
const NOOP = MAGIC + "\x0a" + "\0".repeat(22);
const BINARY_FENCE: Exchange = [NOOP, NOOP.replace(MAGIC, "\x81")];

const BUSY = "BUSY currently processing crawler request\r\n";
const BUSY_TRIES = 200;
const BUSY_PAUSE_MS = 50;

/** A reply, short enough to be read. */
function shown(text: string): string {
  const quoted = JSON.stringify(text);
  if (quoted.length <= 600) return quoted;
  return `${quoted.slice(0, 400)}...${quoted.slice(-150)} (${text.length})`;
}

/** One run of one transcript. */
class Play {
  readonly #peer: Peer;
  readonly #cut: Cut;
  readonly #name: string;
  readonly #wires = new Map<string, Wire>();
  readonly #fences = new Map<string, Exchange>();
  readonly #knowledge: Knowledge;

  constructor(peer: Peer, cut: Cut, name: string) {
    this.#peer = peer;
    this.#cut = cut;
    this.#name = name;
    this.#knowledge = { ids: new Map(), now: 0, isExact: peer.isExact };
  }

  async run(transcript: Transcript): Promise<void> {
    try {
      for (const step of stepsOf(transcript)) {
        if ("advance" in step) await this.#peer.advance(step.advance);
        else await this.#exchange(step);
      }
      if (!transcript.endsOpen) await this.#fence();
    } finally {
      for (const wire of this.#wires.values()) wire.close();
    }
  }

  // Whatever was answered too much comes before the answer to this.
  async #fence(): Promise<void> {
    for (const name of this.#wires.keys()) {
      const [request, reply] = this.#fences.get(name)!;
      await this.#exchange([request, reply, name]);
    }
  }

  async #wire(name: string, request: string): Promise<Wire> {
    const known = this.#wires.get(name);
    if (known !== undefined) return known;
    const wire = await this.#peer.connect();
    this.#wires.set(name, wire);
    const isBinary = request.startsWith(MAGIC);
    this.#fences.set(name, isBinary ? BINARY_FENCE : TEXT_FENCE);
    return wire;
  }

  async #exchange([request, reply, name = ""]: Exchange): Promise<void> {
    const knowledge = this.#knowledge;
    if (asksForTime(request + reply)) {
      knowledge.now = await this.#peer.unixTime();
    }
    const pattern = new ReplyPattern(reply, knowledge);
    const wire = await this.#wire(name, request);
    const sent = fillRequest(request, knowledge);
    const ends = closes(reply);
    const isDone = (text: string) =>
      pattern.matches(text, knowledge) || !pattern.canBecome(text);
    let got = await wire.exchange(this.#cut(sent), isDone, ends);
    for (let i = 0; i < BUSY_TRIES && got === BUSY; i++) {
      if (!this.#peer.isBusyAtTimes) break;
      await pause(BUSY_PAUSE_MS);
      got = await wire.exchange(this.#cut(sent), isDone, ends);
    }
    const where = `${this.#name}\n  sent:     ${shown(sent)}`;
    if (!pattern.matches(got, knowledge)) {
      fail(`${where}\n  expected: ${shown(reply)}\n  got:      ${shown(got)}`);
    }
    assertEquals(wire.isClosed, ends, `${where}\n  closed`);
    if (ends) this.#wires.delete(name);
  }
}

/** Plays a transcript; throws what differs. */
export async function play(
  transcript: Transcript,
  peer: Peer,
  cut: Cut = WHOLE,
): Promise<void> {
  await new Play(peer, cut, transcript.name).run(transcript);
}
