/**
 * Owns a server that answers the driver's sets and gets over Deno's sockets
 * and does nothing else: no table, no parser, no limits. Its CPU time is about
 * what that I/O costs a server. Never keeps a value: it answers with as many
 * bytes as the last set had.
 *
 * Usage: deno run --allow-net bench/compare/bare.ts PORT
 *
 * @module
 */
import { toLatin1 } from "../../src/base/bytes.ts";
import { KEY_DIGITS, KEY_PREFIX } from "../load/requests.ts";

const INPUT_BYTES = 64 * 1024;
const KEY_BYTES = KEY_PREFIX.length + KEY_DIGITS;
const GET_KEY_AT = "get ".length;
const GET_BYTES = GET_KEY_AT + KEY_BYTES + 2;
const REPLY_KEY_AT = "VALUE ".length;
const STORED = toLatin1("STORED\r\n");
const LETTER_S = 115, LF = 10;

/** Bytes of the values that gets are answered with. */
let valueBytes = 0;

/** One client of the driver. */
class BareClient {
  readonly #input = new Uint8Array(INPUT_BYTES);
  #held = 0;
  #output = new Uint8Array(0);
  #length = 0;
  /** The reply to a get, but for the key; made anew for another size. */
  #reply = new Uint8Array(0);
  #replyValueBytes = -1;

  async serve(conn: Deno.TcpConn): Promise<void> {
    conn.setNoDelay();
    for (;;) {
      const count = await conn.read(
        this.#held === 0 ? this.#input : this.#input.subarray(this.#held),
      );
      if (count === null) return;
      this.#held += count;
      this.#answer();
      for (let at = 0; at < this.#length;) {
        at += await conn.write(this.#output.subarray(at, this.#length));
      }
      this.#length = 0;
    }
  }

  #answer(): void {
    let at = 0;
    for (let used = -1; used !== 0 && at < this.#held; at += used) {
      used = this.#input[at] === LETTER_S ? this.#set(at) : this.#get(at);
    }
    this.#input.copyWithin(0, at, this.#held);
    this.#held -= at;
  }

  // Returns the bytes of the command at `at`, or 0 if it is not complete.
  #set(at: number): number {
    const end = this.#input.indexOf(LF, at);
    if (end < 0 || end >= this.#held) return 0;
    const line = this.#input.subarray(at, end);
    const size = Number(String.fromCharCode(...line).trim().split(" ")[4]);
    const used = end + 1 - at + size + 2;
    if (at + used > this.#held) return 0;
    valueBytes = size;
    this.#append(STORED);
    return used;
  }

  #get(at: number): number {
    if (at + GET_BYTES > this.#held) return 0;
    if (this.#replyValueBytes !== valueBytes) {
      this.#replyValueBytes = valueBytes;
      const value = "x".repeat(valueBytes);
      const key = "k".repeat(KEY_BYTES);
      this.#reply = toLatin1(
        `VALUE ${key} 0 ${valueBytes}\r\n${value}\r\nEND\r\n`,
      );
    }
    for (let i = 0; i < KEY_BYTES; i++) {
      this.#reply[REPLY_KEY_AT + i] = this.#input[at + GET_KEY_AT + i];
    }
    this.#append(this.#reply);
    return GET_BYTES;
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#output.length) {
      const output = new Uint8Array(2 * needed);
      output.set(this.#output.subarray(0, this.#length));
      this.#output = output;
    }
    this.#output.set(bytes, this.#length);
    this.#length = needed;
  }
}

const port = Number(Deno.args[0]);
for await (const conn of Deno.listen({ hostname: "127.0.0.1", port })) {
  new BareClient().serve(conn)
    // The driver has gone.
    .catch(() => {})
    .finally(() => conn.close());
}
