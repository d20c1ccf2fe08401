/**
 * Owns what one item may answer: the sequential semantics of register, CAS,
 * counter and append, as a step from state to state. Never searches.
 *
 * @module
 */
import type { Operation } from "./history.ts";

/** What is known of an item. */
export interface ItemState {
  /** null: there is none. */
  readonly value: string | null;
  /** Its CAS id; 0 while no reply has shown it. */
  readonly cas: number;
  /** Highest CAS id shown since the item was created: ids only rise. */
  readonly highest: number;
}

/** Nothing was stored so far. */
export const MISSING: ItemState = { value: null, cas: 0, highest: 0 };

/** Tells states apart. */
export function stateText({ value, cas, highest }: ItemState): string {
  return value === null ? "" : `${cas} ${highest} ${value}`;
}

// A change gives the item a new CAS id that nobody knows yet.
function changed(before: ItemState, value: string): ItemState {
  return { value, cas: 0, highest: before.highest };
}

function shown(before: ItemState, cas: number): ItemState | null {
  if (before.cas !== 0) return before.cas === cas ? before : null;
  if (cas <= before.highest) return null;
  return { value: before.value, cas, highest: cas };
}

function afterGet(state: ItemState, operation: Operation): ItemState | null {
  const { word, value, cas } = operation.answer;
  if (word === "END") return state.value === null ? state : null;
  if (word !== "VALUE" || state.value !== value) return null;
  return cas === undefined ? state : shown(state, cas);
}

// What was shown before a change is the item's id no more.
function afterCas(state: ItemState, operation: Operation): ItemState | null {
  const { answer: { word }, argument, compare } = operation;
  if (state.value === null) return word === "NOT_FOUND" ? state : null;
  if (state.cas !== compare) return word === "EXISTS" ? state : null;
  return word === "STORED" ? changed(state, argument!) : null;
}

function afterDelta(state: ItemState, operation: Operation): ItemState | null {
  const { kind, answer: { word }, argument } = operation;
  if (state.value === null) return word === "NOT_FOUND" ? state : null;
  const delta = Number(argument);
  const before = Number(state.value);
  const after = kind === "incr" ? before + delta : Math.max(0, before - delta);
  const digits = String(after);
  if (word !== digits) return null;
  // As in memcached: a shorter number is filled up with spaces.
  return changed(state, digits.padEnd(state.value.length, " "));
}

function afterJoin(state: ItemState, operation: Operation): ItemState | null {
  const { kind, answer: { word }, argument } = operation;
  if (state.value === null) return word === "NOT_STORED" ? state : null;
  if (word !== "STORED") return null;
  return changed(
    state,
    kind === "append" ? state.value + argument : argument + state.value,
  );
}

/** The state after an operation that was answered so, or null if it cannot be
 * answered so in this state. */
export function step(state: ItemState, operation: Operation): ItemState | null {
  const { word } = operation.answer;
  switch (operation.kind) {
    case "get":
    case "gets":
      return afterGet(state, operation);
    case "set":
      return word === "STORED" ? changed(state, operation.argument!) : null;
    case "choose": {
      if (word !== "HD") return null;
      const { argument, compare } = operation;
      return { value: argument!, cas: compare!, highest: compare! };
    }
    case "add":
      if (state.value !== null) return word === "NOT_STORED" ? state : null;
      return word === "STORED" ? changed(state, operation.argument!) : null;
    case "cas":
      return afterCas(state, operation);
    case "append":
    case "prepend":
      return afterJoin(state, operation);
    case "incr":
    case "decr":
      return afterDelta(state, operation);
    case "delete":
      if (state.value === null) return word === "NOT_FOUND" ? state : null;
      return word === "DELETED" ? MISSING : null;
  }
}
