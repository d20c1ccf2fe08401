/**
 * Owns the classic text commands of the protocol model.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { ModelItem, ProtocolModel } from "./protocol_model.ts";
import { VALUE_MAX } from "./protocol_model.ts";

/** What arithmetic on a value gives; null if it is no number. */
export function arithmetic(
  value: string,
  delta: bigint,
  decrements: boolean,
): bigint | null {
  const digits = /^([0-9]{1,20})( |$)/.exec(value);
  if (digits === null) return null;
  const number = BigInt(digits[1]);
  if (number >= 1n << 64n) return null;
  if (!decrements) return BigInt.asUintN(64, number + delta);
  return number < delta ? 0n : number - delta;
}

/** Sends random classic commands and checks the replies. */
export class ClassicModel {
  readonly #model: ProtocolModel;

  constructor(model: ProtocolModel) {
    this.#model = model;
  }

  step(): void {
    const { random } = this.#model;
    const kind = random.below(100);
    if (kind < 40) this.#get();
    else if (kind < 65) this.#store();
    else if (kind < 72) this.#join();
    else if (kind < 80) this.#cas();
    else if (kind < 88) this.#delta();
    else if (kind < 94) this.#delete();
    else this.#touch();
  }

  #get(): void {
    const model = this.#model;
    const { random } = model;
    const keys = Array.from(
      { length: random.between(1, 4) },
      () => model.key(),
    );
    const verb = random.pick(["get", "get", "gets", "gat"]);
    const [sent, second] = model.exptime();
    const head = verb === "gat" ? `gat ${sent}` : verb;
    const reply = model.text.send(`${head} ${keys.join(" ")}\r\n`);
    let rest = reply;
    for (const key of keys) {
      const item = model.live(key);
      if (item === undefined) continue;
      rest = this.#takeValue(rest, key, item, verb === "gets");
      model.fetch(item);
      if (verb === "gat") item.expiry = second;
    }
    assertEquals(rest, "END\r\n", `${head} ${keys.join(" ")}`);
    for (const key of keys) model.live(key);
  }

  // Takes one VALUE from the front of a reply; returns the rest.
  #takeValue(
    reply: string,
    key: string,
    item: ModelItem,
    showsCas: boolean,
  ): string {
    const { flags, value } = item;
    const head = `VALUE ${key} ${flags} ${value.length}`;
    assert(reply.startsWith(head), `${head} in ${reply.slice(0, 80)}`);
    const end = reply.indexOf("\r\n");
    const cas = reply.slice(head.length, end);
    if (showsCas) this.#model.sawCas(key, item, BigInt(cas.slice(1)));
    else assertEquals(cas, "");
    const at = end + 2;
    assertEquals(reply.slice(at, at + value.length + 2), value + "\r\n");
    return reply.slice(at + value.length + 2);
  }

  #store(): void {
    const model = this.#model;
    const { random } = model;
    const verb = random.pick(["set", "set", "set", "add", "replace"]);
    const key = model.key(), value = model.value();
    const flags = random.oneIn(2) ? 0 : random.uint32();
    const [sent, second] = model.exptime();
    const length = random.oneIn(200) ? VALUE_MAX + 1 : value.length;
    const body = length === value.length ? value : "z".repeat(length);
    const noreply = random.oneIn(10);
    const old = model.live(key);
    const reply = model.text.send(
      `${verb} ${key} ${flags} ${sent} ${length}` +
        `${noreply ? " noreply" : ""}\r\n${body}\r\n`,
    );
    let expected = "STORED\r\n";
    if (length > VALUE_MAX) {
      expected = "SERVER_ERROR object too large for cache\r\n";
      if (verb === "set") model.forget(key);
    } else if ((verb === "add") === (old !== undefined) && verb !== "set") {
      expected = "NOT_STORED\r\n";
      if (old !== undefined) old.accessed = model.now;
    } else model.put(key, value, flags, second);
    assertEquals(reply, noreply ? "" : expected, `${verb} ${key}`);
  }

  #join(): void {
    const model = this.#model;
    const append = model.random.oneIn(2);
    const key = model.key(), added = model.value().slice(0, 500);
    const old = model.live(key);
    const reply = model.text.send(
      `${append ? "append" : "prepend"} ${key} 0 0 ${added.length}\r\n` +
        `${added}\r\n`,
    );
    const total = (old?.value.length ?? 0) + added.length;
    const fits = old !== undefined && total <= VALUE_MAX;
    const done = model.expect(
      key,
      reply,
      fits ? "STORED\r\n" : "NOT_STORED\r\n",
      ["NOT_STORED\r\n"],
    );
    if (!fits || !done || old === undefined) return;
    const value = append ? old.value + added : added + old.value;
    model.put(key, value, old.flags, old.expiry);
  }

  #cas(): void {
    const model = this.#model;
    const key = model.key(), value = model.value();
    const item = model.live(key);
    const known = item !== undefined && item.cas !== null;
    const unique = known && !model.random.oneIn(4) ? item.cas! : 3n;
    const [sent, second] = model.exptime();
    const reply = model.text.send(
      `cas ${key} 7 ${sent} ${value.length} ${unique}\r\n${value}\r\n`,
    );
    if (item === undefined) return assertEquals(reply, "NOT_FOUND\r\n");
    const matches = item.cas !== null && unique === item.cas;
    assertEquals(reply, matches ? "STORED\r\n" : "EXISTS\r\n", key);
    if (matches) model.put(key, value, 7, second);
  }

  #delta(): void {
    const model = this.#model;
    const { random } = model;
    const key = model.key();
    const decrements = random.oneIn(2);
    const delta = random.oneIn(9) ? (1n << 64n) - 1n : BigInt(random.uint32());
    const item = model.live(key);
    const verb = decrements ? "decr" : "incr";
    const reply = model.text.send(`${verb} ${key} ${delta}\r\n`);
    if (item === undefined) return assertEquals(reply, "NOT_FOUND\r\n");
    const result = arithmetic(item.value, delta, decrements);
    if (result === null) {
      return assertEquals(
        reply,
        "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n",
      );
    }
    const done = model.expect(key, reply, `${result}\r\n`, ["NOT_FOUND\r\n"]);
    if (done) changeNumber(model, key, item, result);
  }

  #delete(): void {
    const model = this.#model;
    const key = model.key();
    const item = model.live(key);
    const reply = model.text.send(`delete ${key}\r\n`);
    const expected = item === undefined ? "NOT_FOUND\r\n" : "DELETED\r\n";
    assertEquals(reply, expected);
    model.forget(key);
  }

  #touch(): void {
    const model = this.#model;
    const key = model.key();
    const item = model.live(key);
    const [sent, second] = model.exptime();
    const reply = model.text.send(`touch ${key} ${sent}\r\n`);
    if (item === undefined) return assertEquals(reply, "NOT_FOUND\r\n");
    assertEquals(reply, "TOUCHED\r\n");
    model.fetch(item);
    item.expiry = second;
    model.live(key);
  }
}

/** A number was changed: in place if it fits the old length, as a new item
 * otherwise. */
export function changeNumber(
  model: ProtocolModel,
  key: string,
  item: ModelItem,
  result: bigint,
): void {
  const digits = String(result);
  if (digits.length > item.value.length) {
    const { flags, expiry } = item;
    model.put(key, digits, flags, expiry);
    return;
  }
  item.value = digits.padEnd(item.value.length);
  item.accessed = model.now;
  item.cas = null;
}
