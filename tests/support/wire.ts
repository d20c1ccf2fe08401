/**
 * Owns a client that sends and expects exact bytes over a real socket, of any
 * amount, with a deadline for every wait. Never parses values.
 *
 * @module
 */
import { latin1, toLatin1 } from "../../src/base/bytes.ts";

/** Longest wait for the next bytes: a stuck server fails the test. */
const DEADLINE_MS = 60_000;
const BUFFER_BYTES = 256 * 1024;
const LF = 10;

/** One connection to a server. */
export class Wire {
  readonly conn: Deno.Conn;
  #buffer = new Uint8Array(0);
  #from = 0;
  #to = 0;
  #isClosed = false;

  constructor(conn: Deno.Conn) {
    this.conn = conn;
  }

  /** Connects to a port of the loopback. */
  static async tcp(port: number, hostname = "127.0.0.1"): Promise<Wire> {
    const conn = await Deno.connect({ hostname, port });
    conn.setNoDelay(true);
    return new Wire(conn);
  }

  static async unix(path: string): Promise<Wire> {
    return new Wire(await Deno.connect({ transport: "unix", path }));
  }

  /** Sends characters, one byte each, or bytes. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? toLatin1(data) : data;
    for (let at = 0; at < bytes.length;) {
      at += await this.conn.write(bytes.subarray(at));
    }
  }

  /** Takes the next line, without its CR LF. */
  async line(): Promise<string> {
    for (let looked = 0;;) {
      const end = this.#buffer.subarray(0, this.#to)
        .indexOf(LF, this.#from + looked);
      if (end >= 0) {
        const text = latin1(this.#buffer, this.#from, end);
        this.#from = end + 1;
        if (!text.endsWith("\r")) throw new Error(`no CR after ${text}`);
        return text.slice(0, -1);
      }
      looked = this.#to - this.#from;
      await this.#more(looked + 1);
    }
  }

  /** Takes lines up to and including `last`; it is left out. */
  async lines(last = "END"): Promise<string[]> {
    const all: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line === last) return all;
      all.push(line);
    }
  }

  /** Takes exactly `count` bytes. */
  async take(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count;) {
      const part = await this.#some(count - at);
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** Takes what is there, waiting for the first byte. */
  async piece(): Promise<string> {
    const bytes = await this.#some(BUFFER_BYTES);
    return latin1(bytes, 0, bytes.length);
  }

  /** The next bytes must be these. */
  async expect(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? toLatin1(data) : data;
    for (let at = 0; at < bytes.length;) {
      const part = await this.#some(bytes.length - at);
      for (let i = 0; i < part.length; i++) {
        if (part[i] !== bytes[at + i]) {
          const got = latin1(part, i, Math.min(part.length, i + 60));
          const wanted = latin1(bytes, at + i, Math.min(bytes.length, at + 60));
          throw new Error(
            `byte ${at + i}: got ${JSON.stringify(got)}, ` +
              `not ${JSON.stringify(wanted)}`,
          );
        }
      }
      at += part.length;
    }
  }

  /** Sends and takes the replies at the same time, as long as both last. */
  async exchange(
    send: string | Uint8Array | (() => Promise<void>),
    replies: string | Uint8Array,
  ): Promise<void> {
    const sending = typeof send === "function" ? send() : this.send(send);
    await Promise.all([sending, this.expect(replies)]);
  }

  /** The server must close now, without further bytes. */
  async expectEnd(): Promise<void> {
    const rest = await this.rest();
    if (rest !== "") throw new Error(`not closed: ${JSON.stringify(rest)}`);
  }

  /** Takes everything until the server closes. */
  async rest(): Promise<string> {
    let text = "";
    for (;;) {
      text += latin1(this.#buffer, this.#from, this.#to);
      this.#from = this.#to = 0;
      if (!await this.#fill(1)) return text;
    }
  }

  /** Sends a command and takes the line that answers it. */
  async ask(command: string): Promise<string> {
    await this.send(command + "\r\n");
    return await this.line();
  }

  /** Stores a value. */
  async set(key: string, value: Uint8Array | string): Promise<string> {
    const bytes = typeof value === "string" ? toLatin1(value) : value;
    await this.send(`set ${key} 0 0 ${bytes.length}\r\n`);
    await this.send(bytes);
    return await this.ask("");
  }

  /** Gets a key; its value must be these bytes. */
  async expectValue(key: string, value: Uint8Array): Promise<void> {
    await this.send(`get ${key}\r\n`);
    await this.expect(`VALUE ${key} 0 ${value.length}\r\n`);
    await this.expect(value);
    await this.expect("\r\nEND\r\n");
  }

  /** The statistics of a group by name. */
  async stats(group = ""): Promise<Map<string, string>> {
    await this.send(`stats ${group}`.trimEnd() + "\r\n");
    const stats = new Map<string, string>();
    for (const line of await this.lines()) {
      const match = /^STAT (\S+) (.*)$/.exec(line);
      if (match === null) throw new Error(`no statistic: ${line}`);
      if (stats.has(match[1])) throw new Error(`twice: ${match[1]}`);
      stats.set(match[1], match[2]);
    }
    return stats;
  }

  /** One number of `stats`. */
  async stat(name: string): Promise<number> {
    const value = (await this.stats()).get(name);
    if (value === undefined) throw new Error(`no statistic ${name}`);
    return Number(value);
  }

  /** No more will be sent. */
  async closeWrite(): Promise<void> {
    await (this.conn as Deno.TcpConn).closeWrite();
  }

  /**
   * Closes so that the server sees a reset: with one byte of a reply taken
   * and the others left, the system answers what comes with RST.
   */
  async reset(): Promise<void> {
    const one = await this.conn.read(new Uint8Array(1));
    if (one !== 1) throw new Error("nothing to leave unread");
    this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.conn.close();
    } catch {
      // The deadline was faster.
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  // ---- reading ----

  async #some(most: number): Promise<Uint8Array> {
    if (this.#from === this.#to) await this.#more(1);
    const count = Math.min(most, this.#to - this.#from);
    this.#from += count;
    return this.#buffer.subarray(this.#from - count, this.#from);
  }

  async #more(needed: number): Promise<void> {
    if (await this.#fill(needed)) return;
    const held = latin1(this.#buffer, this.#from, this.#to).slice(0, 200);
    throw new Error(`closed by the server after ${JSON.stringify(held)}`);
  }

  // Reads once, with room for `needed` bytes in all; false at the end.
  async #fill(needed: number): Promise<boolean> {
    if (this.#buffer.length === 0) this.#buffer = new Uint8Array(BUFFER_BYTES);
    if (this.#from > 0) {
      this.#buffer.copyWithin(0, this.#from, this.#to);
      this.#to -= this.#from;
      this.#from = 0;
    }
    if (this.#buffer.length < needed) {
      const larger = new Uint8Array(needed * 2);
      larger.set(this.#buffer.subarray(0, this.#to));
      this.#buffer = larger;
    }
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.close();
    }, DEADLINE_MS);
    try {
      const count = await this.conn.read(this.#buffer.subarray(this.#to));
      this.#to += count ?? 0;
      return count !== null;
    } catch (error) {
      if (isLate) throw new Error(`no answer within ${DEADLINE_MS} ms`);
      if (error instanceof Deno.errors.ConnectionReset) return false;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
