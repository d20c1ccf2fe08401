/**
 * Owns what clients of a native connection ask for in its tests: values of all
 * sizes at which something changes, and gets of them. Never sends it.
 *
 * @module
 */
import {
  READ_LITTLE_BYTES_MAX,
  STRETCH_BYTES_PER_CALL_MAX,
} from "../../../src/base/limits.ts";
import { packet } from "../../support/packets.ts";
import type { Random } from "../../support/random.ts";

/** So many characters, which differ by seed. */
export function valueOf(length: number, seed: number): string {
  return `<${seed}>`.repeat(Math.ceil(length / 3)).slice(0, length);
}

const ONE_CALL = STRETCH_BYTES_PER_CALL_MAX;
// deno-fmt-ignore
const SIZES = [
  0, 10, 3000, 40_000, 65_535, 65_536, 100_000, 300_001,
  ONE_CALL - 1, ONE_CALL, ONE_CALL + 1, 2_500_000,
];
/** Lines about as long as what is read after a large value, where the end of
 * that value may be, too. */
const LONG_GETS = [-3, -2, -1, 0, 1].map((extra) =>
  `get ${"none ".repeat(READ_LITTLE_BYTES_MAX)}`
    .slice(0, READ_LITTLE_BYTES_MAX + extra - 4) + " 1\r\n"
);

/** Sets and gets of keys 0 to 7 in text. */
export function textScript(random: Random): string {
  let script = "";
  for (let i = 0; i < 40; i++) {
    const key = random.below(8);
    const isFirst = i < SIZES.length;
    if (isFirst || random.oneIn(3)) {
      const size = SIZES[isFirst ? i : random.below(SIZES.length)];
      script += `set ${isFirst ? i % 8 : key} ${i} 0 ${size}\r\n` +
        `${valueOf(size, i)}\r\n`;
      if (random.oneIn(4)) script += random.pick(LONG_GETS);
    } else {
      script += random.pick([
        `get ${key}\r\n`,
        `get 7 ${key} none 6 ${key}\r\n`,
        `mg ${key} v f\r\nmn\r\n`,
      ]);
    }
  }
  return script;
}

/** A binary set, without flags and expiry, or a get. */
function setPacket(key: string, value: string): string {
  return packet({ opcode: 1, key, extras: "\0".repeat(8), value });
}

function getPacket(key: string): string {
  return packet({ opcode: 0, key });
}

/** The same, each of which waits for the reply to the one before it. */
export function singleRequests(random: Random): string[] {
  return Array.from({ length: 100 }, (_, i) => {
    const key = random.below(8);
    const size = random.pick([0, 10, 100, 230, 300, 3000, 100_000]);
    return random.pick([
      `get ${key}\r\n`,
      `mg ${key} v f\r\nmn\r\n`,
      `set ${key} ${i} 0 ${size}\r\n${valueOf(size, i)}\r\n`,
    ]);
  });
}

/** The same in binary. */
export function binaryScript(random: Random): string {
  let script = "";
  for (let i = 0; i < 40; i++) {
    const key = String(random.below(8));
    const isFirst = i < SIZES.length;
    if (isFirst || random.oneIn(3)) {
      const size = SIZES[isFirst ? i : random.below(SIZES.length)];
      script += setPacket(isFirst ? `${i % 8}` : key, valueOf(size, i));
    } else script += getPacket(key);
  }
  // Nothing follows the last value that could bring it along.
  return script + setPacket("6", valueOf(100_000, 6)) +
    getPacket("6").repeat(3);
}
