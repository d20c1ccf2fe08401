/**
 * Owns one worker's set of parsers and executors, and the records that all
 * its connections share because only one of them runs at a time.
 *
 * @module
 */
import * as limits from "../base/limits.ts";
import * as watch from "../observe/watch.ts";
import { Command } from "../protocol/command.ts";
import { TextParser } from "../protocol/text.ts";
import type { Partition } from "../store/store.ts";
import * as store from "../store/store.ts";
import { Admin } from "./admin.ts";
import { Binary } from "./binary.ts";
import { BinaryAdmin } from "./binary_admin.ts";
import { BinaryDialect } from "./binary_dialect.ts";
import { Classic } from "./classic.ts";
import { ClassicStores } from "./classic_stores.ts";
import type { Context } from "./context.ts";
import { KeptCommands } from "./kept_commands.ts";
import { Meta } from "./meta.ts";
import { MetaReply } from "./meta_reply.ts";
import { MetaWrite } from "./meta_write.ts";
import type { LoginPort, ServerPort } from "./ports.ts";
import { SaslLogin } from "./sasl_login.ts";
import { Storing } from "./storing.ts";
import { TextDialect } from "./text_dialect.ts";
import { TokenLogin } from "./token_login.ts";

// Bound to constants of this module: `src/README.md`, "Imports".
const { OUTPUT_HIGH_WATER_BYTES } = limits;
const { WATCH_EVICTIONS } = watch;
const { FETCHED } = store;

/** Everything that runs commands in one worker. */
export class Engine {
  readonly context: Context;
  readonly server: ServerPort;
  /** The command being run; a session must not rely on it between runs. */
  readonly command = new Command();
  readonly parser = new TextParser();
  readonly keptCommands = new KeptCommands();
  readonly storing: Storing;
  readonly classicStores: ClassicStores;
  readonly classic: Classic;
  readonly meta: Meta;
  readonly metaWrite: MetaWrite;
  readonly binary: Binary;
  readonly admin: Admin;
  readonly binaryAdmin: BinaryAdmin;
  /** The dialects: how commands follow one another in the input. */
  readonly text = new TextDialect();
  readonly packets = new BinaryDialect();
  /** What a connection speaks until its client has logged in. */
  readonly tokenLogin = new TokenLogin();
  readonly saslLogin = new SaslLogin();
  /** Who checks passwords; needed with `-Y` and `-S`. */
  login: LoginPort | null = null;
  /** Output of one connection that is enough for one write. */
  highWaterBytes = OUTPUT_HIGH_WATER_BYTES;

  constructor(context: Context, server: ServerPort) {
    this.context = context;
    this.server = server;
    const reply = new MetaReply(context);
    this.storing = new Storing(context);
    this.classicStores = new ClassicStores(context);
    this.classic = new Classic(context);
    this.meta = new Meta(context, reply);
    this.metaWrite = new MetaWrite(context, reply);
    this.binary = new Binary(context, this.classicStores);
    this.admin = new Admin(context, server);
    this.binaryAdmin = new BinaryAdmin(context, server, this.admin);
    this.#watchEvictions();
  }

  // The table tells who is evicted; what a watcher reads is made here.
  #watchEvictions(): void {
    const { store, observers } = this.context;
    for (const { shard } of store.partitions) {
      shard.mover.onEviction = (reference, now) => {
        if (observers.wants(WATCH_EVICTIONS)) {
          this.#tellEviction(shard, reference, now);
        }
      };
    }
  }

  #tellEviction(
    shard: Partition["shard"],
    reference: number,
    now: number,
  ): void {
    const { records, memory, ledger } = shard;
    const found = shard.reference;
    shard.reference = reference;
    const expiry = shard.expiry();
    const at = records.keyAt(reference);
    this.context.observers.eviction(
      memory.data.u8,
      at,
      records.keyLength(reference),
      {
        fetched: (shard.state() & FETCHED) !== 0,
        ttl: expiry === 0 ? -1 : expiry - now,
        idleSeconds: shard.idleSeconds(now),
        slabClass: ledger.classOf(reference),
        size: shard.valueLength(),
      },
    );
    shard.reference = found;
  }
}
