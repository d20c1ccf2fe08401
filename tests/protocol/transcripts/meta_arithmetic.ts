/**
 * Owns the transcripts of ma.
 *
 * @module
 */
import type { Transcript } from "../transcript.ts";

const MOST = "18446744073709551615";
const MN = "MN\r\n";
const BAD_FLAG = "CLIENT_ERROR invalid or duplicate flag\r\n";
const BAD_MODE = "CLIENT_ERROR invalid mode for ma M token\r\n";
const OPAQUE = "CLIENT_ERROR opaque token too long\r\n";
const NOT_NUMERIC =
  "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n";

export const META_ARITHMETIC: readonly Transcript[] = [
  {
    name: "ma: up by one, down by one",
    steps: [
      ["ma n\r\n", "NF\r\n"],
      ["ma n v\r\n", "NF\r\n"],
      ["set n 0 0 2\r\n10\r\n", "STORED\r\n"],
      ["ma n\r\n", "HD\r\n"],
      ["ma n v\r\n", "VA 2\r\n12\r\n"],
      ["ma n MD v\r\n", "VA 2\r\n11\r\n"],
      ["ma n D5 v\r\n", "VA 2\r\n16\r\n"],
      ["ma n MD D7 v\r\n", "VA 1\r\n9\r\n"],
      ["get n\r\n", "VALUE n 0 2\r\n9 \r\nEND\r\n"],
      ["ma n D0 v\r\n", "VA 1\r\n9\r\n"],
    ],
  },
  {
    name: "ma: modes",
    steps: [
      ["set n 0 0 2\r\n10\r\n", "STORED\r\n"],
      ["ma n MI v\r\n", "VA 2\r\n11\r\n"],
      ["ma n M+ v\r\n", "VA 2\r\n12\r\n"],
      ["ma n MD v\r\n", "VA 2\r\n11\r\n"],
      ["ma n M- v\r\n", "VA 2\r\n10\r\n"],
      ["ma n MX\r\n", BAD_MODE],
      ["ma n v\r\n", "VA 2\r\n11\r\n"],
    ],
  },
  {
    name: "ma: modes that are none",
    since: "1.6.45",
    steps: [
      ["set n 0 0 2\r\n10\r\n", "STORED\r\n"],
      ["ma n Mi v\r\n", BAD_MODE],
      ["ma n Mdecr v\r\n", BAD_MODE],
      ["ma n M v\r\n", BAD_MODE],
      ["ma n MIncr v\r\n", "VA 2\r\n11\r\n"],
    ],
  },
  {
    name: "ma: flags that proxies read are ignored",
    steps: [
      ["set n 0 0 2\r\n10\r\n", "STORED\r\n"],
      ["ma n P1 L2 v\r\n", "VA 2\r\n11\r\n"],
      ["ma n v P L\r\n", "VA 2\r\n12\r\n"],
      ["md n P L\r\n", "HD\r\n"],
    ],
  },
  {
    name: "ma: past 2^64-1, and down to 0",
    steps: [
      [`set n 0 0 20\r\n${MOST}\r\n`, "STORED\r\n"],
      ["ma n D0 v\r\n", `VA 20\r\n${MOST}\r\n`],
      ["ma n v\r\n", "VA 1\r\n0\r\n"],
      [`ma n D${MOST} v\r\n`, `VA 20\r\n${MOST}\r\n`],
      [`ma n D${MOST} v\r\n`, "VA 20\r\n18446744073709551614\r\n"],
      [`ma n MD D${MOST} v\r\n`, "VA 1\r\n0\r\n"],
      ["ma n MD v\r\n", "VA 1\r\n0\r\n"],
    ],
  },
  {
    name: "ma: N creates, with J at first",
    steps: [
      ["ma n N0 v\r\n", "VA 1\r\n0\r\n"],
      ["ma n N0 v\r\n", "VA 1\r\n1\r\n"],
      ["ma m N0 J13 v t\r\n", "VA 2 t-1\r\n13\r\n"],
      ["ma m N0 J13 v t\r\n", "VA 2 t-1\r\n14\r\n"],
      ["ma o N60 J5 D9 MD v t\r\n", "VA 1 t{ttl:60}\r\n5\r\n"],
      ["mg o v t f s\r\n", "VA 1 t{ttl:60} f0 s1\r\n5\r\n"],
      [`ma p N0 J${MOST} v\r\n`, `VA 20\r\n${MOST}\r\n`],
      ["ma p N0 v\r\n", "VA 1\r\n0\r\n"],
    ],
  },
  {
    name: "ma: N that has ended is created again",
    steps: [
      ["ma n N10 J7 v\r\n", "VA 1\r\n7\r\n"],
      ["ma n N10 J7 v t\r\n", "VA 1 t10\r\n8\r\n"],
      { advance: 10 },
      ["ma n N10 J7 v t\r\n", "VA 1 t10\r\n7\r\n"],
    ],
  },
  {
    name: "ma: times",
    steps: [
      ["set n 0 0 1\r\n1\r\n", "STORED\r\n"],
      ["ma n T60\r\n", "HD\r\n"],
      ["mg n t\r\n", "HD t{ttl:60}\r\n"],
      ["ma n T90 t\r\n", "HD t{ttl:90}\r\n"],
      ["ma n T0 t v\r\n", "VA 1 t-1\r\n4\r\n"],
    ],
  },
  {
    name: "ma: t before T is the old time",
    steps: [
      ["set n 0 0 1\r\n1\r\n", "STORED\r\n"],
      ["ma n t T60\r\n", "HD t-1\r\n"],
      ["ma n t T90 v\r\n", "VA 1 t{ttl:60}\r\n3\r\n"],
      ["ma n t\r\n", "HD t{ttl:90}\r\n"],
    ],
  },
  {
    name: "ma: flags come back in their order",
    steps: [
      ["set n 5 100 2\r\n10\r\n", "STORED\r\n"],
      [
        "ma n v t c k Oabc\r\n",
        "VA 2 t{ttl:100} c{cas:a} kn Oabc\r\n11\r\n",
      ],
      [
        "ma n Oabc k c t v\r\n",
        "VA 2 Oabc kn c{cas:b!a} t{ttl:100}\r\n12\r\n",
      ],
      ["mg n f c\r\n", "HD f5 c{cas:b}\r\n"],
      ["ma m v k Oabc\r\n", "NF km Oabc\r\n"],
      ["ma m C5 k Oabc\r\n", "NF km Oabc\r\n"],
    ],
  },
  {
    name: "ma: C compares, E gives the new id",
    since: "1.6.45",
    steps: [
      ["ma n C5 v\r\n", "NF\r\n"],
      ["ms n 1 E100\r\n1\r\n", "HD\r\n"],
      ["ma n C99 v\r\n", "EX\r\n"],
      ["ma n C101 v k\r\n", "EX kn\r\n"],
      ["ma n C100 v E200 c\r\n", "VA 1 c200\r\n2\r\n"],
      ["mg n c\r\n", "HD c200\r\n"],
      ["ma n E300 c v\r\n", "VA 1 c300\r\n3\r\n"],
      ["ma m N0 E400 c\r\n", "HD c400\r\n"],
      ["ma m C0 v\r\n", "VA 1\r\n1\r\n"],
    ],
  },
  {
    name: "ma: q hides success only",
    steps: [
      ["ma n q\r\nmn\r\n", "NF\r\n" + MN],
      {
        since: "1.6.45",
        steps: [
          ["ma n N0 q\r\nmn\r\n", MN],
        ],
      },
      {
        since: "1.6.45",
        steps: [
          ["ma n q\r\nmn\r\n", MN],
          ["ma n q v k O1\r\nmn\r\n", MN],
        ],
      },
      {
        since: "1.6.45",
        steps: [
          ["ma n E100\r\n", "HD\r\n"],
        ],
      },
      {
        since: "1.6.45",
        steps: [
          ["ma n C99 q\r\nmn\r\n", "EX\r\n" + MN],
        ],
      },
      {
        since: "1.6.45",
        steps: [
          ["ma n v\r\n", "VA 1\r\n4\r\n"],
        ],
      },
      ["set n 0 0 2\r\nab\r\n", "STORED\r\n"],
      ["ma n q\r\nmn\r\n", NOT_NUMERIC + MN],
    ],
  },
  {
    name: "ma: what is no number",
    steps: [
      ["set n 0 0 2\r\nab\r\n", "STORED\r\n"],
      ["ma n\r\n", NOT_NUMERIC],
      ["ma n v\r\n", NOT_NUMERIC],
      ["ma n N0 J1 v\r\n", NOT_NUMERIC],
      ["set n 0 0 0\r\n\r\n", "STORED\r\n"],
      ["ma n\r\n", NOT_NUMERIC],
      ["set n 0 0 21\r\n184467440737095516150\r\n", "STORED\r\n"],
      ["ma n v\r\n", NOT_NUMERIC],
    ],
  },
  {
    name: "ma: keys in base64",
    steps: [
      ["set n 0 0 2\r\n10\r\n", "STORED\r\n"],
      ["ma bg== b v k\r\n", "VA 2 kbg== b\r\n11\r\n"],
      ["ma Zm9v b v k\r\n", "NF kZm9v b\r\n"],
      ["ma Zm9v b N0 v k\r\n", "VA 1 kZm9v b\r\n0\r\n"],
      ["get foo\r\n", "VALUE foo 0 1\r\n0\r\nEND\r\n"],
    ],
  },
  {
    name: "ma: bad flags are all one error",
    steps: [
      ["set n 0 0 2\r\n10\r\n", "STORED\r\n"],
      ["ma n Dabc\r\n", BAD_FLAG],
      ["ma n D-1\r\n", BAD_FLAG],
      ["ma n D\r\n", BAD_FLAG],
      ["ma n D18446744073709551616\r\n", BAD_FLAG],
      ["ma n Jx\r\n", BAD_FLAG],
      ["ma n J\r\n", BAD_FLAG],
      ["ma n v v\r\n", BAD_FLAG],
      ["ma n z\r\n", BAD_FLAG],
      ["ma n Tx\r\n", BAD_FLAG],
      ["ma n Nx\r\n", BAD_FLAG],
      ["ma n Cx\r\n", BAD_FLAG],
      ["ma n Ex\r\n", BAD_FLAG],
      ["ma n! b\r\n", BAD_FLAG],
      {
        since: "1.6.45",
        steps: [
          [`ma ${"k".repeat(251)}\r\n`, BAD_FLAG],
          ["ma\r\n", "CLIENT_ERROR bad command line format\r\n"],
        ],
      },
      ["ma n v\r\n", "VA 2\r\n11\r\n"],
    ],
  },
  {
    name: "ma: opaque tokens of 31 bytes and of 32",
    steps: [
      ["set n 0 0 2\r\n10\r\n", "STORED\r\n"],
      [`ma n v O${"x".repeat(31)}\r\n`, `VA 2 O${"x".repeat(31)}\r\n11\r\n`],
      [`ma n v O${"x".repeat(32)}\r\n`, OPAQUE],
    ],
  },
  {
    name: "ma: a long opaque token changes nothing",
    differs: "memcached refuses it and adds nevertheless",
    steps: [
      ["set n 0 0 2\r\n10\r\n", "STORED\r\n"],
      [`ma n O${"x".repeat(32)}\r\n`, OPAQUE],
      ["ma n v\r\n", "VA 2\r\n11\r\n"],
    ],
  },
];
