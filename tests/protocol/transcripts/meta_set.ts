/**
 * Owns the transcripts of ms.
 *
 * @module
 */
import type { Transcript } from "../transcript.ts";

const BAD_MODE = "CLIENT_ERROR invalid mode for ms M token\r\n";
const BAD_TOKEN = "CLIENT_ERROR bad token in command line format\r\n";
const BAD = "CLIENT_ERROR bad command line format\r\n";

export const META_SET: readonly Transcript[] = [
  {
    name: "ms: stores and overwrites",
    steps: [
      ["ms a 3\r\nabc\r\n", "HD\r\n"],
      ["mg a v f t\r\n", "VA 3 f0 t-1\r\nabc\r\n"],
      ["ms a 2 F9 T100\r\nde\r\n", "HD\r\n"],
      ["mg a v f t\r\n", "VA 2 f9 t{ttl:100}\r\nde\r\n"],
      ["ms a 0\r\n\r\n", "HD\r\n"],
      ["mg a v s\r\n", "VA 0 s0\r\n\r\n"],
      ["get a\r\n", "VALUE a 0 0\r\n\r\nEND\r\n"],
    ],
  },
  {
    name: "ms: flags come back in their order",
    steps: [
      {
        since: "1.6.45",
        steps: [
          ["ms a 3 c k s Oxyz\r\nabc\r\n", "HD c{cas:a} ka s3 Oxyz\r\n"],
        ],
      },
      {
        since: "1.6.45",
        steps: [
          ["mg a c\r\n", "HD c{cas:a}\r\n"],
        ],
      },
      {
        since: "1.6.45",
        steps: [
          ["ms a 3 Oxyz s k c\r\nabc\r\n", "HD Oxyz s3 ka c{cas:b!a}\r\n"],
        ],
      },
      ["ms Zm9v 3 b k\r\nbar\r\n", "HD kZm9v b\r\n"],
      ["ms Zm9v 3 O1 k b c\r\nbar\r\n", "HD O1 kZm9v b c{cas:c}\r\n"],
    ],
  },
  {
    name: "ms: client flags",
    steps: [
      ["ms a 1 F0\r\nx\r\n", "HD\r\n"],
      ["mg a f\r\n", "HD f0\r\n"],
      ["ms a 1 F4294967295\r\nx\r\n", "HD\r\n"],
      ["mg a f\r\n", "HD f4294967295\r\n"],
      {
        since: "1.6.45",
        steps: [
          ["ms a 1 F4294967296\r\ny\r\nmn\r\n", BAD + "MN\r\n"],
          ["ms a 1 F99999999999\r\ny\r\nmn\r\n", BAD + "MN\r\n"],
        ],
      },
      ["ms a 1 F-1\r\ny\r\nmn\r\n", BAD + "MN\r\n"],
      ["ms a 1 Fx\r\ny\r\nmn\r\n", BAD + "MN\r\n"],
      ["ms a 1 F\r\ny\r\nmn\r\n", BAD + "MN\r\n"],
      {
        since: "1.6.45",
        steps: [
          ["mg a v f\r\n", "VA 1 f4294967295\r\nx\r\n"],
        ],
      },
    ],
  },
  {
    name: "ms: q hides success only",
    steps: [
      ["ms a 1 q\r\nx\r\nmn\r\n", "MN\r\n"],
      ["ms a 1 q c k O1\r\ny\r\nmn\r\n", "MN\r\n"],
      ["mg a v\r\n", "VA 1\r\ny\r\n"],
      ["ms a 1 q ME\r\nz\r\n", "NS\r\n"],
      ["ms b 1 q MR\r\nz\r\n", "NS\r\n"],
      ["ms b 1 q C5\r\nz\r\n", "NF\r\n"],
      ["ms a 1 q C0\r\nz\r\n", "EX\r\n"],
    ],
  },
  {
    name: "ms: mode E adds",
    steps: [
      ["ms a 1 ME\r\nx\r\n", "HD\r\n"],
      ["ms a 1 ME\r\ny\r\n", "NS\r\n"],
      ["mg a v\r\n", "VA 1\r\nx\r\n"],
    ],
  },
  {
    name: "ms: mode R replaces",
    steps: [
      ["ms a 1 MR\r\nx\r\n", "NS\r\n"],
      ["mg a v\r\n", "EN\r\n"],
      ["ms a 1 MS\r\nx\r\n", "HD\r\n"],
      ["ms a 2 MR F5\r\nyy\r\n", "HD\r\n"],
      ["mg a v f\r\n", "VA 2 f5\r\nyy\r\n"],
    ],
  },
  {
    name: "ms: modes A and P, flags and time stay",
    steps: [
      ["ms a 2 MA\r\nzz\r\n", "NS\r\n"],
      ["ms a 2 MP\r\nzz\r\n", "NS\r\n"],
      ["ms a 2 F5 T100\r\nmm\r\n", "HD\r\n"],
      ["ms a 3 MA F6 T200\r\nend\r\n", "HD\r\n"],
      ["ms a 5 MP\r\nstart\r\n", "HD\r\n"],
      ["mg a v f t\r\n", "VA 10 f5 t{ttl:100}\r\nstartmmend\r\n"],
    ],
  },
  {
    name: "ms: s is the size after an append",
    since: "1.6.45",
    steps: [
      ["ms a 3 s\r\nbar\r\n", "HD s3\r\n"],
      ["ms a 3 MA s\r\nxyz\r\n", "HD s6\r\n"],
      ["ms a 1 MP s c\r\nw\r\n", "HD s7 c{cas:a}\r\n"],
      ["mg a v c\r\n", "VA 7 c{cas:a}\r\nwbarxyz\r\n"],
    ],
  },
  {
    name: "ms: N makes append and prepend create",
    since: "1.6.45",
    steps: [
      ["ms a 2 MA N10\r\nzz\r\n", "HD\r\n"],
      ["mg a v t\r\n", "VA 2 t{ttl:10}\r\nzz\r\n"],
      ["ms a 2 MA N100\r\nyy\r\n", "HD\r\n"],
      ["mg a v t\r\n", "VA 4 t{ttl:10}\r\nzzyy\r\n"],
      ["ms b 2 MP N0\r\nzz\r\n", "HD\r\n"],
      ["mg b v t\r\n", "VA 2 t-1\r\nzz\r\n"],
    ],
  },
  {
    name: "ms: of a mode only the first letter counts, and it is a capital",
    since: "1.6.45",
    steps: [
      ["ms a 1 MX\r\nx\r\nmn\r\n", BAD_MODE + "MN\r\n"],
      ["ms a 1 Mset\r\nx\r\nmn\r\n", BAD_MODE + "MN\r\n"],
      ["ms a 1 M\r\nx\r\nmn\r\n", BAD_MODE + "MN\r\n"],
      ["ms a 1 Me\r\nx\r\nmn\r\n", BAD_MODE + "MN\r\n"],
      ["ms a 1 MI\r\nx\r\nmn\r\n", BAD_MODE + "MN\r\n"],
      ["ms a 1 M+ q\r\nx\r\nmn\r\n", BAD_MODE + "MN\r\n"],
      ["ms a 1 MSET\r\nx\r\n", "HD\r\n"],
      ["ms a 1 MEnormous\r\ny\r\n", "NS\r\n"],
      ["mg a v\r\n", "VA 1\r\nx\r\n"],
    ],
  },
  {
    name: "ms: C compares in every mode",
    since: "1.6.45",
    steps: [
      ["ms a 1 C5\r\nx\r\n", "NF\r\n"],
      ["ms a 1 MR C5\r\nx\r\n", "NF\r\n"],
      ["ms a 1 MA C5\r\nx\r\n", "NS\r\n"],
      ["ms a 1 E100 c\r\nx\r\n", "HD c100\r\n"],
      ["ms a 1 C99\r\ny\r\n", "EX\r\n"],
      ["ms a 1 C101\r\ny\r\n", "EX\r\n"],
      ["ms a 1 C0\r\ny\r\n", "EX\r\n"],
      ["ms a 1 MR C99\r\ny\r\n", "EX\r\n"],
      ["ms a 1 MA C99\r\ny\r\n", "EX\r\n"],
      ["ms a 1 MP C99\r\ny\r\n", "EX\r\n"],
      ["mg a v c\r\n", "VA 1 c100\r\nx\r\n"],
      ["ms a 1 C100 E200\r\ny\r\n", "HD\r\n"],
      ["ms a 1 MA C200 E300\r\nz\r\n", "HD\r\n"],
      ["ms a 1 MR C300 E400 c\r\nw\r\n", "HD c400\r\n"],
      ["mg a v c\r\n", "VA 1 c400\r\nw\r\n"],
    ],
  },
  {
    name: "ms: c is 0 when nothing was stored",
    steps: [
      ["ms a 1 C5 c k\r\nx\r\n", "NF c0 ka\r\n"],
      ["ms a 1 c\r\nx\r\n", "HD c{cas:a}\r\n"],
      ["ms a 1 ME c O9\r\nx\r\n", "NS c0 O9\r\n"],
      ["ms a 1 C0 c k\r\nx\r\n", "EX c0 ka\r\n"],
    ],
  },
  {
    name: "ms: E gives the new id",
    since: "1.6.45",
    steps: [
      ["ms a 1 E12345 c\r\nx\r\n", "HD c12345\r\n"],
      ["gets a\r\n", "VALUE a 0 1 12345\r\nx\r\nEND\r\n"],
      ["ms a 1 MA E20000 c\r\ny\r\n", "HD c20000\r\n"],
      [
        "ms a 1 E18446744073709551615 c\r\nx\r\n",
        "HD c18446744073709551615\r\n",
      ],
      ["ms a 1 c\r\nx\r\n", "HD c{cas:a}\r\n"],
    ],
  },
  {
    name: "ms: T, strictly",
    steps: [
      ["ms a 1 T0\r\nx\r\n", "HD\r\n"],
      ["mg a t\r\n", "HD t-1\r\n"],
      ["ms a 1 T\r\ny\r\nmn\r\n", BAD_TOKEN + "MN\r\n"],
      ["ms a 1 Tx\r\ny\r\nmn\r\n", BAD_TOKEN + "MN\r\n"],
      ["ms a 1 T1x\r\ny\r\nmn\r\n", BAD_TOKEN + "MN\r\n"],
      {
        since: "1.6.45",
        steps: [
          ["ms a 1 T+1\r\ny\r\nmn\r\n", BAD_TOKEN + "MN\r\n"],
          ["ms a 1 T2147483648\r\ny\r\nmn\r\n", BAD_TOKEN + "MN\r\n"],
          ["mg a v\r\n", "VA 1\r\nx\r\n"],
        ],
      },
      ["ms a 1 T2147483647\r\ny\r\n", "HD\r\n"],
      ["mg a v\r\n", "VA 1\r\ny\r\n"],
    ],
  },
  {
    name: "ms: bad ids",
    steps: [
      ["ms a 1 Cx\r\ny\r\nmn\r\n", BAD_TOKEN + "MN\r\n"],
      ["ms a 1 C\r\ny\r\nmn\r\n", BAD_TOKEN + "MN\r\n"],
      ["ms a 1 C-1\r\ny\r\nmn\r\n", BAD_TOKEN + "MN\r\n"],
      ["ms a 1 C18446744073709551616\r\ny\r\nmn\r\n", BAD_TOKEN + "MN\r\n"],
      {
        since: "1.6.45",
        steps: [
          ["ms a 1 Ex\r\ny\r\nmn\r\n", BAD_TOKEN + "MN\r\n"],
        ],
      },
      ["ms a 1 Nx MA\r\ny\r\nmn\r\n", BAD_TOKEN + "MN\r\n"],
    ],
  },
  {
    name: "ms: flags that only mg answers are ignored",
    steps: [
      ["ms a 3 v t f h l\r\nbar\r\n", "HD\r\n"],
      ["ms a 3 P1 L2 k\r\nbar\r\n", "HD ka\r\n"],
      {
        since: "1.6.45",
        steps: [
          ["ms a 3 x u D1 J1 R5\r\nbar\r\n", "HD\r\n"],
        ],
      },
    ],
  },
  {
    name: "ms: the old form with S before the length is gone",
    steps: [
      ["ms a S3\r\nbar\r\n", BAD + "ERROR\r\n"],
      ["ms a 3 S3\r\nbar\r\nmn\r\n", "CLIENT_ERROR invalid flag\r\nMN\r\n"],
    ],
  },
];
