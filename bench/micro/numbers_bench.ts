/**
 * Question: what do hashing a key, reading and writing decimal numbers and
 * base64 cost? (µs printed = ns for one.)
 *
 * @module
 */
import { Bytes, SLACK_BYTES, toLatin1 } from "../../src/base/bytes.ts";
import { hashBytes } from "../../src/base/hash.ts";
import { U64, writeDecimal } from "../../src/base/u64.ts";
import { decodeBase64, encodeBase64 } from "../../src/protocol/base64.ts";
import { benchThousand } from "./thousand.ts";

const bytes = new Bytes(new ArrayBuffer(4096 + SLACK_BYTES));
const shared = new Bytes(new SharedArrayBuffer(4096 + SLACK_BYTES));
for (let i = 0; i < 4096; i++) bytes.u8[i] = shared.u8[i] = i * 7;

for (const length of [12, 32, 250]) {
  benchThousand(
    "hashBytes",
    `${length} B`,
    (i) => hashBytes(bytes.view, i & 1023, length, 1),
    { baseline: length === 12 },
  );
}
benchThousand(
  "hashBytes",
  "12 B, shared",
  (i) => hashBytes(shared.view, i & 1023, 12, 1),
);

const number = new U64();
const TEXTS = ["7", "100", "4294967295", "18446744073709551615"].map(toLatin1);
for (const text of TEXTS) {
  const { length } = text;
  const digits = length === 1 ? "1 digit" : `${length} digits`;
  benchThousand("U64.parse", digits, () => {
    return number.parse(text, 0, length) && number.low > 0 ? 1 : 0;
  }, { each: 1 });
  const value = new U64();
  value.parse(text, 0, length);
  benchThousand("U64.write", digits, (i) => {
    const at = i & 1023;
    return value.write(bytes.u8, at) - at;
  }, { each: length });
}
for (const value of [0, 100, 4294967295, Number.MAX_SAFE_INTEGER]) {
  benchThousand(
    "writeDecimal",
    String(value),
    (i) => {
      const at = i & 1023;
      return writeDecimal(bytes.u8, at, value) - at;
    },
    { each: String(value).length },
  );
}

const raw = bytes.u8.subarray(0, 30);
const encoded = new Uint8Array(64);
const decoded = new Uint8Array(64);
const encodedBytes = encodeBase64(raw, 0, 30, encoded, 0);
benchThousand(
  "base64",
  "encode 30 B",
  () => encodeBase64(raw, 0, 30, encoded, 0),
  { each: 40 },
);
benchThousand(
  "base64",
  "decode to 30 B",
  () => decodeBase64(encoded, 0, encodedBytes, decoded),
  { each: 30 },
);
