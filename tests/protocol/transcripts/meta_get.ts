/**
 * Owns the transcripts of mg, mn and me, but for the vivify and recache flags.
 *
 * @module
 */
import type { Transcript } from "../transcript.ts";

const LONGEST = "k".repeat(250);
const BAD = "CLIENT_ERROR bad command line format\r\n";

export const META_GET: readonly Transcript[] = [
  {
    name: "mg: hit, value, miss",
    steps: [
      ["mg a\r\n", "EN\r\n"],
      ["mg a v\r\n", "EN\r\n"],
      ["set a 7 0 3\r\nabc\r\n", "STORED\r\n"],
      ["mg a\r\n", "HD\r\n"],
      ["mg a v\r\n", "VA 3\r\nabc\r\n"],
      ["mg a s\r\n", "HD s3\r\n"],
      ["mg a f\r\n", "HD f7\r\n"],
      ["mg a t\r\n", "HD t-1\r\n"],
      ["mg a k\r\n", "HD ka\r\n"],
      ["mg a c\r\n", "HD c{cas:a}\r\n"],
      ["gets a\r\n", "VALUE a 7 3 {cas:a}\r\nabc\r\nEND\r\n"],
      ["set a 0 0 0\r\n\r\n", "STORED\r\n"],
      ["mg a v s\r\n", "VA 0 s0\r\n\r\n"],
    ],
  },
  {
    name: "mg: flags are answered in the order they are asked for",
    steps: [
      ["ms a 3 F7 T100\r\nbar\r\n", "HD\r\n"],
      [
        "mg a v t f c s h l k Oabc\r\n",
        "VA 3 t{ttl:100} f7 c{cas:a} s3 h0 l{age:0} ka Oabc\r\nbar\r\n",
      ],
      [
        "mg a Oabc k l h s c f t v\r\n",
        "VA 3 Oabc ka l{age:0} h1 s3 c{cas:a} f7 t{ttl:100}\r\nbar\r\n",
      ],
      ["mg a s v f\r\n", "VA 3 s3 f7\r\nbar\r\n"],
    ],
  },
  {
    name: "mg: misses repeat the key and the opaque",
    steps: [
      ["mg a k\r\n", "EN ka\r\n"],
      ["mg a O123\r\n", "EN O123\r\n"],
      ["mg a k O123\r\n", "EN ka O123\r\n"],
      ["mg a O123 v k s\r\n", "EN O123 ka\r\n"],
    ],
  },
  {
    name: "mg: q hides misses only",
    steps: [
      ["mg a q\r\nmn\r\n", "MN\r\n"],
      ["mg a v q k O1\r\nmn\r\n", "MN\r\n"],
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      ["mg a q\r\nmn\r\n", "HD\r\nMN\r\n"],
      ["mg a v q\r\nmn\r\n", "VA 1\r\nx\r\nMN\r\n"],
      ["mg a v k q\r\nmg b v k q\r\nmn\r\n", "VA 1 ka\r\nx\r\nMN\r\n"],
    ],
  },
  {
    name: "mg: errors answer with q, too",
    steps: [
      ["mg a q v v\r\n", "CLIENT_ERROR duplicate flag\r\n"],
    ],
  },
  {
    name: "mg: opaque tokens",
    steps: [
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      ["mg a O0\r\n", "HD O0\r\n"],
      ["mg a Oopaque v\r\n", "VA 1 Oopaque\r\nx\r\n"],
      ["mg a O\r\n", "HD O\r\n"],
      [`mg a O${"x".repeat(31)}\r\n`, `HD O${"x".repeat(31)}\r\n`],
      [`mg a O${"x".repeat(32)}\r\n`, "CLIENT_ERROR opaque token too long\r\n"],
      ["mg a O!\"#$%&'()*\r\n", "HD O!\"#$%&'()*\r\n"],
    ],
  },
  {
    name: "mg: hit flag and last access",
    steps: [
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      ["mg a h l u\r\n", "HD h0 l{age:0}\r\n"],
      ["mg a h u\r\n", "HD h0\r\n"],
      ["mg a h\r\n", "HD h0\r\n"],
      ["mg a h\r\n", "HD h1\r\n"],
      ["mg a h u\r\n", "HD h1\r\n"],
      ["ms a 1\r\ny\r\n", "HD\r\n"],
      ["mg a h u\r\n", "HD h0\r\n"],
      ["get a\r\n", "VALUE a 0 1\r\ny\r\nEND\r\n"],
      ["mg a h\r\n", "HD h1\r\n"],
    ],
  },
  {
    name: "mg: seconds since the last access",
    steps: [
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      { advance: 5 },
      ["mg a l u\r\n", "HD l5\r\n"],
      ["mg a l u h\r\n", "HD l5 h0\r\n"],
      { advance: 95 },
      ["mg a l h t\r\n", "HD l100 h0 t-1\r\n"],
    ],
  },
  {
    name: "mg: seconds since an access of long ago",
    steps: [
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      { advance: 65535 },
      ["mg a l u\r\n", "HD l65535\r\n"],
      {
        differs: "we keep the time of the last access modulo 65536 seconds",
        steps: [
          { advance: 4465 },
          ["mg a l u\r\n", "HD l4464\r\n"],
        ],
      },
    ],
  },
  {
    name: "mg: every hit is an access",
    differs: "memcached notes the time of the second hit, if the queue allows",
    steps: [
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      { advance: 100 },
      ["mg a l\r\n", "HD l100\r\n"],
      ["mg a l h\r\n", "HD l0 h1\r\n"],
      { advance: 61 },
      ["get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n"],
      ["mg a l\r\n", "HD l0\r\n"],
      { advance: 7 },
      ["mg a l u\r\n", "HD l7\r\n"],
      ["me a\r\n", "ME a exp=-1 la=7 {any}\r\n"],
    ],
  },
  {
    name: "mg: T sets the time, and where it stands matters to t",
    steps: [
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      ["mg a t T30\r\n", "HD t-1\r\n"],
      ["mg a T60 t\r\n", "HD t{ttl:60}\r\n"],
      ["mg a t\r\n", "HD t{ttl:60}\r\n"],
      ["mg a T90 v t\r\n", "VA 1 t{ttl:90}\r\nx\r\n"],
      ["mg a T0 t\r\n", "HD t-1\r\n"],
      ["mg b T30 t\r\n", "EN\r\n"],
    ],
  },
  {
    name: "mg: T with a negative time ends the item",
    steps: [
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      ["mg a T-1 v\r\n", "VA 1\r\nx\r\n"],
      ["mg a v\r\n", "EN\r\n"],
    ],
  },
  {
    name: "mg: t of an item that T has ended is 0",
    differs: "memcached shows a wrapped number of seconds",
    steps: [
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      ["mg a T-1 t\r\n", "HD t0\r\n"],
    ],
  },
  {
    name: "mg: C drops the value if the id is the item's",
    steps: [
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      ["mg a c\r\n", "HD c{cas:a}\r\n"],
      {
        since: "1.6.45",
        steps: [
          ["mg a v C{cas:a}\r\n", "HD\r\n"],
          ["mg a v c s C{cas:a}\r\n", "HD c{cas:a} s1\r\n"],
        ],
      },
      ["mg a v C1{cas:a}\r\n", "VA 1\r\nx\r\n"],
      ["mg a v C0\r\n", "VA 1\r\nx\r\n"],
      ["mg b v C5\r\n", "EN\r\n"],
    ],
  },
  {
    name: "mg: keys in base64",
    steps: [
      ["ms Zm9v 3 b\r\nbar\r\n", "HD\r\n"],
      ["mg Zm9v b v\r\n", "VA 3\r\nbar\r\n"],
      ["mg Zm9v b k v\r\n", "VA 3 kZm9v b\r\nbar\r\n"],
      ["get foo\r\n", "VALUE foo 0 3\r\nbar\r\nEND\r\n"],
      ["mg foo v\r\n", "VA 3\r\nbar\r\n"],
      ["mg Zm9v v\r\n", "EN\r\n"],
      ["ms AAECIA0K 1 b\r\nx\r\n", "HD\r\n"],
      ["mg AAECIA0K b v k\r\n", "VA 1 kAAECIA0K b\r\nx\r\n"],
      ["md AAECIA0K b k\r\n", "HD kAAECIA0K b\r\n"],
      ["mg AAECIA0K b\r\n", "EN\r\n"],
    ],
  },
  {
    name: "mg: a key remembers how it was stored",
    steps: [
      ["set foo 0 0 3\r\nbar\r\n", "STORED\r\n"],
      ["mg Zm9v b k v\r\n", "VA 3 kfoo\r\nbar\r\n"],
      ["ms Zm9v 3 b k\r\nbar\r\n", "HD kZm9v b\r\n"],
      ["mg foo k v\r\n", "VA 3 kZm9v b\r\nbar\r\n"],
      ["mg bm9uZQ== b k\r\n", "EN kbm9uZQ== b\r\n"],
    ],
  },
  {
    name: "mg: what becomes of a key stored as base64",
    steps: [
      ["ms Zm9v 1 b F5\r\n1\r\n", "HD\r\n"],
      ["incr foo 1\r\n", "2\r\n"],
      ["touch foo 0\r\n", "TOUCHED\r\n"],
      ["mg foo k v T30\r\n", "VA 1 kZm9v b\r\n2\r\n"],
      ["md foo I\r\n", "HD\r\n"],
      ["mg foo k\r\n", "HD kZm9v b X W\r\n"],
      ["set foo 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["mg foo k\r\n", "HD kfoo\r\n"],
      {
        differs: "memcached forgets it when it copies the item",
        steps: [
          ["ms Zm9v 1 b\r\n9\r\n", "HD\r\n"],
          ["append foo 0 0 1\r\n9\r\n", "STORED\r\n"],
          ["mg foo k\r\n", "HD kZm9v b\r\n"],
          ["incr foo 1\r\n", "100\r\n"],
          ["mg foo k\r\n", "HD kZm9v b\r\n"],
          ["md foo x\r\n", "HD\r\n"],
          ["mg foo k\r\n", "HD kZm9v b\r\n"],
        ],
      },
    ],
  },
  {
    name: "mg: what is no base64",
    steps: [
      ["mg foo! b\r\n", "CLIENT_ERROR error decoding key\r\n"],
      ["mg Zm9 b\r\n", "CLIENT_ERROR error decoding key\r\n"],
      ["mg Zg b\r\n", "CLIENT_ERROR error decoding key\r\n"],
      ["mg Z b v\r\n", "CLIENT_ERROR error decoding key\r\n"],
      [
        "ms foo! 2 b\r\nhi\r\nmn\r\n",
        "CLIENT_ERROR error decoding key\r\nMN\r\n",
      ],
      {
        since: "1.6.45",
        steps: [
          ["md foo! b\r\n", "CLIENT_ERROR error decoding key\r\n"],
        ],
      },
    ],
  },
  {
    name: "mg: the longest key",
    steps: [
      [`mg ${LONGEST} k\r\n`, `EN k${LONGEST}\r\n`],
      [`ms ${LONGEST} 1 k\r\nx\r\n`, `HD k${LONGEST}\r\n`],
      [`mg ${LONGEST} v k\r\n`, `VA 1 k${LONGEST}\r\nx\r\n`],
      [`mg ${LONGEST}k v\r\n`, BAD],
      [`mg ${LONGEST}k v q\r\n`, BAD],
    ],
  },
  {
    name: "mg: runs of spaces, bare newlines, spaces at the end",
    steps: [
      ["ms  a   1 \r\nx\r\n", "HD\r\n"],
      ["mg  a  v  s\r\n", "VA 1 s1\r\nx\r\n"],
      ["mg a v\n", "VA 1\r\nx\r\n"],
      ["mg a v      \r\n", "VA 1\r\nx\r\n"],
      ["mg a  \r\n", "HD\r\n"],
    ],
  },
  {
    name: "mg: flags of the other commands are ignored",
    steps: [
      ["ms a 3\r\nbar\r\n", "HD\r\n"],
      {
        since: "1.6.45",
        steps: [
          ["mg a F10 D10 I x J1 M1\r\n", "HD\r\n"],
        ],
      },
      ["mg a P1 L2 v\r\n", "VA 3\r\nbar\r\n"],
      ["mg a P L v\r\n", "VA 3\r\nbar\r\n"],
      ["mg a Ppath/of/a/proxy Llong v s\r\n", "VA 3 s3\r\nbar\r\n"],
    ],
  },
  {
    name: "mn: answers, and after everything before it",
    steps: [
      ["mn\r\n", "MN\r\n"],
      ["mn foo\r\n", "MN\r\n"],
      ["mn x y z\r\n", "MN\r\n"],
      ["ms a 1 q\r\nx\r\nmg b q\r\nmg a v q\r\nmn\r\n", "VA 1\r\nx\r\nMN\r\n"],
      ["mn\r\nmn\r\nmn\r\n", "MN\r\nMN\r\nMN\r\n"],
    ],
  },
  {
    name: "me: what is known about an item",
    steps: [
      ["me a\r\n", "EN\r\n"],
      ["ms a 3 F7 T100\r\nbar\r\n", "HD\r\n"],
      ["mg a c u\r\n", "HD c{cas:a}\r\n"],
      {
        since: "1.6.45",
        steps: [
          [
            "me a\r\n",
            "ME a exp={ttl:100} la={age:0} cas={cas:a} fetch=no cls={n} size={n}\r\n",
          ],
        ],
      },
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n"],
      ["get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n"],
      [
        "me a\r\n",
        "ME a exp=-1 la={age:0} cas={cas:b!a} fetch=yes cls={n} size={n}\r\n",
      ],
      ["me a q\r\n", "ME a exp=-1 {any}\r\n"],
      ["me b v\r\n", "EN\r\n"],
    ],
  },
  {
    name: "me: the last access",
    steps: [
      ["ms a 1 T1000\r\nx\r\n", "HD\r\n"],
      { advance: 30 },
      ["me a\r\n", "ME a exp=970 la=30 {any}\r\n"],
      ["me a\r\n", "ME a exp=970 la=30 {any}\r\n"],
    ],
  },
  {
    name: "me: what is wrong with it",
    steps: [
      ["me\r\n", BAD],
      [`me ${"k".repeat(251)}\r\n`, BAD],
      ["me foo b c\r\n", BAD],
    ],
  },
  {
    name: "me: keys in base64",
    differs: "memcached only decodes the key when a further token follows b",
    steps: [
      ["ms a 3\r\nbar\r\n", "HD\r\n"],
      ["me YQ== b\r\n", "ME a exp=-1 {any}\r\n"],
      ["me bm9uZQ== b\r\n", "EN\r\n"],
      ["ms Zm9v 3 b\r\nbar\r\n", "HD\r\n"],
      ["me Zm9v b\r\n", "ME Zm9v exp=-1 {any}\r\n"],
      ["me foo\r\n", "ME Zm9v exp=-1 {any}\r\n"],
    ],
  },
  {
    name: "me: keys in base64 with a further token",
    steps: [
      ["ms Zm9v 3 b\r\nbar\r\n", "HD\r\n"],
      ["me Zm9v b x\r\n", "ME Zm9v exp=-1 {any}\r\n"],
      ["me foo\r\n", "ME Zm9v exp=-1 {any}\r\n"],
    ],
  },
];
