/**
 * Question: how should a few bytes be copied between buffers, up to which
 * length does `copyBytes`' loop beat `set(subarray)`, and does a
 * SharedArrayBuffer change the answer? (µs printed = ns for one copy.)
 *
 * @module
 */
import { Bytes, copyBytes, SLACK_BYTES } from "../../src/base/bytes.ts";
import { benchThousand } from "./thousand.ts";

const LENGTHS = [6, 12, 64, 100, 192, 384, 512, 1024];
const BUFFER_BYTES = 64 * 1024;

const plain = Bytes.allocate(BUFFER_BYTES);
const shared = new Bytes(new SharedArrayBuffer(BUFFER_BYTES + SLACK_BYTES));
const target = Bytes.allocate(BUFFER_BYTES);
plain.u8.fill(1);
shared.u8.fill(1);

/** Copies bytes that are 1; returns the last one of the copy. */
const ONES = { each: 1 };

for (const length of LENGTHS) {
  const group = `copy ${length} B`;
  // A value follows its key, at any byte.
  const place = (i: number) => (i * 67) & 0x7fff;
  for (
    const [name, source] of [["plain", plain], ["shared", shared]] as const
  ) {
    benchThousand(group, `copyBytes, ${name} to plain`, (i) => {
      copyBytes(source, place(i), target, place(i + 1), length);
      return target.u8[place(i + 1) + length - 1];
    }, { ...ONES, baseline: source === plain });
    benchThousand(group, `set(subarray), ${name} to plain`, (i) => {
      const from = place(i);
      target.u8.set(source.u8.subarray(from, from + length), place(i + 1));
      return target.u8[place(i + 1) + length - 1];
    }, ONES);
  }
  benchThousand(group, "copyBytes, plain to shared", (i) => {
    copyBytes(plain, place(i), shared, place(i + 1), length);
    return shared.u8[place(i + 1) + length - 1];
  }, ONES);
}
