/**
 * Owns reading replies: every one is compared with what the request must get,
 * and counted as hit, miss or error. Never touches a socket, never reads a
 * clock.
 *
 * The expected reply is known to the byte, so each form has a fast comparison
 * first; whatever differs is read slowly, to say what it was and to stay in
 * step.
 *
 * @module
 */
import type { Client } from "./client.ts";
import type { Histogram } from "./histogram.ts";
import type { LoadOptions } from "./options.ts";
import { KEY_DIGITS, KEY_PREFIX } from "./requests.ts";

const CR = 13, LF = 10;
const LINE_BYTES_MAX = 2048;
const BINARY_HEADER_BYTES = 24;
const BINARY_EXTRAS_BYTES = 4;
const STATUS_NOT_FOUND = 1;

/** Four characters as a little-endian word. */
function word(text: string): number {
  let value = 0;
  for (let i = 3; i >= 0; i--) value = (value << 8) | text.charCodeAt(i);
  return value;
}

const VALU = word("VALU"), E_KE = word("E ke"), COLON = 0x3a79;
const END = word("END\r"), STOR = word("STOR"), ED = word("ED\r\n");
const HD = word("HD\r\n"), EN = word("EN\r\n");
/** "VALUE " and the key. */
const VALUE_KEY_BYTES = 6 + KEY_PREFIX.length + KEY_DIGITS;
const KEY_STRIDE = 1 + KEY_PREFIX.length + KEY_DIGITS;

// What answers a request.
const VALUES = 0; // VALUE lines and END
const STORED = 1;
const META_VALUE = 2;
const META_STORED = 3;
const PACKET = 4;

/** Received bytes with the two views that reading them needs. */
export interface Received {
  u8: Uint8Array;
  view: DataView;
}

