/**
 * Owns the tests of the frame around UDP requests and replies, with fuzzing.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  datagramCount,
  fillDatagram,
  requestId,
  UDP_PAYLOAD_BYTES,
} from "../../../src/protocol/udp.ts";
import {
  lengthFactor,
  Random,
  seedFromEnvironment,
} from "../../support/random.ts";

function id(...bytes: number[]): number {
  return requestId(new Uint8Array(bytes), bytes.length);
}

Deno.test("a request's id is its first two bytes", () => {
  assertEquals(id(0x12, 0x34, 0, 0, 0, 1, 0, 0, 65), 0x1234);
  assertEquals(id(0xff, 0xff, 0, 0, 0, 1, 0, 0, 65), 0xffff);
  assertEquals(id(0, 0, 0, 0, 0, 1, 0, 0, 65), 0);
});

Deno.test("sequence and reserved do not matter, the total must be 1", () => {
  assertEquals(id(0, 7, 9, 9, 0, 1, 9, 9, 65), 7);
  assertEquals(id(0, 7, 0, 0, 0, 2, 0, 0, 65), -1);
  assertEquals(id(0, 7, 0, 0, 1, 1, 0, 0, 65), -1);
  assertEquals(id(0, 7, 0, 0, 0, 0, 0, 0, 65), -1);
});

Deno.test("a datagram needs a payload", () => {
  for (let length = 0; length <= 8; length++) {
    assertEquals(id(...[0, 7, 0, 0, 0, 1, 0, 0].slice(0, length)), -1);
  }
});

Deno.test("a reply takes as many datagrams as it must", () => {
  assertEquals(datagramCount(0), 0);
  assertEquals(datagramCount(1), 1);
  assertEquals(datagramCount(UDP_PAYLOAD_BYTES), 1);
  assertEquals(datagramCount(UDP_PAYLOAD_BYTES + 1), 2);
  assertEquals(datagramCount(5000), 4);
});

Deno.test("the parts of a reply put together are the reply", () => {
  const random = new Random(seedFromEnvironment(99));
  const datagram = new Uint8Array(1400);
  for (let round = 0; round < 300 * lengthFactor(); round++) {
    const reply = new Uint8Array(random.below(20_000))
      .map(() => random.below(256));
    const wanted = random.below(65_536);
    const total = datagramCount(reply.length);
    const parts: number[] = [];
    for (let i = 0; i < total; i++) {
      const length = fillDatagram(datagram, wanted, i, total, reply);
      const view = new DataView(datagram.buffer);
      assertEquals(
        [0, 2, 4, 6].map((at) => view.getUint16(at)),
        [wanted, i, total, 0],
      );
      assert(length <= 1400 && (length === 1400 || i === total - 1));
      parts.push(...datagram.subarray(8, length));
    }
    assertEquals(new Uint8Array(parts), reply);
  }
});

Deno.test("any datagram is a request or is not", () => {
  const random = new Random(seedFromEnvironment(100));
  for (let round = 0; round < 30_000 * lengthFactor(); round++) {
    const bytes = new Uint8Array(random.below(20))
      .map(() => random.oneIn(2) ? random.below(3) : random.below(256));
    const found = requestId(bytes, bytes.length);
    assert(found >= -1 && found <= 0xffff);
    if (found >= 0) assert(bytes.length > 8 && bytes[4] === 0);
  }
});
