/**
 * Owns the search whether a recorded history of one key is linearizable:
 * whether its operations can be put in one order that respects real time, in
 * which a single item would have answered the same. Never records.
 *
 * Wing and Gong's search ("Testing and Verifying Concurrent Objects", 1993)
 * in the form of Lowe's just-in-time linearization ("Testing for
 * Linearizability", 2017): the answers are taken in the order they came, and
 * an operation is put into the order no earlier than an answer needs it. What
 * is kept between two answers is the set of configurations that are possible:
 * a state, and how many operations of each client that are still without
 * answer have been run. Configurations reached twice are looked at once.
 * When nothing is pending only states are left, so that the search is cut at
 * every quiet moment. Keys are independent (Herlihy and Wing's locality), so
 * each has a search of its own.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { Operation } from "./history.ts";
import { type ItemState, MISSING, stateText, step } from "./item_model.ts";

/** Clients of a history. */
export const CLIENTS_MAX = 6;
/** Five bits for each client, and states beyond: a safe integer. */
const CLIENT_BITS = 5;
const AHEAD_MAX = (1 << CLIENT_BITS) - 1;
const STATE_UNIT = 2 ** (CLIENTS_MAX * CLIENT_BITS);
/** Configurations at a time: more mean that a history is too entangled to be
 * worth a search. */
const CONFIGURATIONS_MAX = 1_000_000;
/** States that are remembered before those out of use are forgotten. */
const STATES_MAX = 20_000;

/** Why a history is not linearizable. */
export interface Violation {
  key: string;
  /** The operation whose answer fits no order... */
  operation: Operation;
  /** ...after one of these states, in order of what was possible... */
  states: ItemState[];
  /** ...and together with these, which could have been run meanwhile. */
  pending: Operation[];
}

/** The search over the operations of one key. */
class KeySearch {
  readonly #key: string;
  /** The operations of each client, in its order. */
  readonly #lanes: Operation[][];
  /** How many of them have been answered so far. */
  readonly #answered: number[];
  #states: ItemState[] = [];
  #stateIds = new Map<string, number>();
  #configurations = new Set<number>();
  /** The most configurations there were at a time. */
  widest = 0;

  constructor(key: string, operations: readonly Operation[]) {
    this.#key = key;
    this.#lanes = Array.from({ length: CLIENTS_MAX }, () => []);
    for (const operation of operations) {
      assert(operation.client < CLIENTS_MAX, "too many clients");
      this.#lanes[operation.client].push(operation);
    }
    this.#answered = this.#lanes.map(() => 0);
    this.#configurations.add(this.#idOf(MISSING) * STATE_UNIT);
  }

  #idOf(state: ItemState): number {
    const text = stateText(state);
    let id = this.#stateIds.get(text);
    if (id === undefined) {
      id = this.#states.length;
      this.#stateIds.set(text, id);
      this.#states.push(state);
    }
    return id;
  }

  run(): Violation | null {
    // Stable: what was answered together stays in the client's order.
    const answers = this.#lanes.flat().sort((a, b) => a.end - b.end);
    for (const operation of answers) {
      const before = this.#configurations;
      const after = this.#take(operation, before);
      if (after.size === 0) return this.#violation(operation, before);
      this.widest = Math.max(this.widest, after.size);
      this.#answered[operation.client]++;
      this.#configurations = after;
      if (this.#states.length > STATES_MAX) this.#forgetStates();
    }
    return null;
  }

  // The configurations after this answer. The operation leaves the pending
  // ones, so that its client is one less ahead.
  #take(operation: Operation, before: Set<number>): Set<number> {
    const { client, end } = operation;
    const unit = 1 << (client * CLIENT_BITS);
    const after = new Set<number>();
    const seen = new Set<number>();
    const open: number[] = [];
    for (const configuration of before) {
      const ahead = (configuration % STATE_UNIT / unit) & AHEAD_MAX;
      if (ahead > 0) after.add(configuration - unit);
      else open.push(configuration);
    }
    while (open.length > 0) {
      const from = open.pop()!;
      for (let other = 0; other < CLIENTS_MAX; other++) {
        const to = this.#advance(from, other, end);
        if (to < 0) continue;
        if (other === client) after.add(to - unit);
        else if (!seen.has(to)) {
          seen.add(to);
          open.push(to);
        }
      }
      assert(seen.size < CONFIGURATIONS_MAX, "the history is too entangled");
    }
    return after;
  }

  // Runs the next operation of a client; -1 if there is none that was asked
  // before `end`, or if it would have been answered in another way.
  #advance(from: number, client: number, end: number): number {
    const unit = 1 << (client * CLIENT_BITS);
    const ahead = (from % STATE_UNIT / unit) & AHEAD_MAX;
    const operation = this.#lanes[client][this.#answered[client] + ahead];
    if (operation === undefined || operation.start > end) return -1;
    const id = Math.floor(from / STATE_UNIT);
    const state = step(this.#states[id], operation);
    if (state === null) return -1;
    assert(ahead < AHEAD_MAX, "too many operations were sent together");
    return from + unit + (this.#idOf(state) - id) * STATE_UNIT;
  }

  #forgetStates(): void {
    const states = this.#states;
    this.#states = [];
    this.#stateIds = new Map();
    const kept = new Set<number>();
    for (const configuration of this.#configurations) {
      const id = Math.floor(configuration / STATE_UNIT);
      const ahead = configuration % STATE_UNIT;
      kept.add(this.#idOf(states[id]) * STATE_UNIT + ahead);
    }
    this.#configurations = kept;
  }

  #violation(operation: Operation, before: Set<number>): Violation {
    const ids = new Set([...before].map((c) => Math.floor(c / STATE_UNIT)));
    const pending = this.#lanes.flatMap((lane, client) =>
      lane.slice(this.#answered[client])
        .filter((other) => other !== operation && other.start <= operation.end)
    );
    return {
      key: this.#key,
      operation,
      states: [...ids].map((id) => this.#states[id]),
      pending,
    };
  }
}

/** What a check found. */
export interface Verdict {
  violation: Violation | null;
  /** The most configurations that a search had at a time: 1 means that no two
   * operations of a key ever overlapped. */
  widest: number;
}

/** Checks a history; keys are searched one by one. */
export function checkHistory(history: readonly Operation[]): Verdict {
  const byKey = Map.groupBy(history, ({ key }) => key);
  let widest = 1;
  for (const [key, operations] of byKey) {
    const search = new KeySearch(key, operations);
    const violation = search.run();
    widest = Math.max(widest, search.widest);
    if (violation !== null) return { violation, widest };
  }
  return { violation: null, widest };
}

function operationText(operation: Operation): string {
  const { client, kind, argument, compare, start, end, answer } = operation;
  const asked = [kind, argument, compare].filter((part) => part !== undefined);
  const told = [answer.word, answer.value, answer.cas]
    .filter((part) => part !== undefined);
  return `client ${client} [${start.toFixed(3)}..${end.toFixed(3)}] ` +
    `${asked.join(" ")} -> ${told.join(" ")}`;
}

/** Says a violation in lines for a person. */
export function violationText(violation: Violation): string {
  const { key, operation, states, pending } = violation;
  const shown = states.slice(0, 5).map((state) => JSON.stringify(state));
  return [
    `key ${key} is not linearizable at`,
    "  " + operationText(operation),
    `with ${states.length} possible states before, such as`,
    ...shown.map((line) => "  " + line.slice(0, 200)),
    "and pending",
    ...pending.map((other) => "  " + operationText(other).slice(0, 200)),
  ].join("\n");
}
