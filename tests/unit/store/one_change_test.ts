/**
 * Owns the tests that a command which changes several fields of an item
 * changes them at once for readers without the lock: at every moment at which
 * such a reader would trust what it sees, it looks.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Bytes, latin1 } from "../../../src/base/bytes.ts";
import { U64 } from "../../../src/base/u64.ts";
import {
  attachStore,
  createSharedTable,
  type SharedTable,
} from "../../../src/store/smp_store.ts";
import {
  HIT,
  STALE,
  type Store,
  TOKEN_SENT,
} from "../../../src/store/store.ts";
import { MemoryServer } from "../../support/memory_server.ts";
import { SyncClient } from "../../support/sync_client.ts";

const KEY = "key";
const OWNERS = 3;

/** What a reader sees of the item, as text. */
function look(store: Store, now: number): string {
  const key = Bytes.fromLatin1(KEY);
  const hash = store.hash(key, 0, KEY.length);
  const { shard } = store.partitionOf(hash);
  const out = Bytes.allocate(64);
  if (shard.seek(hash, key, 0, KEY.length, now, true) !== HIT) {
    shard.finish(now, false);
    return "missing";
  }
  const length = shard.valueLength();
  shard.copyValue(out, 0);
  const cas = shard.cas(new U64()).toNumber();
  const flags = shard.state() & (STALE | TOKEN_SENT);
  const seen = `${latin1(out.u8, 0, length)} ${cas} ${flags} ${shard.expiry()}`;
  assert(shard.finish(now, false));
  return seen;
}

/** A server, and all that a reader in another thread can see of it. */
class Watched {
  readonly client: SyncClient;
  readonly seen: string[] = [];
  readonly #reader: Store;
  readonly #now: number;

  constructor() {
    let table!: SharedTable;
    const server = new MemoryServer({}, (options) => {
      table = createSharedTable(options, 2, OWNERS);
      return attachStore(table, { owner: 1 });
    });
    // It looks while the lock is held: it must not wait for it.
    this.#reader = attachStore(table, { owner: 2, brokenLock: true });
    this.#now = server.context.now;
    this.client = new SyncClient(server.connect().session);
    for (const { shard } of server.store.partitions) {
      const stripes = shard.stripes;
      const end = stripes.end.bind(stripes);
      stripes.end = (hash) => {
        end(hash);
        this.#lookIfTrusted(hash);
      };
    }
  }

  #lookIfTrusted(hash: number): void {
    const { shard } = this.#reader.partitionOf(hash);
    const version = (shard.stripes as unknown as {
      version(hash: number): number;
    }).version(hash);
    if ((version & 1) === 0) this.seen.push(this.now());
  }

  now(): string {
    return look(this.#reader, this.#now);
  }
}

/** Runs a command; nothing but the item before and after may be seen. */
function changesAtOnce(name: string, prepare: string[], command: string): void {
  Deno.test(`readers see at once what changes: ${name}`, () => {
    const watched = new Watched();
    for (const line of prepare) watched.client.send(line);
    const before = watched.now();
    watched.seen.length = 0;
    watched.client.send(command);
    const after = watched.now();
    assertNotEquals(after, before, "the command changed nothing");
    const others = watched.seen.filter((s) => s !== before && s !== after);
    assertEquals(others, [], `neither ${before} nor ${after}`);
    assert(watched.seen.length > 0, "nobody looked");
  });
}

const CHOSEN = `ms ${KEY} 3 E5\r\n100\r\n`;
const SHOWN = [`set ${KEY} 0 0 3\r\n100\r\n`, `gets ${KEY}\r\n`];

changesAtOnce(
  "incr of an item with a CAS id of its own",
  [CHOSEN],
  `incr ${KEY} 1\r\n`,
);
changesAtOnce(
  "incr of an item whose CAS id was shown",
  SHOWN,
  `incr ${KEY} 1\r\n`,
);
changesAtOnce("ma with E", SHOWN, `ma ${KEY} E7\r\n`);
changesAtOnce("ma with T", SHOWN, `ma ${KEY} T100\r\n`);
changesAtOnce("md with I", [CHOSEN], `md ${KEY} I\r\n`);
changesAtOnce("md with I and T", SHOWN, `md ${KEY} I T30\r\n`);
changesAtOnce("md with x and I", SHOWN, `md ${KEY} x I\r\n`);
changesAtOnce("mg with N", [], `mg ${KEY} N30 v\r\n`);
changesAtOnce("set", SHOWN, `set ${KEY} 0 0 5\r\nother\r\n`);
