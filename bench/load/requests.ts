/**
 * Owns the bytes of requests. A batch is laid out once for each connection;
 * afterwards only the digits of its keys change, so a request costs two
 * stores and no copy, whatever the size of its value.
 *
 * @module
 */
import { Client } from "./client.ts";
import type { LoadOptions, Mode } from "./options.ts";

/** Every key is "key:" and eight digits. */
export const KEY_PREFIX = "key:";
export const KEY_DIGITS = 8;

/** One request in this many of a mix stores. */
const MIX_RATIO = 10;

const BINARY_HEADER_BYTES = 24;

/** The digits of 0..9999, four characters as a little-endian word. */
const FOUR_DIGITS = new Int32Array(10_000);
for (let i = 0; i < 10_000; i++) {
  const text = String(i).padStart(4, "0");
  for (let j = 3; j >= 0; j--) {
    FOUR_DIGITS[i] = (FOUR_DIGITS[i] << 8) | text.charCodeAt(j);
  }
}

/** The characters of `text`, one byte each. */
function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

const NO_KEY = KEY_PREFIX + "0".repeat(KEY_DIGITS);

/** One request of `mode` with zeros for digits. */
function template(mode: Mode, options: LoadOptions): Uint8Array<ArrayBuffer> {
  const { valueBytes, mgetKeys } = options;
  const body = () => "x".repeat(valueBytes) + "\r\n";
  switch (mode) {
    case "mget":
      return bytesOf("get" + ` ${NO_KEY}`.repeat(mgetKeys) + "\r\n");
    case "mg":
      return bytesOf(`mg ${NO_KEY} v\r\n`);
    case "ms":
      return bytesOf(`ms ${NO_KEY} ${valueBytes}\r\n` + body());
    case "set":
    case "fill":
      return bytesOf(`set ${NO_KEY} 0 0 ${valueBytes}\r\n` + body());
    case "bget": {
      const packet = new Uint8Array(BINARY_HEADER_BYTES + NO_KEY.length);
      const view = new DataView(packet.buffer);
      view.setUint8(0, 0x80);
      view.setUint16(2, NO_KEY.length);
      view.setUint32(8, NO_KEY.length);
      packet.set(bytesOf(NO_KEY), BINARY_HEADER_BYTES);
      return packet;
    }
    default:
      return bytesOf(`get ${NO_KEY}\r\n`);
  }
}

/** Where a template has the digits of its first key. */
function digitsOf(bytes: Uint8Array): number {
  return bytes.indexOf(KEY_PREFIX.charCodeAt(3)) + 1;
}

/** Writes the requests of one run. */
export class Requests {
  readonly #options: LoadOptions;
  /** Keys in one request. */
  readonly keysEach: number;
  readonly #plain: Uint8Array<ArrayBuffer>;
  readonly #plainDigits: number;
  readonly #storing: Uint8Array<ArrayBuffer>;
  readonly #storingDigits: number;
  #random: number;
  /** The next key of a fill. */
  #next = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    const { mode } = options;
    this.keysEach = mode === "mget" ? options.mgetKeys : 1;
    this.#plain = template(mode, options);
    this.#plainDigits = digitsOf(this.#plain);
    this.#storing = mode === "mix" ? template("set", options) : this.#plain;
    this.#storingDigits = digitsOf(this.#storing);
    // Any seed but 0 will do; neighbours must not begin alike.
    this.#random = Math.imul(options.seed + 1, 0x9e3779b1) | 1;
  }

  /** A connection with its batch laid out. */
  createClient(index: number): Client {
    const { pipe } = this.#options;
    const most = Math.max(this.#plain.length, this.#storing.length);
    const client = new Client(index, most * pipe, pipe);
    for (let i = 0; i < pipe; i++) {
      const at = i * this.#plain.length;
      client.out.set(this.#plain, at);
      client.digitsAt[i] = at + this.#plainDigits;
      // The reply repeats it, which tells that the order was kept.
      if (this.#options.mode === "bget") client.outView.setUint32(at + 12, i);
    }
    return client;
  }

  /** True once a fill has asked for every key. */
  get isExhausted(): boolean {
    return this.#options.mode === "fill" && this.#next >= this.#options.keys;
  }

  /** Makes the next batch; returns its number of requests. */
  write(client: Client): number {
    const { mode, pipe } = this.#options;
    client.sentBytes = 0;
    client.answered = 0;
    client.keyIndex = 0;
    if (mode === "mix") return this.#writeMix(client);
    if (mode === "fill") return this.#writeFill(client);
    const { outView, digitsAt } = client;
    const stride = 1 + KEY_PREFIX.length + KEY_DIGITS;
    for (let i = 0; i < pipe; i++) {
      let at = digitsAt[i];
      for (let key = 0; key < this.keysEach; key++, at += stride) {
        putDigits(outView, at, this.#randomKey());
      }
    }
    client.outBytes = pipe * this.#plain.length;
    client.asked = pipe;
    return pipe;
  }

  #writeFill(client: Client): number {
    const { pipe, keys, first } = this.#options;
    const count = Math.min(pipe, keys - this.#next);
    for (let i = 0; i < count; i++) {
      putDigits(client.outView, client.digitsAt[i], first + this.#next++);
    }
    client.outBytes = count * this.#plain.length;
    client.asked = count;
    return count;
  }

  #writeMix(client: Client): number {
    const { pipe } = this.#options;
    const { out, outView, digitsAt, stores } = client;
    let at = 0;
    for (let i = 0; i < pipe; i++) {
      const isStore = this.#nextRandom() % MIX_RATIO === 0;
      const bytes = isStore ? this.#storing : this.#plain;
      out.set(bytes, at);
      digitsAt[i] = at + (isStore ? this.#storingDigits : this.#plainDigits);
      stores[i] = isStore ? 1 : 0;
      putDigits(outView, digitsAt[i], this.#randomKey());
      at += bytes.length;
    }
    client.outBytes = at;
    client.asked = pipe;
    return pipe;
  }

  #randomKey(): number {
    const { first, keys } = this.#options;
    return first + this.#nextRandom() % keys;
  }

  // Marsaglia's xorshift of 32 bits; 31 of them are returned.
  #nextRandom(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return x >>> 1;
  }

  /** A number 0..1, exclusive of both. */
  randomShare(): number {
    return (this.#nextRandom() + 0.5) / 0x80000000;
  }
}

function putDigits(view: DataView, at: number, key: number): void {
  const high = (key / 10_000) | 0;
  view.setInt32(at, FOUR_DIGITS[high], true);
  view.setInt32(at + 4, FOUR_DIGITS[key - high * 10_000], true);
}
