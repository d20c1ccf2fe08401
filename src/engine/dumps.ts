/**
 * Owns listing the items of the table: metadump, mgdump, cachedump, and the
 * histogram of `stats sizes`. Walks in steps; never holds up other clients.
 *
 * @module
 */
import { Bytes } from "../base/bytes.ts";
import * as bytes from "../base/bytes.ts";
import * as clock from "../base/clock.ts";
import * as limits from "../base/limits.ts";
import { U64 } from "../base/u64.ts";
import * as observers from "../observe/observers.ts";
import * as base64 from "../protocol/base64.ts";
import type { Output } from "../protocol/output.ts";
import type { Partition, WalkCursor } from "../store/store.ts";
import * as store from "../store/store.ts";
import type { Context } from "./context.ts";
import type { ServerPort } from "./ports.ts";
import type { Source } from "./sink.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { latin1 } = bytes;
const { unixSeconds } = clock;
const { CACHEDUMP_BYTES_MAX } = limits;
const { uriKey } = observers;
const { base64Length, encodeBase64 } = base64;
const { FETCHED } = store;

type Shard = Partition["shard"];

/** Index buckets looked at in one step: some hundred items. */
const STEP_BUCKETS = 32;
/** Steps of one pull: a table where nothing matches must not hold us up. */
const STEPS_PER_PULL = 64;
/** Classes of items are numbered below this. */
export const CLASS_NUMBERS = 64;

/** The classes that a crawler command names; null if one of them is none. */
export function parseClasses(text: string): boolean[] | null {
  const wanted = new Array<boolean>(CLASS_NUMBERS).fill(false);
  if (text === "all" || text === "hash") return wanted.fill(true);
  for (const part of text.split(",")) {
    if (part === "") continue;
    const number = /^[0-9]+$/.test(part) ? Number(part) : 0;
    if (number < 1 || number >= CLASS_NUMBERS) return null;
    wanted[number] = true;
  }
  return wanted;
}

/** Whether an item of the walk is there for clients. */
export function isAlive(
  context: Context,
  shard: Shard,
  reference: number,
): boolean {
  const expiry = shard.records.expiry(reference);
  return (expiry === 0 || expiry > context.now) &&
    !shard.log.isFlushed(reference >>> shard.memory.pageShift);
}

/** The lines of `lru_crawler metadump` or `mgdump`. */
export class ItemDump implements Source {
  readonly #context: Context;
  readonly #classes: boolean[];
  readonly #isMeta: boolean;
  readonly #cursor: WalkCursor = { partition: 0, bucket: 0 };
  readonly #cas = new U64();

  constructor(context: Context, classes: boolean[], isMeta: boolean) {
    this.#context = context;
    this.#classes = classes;
    this.#isMeta = isMeta;
  }

