/**
 * Owns what tests of large values share: a table in whose pages they lie in
 * many stretches, and what such stretches hold. Never uses a socket.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Stretches } from "../../src/base/stretches.ts";
import { MemoryServer } from "./memory_server.ts";

/** A table with the smallest pages, of 16 KB. */
export function smallPages(): MemoryServer {
  const settings = { memoryBytes: 16 << 20, itemBytesMax: 4 << 20 };
  const server = new MemoryServer(settings);
  assertEquals(server.store.geometry.pageBytes, 16 * 1024);
  return server;
}

/** The memory of each stretch. */
export function viewsOf(
  { count, bytes, at, length }: Stretches,
): Uint8Array<ArrayBuffer>[] {
  return bytes.slice(0, count).map(({ u8 }, i) =>
    u8.subarray(at[i], at[i] + length[i])
  );
}
