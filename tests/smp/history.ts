/**
 * Owns what a recorded history is made of: what a client asked, what it was
 * told, and between which moments. Types only.
 *
 * @module
 */

/** What an operation asks, by the words of the classic protocol. */
export type Kind =
  | "get"
  | "gets"
  | "set"
  /** As set, with a CAS id of the client's own (meta set with E). */
  | "choose"
  | "add"
  | "cas"
  | "append"
  | "prepend"
  | "incr"
  | "decr"
  | "delete";

/** The answer: a word of the protocol, a number (incr, decr), or a value. */
export interface Answer {
  /** STORED, EXISTS, NOT_FOUND, ...; a number; VALUE or END. */
  word: string;
  /** What a get found. */
  value?: string;
  /** What a gets showed. */
  cas?: number;
}

/** One operation on one key. Operations of a client are in the order in
 * which it asked, and the server runs them in this order; those that were
 * sent together have the same times. */
export interface Operation {
  client: number;
  key: string;
  kind: Kind;
  /** The value to store, or the number to add. */
  argument?: string;
  /** The CAS id to compare with, or the chosen one. */
  compare?: number;
  /** Before it was sent, ms. */
  start: number;
  /** After its answer came, ms. */
  end: number;
  answer: Answer;
}
