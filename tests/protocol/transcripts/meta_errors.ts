/**
 * Owns the transcripts of what is wrong with the flags of meta commands.
 *
 * @module
 */
import type { Transcript } from "../transcript.ts";

const BAD = "CLIENT_ERROR bad command line format\r\n";
const BAD_TOKEN = "CLIENT_ERROR bad token in command line format\r\n";
const DUPLICATE = "CLIENT_ERROR duplicate flag\r\n";
const INVALID = "CLIENT_ERROR invalid flag\r\n";
const TOO_MANY = "CLIENT_ERROR options flags are too long\r\n";
const OPAQUE = "CLIENT_ERROR opaque token too long\r\n";
const MN = "MN\r\n";
const TOO_LONG = "k".repeat(251);

export const META_ERRORS: readonly Transcript[] = [
  {
    name: "meta: lines without a key or a length",
    since: "1.6.45",
    steps: [
      ["mg\r\n", BAD],
      ["mg \r\n", BAD],
      ["ms\r\n", BAD],
      ["ms a\r\n", BAD],
      ["ms a \r\n", BAD],
      ["md\r\n", BAD],
      ["me\r\n", BAD],
    ],
  },
  {
    name: "meta: keys that are too long",
    steps: [
      [`mg ${TOO_LONG} v\r\n`, BAD],
      [`md ${TOO_LONG}\r\n`, BAD],
      {
        since: "1.6.45",
        steps: [
          [`ms ${TOO_LONG} 2\r\nhi\r\nmn\r\n`, BAD + MN],
          [`ms ${TOO_LONG} 2 q\r\nhi\r\nmn\r\n`, BAD + MN],
        ],
      },
    ],
  },
  {
    name: "meta: the same flag twice",
    steps: [
      ["ms a 2\r\nhi\r\n", "HD\r\n"],
      ["mg a v v\r\n", DUPLICATE],
      ["mg a s v s\r\n", DUPLICATE],
      ["mg a T1 T2\r\n", DUPLICATE],
      ["mg a O1 O2\r\n", DUPLICATE],
      ["ms a 2 k k\r\nho\r\nmn\r\n", DUPLICATE + MN],
      ["ms a 2 q q\r\nho\r\nmn\r\n", DUPLICATE + MN],
      {
        since: "1.6.45",
        steps: [
          ["md a q q\r\n", DUPLICATE],
        ],
      },
      ["mg a v\r\n", "VA 2\r\nhi\r\n"],
    ],
  },
  {
    name: "meta: flags that there are not",
    steps: [
      ["ms a 2\r\nhi\r\n", "HD\r\n"],
      ["mg a z\r\n", INVALID],
      ["mg a v z\r\n", INVALID],
      ["mg a 0\r\n", INVALID],
      ["mg a 9v\r\n", INVALID],
      ["mg a A\r\n", INVALID],
      ["mg a zoo\r\n", INVALID],
      {
        since: "1.6.45",
        steps: [
          ["md a z\r\n", INVALID],
        ],
      },
      ["ms a 2 z\r\nho\r\nmn\r\n", INVALID + MN],
      ["ms a 2 abc\r\nho\r\nmn\r\n", INVALID + MN],
      ["mg a v\r\n", "VA 2\r\nhi\r\n"],
    ],
  },
  {
    name: "meta: flags that are not even letters",
    since: "1.6.45",
    steps: [
      ["ms a 2\r\nhi\r\n", "HD\r\n"],
      ["mg a !\r\n", BAD],
      ["mg a v -\r\n", BAD],
      ["mg a {\r\n", BAD],
      ["mg a \x80\r\n", BAD],
      ["md a !\r\n", BAD],
    ],
  },
  {
    name: "meta: tokens that are no numbers",
    steps: [
      ["ms a 2\r\nhi\r\n", "HD\r\n"],
      ["mg a N\r\n", BAD_TOKEN],
      ["mg a Nabc\r\n", BAD_TOKEN],
      ["mg a T\r\n", BAD_TOKEN],
      ["mg a T1.5\r\n", BAD_TOKEN],
      ["mg a R\r\n", BAD_TOKEN],
      ["mg a Rx\r\n", BAD_TOKEN],
      ["mg a Cx\r\n", BAD_TOKEN],
      {
        since: "1.6.45",
        steps: [
          ["mg a Ex\r\n", BAD_TOKEN],
          ["mg a T4294967296\r\n", BAD_TOKEN],
        ],
      },
      ["mg a T99999999999999999999999\r\n", BAD_TOKEN],
      {
        since: "1.6.45",
        steps: [
          ["md a Cabc\r\n", BAD_TOKEN],
          ["md a I Tabc\r\n", BAD_TOKEN],
          ["md a I Eabc\r\n", BAD_TOKEN],
        ],
      },
      ["mg a v t\r\n", "VA 2 t-1\r\nhi\r\n"],
    ],
  },
  {
    name: "meta: opaque tokens of 31 bytes and of 32",
    steps: [
      [`ms a 2 O${"x".repeat(31)}\r\nhi\r\n`, `HD O${"x".repeat(31)}\r\n`],
      [`ms a 2 O${"x".repeat(32)}\r\nho\r\nmn\r\n`, OPAQUE + MN],
      [`mg a O${"x".repeat(32)}\r\n`, OPAQUE],
      [`md a O${"x".repeat(32)}\r\n`, OPAQUE],
      ["mg a v\r\n", "VA 2\r\nhi\r\n"],
    ],
  },
  {
    name: "meta: more flags than there may be",
    steps: [
      ["ms a 2\r\nhi\r\n", "HD\r\n"],
      ["mg a b c d e f g h i j k l m n o p q r s t u v w\r\n", TOO_MANY],
      [
        "mg a b c f h k l q s t u v O P L N1 T1 R1 C1 E1 F1 M J1 D1 I\r\n",
        TOO_MANY,
      ],
      {
        since: "1.6.45",
        steps: [
          [
            "ms a 2 b c f h k l q s t u v O P L N1 T1 R1 C1 E1\r\nho\r\nmn\r\n",
            TOO_MANY + MN,
          ],
          ["md a b c f h k l q s t u v O P L N1 T1 R1 C1 E1 F1\r\n", TOO_MANY],
        ],
      },
      ["mg a v\r\n", "VA 2\r\nhi\r\n"],
    ],
  },
  {
    name: "meta: as many flags as there may be",
    since: "1.6.45",
    steps: [
      ["ms a 2 T100\r\nhi\r\n", "HD\r\n"],
      [
        "mg a c f h k l q s t u v O P L N1 T100 R1 C1 F1\r\n",
        "VA 2 c{cas:a} f0 h0 ka l{age:0} s2 t{ttl:100} O\r\nhi\r\n",
      ],
    ],
  },
];
