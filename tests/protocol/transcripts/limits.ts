/**
 * Owns the transcripts of everything that is too long or too large.
 *
 * @module
 */
import type { Transcript } from "../transcript.ts";

const TOO_LARGE = "SERVER_ERROR object too large for cache\r\n";
const MN = "MN\r\n";
const BATCHED = "the limit is on what has arrived";

/** memcached wants chunks that divide the limit; with less than 128 KiB its
 * 1.6.18 crashes at the first store of a large value. */
const SMALL = ["-I", "131072", "-o", "slab_chunk_max=128"];
/** Values of the limit, and one more. */
const AT = "v".repeat(131072);
const OVER = "v".repeat(131073);
/** What every memcached holds, and what none does with this limit. */
const FITS = "v".repeat(130000);
const NEVER = "v".repeat(132000);

/** Where buffers of any kind are likely to end. */
const BUFFER_SIZES = [
  2046,
  2047,
  2048,
  2049,
  16383,
  16384,
  16385,
  32767,
  32768,
  65535,
  65536,
  65537,
  131071,
  131072,
  131073,
];

export const LIMITS: readonly Transcript[] = [
  {
    name: "limits: a value of exactly -I bytes, and one more",
    flags: SMALL,
    differs: "memcached's -I is the limit of header, key and value together",
    steps: [
      [`set a 0 0 131072\r\n${AT}\r\n`, "STORED\r\n"],
      ["get a\r\n", `VALUE a 0 131072\r\n${AT}\r\nEND\r\n`],
      [`set a 0 0 131073\r\n${OVER}\r\n`, TOO_LARGE],
      ["get a\r\n", "END\r\n"],
      [`ms a 131072\r\n${AT}\r\n`, "HD\r\n"],
      ["mg a s\r\n", "HD s131072\r\n"],
      [`ms a 131073\r\n${OVER}\r\n`, TOO_LARGE],
      [`${"set " + "k".repeat(250)} 0 0 131072\r\n${AT}\r\n`, "STORED\r\n"],
    ],
  },
  {
    name: "limits: append up to -I bytes, and one more",
    flags: SMALL,
    differs: "memcached's -I is the limit of header, key and value together",
    steps: [
      [`set a 0 0 131024\r\n${AT.slice(48)}\r\n`, "STORED\r\n"],
      [`append a 0 0 48\r\n${"v".repeat(48)}\r\n`, "STORED\r\n"],
      ["get a\r\n", `VALUE a 0 131072\r\n${AT}\r\nEND\r\n`],
      ["append a 0 0 1\r\nv\r\n", "NOT_STORED\r\n"],
      ["prepend a 0 0 1\r\nv\r\n", "NOT_STORED\r\n"],
      ["get a\r\n", `VALUE a 0 131072\r\n${AT}\r\nEND\r\n`],
    ],
  },
  {
    name: "limits: set removes what was there, add and others leave it",
    flags: SMALL,
    steps: [
      [`set a 0 0 130000\r\n${FITS}\r\n`, "STORED\r\n"],
      [`add a 0 0 132000\r\n${NEVER}\r\n`, TOO_LARGE],
      [`replace a 0 0 132000\r\n${NEVER}\r\n`, TOO_LARGE],
      [`append a 0 0 132000\r\n${NEVER}\r\n`, TOO_LARGE],
      [`prepend a 0 0 132000\r\n${NEVER}\r\n`, TOO_LARGE],
      [`cas a 0 0 132000 1\r\n${NEVER}\r\n`, TOO_LARGE],
      ["get a\r\n", `VALUE a 0 130000\r\n${FITS}\r\nEND\r\n`],
      [`set a 0 0 132000\r\n${NEVER}\r\n`, TOO_LARGE],
      ["get a\r\n", "END\r\n"],
      [`add a 0 0 132000\r\n${NEVER}\r\n`, TOO_LARGE],
      ["get a\r\n", "END\r\n"],
    ],
  },
  {
    name: "limits: an append that would make it too large is not stored",
    flags: SMALL,
    steps: [
      [`set a 0 0 130000\r\n${FITS}\r\n`, "STORED\r\n"],
      [`append a 0 0 130000\r\n${FITS}\r\n`, "NOT_STORED\r\n"],
      [`prepend a 0 0 130000\r\n${FITS}\r\n`, "NOT_STORED\r\n"],
      ["get a\r\n", `VALUE a 0 130000\r\n${FITS}\r\nEND\r\n`],
    ],
  },
  {
    name: "limits: the error waits for the value, and the stream goes on",
    flags: SMALL,
    steps: [
      ["set a 0 0 132000\r\n", ""],
      [NEVER.slice(1), ""],
      ["v\r\nmn\r\n", TOO_LARGE + MN],
      [`set a 0 0 300000\r\n${"v".repeat(300000)}\r\nmn\r\n`, TOO_LARGE + MN],
      [`set a 0 0 132000 noreply\r\n${NEVER}\r\nmn\r\n`, MN],
      [`set a 0 0 132000\r\n${NEVER}xxmn\r\n`, TOO_LARGE + MN],
    ],
  },
  {
    name: "limits: ms removes what was there in every mode",
    flags: SMALL,
    steps: [
      ["set a 0 0 3\r\nold\r\n", "STORED\r\n"],
      [`ms a 132000 MR\r\n${NEVER}\r\n`, TOO_LARGE],
      ["mg a s\r\n", "EN\r\n"],
      ["set a 0 0 3\r\nold\r\n", "STORED\r\n"],
      [`ms a 132000 ME\r\n${NEVER}\r\n`, TOO_LARGE],
      ["mg a s\r\n", "EN\r\n"],
      ["set a 0 0 3\r\nold\r\n", "STORED\r\n"],
      [`ms a 132000 q k Oabc\r\n${NEVER}\r\nmn\r\n`, TOO_LARGE + MN],
      ["mg a s\r\n", "EN\r\n"],
    ],
  },
  {
    name: "limits: the default is about a megabyte",
    steps: [
      [
        `set a 0 0 1047552\r\n${"v".repeat(1047552)}\r\n`,
        "STORED\r\n",
      ],
      ["mg a s\r\n", "HD s1047552\r\n"],
      [`get a\r\n`, `VALUE a 0 1047552\r\n${"v".repeat(1047552)}\r\nEND\r\n`],
      [
        `set a 0 0 1049600\r\n${"v".repeat(1049600)}\r\n`,
        TOO_LARGE,
      ],
      ["get a\r\n", "END\r\n"],
    ],
  },
  {
    name: "limits: -I 1024",
    flags: ["-I", "1024", "-o", "slab_chunk_max=1"],
    since: "1.6.45",
    steps: [
      [`set a 0 0 900\r\n${"v".repeat(900)}\r\n`, "STORED\r\n"],
      [`set a 0 0 1025\r\n${"v".repeat(1025)}\r\n`, TOO_LARGE],
      ["get a\r\n", "END\r\n"],
    ],
  },
  ...BUFFER_SIZES.map((size): Transcript => ({
    name: `limits: a value of ${size} bytes`,
    steps: [
      [`set a 0 0 ${size}\r\n${"v".repeat(size)}\r\n`, "STORED\r\n"],
      ["get a\r\n", `VALUE a 0 ${size}\r\n${"v".repeat(size)}\r\nEND\r\n`],
      ["mg a s v\r\n", `VA ${size} s${size}\r\n${"v".repeat(size)}\r\n`],
    ],
  })),
  {
    name: "limits: a line of 2048 bytes without an end waits for it",
    steps: [
      ["x".repeat(2000), ""],
      ["\r\n", "ERROR\r\n"],
      ["x ".repeat(1000), ""],
      ["\r\n", "ERROR\r\n"],
    ],
  },
  {
    name: "limits: a longer one ends the connection",
    whole: BATCHED,
    steps: [
      ["x".repeat(3000), "{close}"],
      [`incr ${" ".repeat(3000)}`, "{close}"],
      [`gat 0 ${"a ".repeat(1500)}`, "{close}"],
      [`mg a ${" ".repeat(3000)}`, "{close}"],
      [`set a ${" ".repeat(3000)}`, "{close}"],
      [`${" ".repeat(120)}get ${"a ".repeat(1500)}`, "{close}"],
      ["mn\r\n", MN],
    ],
  },
  {
    name: "limits: get and gets lines may be of any length",
    steps: [
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      [`get ${" ".repeat(3000)}`, ""],
      ["a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n"],
      [`get ${"none ".repeat(2000)}a\r\n`, "VALUE a 0 1\r\nx\r\nEND\r\n"],
      [
        `gets ${"none ".repeat(2000)}a\r\n`,
        "VALUE a 0 1 {cas:a}\r\nx\r\nEND\r\n",
      ],
      [
        `get ${"a ".repeat(1200)}\r\n`,
        "VALUE a 0 1\r\nx\r\n".repeat(1200) + "END\r\n",
      ],
    ],
  },
  {
    name: "limits: a get line of 187 kilobytes",
    steps: [
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      [`get ${"foo123456 ".repeat(18700)}a\r\n`, "VALUE a 0 1\r\nx\r\nEND\r\n"],
    ],
  },
  {
    name: "limits: many meta gets at once",
    steps: [
      [`ms a 100\r\n${"v".repeat(100)}\r\n`, "HD\r\n"],
      [
        "mg a v\r\n".repeat(1500),
        `VA 100\r\n${"v".repeat(100)}\r\n`.repeat(1500),
      ],
    ],
  },
];
