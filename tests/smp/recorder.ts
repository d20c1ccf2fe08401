/**
 * Owns the clients that make a history: they ask at random, from a seed, and
 * note what they were told and when. Never judges an answer.
 *
 * @module
 */
import { assert } from "@std/assert";
import { latin1 } from "../../src/base/bytes.ts";
import type { Random } from "../support/random.ts";
import type { Wire } from "../support/wire.ts";
import { CLIENTS_MAX } from "./checker.ts";
import type { Answer, Kind, Operation } from "./history.ts";

/** What the values of a key look like. */
export interface KeyPlan {
  name: string;
  /** Numbers, or texts of which each is stored once. */
  holds: "numbers" | "texts";
  /** Length of a text; short ones are overwritten where they are. */
  textBytes: number;
  /** Each kind as often as it is in here. */
  kinds: readonly Kind[];
}

const REGISTER: readonly Kind[] = [
  ...Array<Kind>(4).fill("get"),
  ...Array<Kind>(4).fill("gets"),
  ...Array<Kind>(4).fill("set"),
  ...Array<Kind>(3).fill("cas"),
  "delete",
  "add",
];
const COUNTER: readonly Kind[] = [
  ...Array<Kind>(8).fill("incr"),
  ...Array<Kind>(2).fill("decr"),
  ...Array<Kind>(3).fill("get"),
  ...Array<Kind>(3).fill("gets"),
  ...Array<Kind>(2).fill("cas"),
  "set",
  "delete",
  "add",
];
/** Numbers that have a field for their CAS id, and change where they are. */
const CHOSEN: readonly Kind[] = [
  ...Array<Kind>(6).fill("incr"),
  ...Array<Kind>(8).fill("gets"),
  "cas",
  "choose",
];
const JOINED: readonly Kind[] = [
  ...Array<Kind>(5).fill("append"),
  ...Array<Kind>(3).fill("prepend"),
  ...Array<Kind>(3).fill("get"),
  ...Array<Kind>(3).fill("gets"),
  "set",
  "set",
  "cas",
  "delete",
  "add",
];

/** Registers, counters and texts that grow, small and of several lines of the
 * processor's cache. */
export const ALL_PLANS: readonly KeyPlan[] = [
  { name: "register", holds: "texts", textBytes: 12, kinds: REGISTER },
  { name: "wide", holds: "texts", textBytes: 3000, kinds: REGISTER },
  { name: "counter", holds: "numbers", textBytes: 0, kinds: COUNTER },
  { name: "number", holds: "numbers", textBytes: 0, kinds: COUNTER },
  { name: "chosen", holds: "numbers", textBytes: 0, kinds: CHOSEN },
  { name: "joined", holds: "texts", textBytes: 12, kinds: JOINED },
  { name: "long", holds: "texts", textBytes: 200, kinds: JOINED },
];

/** Chosen ids are below this, those of the table are not. */
const CHOSEN_IDS = 1 << 18;

/** Batches are of one operation, or of up to this many sent together; with
 * more on the same key there are too many orders to look at. */
const BATCH_MAX = 8;
const SAME_KEY_MAX = 2;

/** A client with a connection of its own. */
export class Recorder {
  readonly #client: number;
  readonly #wire: Wire;
  readonly #random: Random;
  readonly #plans: readonly KeyPlan[];
  readonly #history: Operation[];
  /** The CAS ids that it saw last, by key. */
  readonly #casIds = new Map<string, number>();
  #texts = 0;
  #chosen = 0;

  constructor(
    client: number,
    wire: Wire,
    random: Random,
    plans: readonly KeyPlan[],
    history: Operation[],
  ) {
    this.#client = client;
    this.#wire = wire;
    this.#random = random;
    this.#plans = plans;
    this.#history = history;
  }

  /** Asks until the history has this many operations. */
  async run(operations: number): Promise<void> {
    while (this.#history.length < operations) await this.#batch();
  }

  async #batch(): Promise<void> {
    const random = this.#random;
    const count = random.oneIn(2) ? 1 : random.between(2, BATCH_MAX);
    const batch: Operation[] = [];
    let text = "";
    for (let i = 0; i < count; i++) {
      const operation = this.#draw();
      const same = batch.filter(({ key }) => key === operation.key).length;
      if (same >= SAME_KEY_MAX) continue;
      batch.push(operation);
      text += requestText(operation);
    }
    const start = performance.now();
    await this.#wire.send(text);
    for (const operation of batch) {
      operation.answer = await this.#takeAnswer();
      const { cas } = operation.answer;
      if (cas !== undefined) this.#casIds.set(operation.key, cas);
    }
    const end = performance.now();
    for (const operation of batch) {
      operation.start = start;
      operation.end = end;
      this.#history.push(operation);
    }
  }

  #draw(): Operation {
    const random = this.#random;
    const plan = random.pick(this.#plans);
    const key = plan.name;
    let kind = random.pick(plan.kinds);
    let compare: number | undefined;
    if (kind === "cas") compare = this.#casIds.get(key);
    if (kind === "cas" && compare === undefined) kind = "gets";
    if (kind === "choose") compare = this.#chooseId();
    const isDelta = kind === "incr" || kind === "decr";
    return {
      client: this.#client,
      key,
      kind,
      argument: isDelta ? String(random.between(1, 30)) : this.#value(plan),
      compare,
      start: 0,
      end: 0,
      answer: { word: "" },
    };
  }

  #chooseId(): number {
    const id = 1 + this.#client + CLIENTS_MAX * this.#chosen++;
    assert(id < CHOSEN_IDS, "no more CAS ids to choose");
    return id;
  }

  // No text is stored twice; its bytes repeat, so that a torn one shows.
  #value(plan: KeyPlan): string {
    const random = this.#random;
    if (plan.holds === "numbers") return String(random.between(80, 120));
    const mark = `${this.#client}.${(this.#texts++).toString(36)},`;
    const spare = plan.textBytes < 20 ? 0 : random.below(20);
    return mark.repeat(Math.ceil(plan.textBytes / mark.length))
      .slice(0, Math.max(mark.length, plan.textBytes - spare))
      .padEnd(plan.textBytes - spare, "~");
  }

  async #takeAnswer(): Promise<Answer> {
    const line = await this.#wire.line();
    if (!line.startsWith("VALUE ")) return { word: line.trimEnd() };
    const [, , , length, cas] = line.split(" ");
    const bytes = await this.#wire.take(Number(length));
    const value = latin1(bytes, 0, bytes.length);
    await this.#wire.expect("\r\nEND\r\n");
    return {
      word: "VALUE",
      value,
      cas: cas === undefined ? undefined : Number(cas),
    };
  }
}

function requestText(operation: Operation): string {
  const { kind, key, argument = "", compare } = operation;
  switch (kind) {
    case "get":
    case "gets":
    case "delete":
      return `${kind} ${key}\r\n`;
    case "incr":
    case "decr":
      return `${kind} ${key} ${argument}\r\n`;
    case "choose":
      return `ms ${key} ${argument.length} E${compare}\r\n${argument}\r\n`;
    default: {
      const id = compare === undefined ? "" : ` ${compare}`;
      return `${kind} ${key} 0 0 ${argument.length}${id}\r\n${argument}\r\n`;
    }
  }
}
