/**
 * Owns one worker of the scaling benchmark: it attaches to the shared table
 * and runs operations for a while, checking each answer.
 *
 * @module
 */
import { Bytes } from "../../src/base/bytes.ts";
import { attachStore, type SmpStore } from "../../src/store/smp_store.ts";
import { HIT, STORED, StoreRequest } from "../../src/store/store.ts";
import type { Done, FromWorker, Run, Setup, ToWorker } from "./messages.ts";
import { drawOperations, KEY_BYTES, keys, VALUE_BYTES } from "./workload.ts";

const NOW = 1000;
/** Operations between looks at the clock. */
const BATCH = 2000;
const WARM_UP_MS = 150;

// The types of this project are those of a main thread.
const scope = globalThis as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: (event: MessageEvent<ToWorker>) => void;
};

/** CPU time of the calling thread in ns (Linux). */
function cpuNs(): number {
  try {
    const text = Deno.readTextFileSync("/proc/thread-self/schedstat");
    return Number(text.split(" ")[0]);
  } catch {
    return 0;
  }
}

class TableUser {
  readonly #store: SmpStore;
  readonly #start: Int32Array;
  readonly #request = new StoreRequest();
  readonly #value = Bytes.allocate(VALUE_BYTES);
  readonly #out = Bytes.allocate(2 * VALUE_BYTES);
  #reads = 0;
  #hits = 0;
  #stores = 0;

  constructor(setup: Setup) {
    this.#store = attachStore(setup.table, { owner: setup.owner });
    this.#start = new Int32Array(setup.start);
    this.#request.key = keys;
    this.#request.keyLength = KEY_BYTES;
    this.#request.value = this.#value;
    this.#request.valueLength = VALUE_BYTES;
  }

  run({ row, number, seconds }: Run, owner: number): Done {
    const operations = drawOperations(row, owner);
    while (Atomics.load(this.#start, 0) < number) {
      Atomics.wait(this.#start, 0, number - 1, 1000);
    }
    let next = 0;
    const batch = () => {
      for (let i = 0; i < BATCH; i++) {
        const operation = operations[next];
        next = (next + 1) & (operations.length - 1);
        if (operation >= 0) this.#get(operation);
        else this.#set(-1 - operation);
      }
    };
    for (const end = performance.now() + WARM_UP_MS; performance.now() < end;) {
      batch();
    }
    this.#reads = this.#hits = this.#stores = 0;
    const cpuBefore = cpuNs(), before = performance.now();
    const end = before + seconds * 1000;
    while (performance.now() < end) batch();
    const ms = performance.now() - before;
    return {
      operations: this.#reads + this.#stores,
      reads: this.#reads,
      hits: this.#hits,
      stores: this.#stores,
      ms,
      cpuNs: cpuNs() - cpuBefore,
    };
  }

  #get(key: number): void {
    const at = key * KEY_BYTES;
    const hash = this.#store.hash(keys, at, KEY_BYTES);
    const { shard } = this.#store.partitionOf(hash);
    let status, length = 0;
    do {
      status = shard.seek(hash, keys, at, KEY_BYTES, NOW, false);
      if (status === HIT) {
        length = shard.valueLength();
        // Without the lock it may be anything, to be thrown away.
        if ((length >>> 0) <= VALUE_BYTES) shard.copyValue(this.#out, 0);
      }
    } while (!shard.finish(NOW, true));
    this.#reads++;
    // A value names its key.
    if (
      status === HIT && length === VALUE_BYTES &&
      this.#out.view.getInt32(0, true) === key
    ) this.#hits++;
  }

  #set(key: number): void {
    const request = this.#request;
    const at = key * KEY_BYTES;
    request.keyAt = at;
    request.hash = this.#store.hash(keys, at, KEY_BYTES);
    this.#value.view.setInt32(0, key, true);
    const { shard, writer } = this.#store.partitionOf(request.hash);
    shard.lock();
    const result = writer.store(request, NOW);
    shard.unlock();
    if (result === STORED) this.#stores++;
  }

  /** Stores every key once. */
  fill(count: number): void {
    for (let key = 0; key < count; key++) this.#set(key);
    if (this.#stores !== count) throw new Error("the fill was not stored");
  }
}

let user: TableUser | null = null;
let owner = 0;

scope.onmessage = ({ data }) => {
  try {
    if (data.type === "setup") {
      user = new TableUser(data);
      owner = data.owner;
      if (owner === 0) user.fill(keys.u8.length / KEY_BYTES | 0);
      scope.postMessage({ type: "ready" });
    } else scope.postMessage({ type: "done", done: user!.run(data, owner) });
  } catch (error) {
    scope.postMessage({ type: "failed", reason: String(error) });
  }
};
