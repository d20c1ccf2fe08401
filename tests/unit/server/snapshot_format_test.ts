/**
 * Owns the tests of a snapshot's header, frames and end mark: what was
 * written is read, anything else is refused with its reason.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  checkFrame,
  decodeEnd,
  decodeFrameHead,
  decodeHeader,
  encodeEnd,
  encodeFrameHead,
  encodeHeader,
  END_BYTES,
  FRAME_BYTES_MAX,
  FRAME_HEAD_BYTES,
  HEADER_BYTES,
  SNAPSHOT_VERSION,
  type SnapshotHeader,
} from "../../../src/server/snapshot_format.ts";
import { SnapshotError } from "../../../src/store/store.ts";

const HEADER: SnapshotHeader = {
  writtenUnix: 1_800_000_000.25,
  clockAhead: -12.5,
  sequence: 2 ** 34 + 1,
  flushAt: 99,
  itemBytesMax: 1024,
  limitBytes: 64 * 2 ** 30,
};

function refused(reason: string, read: () => unknown): void {
  assertThrows(read, SnapshotError, reason);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

Deno.test("a header comes back as it was written", () => {
  const bytes = encodeHeader(HEADER);
  assertEquals(bytes.length, HEADER_BYTES);
  assertEquals(decodeHeader(bytes), HEADER);
  // As zlib.crc32 of Python has it.
  assertEquals(viewOf(bytes).getUint32(64, true), 0x2a757a4b);
});

Deno.test("a header that is cut off is refused at every length", () => {
  const bytes = encodeHeader(HEADER);
  refused("it is empty", () => decodeHeader(bytes.subarray(0, 0)));
  for (let length = 1; length < bytes.length; length++) {
    refused("it is truncated", () => decodeHeader(bytes.subarray(0, length)));
  }
});

Deno.test("files of others are refused", () => {
  const foreign = new Uint8Array(1000);
  refused("it is no snapshot", () => decodeHeader(foreign));
  const text = new TextEncoder().encode("Tmain\nKslab_config 1.25\n");
  refused("it is no snapshot", () => decodeHeader(text));
  // A transfer as text changes line ends or drops the top bit.
  const stripped = encodeHeader(HEADER);
  stripped[0] &= 0x7f;
  refused("it is no snapshot", () => decodeHeader(stripped));
});

Deno.test("other versions are refused, whatever else they hold", () => {
  const bytes = encodeHeader(HEADER);
  viewOf(bytes).setUint32(8, SNAPSHOT_VERSION - 1, true);
  refused("its version 0 is older than 1", () => decodeHeader(bytes));
  viewOf(bytes).setUint32(8, SNAPSHOT_VERSION + 1, true);
  refused("its version 2 is newer than 1", () => decodeHeader(bytes));
});

Deno.test("a header with any bit changed is refused", () => {
  for (let at = 0; at < HEADER_BYTES * 8; at++) {
    const bytes = encodeHeader(HEADER);
    bytes[at >> 3] ^= 1 << (at & 7);
    refused("", () => decodeHeader(bytes));
  }
});

Deno.test("a frame comes back, and with any bit changed does not", () => {
  const payload = new TextEncoder().encode("some items");
  const head = encodeFrameHead(3, 2, payload);
  checkFrame(head, payload);
  const { checksum, ...rest } = decodeFrameHead(head);
  assertEquals(rest, { isEnd: false, length: 10, carried: 3, items: 2 });
  // As zlib.crc32 of Python has it.
  assertEquals(checksum, 0x2189ff25);
  const all = new Uint8Array([...head, ...payload]);
  for (let at = 0; at < all.length * 8; at++) {
    const bytes = all.slice();
    bytes[at >> 3] ^= 1 << (at & 7);
    refused("a frame is damaged", () =>
      checkFrame(
        bytes.subarray(0, FRAME_HEAD_BYTES),
        bytes.subarray(FRAME_HEAD_BYTES),
      ));
  }
});

Deno.test("a frame is as long as a buffer at most", () => {
  const head = encodeFrameHead(0, 1, new Uint8Array(FRAME_BYTES_MAX));
  assertEquals(decodeFrameHead(head).length, FRAME_BYTES_MAX);
  viewOf(head).setUint32(4, FRAME_BYTES_MAX + 1, true);
  refused("a frame is damaged", () => decodeFrameHead(head));
  const carried = encodeFrameHead(5, 1, new Uint8Array(4));
  refused("a frame is damaged", () => decodeFrameHead(carried));
});

Deno.test("an end mark counts only at the end of its own file", () => {
  const end = { items: 14_000_000, fileBytes: 5 * 2 ** 30 };
  const bytes = encodeEnd(end);
  assertEquals(bytes.length, END_BYTES);
  assertEquals(decodeEnd(bytes, end.fileBytes), end);
  refused("truncated", () => decodeEnd(bytes, end.fileBytes - 1));
  refused("truncated", () => decodeEnd(bytes, end.fileBytes + 1));
  refused("truncated", () => decodeEnd(new Uint8Array(END_BYTES), 100));
  for (let at = 0; at < END_BYTES * 8; at++) {
    const changed = bytes.slice();
    changed[at >> 3] ^= 1 << (at & 7);
    refused("", () => decodeEnd(changed, end.fileBytes));
  }
});
