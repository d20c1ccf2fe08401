/**
 * Owns the transcripts of md, and of stale and won items.
 *
 * @module
 */
import type { Transcript } from "../transcript.ts";

const MN = "MN\r\n";

export const META_DELETE: readonly Transcript[] = [
  {
    name: "md: found and not",
    steps: [
      ["md a\r\n", "NF\r\n"],
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      ["md a\r\n", "HD\r\n"],
      ["mg a v\r\n", "EN\r\n"],
      ["md a\r\n", "NF\r\n"],
    ],
  },
  {
    name: "md: key and opaque come back",
    steps: [
      ["md a k Oabc\r\n", "NF ka Oabc\r\n"],
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      ["md a C5 Oabc k\r\n", "EX Oabc ka\r\n"],
      ["md a k Oabc\r\n", "HD ka Oabc\r\n"],
      ["ms Zm9v 1 b\r\nx\r\n", "HD\r\n"],
      ["md Zm9v b k\r\n", "HD kZm9v b\r\n"],
    ],
  },
  {
    name: "md: q hides success only",
    steps: [
      ["md a q\r\nmn\r\n", "NF\r\n" + MN],
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      ["md a C5 q\r\nmn\r\n", "EX\r\n" + MN],
      ["md a q k O1\r\nmn\r\n", MN],
      ["mg a v\r\n", "EN\r\n"],
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      ["md a q I\r\nmn\r\n", MN],
    ],
  },
  {
    name: "md: C compares",
    steps: [
      ["md a C5\r\n", "NF\r\n"],
      ["ms a 1 c\r\nx\r\n", "HD c{cas:a}\r\n"],
      ["md a C1{cas:a}\r\n", "EX\r\n"],
      ["md a C{cas:a}\r\n", "HD\r\n"],
      ["mg a\r\n", "EN\r\n"],
    ],
  },
  {
    name: "md: C0 never fits",
    steps: [
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      ["md a C0\r\n", "EX\r\n"],
      ["md a C18446744073709551615\r\n", "EX\r\n"],
      ["mg a v\r\n", "VA 1\r\nx\r\n"],
    ],
  },
  {
    name: "md: T alone does nothing but delete",
    steps: [
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      ["md a T30\r\n", "HD\r\n"],
      ["mg a\r\n", "EN\r\n"],
    ],
  },
  {
    name: "md: x keeps the item without value and client flags",
    since: "1.6.45",
    steps: [
      ["ms a 3 F7 T100\r\nbar\r\n", "HD\r\n"],
      ["md a x\r\n", "HD\r\n"],
      ["mg a f t v s\r\n", "VA 0 f0 t-1 s0\r\n\r\n"],
      ["ms a 3 F7 T100\r\nbar\r\n", "HD\r\n"],
      ["md a x T60\r\n", "HD\r\n"],
      ["mg a f t v s\r\n", "VA 0 f0 t{ttl:60} s0\r\n\r\n"],
      ["ms a 3 F7 T100\r\nbar\r\n", "HD\r\n"],
      ["md a x I T60\r\n", "HD\r\n"],
      ["mg a f t v s\r\n", "VA 0 f0 t{ttl:60} s0 X W\r\n\r\n"],
      ["mg a s\r\n", "HD s0 Z X\r\n"],
    ],
  },
  {
    name: "md: I marks stale, one reader wins, a store ends it",
    steps: [
      ["ms a 3 T100 c\r\nbar\r\n", "HD c{cas:a}\r\n"],
      ["md a I T30\r\n", "HD\r\n"],
      ["mg a t v c\r\n", "VA 3 t{ttl:30} c{cas:b!a} X W\r\nbar\r\n"],
      ["mg a t v c\r\n", "VA 3 t{ttl:30} c{cas:b} Z X\r\nbar\r\n"],
      ["mg a s\r\n", "HD s3 Z X\r\n"],
      ["get a\r\n", "VALUE a 0 3\r\nbar\r\nEND\r\n"],
      ["ms a 3 C{cas:b}\r\nnew\r\n", "HD\r\n"],
      ["mg a v t\r\n", "VA 3 t-1\r\nnew\r\n"],
    ],
  },
  {
    name: "md: I without T keeps the time",
    steps: [
      ["ms a 1 T100\r\nx\r\n", "HD\r\n"],
      ["md a I\r\n", "HD\r\n"],
      ["mg a t\r\n", "HD t{ttl:100} X W\r\n"],
      ["md a I\r\n", "HD\r\n"],
      ["mg a t\r\n", "HD t{ttl:100} X W\r\n"],
      ["mg a t\r\n", "HD t{ttl:100} Z X\r\n"],
    ],
  },
  {
    name: "md: I with E gives that id",
    since: "1.6.45",
    steps: [
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      ["md a E5 I\r\n", "HD\r\n"],
      ["mg a c\r\n", "HD c5 X W\r\n"],
      ["md a E7 x\r\n", "HD\r\n"],
      ["mg a c s\r\n", "HD c7 s0\r\n"],
    ],
  },
  {
    name: "ms: I with an id that is too low stores and stays stale",
    since: "1.6.45",
    steps: [
      ["ms a 1 T100 E100\r\nx\r\n", "HD\r\n"],
      ["ms a 1 I C50 E200 c\r\ny\r\n", "HD c200\r\n"],
      ["mg a v c t\r\n", "VA 1 c200 t{ttl:100} X W\r\ny\r\n"],
      ["mg a v\r\n", "VA 1 Z X\r\ny\r\n"],
      ["ms a 1 I C50 E300\r\nz\r\n", "HD\r\n"],
      ["mg a v\r\n", "VA 1 Z X\r\nz\r\n"],
      ["ms a 1 I C1000\r\nw\r\n", "EX\r\n"],
      ["ms a 1 I C300\r\nw\r\n", "HD\r\n"],
      ["mg a v\r\n", "VA 1\r\nw\r\n"],
      ["ms b 1 I C5\r\nw\r\n", "NF\r\n"],
    ],
  },
  {
    name: "ms: a late writer after an invalidation",
    steps: [
      ["ms a 3 T100 c\r\nold\r\n", "HD c{cas:a}\r\n"],
      ["md a I\r\n", "HD\r\n"],
      ["ms a 4 I C{cas:a}\r\nlate\r\n", "HD\r\n"],
      ["mg a v\r\n", "VA 4 X W\r\nlate\r\n"],
      ["ms a 3\r\nnew\r\n", "HD\r\n"],
      ["mg a v\r\n", "VA 3\r\nnew\r\n"],
    ],
  },
  {
    name: "mg: N makes an item, one wins, the others wait",
    steps: [
      ["mg a N30 v t\r\n", "VA 0 t{ttl:30} W\r\n\r\n"],
      ["mg a N30 v t\r\n", "VA 0 t{ttl:30} Z\r\n\r\n"],
      ["mg a v\r\n", "VA 0 Z\r\n\r\n"],
      ["mg a s\r\n", "HD s0 Z\r\n"],
      ["mg a c\r\n", "HD c{cas:a} Z\r\n"],
      ["ms a 1 C{cas:a}\r\nx\r\n", "HD\r\n"],
      ["mg a v t\r\n", "VA 1 t-1\r\nx\r\n"],
      ["mg a N30 v t\r\n", "VA 1 t-1\r\nx\r\n"],
    ],
  },
  {
    name: "mg: N and what it answers with it",
    steps: [
      ["mg a N30 k Oabc q\r\n", "HD ka Oabc W\r\n"],
      ["mg a q v\r\n", "VA 0 Z\r\n\r\n"],
      ["md a\r\n", "HD\r\n"],
      ["mg a N0 t v\r\n", "VA 0 t-1 W\r\n\r\n"],
      ["md a\r\n", "HD\r\n"],
      {
        since: "1.6.45",
        steps: [
          ["mg a N30 E77 c\r\n", "HD c77 W\r\n"],
          ["ms a 1 C0\r\nx\r\n", "EX\r\n"],
          ["mg a v\r\n", "VA 0 Z\r\n\r\n"],
        ],
      },
      ["mg Zm9v b N30 k\r\n", "HD kfoo W\r\n"],
    ],
  },
  {
    name: "mg: N ends when its time is over",
    steps: [
      ["mg a N30 v\r\n", "VA 0 W\r\n\r\n"],
      { advance: 29 },
      ["mg a N30 v t\r\n", "VA 0 t1 Z\r\n\r\n"],
      { advance: 1 },
      ["mg a v\r\n", "EN\r\n"],
      ["mg a N30 v t\r\n", "VA 0 t30 W\r\n\r\n"],
    ],
  },
  {
    name: "mg: R lets one recache before the time is over",
    steps: [
      ["ms a 1 T10\r\nx\r\n", "HD\r\n"],
      ["mg a R30 v t\r\n", "VA 1 t{ttl:10} W\r\nx\r\n"],
      ["mg a R30 v t\r\n", "VA 1 t{ttl:10} Z\r\nx\r\n"],
      ["mg a v\r\n", "VA 1 Z\r\nx\r\n"],
      ["ms a 1 T10\r\ny\r\n", "HD\r\n"],
      ["mg a R30\r\n", "HD W\r\n"],
      ["mg a R5\r\n", "HD Z\r\n"],
      ["mg a R30 T100 t\r\n", "HD t{ttl:100} Z\r\n"],
    ],
  },
  {
    name: "mg: R and items that last longer, or for ever",
    steps: [
      ["ms a 1 T100\r\nx\r\n", "HD\r\n"],
      ["mg a R30 v\r\n", "VA 1\r\nx\r\n"],
      ["ms b 1\r\nx\r\n", "HD\r\n"],
      ["mg b R30 v\r\n", "VA 1\r\nx\r\n"],
      ["mg c R30 v\r\n", "EN\r\n"],
    ],
  },
  {
    name: "mg: R at its border",
    steps: [
      ["ms a 1 T30\r\nx\r\n", "HD\r\n"],
      ["mg a R30\r\n", "HD\r\n"],
      { advance: 1 },
      ["mg a R30 t\r\n", "HD t29 W\r\n"],
      ["mg a R30 t\r\n", "HD t29 Z\r\n"],
    ],
  },
  {
    name: "stale items and the other commands",
    steps: [
      ["ms n 2 T100\r\n10\r\n", "HD\r\n"],
      ["md n I\r\n", "HD\r\n"],
      ["ma n v\r\n", "VA 2\r\n11\r\n"],
      ["mg n v\r\n", "VA 2 X W\r\n11\r\n"],
      ["mg n v\r\n", "VA 2 Z X\r\n11\r\n"],
      ["ms n 1 MA\r\n0\r\n", "HD\r\n"],
      ["mg n v s\r\n", "VA 3 s3\r\n110\r\n"],
      ["set n 0 0 1\r\n5\r\n", "STORED\r\n"],
      ["mg n v\r\n", "VA 1\r\n5\r\n"],
    ],
  },
];
