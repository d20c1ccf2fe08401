/**
 * Owns the tests of what is left when a thread dies while it writes: at every
 * step of a change, again and again, everything it had finished must stay.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Bytes, latin1 } from "../../../src/base/bytes.ts";
import { checkShard } from "../../../src/store/invariants.ts";
import {
  attachStore,
  createSharedTable,
  type SmpStore,
} from "../../../src/store/smp_store.ts";
import {
  HIT,
  type Partition,
  SET,
  STORED,
  StoreRequest,
} from "../../../src/store/store.ts";
import { Random } from "../../support/random.ts";
import { scribbleRoom } from "../../support/room.ts";

const MIB = 1024 * 1024;
const NOW = 1000;

class Death extends Error {}

/** Throws at a chosen one of the calls that change a shard. */
class Killer {
  countdown = Infinity;

  attach(store: SmpStore): void {
    for (const { shard } of store.partitions) {
      const targets: [object, string[]][] = [
        [shard.stripes, ["begin", "end", "beginInPlace", "writing"]],
        [shard.index, ["link", "unlink", "redirect", "split", "merge"]],
        [shard.items, ["create", "createSpanning", "killRecord", "copyValue"]],
        [shard.log, ["append", "sealOpen", "release", "forget"]],
        [shard.pool, ["take", "release", "releaseIndexPage"]],
        [shard.ledger, ["add", "remove"]],
        [shard.records, ["writeRange"]],
      ];
      for (const [target, names] of targets) {
        for (const name of names) this.#wrap(target, name);
      }
    }
  }

  // Half of the deaths come before the call, half after it.
  #wrap(target: object, name: string): void {
    const methods = target as Record<string, (...a: unknown[]) => unknown>;
    const method = methods[name].bind(target);
    methods[name] = (...given) => {
      this.#step();
      const result = method(...given);
      this.#step();
      return result;
    };
  }

  #step(): void {
    if (--this.countdown === 0) throw new Death();
  }
}

/** Stores a value that comes after its record was reserved, with its line's end
 * behind it; under the lock. */
function upload(partition: Partition, request: StoreRequest): number {
  const { shard: { records }, uploads } = partition;
  const { value, valueLength } = request;
  const reference = uploads.begin(request, NOW);
  records.writeRange(reference, 0, valueLength, value, 0);
  scribbleRoom(records, reference);
  return uploads.commit(request, reference, NOW);
}

/** A table, one thread after another that dies in it, and what must be there. */
class Victims {
  readonly #random: Random;
  readonly #main: SmpStore;
  readonly #attach: () => SmpStore;
  readonly #evicts: boolean;
  readonly items = new Map<string, string>();
  /** The key whose change was cut short, and its value if it was done. */
  #doubt: [string, string | undefined] | null = null;
  readonly #out = Bytes.allocate(MIB);
  deaths = 0;
  repairs = 0;

  constructor(seed: number, limitBytes: number, evicts: boolean) {
    this.#random = new Random(seed);
    this.#evicts = evicts;
    const table = createSharedTable({ limitBytes, hashSeed: seed }, 1, 3);
    this.#main = attachStore(table, { owner: 2 });
    this.#attach = () => attachStore(table, { owner: 1 });
  }

  /** Runs a thread until it dies; then another one buries it. */
  life(): void {
    const store = this.#attach();
    const killer = new Killer();
    killer.attach(store);
    killer.countdown = 1 + this.#random.below(3000);
    try {
      for (;;) this.#change(store);
    } catch (error) {
      if (!(error instanceof Death)) throw error;
    }
    this.deaths++;
    this.repairs += this.#main.bury(1);
    for (const { shard } of this.#main.partitions) checkShard(shard);
    this.#settleDoubt();
  }

  #change(store: SmpStore): void {
    const random = this.#random;
    const text = `key-${random.below(3000)}`;
    const key = Bytes.fromLatin1(text);
    const hash = store.hash(key, 0, text.length);
    const partition = store.partitionOf(hash);
    const { shard } = partition;
    const isDelete = random.oneIn(6);
    const isUpload = !isDelete && random.oneIn(4);
    const size = random.oneIn(isUpload ? 8 : 50)
      ? random.below(60_000)
      : random.below(isUpload ? 3000 : 150);
    const value = `${text}=`.padEnd(
      text.length + 1 + size,
      String.fromCharCode(97 + random.below(26)),
    );
    this.#doubt = [text, isDelete ? undefined : value];
    shard.lock();
    if (isDelete) {
      const found = shard.lookup(hash, key, 0, text.length, NOW);
      if (found === HIT) {
        shard.remove();
        shard.tidyIndex();
      }
    } else {
      const request = new StoreRequest();
      request.form = SET;
      request.hash = hash;
      request.key = key;
      request.keyLength = text.length;
      request.value = Bytes.fromLatin1(value);
      request.valueLength = value.length;
      const result = isUpload
        ? upload(partition, request)
        : partition.writer.store(request, NOW);
      assertEquals(result, STORED);
    }
    shard.unlock();
    if (isDelete) this.items.delete(text);
    else this.items.set(text, value);
    this.#doubt = null;
  }

  #settleDoubt(): void {
    if (this.#doubt === null) return;
    const [text, value] = this.#doubt;
    const found = this.#get(text);
    if (found !== this.items.get(text)) {
      // Done, or lost: never anything else.
      assert(found === value || found === undefined, `${text} is torn`);
      if (found === undefined) this.items.delete(text);
      else this.items.set(text, found);
    }
    this.#doubt = null;
  }

  #get(text: string): string | undefined {
    const key = Bytes.fromLatin1(text);
    const hash = this.#main.hash(key, 0, text.length);
    const { shard } = this.#main.partitionOf(hash);
    const status = shard.seek(hash, key, 0, text.length, NOW, false);
    const length = status === HIT ? shard.valueLength() : 0;
    if (status === HIT) shard.copyValue(this.#out, 0);
    assert(shard.finish(NOW, true));
    return status === HIT ? latin1(this.#out.u8, 0, length) : undefined;
  }

  checkAll(): void {
    let lost = 0;
    for (const [text, value] of this.items) {
      const found = this.#get(text);
      if (found === undefined && this.#evicts) this.items.delete(text);
      else if (found === undefined) lost++;
      else assertEquals(found, value, text);
    }
    assertEquals(lost, 0, "finished items are lost");
  }
}

Deno.test("what a dead thread had finished stays", () => {
  const victims = new Victims(1, 64 * MIB, false);
  for (let i = 0; i < 150; i++) {
    victims.life();
    if (i % 10 === 0) victims.checkAll();
  }
  victims.checkAll();
  assert(victims.repairs > 100, `${victims.repairs} of ${victims.deaths}`);
});

Deno.test("a thread may die while it evicts", () => {
  const victims = new Victims(2, 2 * MIB, true);
  for (let i = 0; i < 150; i++) {
    victims.life();
    if (i % 10 === 0) victims.checkAll();
  }
  assert(victims.repairs > 100, `${victims.repairs} of ${victims.deaths}`);
});
