/**
 * Owns making long scripts of text commands together with the exact replies
 * that they must get, from a seed. Never talks to a server.
 *
 * @module
 */
import type { Random } from "../support/random.ts";

/** A script: what to send, and everything that must come back. */
export interface Script {
  send: string;
  replies: string;
}

interface Item {
  value: string;
  flags: number;
}

/** Makes scripts; it remembers what they have stored. */
export class ScriptWriter {
  readonly #random: Random;
  readonly #prefix: string;
  readonly #keys: number;
  readonly #largest: number;
  readonly #items = new Map<string, Item>();
  #send: string[] = [];
  #replies: string[] = [];

  /** @param largest length of the largest values, which are rare */
  constructor(random: Random, prefix: string, keys: number, largest: number) {
    this.#random = random;
    this.#prefix = prefix;
    this.#keys = keys;
    this.#largest = largest;
  }

  /** A script of so many commands. */
  write(commands: number): Script {
    this.#send = [];
    this.#replies = [];
    for (let i = 0; i < commands; i++) this.#command();
    return { send: this.#send.join(""), replies: this.#replies.join("") };
  }

  #say(command: string, reply: string): void {
    this.#send.push(command);
    this.#replies.push(reply);
  }

  #key(): string {
    return `${this.#prefix}${this.#random.below(this.#keys)}`;
  }

  #value(): string {
    const random = this.#random;
    const length = random.oneIn(100)
      ? random.between(this.#largest >> 1, this.#largest)
      : random.below(60);
    const pattern = `${random.uint32()}\r\n${length} `;
    return pattern.repeat(Math.ceil(length / pattern.length)).slice(0, length);
  }

  #command(): void {
    const random = this.#random;
    switch (random.below(11)) {
      case 0:
      case 1:
        return this.#set();
      case 2:
      case 3:
        return this.#get();
      case 4:
        return this.#add();
      case 5:
        return this.#delete();
      case 6:
        return this.#count();
      case 7:
        return this.#append();
      case 8:
        return this.#metaGet();
      case 9:
        return this.#metaSet();
      default:
        return this.#other();
    }
  }

  #set(): void {
    const item = { value: this.#value(), flags: this.#random.uint32() };
    const key = this.#key();
    this.#items.set(key, item);
    const quiet = this.#random.oneIn(4);
    this.#say(
      `set ${key} ${item.flags} 0 ${item.value.length}` +
        `${quiet ? " noreply" : ""}\r\n${item.value}\r\n`,
      quiet ? "" : "STORED\r\n",
    );
  }

  #get(): void {
    const keys = Array.from(
      { length: this.#random.between(1, 5) },
      () => this.#key(),
    );
    let reply = "";
    for (const key of keys) {
      const item = this.#items.get(key);
      if (item === undefined) continue;
      reply += `VALUE ${key} ${item.flags} ${item.value.length}\r\n` +
        `${item.value}\r\n`;
    }
    this.#say(`get ${keys.join(" ")}\r\n`, reply + "END\r\n");
  }

  #add(): void {
    const key = this.#key();
    const value = this.#value();
    const isNew = !this.#items.has(key);
    if (isNew) this.#items.set(key, { value, flags: 7 });
    this.#say(
      `add ${key} 7 0 ${value.length}\r\n${value}\r\n`,
      isNew ? "STORED\r\n" : "NOT_STORED\r\n",
    );
  }

  #delete(): void {
    const key = this.#key();
    const isDeleted = this.#items.delete(key);
    this.#say(`delete ${key}\r\n`, isDeleted ? "DELETED\r\n" : "NOT_FOUND\r\n");
  }

  #count(): void {
    const key = this.#key();
    const start = this.#random.below(1000);
    const delta = this.#random.below(5000);
    const value = String(start + delta);
    // A number that grows in place has the length it needs: set it first.
    this.#items.set(key, { value, flags: 0 });
    this.#say(
      `set ${key} 0 0 ${String(start).length}\r\n${start}\r\n` +
        `incr ${key} ${delta}\r\n`,
      `STORED\r\n${value}\r\n`,
    );
  }

  #append(): void {
    const key = this.#key();
    const tail = this.#random.oneIn(2) ? "tail" : "\r\n";
    const item = this.#items.get(key);
    const isStored = item !== undefined;
    if (isStored) item.value += tail;
    this.#say(
      `append ${key} 0 0 ${tail.length}\r\n${tail}\r\n`,
      isStored ? "STORED\r\n" : "NOT_STORED\r\n",
    );
  }

  #metaGet(): void {
    const key = this.#key();
    const item = this.#items.get(key);
    const opaque = this.#random.uint32();
    this.#say(
      `mg ${key} s f v O${opaque}\r\n`,
      item === undefined
        ? `EN O${opaque}\r\n`
        : `VA ${item.value.length} s${item.value.length} f${item.flags} ` +
          `O${opaque}\r\n${item.value}\r\n`,
    );
  }

  #metaSet(): void {
    const key = this.#key();
    const value = this.#value();
    this.#items.set(key, { value, flags: 5 });
    this.#say(
      `ms ${key} ${value.length} F5 k\r\n${value}\r\n`,
      `HD k${key}\r\n`,
    );
  }

  #other(): void {
    switch (this.#random.below(3)) {
      case 0:
        return this.#say("mn\r\n", "MN\r\n");
      case 1:
        return this.#say("nonsense\r\n", "ERROR\r\n");
      default: {
        const key = this.#key();
        const isHit = this.#items.has(key);
        this.#say(
          `touch ${key} 0\r\n`,
          isHit ? "TOUCHED\r\n" : "NOT_FOUND\r\n",
        );
      }
    }
  }
}
