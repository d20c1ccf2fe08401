/**
 * Owns what tests of large values share: a table in whose pages they lie in
 * many stretches, and what such stretches hold. Never uses a socket.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Stretches } from "../../src/base/stretches.ts";
import { C_PINNED_PAGES } from "../../src/store/layout.ts";
import { MemoryServer } from "./memory_server.ts";

/** A table with the smallest pages, of 16 KB. */
export function smallPages(): MemoryServer {
  const settings = { memoryBytes: 16 << 20, itemBytesMax: 4 << 20 };
  const server = new MemoryServer(settings);
  assertEquals(server.store.geometry.pageBytes, 16 * 1024);
  return server;
}

/** A value of so many bytes, which shows where a part of it is from. */
export function valueOf(length: number): string {
  return "0123456789abcdefg".repeat(Math.ceil(length / 17)).slice(0, length);
}

/** Pages of a server's table that somebody needs to stay. */
export function pinnedPages(server: MemoryServer): number {
  return server.store.partitions.reduce(
    (sum, { shard }) => sum + shard.memory.control[C_PINNED_PAGES],
    0,
  );
}

/** The memory of each stretch. */
export function viewsOf(
  { count, bytes, at, length }: Stretches,
): Uint8Array<ArrayBuffer>[] {
  return bytes.slice(0, count).map(({ u8 }, i) =>
    u8.subarray(at[i], at[i] + length[i])
  );
}
