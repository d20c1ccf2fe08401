/**
 * Owns the binary commands of the protocol model.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  bigEndian,
  packet,
  readReplies,
  type Reply,
} from "../support/packets.ts";
import { arithmetic, changeNumber } from "./classic_model.ts";
import type { ModelItem, ProtocolModel } from "./protocol_model.ts";
import { VALUE_MAX } from "./protocol_model.ts";

const NOT_FOUND = 1, EXISTS = 2, NOT_STORED = 5, NON_NUMERIC = 6;
const NEVER_CREATE = 0xffffffff;

/** Sends random binary packets and checks the replies. */
export class BinaryModel {
  readonly #model: ProtocolModel;
  #opaque = 0;

  constructor(model: ProtocolModel) {
    this.#model = model;
  }

  step(): void {
    const kind = this.#model.random.below(100);
    if (kind < 40) this.#get();
    else if (kind < 65) this.#store();
    else if (kind < 74) this.#join();
    else if (kind < 84) this.#delta();
    else if (kind < 92) this.#delete();
    else this.#touch();
  }

  // Sends a packet and returns its one reply, null if there is none.
  #ask(parts: Parameters<typeof packet>[0]): Reply | null {
    const opaque = ++this.#opaque;
    const text = this.#model.binary.sendBytes(
      Uint8Array.from(packet({ ...parts, opaque }), (c) => c.charCodeAt(0)),
    );
    const replies = readReplies(text);
    if (replies.length === 0) return null;
    assertEquals(replies.length, 1);
    assertEquals(replies[0].opaque, opaque);
    assertEquals(replies[0].opcode, parts.opcode);
    return replies[0];
  }

  #get(): void {
    const model = this.#model;
    const key = model.key();
    const opcode = model.random.pick([0x00, 0x09, 0x0c, 0x0d]);
    const reply = this.#ask({ opcode, key });
    const item = model.live(key);
    const isQuiet = opcode === 0x09 || opcode === 0x0d;
    const showsKey = opcode === 0x0c || opcode === 0x0d;
    if (item === undefined) {
      if (isQuiet) return assertEquals(reply, null);
      assertEquals(reply!.status, NOT_FOUND);
      return assertEquals(reply!.key, showsKey ? key : "");
    }
    this.#expectItem(reply!, key, item, item.value);
    assertEquals(reply!.key, showsKey ? key : "");
    model.fetch(item);
  }

  #expectItem(reply: Reply, key: string, item: ModelItem, value: string): void {
    assertEquals(reply.status, 0);
    assertEquals(reply.value, value);
    assertEquals(reply.extras, bigEndian(item.flags, 4));
    this.#model.sawCas(key, item, reply.cas);
  }

  #touch(): void {
    const model = this.#model;
    const key = model.key();
    const opcode = model.random.pick([0x1c, 0x1d]);
    const [sent, second] = model.exptime();
    const isPast = sent < 0;
    const reply = this.#ask({
      opcode,
      key,
      // -1 is a time far away in this protocol: 2592001 is one long past.
      extras: bigEndian(isPast ? 2_592_001 : sent, 4),
    });
    const item = model.live(key);
    if (item === undefined) return assertEquals(reply!.status, NOT_FOUND);
    this.#expectItem(reply!, key, item, opcode === 0x1c ? "" : item.value);
    model.fetch(item);
    item.expiry = second;
    model.live(key);
  }

  #store(): void {
    const model = this.#model;
    const { random } = model;
    const key = model.key(), value = model.value();
    const old = model.live(key);
    const opcode = random.pick([0x01, 0x01, 0x02, 0x03, 0x11, 0x12, 0x13]);
    const form = opcode & 0x0f;
    const known = old !== undefined && old.cas !== null;
    const cas = random.oneIn(4)
      ? (known && random.oneIn(2) ? old.cas! : 9n)
      : 0n;
    const [sent, second] = model.exptime();
    const flags = random.uint32();
    const exptime = sent < 0 ? 2_592_001 : sent;
    const reply = this.#ask({
      opcode,
      key,
      value,
      cas,
      extras: bigEndian(flags, 4) + bigEndian(exptime, 4),
    });
    const status = storeStatus(form, old, cas);
    if (status !== 0) {
      assertEquals(reply!.status, status, `opcode ${opcode} of ${key}`);
      if (form === 2 && cas === 0n) old!.accessed = model.now;
      return;
    }
    const item = model.put(key, value, flags, second);
    if (opcode >= 0x10) return assertEquals(reply, null);
    assertEquals(reply!.status, 0);
    model.sawCas(key, item, reply!.cas);
  }

  #join(): void {
    const model = this.#model;
    const append = model.random.oneIn(2);
    const key = model.key(), added = model.value().slice(0, 300);
    const old = model.live(key);
    const reply = this.#ask({
      opcode: append ? 0x0e : 0x0f,
      key,
      value: added,
    })!;
    const total = (old?.value.length ?? 0) + added.length;
    const fits = old !== undefined && total <= VALUE_MAX;
    if (reply.status !== 0 && fits && model.evicted.has(key)) return;
    assertEquals(reply.status, fits ? 0 : NOT_STORED);
    if (!fits || old === undefined) return;
    const value = append ? old.value + added : added + old.value;
    const item = model.put(key, value, old.flags, old.expiry);
    model.sawCas(key, item, reply.cas);
  }

  #delta(): void {
    const model = this.#model;
    const { random } = model;
    const key = model.key();
    const decrements = random.oneIn(2), creates = random.oneIn(2);
    const delta = BigInt(random.uint32());
    const item = model.live(key);
    const reply = this.#ask({
      opcode: decrements ? 0x06 : 0x05,
      key,
      extras: bigEndian(delta, 8) + bigEndian(55, 8) +
        bigEndian(creates ? 0 : NEVER_CREATE, 4),
    })!;
    if (item === undefined) {
      if (!creates) return assertEquals(reply.status, NOT_FOUND);
      assertEquals(reply.value, bigEndian(55, 8));
      const created = model.put(key, "55", 0, 0);
      return model.sawCas(key, created, reply.cas);
    }
    const result = arithmetic(item.value, delta, decrements);
    if (result === null) return assertEquals(reply.status, NON_NUMERIC);
    if (reply.status === NOT_FOUND && model.evicted.has(key)) return;
    assertEquals(reply.value, bigEndian(result, 8));
    changeNumber(model, key, item, result);
    model.sawCas(key, model.items.get(key)!, reply.cas);
  }

  #delete(): void {
    const model = this.#model;
    const { random } = model;
    const key = model.key();
    const item = model.live(key);
    const known = item !== undefined && item.cas !== null;
    const cas = random.oneIn(3) ? (known ? item.cas! : 9n) : 0n;
    const reply = this.#ask({ opcode: 0x04, key, cas })!;
    if (item === undefined) return assertEquals(reply.status, NOT_FOUND);
    if (cas !== 0n && cas !== item.cas) {
      return assertEquals(reply.status, EXISTS);
    }
    assertEquals(reply.status, 0);
    model.forget(key);
  }
}

// The status of set (1), add (2) or replace (3).
function storeStatus(
  form: number,
  old: ModelItem | undefined,
  cas: bigint,
): number {
  if (cas !== 0n) {
    // Any store with a CAS id is a compare-and-set.
    if (old === undefined) return NOT_FOUND;
    return old.cas === cas ? 0 : EXISTS;
  }
  if (form === 2 && old !== undefined) return EXISTS;
  return form === 3 && old === undefined ? NOT_FOUND : 0;
}
