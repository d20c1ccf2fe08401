/**
 * Owns a client that fills the memory, reads what all others have written,
 * and verifies every byte. Never starts a server.
 *
 * @module
 */
import { assert } from "@std/assert";
import { toLatin1 } from "../../src/base/bytes.ts";
import { concat } from "../support/memory_server.ts";
import type { Random } from "../support/random.ts";
import type { Wire } from "../support/wire.ts";
import {
  type Ledger,
  makeValue,
  VALUE_BYTES_MAX,
  versionOf,
} from "./stress_values.ts";

/** Keys of all clients. */
export const KEYS = 6000;
/** Requests that are sent together, at most. */
const BATCH_MAX = 16;
/** One of so many operations flushes everything. */
const FLUSH_ONE_IN = 10_000;

/** What all clients of a run have seen. */
export class Tally {
  operations = 0;
  hits = 0;
  misses = 0;
  largeHits = 0;
  stored = 0;
  refused = 0;
  flushes = 0;
}

/** What a run's clients share. */
export interface Stress {
  ledger: Ledger;
  tally: Tally;
  clients: number;
}

type Expect = () => Promise<void>;

/** One client. */
export class StressClient {
  readonly #wire: Wire;
  readonly #random: Random;
  readonly #stress: Stress;
  readonly #client: number;

  constructor(wire: Wire, random: Random, stress: Stress, client: number) {
    this.#wire = wire;
    this.#random = random;
    this.#stress = stress;
    this.#client = client;
  }

  /** Asks until all clients together have done so many operations. */
  async run(operations: number): Promise<void> {
    const { tally } = this.#stress;
    while (tally.operations < operations) {
      const count = this.#random.between(1, BATCH_MAX);
      const parts: Uint8Array[] = [];
      const replies: Expect[] = [];
      for (let i = 0; i < count; i++) replies.push(this.#draw(parts));
      tally.operations += count;
      const take = async () => {
        for (const reply of replies) await reply();
      };
      await Promise.all([this.#wire.send(concat(parts)), take()]);
    }
  }

  /** Reads every key once. */
  async readAll(): Promise<void> {
    for (let key = 0; key < KEYS; key++) {
      const parts: Uint8Array[] = [];
      const reply = this.#get(key, parts);
      await this.#wire.send(concat(parts));
      await reply();
    }
  }

  #draw(parts: Uint8Array[]): Expect {
    const random = this.#random;
    if (random.oneIn(FLUSH_ONE_IN)) return this.#flush(parts);
    const chance = random.below(100);
    if (chance < 50) return this.#get(this.#anyKey(), parts);
    if (chance < 94) return this.#set(this.#ownKey(), parts);
    if (chance < 97) return this.#delete(this.#ownKey(), parts);
    return this.#touch(this.#anyKey(), parts);
  }

  // Some keys are asked for much more often than others.
  #anyKey(): number {
    const random = this.#random;
    return random.oneIn(2) ? random.below(KEYS) : random.below(KEYS / 20);
  }

  #ownKey(): number {
    const { clients } = this.#stress;
    const key = this.#anyKey();
    return key - key % clients + this.#client;
  }

  #length(): number {
    const random = this.#random;
    const chance = random.below(1000);
    if (chance < 800) return random.between(0, 500);
    if (chance < 950) return random.between(500, 8000);
    if (chance < 990) return random.between(8000, 70_000);
    return random.between(64 * 1024, VALUE_BYTES_MAX);
  }

  #get(key: number, parts: Uint8Array[]): Expect {
    const { ledger, tally } = this.#stress;
    const name = `key${key}`;
    parts.push(toLatin1(`get ${name}\r\n`));
    const oldest = ledger.oldest(key);
    return async () => {
      const line = await this.#wire.line();
      if (line === "END") {
        tally.misses++;
        return;
      }
      const length = Number(line.split(" ")[3]);
      const bytes = await this.#wire.take(length);
      await this.#wire.expect("\r\nEND\r\n");
      ledger.check(key, versionOf(name, bytes), oldest);
      tally.hits++;
      if (length > 64 * 1024) tally.largeHits++;
    };
  }

  #set(key: number, parts: Uint8Array[]): Expect {
    const { ledger, tally } = this.#stress;
    const version = ++ledger.sent[key];
    const name = `key${key}`;
    const value = makeValue(name, version, this.#length());
    const exptime = this.#random.oneIn(8) ? this.#random.between(1, 3) : 0;
    parts.push(
      toLatin1(`set ${name} 0 ${exptime} ${value.length}\r\n`),
      value,
      toLatin1("\r\n"),
    );
    return async () => {
      const line = await this.#wire.line();
      if (line === "STORED") {
        ledger.stored[key] = version;
        tally.stored++;
        return;
      }
      assert(line === "SERVER_ERROR out of memory storing object", line);
      // The old value goes, too.
      ledger.removed[key] = version;
      tally.refused++;
    };
  }

  #delete(key: number, parts: Uint8Array[]): Expect {
    const { ledger } = this.#stress;
    const version = ledger.sent[key];
    parts.push(toLatin1(`delete key${key}\r\n`));
    return async () => {
      const line = await this.#wire.line();
      assert(line === "DELETED" || line === "NOT_FOUND", line);
      ledger.removed[key] = version;
    };
  }

  #touch(key: number, parts: Uint8Array[]): Expect {
    const exptime = this.#random.pick([0, 3, 100]);
    parts.push(toLatin1(`touch key${key} ${exptime}\r\n`));
    return async () => {
      const line = await this.#wire.line();
      assert(line === "TOUCHED" || line === "NOT_FOUND", line);
    };
  }

  #flush(parts: Uint8Array[]): Expect {
    const done = this.#stress.ledger.beginFlush();
    parts.push(toLatin1("flush_all\r\n"));
    return async () => {
      const line = await this.#wire.line();
      assert(line === "OK", line);
      done();
      this.#stress.tally.flushes++;
    };
  }
}
