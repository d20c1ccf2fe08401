/**
 * Owns making hostile input: random bytes, valid commands, and valid commands
 * that were cut, doubled, flipped or spliced.
 *
 * @module
 */
import { latin1, toLatin1 } from "../../src/base/bytes.ts";
import { bigEndian, packet } from "../support/packets.ts";
import type { Random } from "../support/random.ts";
import { CommandMaker } from "./differential.ts";

/** Makes inputs from a seeded source. */
export class InputMaker {
  readonly #random: Random;
  readonly #commands: CommandMaker;

  constructor(random: Random) {
    this.#random = random;
    this.#commands = new CommandMaker(random);
  }

  /** Some text commands, valid or nearly. */
  text(): string {
    let text = "";
    const count = this.#random.between(1, 4);
    for (let i = 0; i < count; i++) {
      text += this.#commands.command().replaceAll("{cas}", "1");
    }
    return text;
  }

  /** Some binary packets, valid or nearly. */
  packets(): string {
    const random = this.#random;
    let text = "";
    const count = random.between(1, 4);
    for (let i = 0; i < count; i++) {
      const extras = random.pick([0, 0, 4, 8, 20]);
      text += packet({
        opcode: random.oneIn(8) ? random.below(256) : random.below(0x25),
        key: "k".repeat(random.pick([0, 1, 5, 5, 250, 251])),
        extras: bigEndian(random.uint32(), 4).repeat(5).slice(0, extras),
        value: "v".repeat(random.pick([0, 1, 7, 300])),
        cas: random.oneIn(3) ? BigInt(random.uint32()) : 0n,
      });
    }
    return text;
  }

  /** Bytes without any sense, with some that mean something. */
  noise(): string {
    const random = this.#random;
    const bytes = random.bytes(random.below(300));
    for (let i = 0; i < bytes.length; i++) {
      if (random.oneIn(3)) bytes[i] = random.pick([10, 13, 32, 0x80, 103, 48]);
    }
    return latin1(bytes, 0, bytes.length);
  }

  /** A copy with some damage. */
  mutate(text: string): string {
    const random = this.#random;
    let bytes = toLatin1(text);
    const changes = random.between(1, 5);
    for (let i = 0; i < changes && bytes.length > 0; i++) {
      const at = random.below(bytes.length);
      const length = random.below(Math.min(20, bytes.length - at) + 1);
      switch (random.below(5)) {
        case 0:
          bytes[at] ^= 1 << random.below(8);
          break;
        case 1:
          bytes[at] = random.uint32();
          break;
        case 2:
          bytes = bytes.slice(0, at);
          break;
        case 3:
          bytes = splice(bytes, at, length, new Uint8Array(0));
          break;
        default:
          bytes = splice(bytes, at, 0, bytes.slice(at, at + length));
      }
    }
    return latin1(bytes, 0, bytes.length);
  }

  /** Any of them. */
  any(): string {
    const random = this.#random;
    switch (random.below(6)) {
      case 0:
        return this.noise();
      case 1:
        return this.text();
      case 2:
        return this.packets();
      case 3:
        return this.mutate(this.packets());
      default:
        return this.mutate(this.text());
    }
  }
}

function splice(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  removed: number,
  inserted: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes.length - removed + inserted.length);
  result.set(bytes.subarray(0, at));
  result.set(inserted, at);
  result.set(bytes.subarray(at + removed), at + inserted.length);
  return result;
}
