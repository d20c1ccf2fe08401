/**
 * Owns a server that answers the driver's sets and gets over Deno's sockets,
 * used as ours does, and does nothing else: no table, no parser, no limits. Its
 * CPU time is about what that I/O costs a server. Never keeps a value: it answers
 * with as many bytes as the last set had.
 *
 * Usage: deno run --allow-net bench/compare/bare.ts PORT
 *
 * @module
 */
import { Bytes, latin1 } from "../../src/base/bytes.ts";
import { Output } from "../../src/protocol/output.ts";
import { socketOf } from "../../src/server/deno_socket.ts";
import { KEY_DIGITS, KEY_PREFIX } from "../load/requests.ts";

const INPUT_BYTES = 64 * 1024;
const KEY_BYTES = KEY_PREFIX.length + KEY_DIGITS;
const GET_KEY_AT = "get ".length;
const GET_BYTES = GET_KEY_AT + KEY_BYTES + 2;
const REPLY_KEY_AT = "VALUE ".length;
const STORED = Bytes.fromLatin1("STORED\r\n");
const LETTER_S = 115, LF = 10;

/** Bytes of the values that gets are answered with, and such an answer, but for
 * the key. */
let valueBytes = 0;
let answer = answerOf(valueBytes);

function answerOf(size: number): Bytes {
  const key = "k".repeat(KEY_BYTES);
  return Bytes.fromLatin1(
    `VALUE ${key} 0 ${size}\r\n${"x".repeat(size)}\r\nEND\r\n`,
  );
}

/** One client of the driver. */
class BareClient {
  readonly #input = new Uint8Array(INPUT_BYTES);
  #held = 0;
  readonly #output = new Output();

  async serve(conn: Deno.TcpConn): Promise<void> {
    conn.setNoDelay();
    const socket = socketOf(conn);
    for (;;) {
      const count = await socket.read(
        this.#held === 0 ? this.#input : this.#input.subarray(this.#held),
      );
      if (!count) return;
      this.#held += count;
      this.#run();
      for (let at = 0; at < this.#output.length;) {
        at += await socket.write(this.#output.filled().subarray(at));
      }
      this.#output.clear();
    }
  }

  #run(): void {
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
    const line = latin1(this.#input, at, end);
    const size = Number(line.trim().split(" ")[4]);
    const used = end + 1 - at + size + 2;
    if (at + used > this.#held) return 0;
    if (size !== valueBytes) answer = answerOf(valueBytes = size);
    this.#output.text(STORED);
    return used;
  }

  #get(at: number): number {
    if (at + GET_BYTES > this.#held) return 0;
    for (let i = 0; i < KEY_BYTES; i++) {
      answer.u8[REPLY_KEY_AT + i] = this.#input[at + GET_KEY_AT + i];
    }
    this.#output.text(answer);
    return GET_BYTES;
  }
}

const port = Number(Deno.args[0]);
for await (const conn of Deno.listen({ hostname: "127.0.0.1", port })) {
  new BareClient().serve(conn)
    // The driver has gone.
    .catch(() => {})
    .finally(() => conn.close());
}