/** The bytes after the key in a VALUE line, or all of a VA line. */
function lineTail(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** Reads the replies of one run and counts them. */
export class Replies {
  hits = 0;
  misses = 0;
  errors = 0;
  /** The first reply that was an error. */
  firstError = "";
  requests = 0;

  readonly #histogram: Histogram;
  readonly #valueBytes: number;
  readonly #keysEach: number;
  readonly #form: number;
  readonly #isMix: boolean;
  readonly #tail: Uint8Array;
  readonly #metaLine: Uint8Array;
  #latencyUs = 0;

  constructor(options: LoadOptions, keysEach: number, histogram: Histogram) {
    const { mode, valueBytes } = options;
    this.#histogram = histogram;
    this.#valueBytes = valueBytes;
    this.#keysEach = keysEach;
    this.#isMix = mode === "mix";
    this.#form = mode === "bget"
      ? PACKET
      : mode === "mg"
      ? META_VALUE
      : mode === "ms"
      ? META_STORED
      : mode === "set" || mode === "fill"
      ? STORED
      : VALUES;
    this.#tail = lineTail(` 0 ${valueBytes}\r\n`);
    this.#metaLine = lineTail(`VA ${valueBytes}\r\n`);
  }

  /**
   * Reads the bytes `from`..`to`; returns where the first incomplete reply
   * starts. Requests that are complete count with `latencyUs`.
   */
  read(
    client: Client,
    received: Received,
    from: number,
    to: number,
    latencyUs: number,
  ): number {
    this.#latencyUs = latencyUs;
    while (from < to) {
      if (client.skipBytes > 0) {
        from = this.#skip(client, received.u8, from, to);
        continue;
      }
      if (client.answered === client.asked) {
        this.fail("a reply that nobody asked for");
        return to;
      }
      const next = this.#reply(client, received, from, to);
      if (next < 0) return from;
      from = next;
    }
    return from;
  }

  #reply(client: Client, received: Received, from: number, to: number): number {
    const { view } = received;
    let form = this.#form;
    if (this.#isMix && client.stores[client.answered] === 1) form = STORED;
    switch (form) {
      case VALUES:
        return this.#values(client, received, from, to);
      case PACKET:
        return this.#packet(client, view, from, to);
      case META_VALUE:
        return this.#metaValue(client, received, from, to);
      case STORED:
        if (
          to - from >= 8 && view.getInt32(from, true) === STOR &&
          view.getInt32(from + 4, true) === ED
        ) {
          this.#finish(client);
          return from + 8;
        }
        break;
      case META_STORED:
        if (to - from >= 4 && view.getInt32(from, true) === HD) {
          this.#finish(client);
          return from + 4;
        }
    }
    return this.#otherLine(client, received.u8, from, to);
  }

  // VALUE <key> <flags> <bytes>, or END.
  #values(client: Client, received: Received, from: number, to: number) {
    const { view, u8 } = received;
    if (to - from < 5) return -1;
    const first = view.getInt32(from, true);
    if (first === END && u8[from + 4] === LF) {
      this.misses += this.#keysEach - client.keyIndex;
      this.#finish(client);
      return from + 5;
    }
    const tailAt = from + VALUE_KEY_BYTES;
    if (to < tailAt + this.#tail.length) {
      return this.#otherLine(client, u8, from, to);
    }
    if (
      first === VALU && view.getInt32(from + 4, true) === E_KE &&
      view.getInt16(from + 8, true) === COLON &&
      this.#isExpectedKey(client, view, from + 10) &&
      matches(u8, tailAt, this.#tail)
    ) {
      this.hits++;
      client.keyIndex++;
      client.skipBytes = this.#valueBytes + 2;
      return tailAt + this.#tail.length;
    }
    return this.#otherLine(client, u8, from, to);
  }

  // Keys that were asked for and left out are misses.
  #isExpectedKey(client: Client, view: DataView, at: number): boolean {
    const { outView } = client;
    const high = view.getInt32(at, true), low = view.getInt32(at + 4, true);
    const firstAt = client.digitsAt[client.answered];
    for (let i = client.keyIndex; i < this.#keysEach; i++) {
      const digitsAt = firstAt + i * KEY_STRIDE;
      if (
        outView.getInt32(digitsAt, true) === high &&
        outView.getInt32(digitsAt + 4, true) === low
      ) {
        this.misses += i - client.keyIndex;
        client.keyIndex = i;
        return true;
      }
    }
    return false;
  }

  #metaValue(client: Client, received: Received, from: number, to: number) {
    const line = this.#metaLine;
    const { view, u8 } = received;
    if (to - from < 4) return -1;
    if (to - from >= line.length && matches(u8, from, line)) {
      this.hits++;
      client.skipBytes = this.#valueBytes + 2;
      return from + line.length;
    }
    if (view.getInt32(from, true) === EN) {
      this.misses++;
      this.#finish(client);
      return from + 4;
    }
    return this.#otherLine(client, u8, from, to);
  }

  #packet(client: Client, view: DataView, from: number, to: number): number {
    if (to - from < BINARY_HEADER_BYTES) return -1;
    const status = view.getUint16(from + 6);
    const bodyBytes = view.getUint32(from + 8);
    const isReply = view.getUint16(from) === 0x8100 &&
      view.getUint32(from + 12) === client.answered;
    if (!isReply) this.fail("a packet that is no reply to this get");
    else if (status === STATUS_NOT_FOUND) this.misses++;
    else if (status !== 0) this.fail(`binary status ${status}`);
    else if (
      view.getUint8(from + 4) !== BINARY_EXTRAS_BYTES ||
      bodyBytes !== BINARY_EXTRAS_BYTES + this.#valueBytes
    ) this.fail(`a body of ${bodyBytes} bytes`);
    else this.hits++;
    client.skipBytes = bodyBytes;
    if (bodyBytes === 0) this.#finish(client);
    return from + BINARY_HEADER_BYTES;
  }

  // Passes over a value; the last bytes must be its line end.
  #skip(client: Client, u8: Uint8Array, from: number, to: number): number {
    const count = Math.min(client.skipBytes, to - from);
    const end = from + count;
    client.skipBytes -= count;
    if (client.skipBytes > 0) return end;
    if (this.#form === PACKET) this.#finish(client);
    else {
      const isEnd = u8[end - 1] === LF && (count < 2 || u8[end - 2] === CR);
      if (!isEnd) this.fail("a value without its line end");
      if (this.#form === META_VALUE) this.#finish(client);
    }
    return end;
  }

  // A line that is not the one expected, or not complete.
  #otherLine(client: Client, u8: Uint8Array, from: number, to: number) {
    let end = from;
    while (end < to && u8[end] !== LF) end++;
    if (end === to) {
      if (to - from < LINE_BYTES_MAX) return -1;
      this.fail("a line without an end");
      return to;
    }
    const line = String.fromCharCode(...u8.subarray(from, end)).trimEnd();
    const words = line.split(" ");
    this.fail(line);
    // To stay in step, the value that follows must be passed over.
    if (words[0] === "VALUE") {
      client.skipBytes = Number(words[3]) + 2;
      client.keyIndex++;
    } else if (words[0] === "VA") client.skipBytes = Number(words[1]) + 2;
    else this.#finish(client);
    return end + 1;
  }

  #finish(client: Client): void {
    client.answered++;
    client.keyIndex = 0;
    this.requests++;
    this.#histogram.add(this.#latencyUs);
  }

  /** Counts an error. */
  fail(what: string): void {
    this.errors++;
    if (this.firstError === "") this.firstError = what.slice(0, 200);
  }
}

function matches(u8: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) {
    if (u8[at + i] !== expected[i]) return false;
  }
  return true;
}
