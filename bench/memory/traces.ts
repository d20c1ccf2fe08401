/**
 * Owns replaying a dumped trace against a table in this process: hit ratio,
 * index bytes, copying and time. Time is the trace's own. Never opens a
 * socket.
 *
 * @module
 */
import { Bytes } from "../../src/base/bytes.ts";
import {
  createStore,
  HIT,
  type Store,
  StoreRequest,
} from "../../src/store/store.ts";
import {
  T_COPIED_BYTES,
  T_EVICTIONS,
  T_MERGES,
  T_SPLITS,
} from "../../src/store/layout.ts";

const RECORD_BYTES = 20;
const OP_GET = 0, OP_DELETE = 2;
const SETS_PER_LOOK = 1024;

/** What a replay counts. */
class Tally {
  gets = 0;
  hits = 0;
  bytesAsked = 0;
  bytesHit = 0;
  bytesSet = 0;
  /** Sets that failed, and hits whose value was another item's. */
  errors = 0;
  wrong = 0;
  itemsPeak = 0;
}

/** One request of a trace, as it is dumped: 20 bytes, little-endian. */
class Request {
  second = 0;
  id = 0;
  size = 0;
  ttl = 0;
  op = 0;
  keyLength = 0;

  read(view: DataView, at: number): void {
    this.second = 1 + Math.floor(view.getUint32(at, true) / 1000);
    this.id = view.getUint32(at + 4, true);
    this.size = view.getUint32(at + 8, true);
    this.ttl = view.getUint32(at + 12, true);
    this.op = view.getUint8(at + 16);
    this.keyLength = view.getUint8(at + 17);
  }

  /** "k" and the number in base 36, filled up with zeros. */
  writeKey(key: Bytes): void {
    let number = this.id;
    key.u8[0] = 107;
    for (let i = this.keyLength - 1; i > 0; i--) {
      const digit = number % 36;
      key.u8[i] = digit < 10 ? 48 + digit : 87 + digit;
      number = (number - digit) / 36;
    }
  }
}

/** Plays a look-aside client against a table: get, and on a miss set. */
class Replay {
  readonly store: Store;
  readonly tally = new Tally();
  readonly #value = Bytes.allocate(1 << 20);
  readonly #out = Bytes.allocate(1 << 20);
  readonly #key = Bytes.allocate(256);
  readonly #request = new Request();
  readonly #set = new StoreRequest();
  #second = 0;
  #sets = 0;

  constructor(megabytes: number) {
    this.store = createStore({
      limitBytes: megabytes * 1024 * 1024,
      hashSeed: 12345,
    });
    this.#set.key = this.#key;
    this.#set.value = this.#value;
  }

  run(trace: Uint8Array<ArrayBuffer>): void {
    const view = new DataView(trace.buffer);
    const request = this.#request;
    for (let at = 0; at < trace.length; at += RECORD_BYTES) {
      request.read(view, at);
      request.writeKey(this.#key);
      this.#step(request);
    }
  }

  #step({ second, op, keyLength }: Request): void {
    const { store } = this;
    if (second !== this.#second) {
      this.#second = second;
      while (store.sweep(4096, second));
    }
    const hash = store.hash(this.#key, 0, keyLength);
    const { shard } = store.partitionOf(hash);
    if (op === OP_DELETE) {
      const found = shard.lookup(hash, this.#key, 0, keyLength, second);
      if (found === HIT) shard.remove();
      return;
    }
    if (op === OP_GET) {
      this.tally.gets++;
      this.tally.bytesAsked += this.#request.size;
      if (this.#get(hash)) return;
    }
    this.#store(hash);
  }

  #get(hash: number): boolean {
    const { id, size, keyLength, second } = this.#request;
    const { shard } = this.store.partitionOf(hash);
    const found = shard.seek(hash, this.#key, 0, keyLength, second, false);
    if (found !== HIT) return false;
    shard.copyValue(this.#out, 0);
    const isLong = shard.valueLength() >= 4;
    if (isLong && this.#out.view.getUint32(0, true) !== id) this.tally.wrong++;
    shard.finish(second, true);
    this.tally.hits++;
    this.tally.bytesHit += size;
    return true;
  }

  #store(hash: number): void {
    const { tally } = this;
    const { id, size, ttl, keyLength, second } = this.#request;
    this.#value.view.setUint32(0, id, true);
    this.#set.hash = hash;
    this.#set.keyLength = keyLength;
    this.#set.valueLength = size;
    this.#set.expiry = ttl === 0 ? 0 : second + ttl;
    tally.bytesSet += size;
    const { writer } = this.store.partitionOf(hash);
    if (writer.store(this.#set, second) !== 0) tally.errors++;
    if (++this.#sets % SETS_PER_LOOK !== 0) return;
    tally.itemsPeak = Math.max(tally.itemsPeak, this.store.itemCount());
  }
}

/** Replays the dump at `path` and prints one line; true if every set was
 * stored and every hit was the right item. */
export function replayTrace(path: string, megabytes: number): boolean {
  const trace = Deno.readFileSync(path);
  const run = new Replay(megabytes);
  const started = performance.now();
  run.run(trace);
  const ns = (performance.now() - started) * 1e6 * RECORD_BYTES / trace.length;
  const { tally } = run;
  const sums = run.store.rawTotals();
  const ratio = (value: number) => value.toFixed(4).slice(1);
  console.log(
    `${path.split("/").pop()} -m ${megabytes}: ` +
      `hit ratio ${ratio(tally.hits / tally.gets)} ` +
      `bytes ${ratio(tally.bytesHit / tally.bytesAsked)} ` +
      `items ${sums.items} peak ${tally.itemsPeak} ` +
      `index ${(sums.indexBytes / sums.items).toFixed(1)} B/item ` +
      `copied ${(sums.totals[T_COPIED_BYTES] / tally.bytesSet).toFixed(2)} ` +
      `evictions ${sums.totals[T_EVICTIONS]} splits ${sums.totals[T_SPLITS]} ` +
      `merges ${sums.totals[T_MERGES]} errors ${tally.errors} ` +
      `wrong ${tally.wrong} ${ns.toFixed(0)} ns/request`,
  );
  return tally.errors === 0 && tally.wrong === 0;
}
