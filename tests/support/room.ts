/**
 * Owns what tests write into the room around values in a table, as whoever sends
 * from there does, and reads into it. Never checks anything.
 *
 * @module
 */
import { ROOM_AFTER_BYTES, ROOM_BEFORE_BYTES } from "../../src/store/layout.ts";
import type { Records } from "../../src/store/records.ts";

/** Fills all room that a record has around its value. */
export function scribbleRoom(records: Records, reference: number): void {
  if (!records.hasRoom(reference)) return;
  const { u8 } = records.data;
  const at = records.valueAt(reference);
  u8.fill(10, at - ROOM_BEFORE_BYTES - records.keyLength(reference), at);
  const last = records.valueLength(reference) - 1;
  const end = records.runAt(reference, last, 1).at + 1;
  u8.fill(10, end, end + ROOM_AFTER_BYTES);
}
