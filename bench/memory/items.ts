/**
 * Owns filling a table in this process with items of one size until it
 * evicts, and counting what an item takes. Never opens a socket.
 *
 * @module
 */
import { Bytes } from "../../src/base/bytes.ts";
import { STORED } from "../../src/store/results.ts";
import { createStore, StoreRequest } from "../../src/store/store.ts";

const KEY_BYTES = 10;
/** Sets, in multiples of what a table without overhead could hold. */
const TURNS = 3;
const NOW = 1000;
/** Sets between two looks at the number of items. */
const LOOK = 1000;

/**
 * Stores distinct items with keys of 10 bytes and values of `valueBytes` in a
 * table of `megabytes`, three times as many as would ever fit; prints what an
 * item takes of the limit and of the index. True if every set was stored.
 */
export function fillItems(megabytes: number, valueBytes: number): boolean {
  const limitBytes = megabytes * 1024 * 1024;
  const store = createStore({ limitBytes, hashSeed: 1 });
  const request = new StoreRequest();
  const key = Bytes.allocate(KEY_BYTES);
  request.key = key;
  request.keyLength = KEY_BYTES;
  request.value = Bytes.allocate(valueBytes);
  request.valueLength = valueBytes;
  const sets = Math.ceil(TURNS * limitBytes / (KEY_BYTES + valueBytes));
  let failed = 0, itemsMost = 0;
  for (let i = 0; i < sets; i++) {
    writeKey(key, i);
    request.hash = store.hash(key, 0, KEY_BYTES);
    const { writer } = store.partitionOf(request.hash);
    if (writer.store(request, NOW) !== STORED) failed++;
    if (i % LOOK === 0) itemsMost = Math.max(itemsMost, store.itemCount());
  }
  const { items, indexBytes } = store.rawTotals();
  const bytesEach = limitBytes / items;
  console.log(
    `-m ${megabytes}, value ${valueBytes} B, key ${KEY_BYTES} B: ` +
      `${bytesEach.toFixed(1)} B of the limit per item, ` +
      `${(bytesEach - KEY_BYTES - valueBytes).toFixed(1)} of them overhead, ` +
      `index ${(indexBytes / items).toFixed(1)}; ${items} items ` +
      `(most ${Math.max(itemsMost, items)}), ${failed} sets failed`,
  );
  return failed === 0;
}

/** The digits of `number`, filled up with zeros. */
function writeKey(key: Bytes, number: number): void {
  for (let at = KEY_BYTES - 1; at >= 0; at--) {
    const rest = Math.floor(number / 10);
    key.u8[at] = 48 + number - rest * 10;
    number = rest;
  }
}