  pull(output: Output, most: number): boolean {
    const { store } = this.#context;
    const end = output.length + most;
    for (let i = 0; i < STEPS_PER_PULL && output.length < end; i++) {
      const more = store.walk(
        this.#cursor,
        STEP_BUCKETS,
        (shard, reference) => this.#line(output, shard, reference),
      );
      if (!more) {
        output.string(this.#isMeta ? "END\r\n" : "EN\r\n");
        return true;
      }
    }
    return false;
  }

  cancel(): void {}

  #line(output: Output, shard: Shard, reference: number): void {
    if (!isAlive(this.#context, shard, reference)) return;
    shard.reference = reference;
    if (!this.#classes[shard.slabClass()]) return;
    if (this.#isMeta) this.#metaLine(output, shard, reference);
    else this.#keyLine(output, shard, reference);
  }

  // key=<uri> exp=<unix> la=<unix> cas=<n> fetch=<yes|no> cls= size= flags=
  #metaLine(output: Output, shard: Shard, reference: number): void {
    const { now } = this.#context;
    const { records, memory } = shard;
    shard.markCasSeen();
    const length = records.keyLength(reference);
    const key = uriKey(memory.data.u8, records.keyAt(reference), length);
    const expiry = records.expiry(reference);
    const digits = new Uint8Array(24);
    const cas = latin1(digits, 0, shard.cas(this.#cas).write(digits, 0));
    const fetched = (shard.state() & FETCHED) !== 0 ? "yes" : "no";
    output.string(
      `key=${key} exp=${expiry === 0 ? -1 : unixSeconds(expiry)} ` +
        `la=${unixSeconds(now - shard.idleSeconds(now))} cas=${cas} ` +
        `fetch=${fetched} cls=${shard.slabClass()} ` +
        `size=${shard.ledger.itemBytes(reference)} ` +
        `flags=${records.clientFlags(reference)} \n`,
    );
  }

  #keyLine(output: Output, shard: Shard, reference: number): void {
    const { records, memory } = shard;
    const at = records.keyAt(reference);
    const length = records.keyLength(reference);
    output.reserve(length * 2 + 16);
    output.string("mg ");
    if (shard.hasBinaryKey()) {
      output.reserve(base64Length(length) + 16);
      output.length = encodeBase64(
        memory.data.u8,
        at,
        at + length,
        output.bytes.u8,
        output.length,
      );
      output.string(" b\r\n");
    } else {
      output.run(memory.data, at, length);
      output.string("\r\n");
    }
  }
}

// Walks everything, letting others go first between steps.
async function walkAll(
  context: Context,
  server: ServerPort,
  visit: (shard: Shard, reference: number) => boolean,
): Promise<void> {
  const cursor: WalkCursor = { partition: 0, bucket: 0 };
  let goesOn = true, steps = 0;
  while (goesOn) {
    goesOn = context.store.walk(cursor, STEP_BUCKETS, (shard, reference) => {
      if (goesOn && isAlive(context, shard, reference)) {
        goesOn = visit(shard, reference);
      }
    }) && goesOn;
    if (++steps % STEPS_PER_PULL === 0) await server.yield();
  }
}

/** The text of `stats cachedump`: ITEM <key> [<bytes> b; <expiry> s]. */
export async function cacheDump(
  context: Context,
  server: ServerPort,
  slabClass: number,
  limit: number,
): Promise<string> {
  const lines: string[] = [];
  let held = 0;
  await walkAll(context, server, (shard, reference) => {
    shard.reference = reference;
    if (shard.slabClass() !== slabClass || shard.hasBinaryKey()) return true;
    const { records, memory } = shard;
    const at = records.keyAt(reference);
    const key = latin1(memory.data.u8, at, at + records.keyLength(reference));
    const expiry = records.expiry(reference);
    const line = `ITEM ${key} [${records.valueLength(reference)} b; ` +
      `${expiry === 0 ? 0 : unixSeconds(expiry)} s]\r\n`;
    if (held + line.length > CACHEDUMP_BYTES_MAX) return false;
    held += line.length;
    lines.push(line);
    return limit === 0 || lines.length < limit;
  });
  return lines.join("") + "END\r\n";
}

/** The histogram of `stats sizes`: sizes rounded up to 32 bytes. */
export async function sizeHistogram(
  context: Context,
  server: ServerPort,
): Promise<[number, number][]> {
  const counts = new Map<number, number>();
  await walkAll(context, server, (shard, reference) => {
    const size = Math.ceil(shard.ledger.itemBytes(reference) / 32) * 32;
    counts.set(size, (counts.get(size) ?? 0) + 1);
    return true;
  });
  return [...counts].sort(([a], [b]) => a - b);
}

/** A text that is ready, in pieces. */
export class TextSource implements Source {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(text: string) {
    this.#bytes = Bytes.fromLatin1(text);
  }

  pull(output: Output, most: number): boolean {
    const count = Math.min(most, this.#bytes.capacity - this.#at);
    output.reserve(count);
    output.run(this.#bytes, this.#at, count);
    this.#at += count;
    return this.#at >= this.#bytes.capacity;
  }

  cancel(): void {}
}
