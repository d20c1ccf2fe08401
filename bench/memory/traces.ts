/**
 * Question: what hit ratio does the table reach, in process, on a trace, how
 * many bytes does an item cost, and how long does a request take?
 *
 * Usage: deno run -A bench/memory/traces.ts [-m MEGABYTES] TRACE.bin ...
 * Traces: node ../shared/tools/replay/trace.mjs --preset z10 --dump z10.bin
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { Bytes } from "../../src/base/bytes.ts";
import { createStore, HIT, StoreRequest } from "../../src/store/store.ts";
import {
  T_COPIED_BYTES,
  T_EVICTIONS,
  T_MERGES,
  T_SPLITS,
} from "../../src/store/layout.ts";

const RECORD_BYTES = 20;

/** Replays a look-aside client: get, and on a miss set. */
function replay(path: string, megabytes: number): void {
  const trace = Deno.readFileSync(path);
  const view = new DataView(trace.buffer);
  const count = trace.length / RECORD_BYTES;
  const store = createStore({
    limitBytes: megabytes * 1024 * 1024,
    hashSeed: 12345,
  });
  const key = Bytes.allocate(256);
  const value = Bytes.allocate(1 << 20);
  const out = Bytes.allocate(1 << 20);
  const request = new StoreRequest();
  request.key = key;
  request.value = value;
  let gets = 0, hits = 0, bytesAsked = 0, bytesHit = 0, errors = 0, wrong = 0;
  let setBytes = 0, peak = 0;
  let second = 0;
  const started = performance.now();
  for (let i = 0; i < count; i++) {
    const at = i * RECORD_BYTES;
    const now = 1 + Math.floor(view.getUint32(at, true) / 1000);
    if (now !== second) {
      second = now;
      while (store.sweep(4096, now));
    }
    let number = view.getUint32(at + 4, true);
    const size = view.getUint32(at + 8, true);
    const ttl = view.getUint32(at + 12, true);
    const op = trace[at + 16], length = trace[at + 17];
    key.u8[0] = 107;
    const id = number;
    for (let j = length - 1; j > 0; j--) {
      const digit = number % 36;
      key.u8[j] = digit < 10 ? 48 + digit : 87 + digit;
      number = (number - digit) / 36;
    }
    const hash = store.hash(key, 0, length);
    const partition = store.partitionOf(hash);
    const { shard } = partition;
    if (op === 2) {
      if (shard.lookup(hash, key, 0, length, now) === HIT) shard.remove();
      continue;
    }
    if (op === 0) {
      gets++;
      bytesAsked += size;
      if (shard.seek(hash, key, 0, length, now, false) === HIT) {
        shard.copyValue(out, 0);
        const n = shard.valueLength();
        if (n >= 4 && out.view.getUint32(0, true) !== id) wrong++;
        shard.finish(now, true);
        hits++;
        bytesHit += size;
        continue;
      }
    }
    value.view.setUint32(0, id, true);
    request.hash = hash;
    request.keyLength = length;
    request.valueLength = size;
    request.expiry = ttl === 0 ? 0 : now + ttl;
    setBytes += size;
    if (partition.writer.store(request, now) !== 0) errors++;
    if ((i & 1023) === 0) peak = Math.max(peak, store.itemCount());
  }
  const ns = (performance.now() - started) * 1e6 / count;
  const sums = store.rawTotals();
  const text = (value: number) => value.toFixed(4).slice(1);
  console.log(
    `${path.split("/").pop()} -m ${megabytes}: hit ratio ${
      text(hits / gets)
    } bytes ${text(bytesHit / bytesAsked)} items ${sums.items} peak ${peak} ` +
      `index ${(sums.indexBytes / sums.items).toFixed(1)} B/item ` +
      `copied ${(sums.totals[T_COPIED_BYTES] / setBytes).toFixed(2)} ` +
      `evictions ${sums.totals[T_EVICTIONS]} splits ${sums.totals[T_SPLITS]} ` +
      `merges ${sums.totals[T_MERGES]} errors ${errors} wrong ${wrong} ` +
      `${ns.toFixed(0)} ns/request`,
  );
}

const args = parseArgs(Deno.args, { default: { m: 64 } });
for (const path of args._) replay(String(path), Number(args.m));
