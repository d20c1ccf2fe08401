/**
 * Owns the transcripts of get, gets, gat, gats and touch.
 *
 * @module
 */
import type { Transcript } from "../transcript.ts";

const LONGEST = "k".repeat(250);
const TOO_LONG = "k".repeat(251);
const BAD = "CLIENT_ERROR bad command line format\r\n";
const MANY = Array.from({ length: 100 }, (_, i) => `key${i}`);

export const CLASSIC_GET: readonly Transcript[] = [
  {
    name: "get: misses and hits",
    steps: [
      ["get a\r\n", "END\r\n"],
      ["set a 7 0 3\r\nabc\r\n", "STORED\r\n"],
      ["get a\r\n", "VALUE a 7 3\r\nabc\r\nEND\r\n"],
      ["get a b\r\n", "VALUE a 7 3\r\nabc\r\nEND\r\n"],
      ["get b c d\r\n", "END\r\n"],
      ["set b 0 0 0\r\n\r\n", "STORED\r\n"],
      ["get b a\r\n", "VALUE b 0 0\r\n\r\nVALUE a 7 3\r\nabc\r\nEND\r\n"],
    ],
  },
  {
    name: "get: a key that is asked for twice is answered twice",
    steps: [
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      [
        "get a a\r\n",
        "VALUE a 0 1\r\nx\r\nVALUE a 0 1\r\nx\r\nEND\r\n",
      ],
    ],
  },
  {
    name: "gets: CAS ids change with every store and not otherwise",
    steps: [
      ["gets a\r\n", "END\r\n"],
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["gets a\r\n", "VALUE a 0 1 {cas:first}\r\nx\r\nEND\r\n"],
      ["gets a\r\n", "VALUE a 0 1 {cas:first}\r\nx\r\nEND\r\n"],
      ["get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n"],
      ["touch a 100\r\n", "TOUCHED\r\n"],
      ["gets a\r\n", "VALUE a 0 1 {cas:first}\r\nx\r\nEND\r\n"],
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["gets a\r\n", "VALUE a 0 1 {cas:second!first}\r\nx\r\nEND\r\n"],
    ],
  },
  {
    name: "gets: several keys",
    steps: [
      ["set a 1 0 1\r\nx\r\n", "STORED\r\n"],
      ["set b 2 0 2\r\nyy\r\n", "STORED\r\n"],
      [
        "gets a none b\r\n",
        "VALUE a 1 1 {cas:a}\r\nx\r\nVALUE b 2 2 {cas:b}\r\nyy\r\nEND\r\n",
      ],
    ],
  },
  {
    name: "get: a hundred keys in one line",
    steps: [
      [
        MANY.map((key) => `set ${key} 5 0 5 noreply\r\nvalue\r\n`).join(""),
        "",
      ],
      [
        `get ${MANY.join(" ")}\r\n`,
        MANY.map((key) => `VALUE ${key} 5 5\r\nvalue\r\n`).join("") + "END\r\n",
      ],
      [
        `gat 0 ${MANY.join(" ")}\r\n`,
        MANY.map((key) => `VALUE ${key} 5 5\r\nvalue\r\n`).join("") + "END\r\n",
      ],
    ],
  },
  {
    name: "get: runs of spaces separate, tabs and control bytes do not",
    steps: [
      ["set  f\x01o   1  0  2\r\nhi\r\n", "STORED\r\n"],
      ["get   f\x01o  \r\n", "VALUE f\x01o 1 2\r\nhi\r\nEND\r\n"],
      ["get f\to\r\n", "END\r\n"],
      ["set f\to 1 0 2\r\nho\r\n", "STORED\r\n"],
      ["get f\to x\r\n", "VALUE f\to 1 2\r\nho\r\nEND\r\n"],
      ["get a\r\r\n", "END\r\n"],
    ],
  },
  {
    name: "get: keys of bytes beyond ASCII, values of any bytes",
    steps: [
      [
        "set \xd0\xba\xff 0 0 6\r\n\0\r\n\xff\x80\n\r\n",
        "STORED\r\n",
      ],
      [
        "get \xd0\xba\xff\r\n",
        "VALUE \xd0\xba\xff 0 6\r\n\0\r\n\xff\x80\n\r\nEND\r\n",
      ],
    ],
  },
  {
    name: "get: a line may end in a bare newline",
    steps: [
      ["set a 0 0 2\nhi\r\n", "STORED\r\n"],
      ["get a\n", "VALUE a 0 2\r\nhi\r\nEND\r\n"],
      ["get a b\nget a\n", "VALUE a 0 2\r\nhi\r\nEND\r\n".repeat(2)],
      ["gats 0 a\n", "VALUE a 0 2 {cas:a}\r\nhi\r\nEND\r\n"],
    ],
  },
  {
    name: "get: noreply is an ordinary key",
    steps: [
      ["set k 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["get k noreply\r\n", "VALUE k 0 1\r\nx\r\nEND\r\n"],
      ["set noreply 0 0 1\r\ny\r\n", "STORED\r\n"],
      ["get noreply\r\n", "VALUE noreply 0 1\r\ny\r\nEND\r\n"],
    ],
  },
  {
    name: "get: lines without a key",
    since: "1.6.45",
    steps: [
      ["get\r\n", BAD],
      ["get \r\n", BAD],
      ["get    \r\n", BAD],
      ["gets\r\n", BAD],
      ["gets \r\n", BAD],
      ["gat\r\n", BAD],
      ["gat 10\r\n", BAD],
      ["gats\r\n", BAD],
      ["gats 10\r\n", BAD],
    ],
  },
  {
    name: "get: the longest key",
    steps: [
      [`get ${LONGEST}\r\n`, "END\r\n"],
      [`set ${LONGEST} 0 0 1\r\nx\r\n`, "STORED\r\n"],
      [`get ${LONGEST}\r\n`, `VALUE ${LONGEST} 0 1\r\nx\r\nEND\r\n`],
      [`gets ${LONGEST}\r\n`, `VALUE ${LONGEST} 0 1 {cas:a}\r\nx\r\nEND\r\n`],
      [`gat 9 ${LONGEST}\r\n`, `VALUE ${LONGEST} 0 1\r\nx\r\nEND\r\n`],
      [`touch ${LONGEST} 9\r\n`, "TOUCHED\r\n"],
    ],
  },
  {
    name: "get: a key that is too long is one error and no more",
    differs: "memcached adds an empty line to this one error",
    steps: [
      [`get ${TOO_LONG}\r\n`, BAD],
      [`gets ${TOO_LONG}\r\n`, BAD],
      [`gat 10 ${TOO_LONG}\r\n`, BAD],
      [`gats 10 ${TOO_LONG}\r\n`, BAD],
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      [`get a ${TOO_LONG}\r\nget a\r\n`, BAD + "VALUE a 0 1\r\nx\r\nEND\r\n"],
      [`get a ${TOO_LONG} a a\r\nmn\r\n`, BAD + "MN\r\n"],
      [`get ${"k".repeat(1500)} a\r\nmn\r\n`, BAD + "MN\r\n"],
    ],
  },
  {
    name: "gat: sets the expiration of what it finds",
    steps: [
      ["gat 100 a b\r\n", "END\r\n"],
      ["set a 3 0 1\r\nx\r\n", "STORED\r\n"],
      ["set b 4 0 1\r\ny\r\n", "STORED\r\n"],
      ["mg a t\r\n", "HD t-1\r\n"],
      [
        "gat 100 a none b\r\n",
        "VALUE a 3 1\r\nx\r\nVALUE b 4 1\r\ny\r\nEND\r\n",
      ],
      ["mg a t\r\n", "HD t{ttl:100}\r\n"],
      ["mg b t\r\n", "HD t{ttl:100}\r\n"],
      ["gat 0 b\r\n", "VALUE b 4 1\r\ny\r\nEND\r\n"],
      ["mg b t\r\n", "HD t-1\r\n"],
      ["gat -1 a\r\n", "VALUE a 3 1\r\nx\r\nEND\r\n"],
      ["get a\r\n", "END\r\n"],
    ],
  },
  {
    name: "gats: as gat, with the CAS id, which stays",
    steps: [
      ["gats 100 a\r\n", "END\r\n"],
      ["set a 3 0 1\r\nx\r\n", "STORED\r\n"],
      ["gets a\r\n", "VALUE a 3 1 {cas:a}\r\nx\r\nEND\r\n"],
      ["gats 100 a\r\n", "VALUE a 3 1 {cas:a}\r\nx\r\nEND\r\n"],
      ["mg a t c\r\n", "HD t{ttl:100} c{cas:a}\r\n"],
    ],
  },
  {
    name: "gat: bad expirations",
    since: "1.6.45",
    steps: [
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["gat x a\r\n", "CLIENT_ERROR invalid exptime argument\r\n"],
      ["gats 1x a\r\n", "CLIENT_ERROR invalid exptime argument\r\n"],
      ["gat 1.5 a\r\n", "CLIENT_ERROR invalid exptime argument\r\n"],
      ["gat +1 a\r\n", "CLIENT_ERROR invalid exptime argument\r\n"],
      ["gat 2147483648 a\r\n", "CLIENT_ERROR invalid exptime argument\r\n"],
      ["gat 4294967296 a\r\n", "CLIENT_ERROR invalid exptime argument\r\n"],
      ["gat -2147483649 a\r\n", "CLIENT_ERROR invalid exptime argument\r\n"],
      ["mg a t v\r\n", "VA 1 t-1\r\nx\r\n"],
    ],
  },
  {
    name: "touch: found and not",
    steps: [
      ["touch a 100\r\n", "NOT_FOUND\r\n"],
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["touch a 100\r\n", "TOUCHED\r\n"],
      ["mg a t v\r\n", "VA 1 t{ttl:100}\r\nx\r\n"],
      ["touch a 0\r\n", "TOUCHED\r\n"],
      ["mg a t\r\n", "HD t-1\r\n"],
      ["touch a -1\r\n", "TOUCHED\r\n"],
      ["touch a 100\r\n", "NOT_FOUND\r\n"],
    ],
  },
  {
    name: "touch: what is wrong with it",
    since: "1.6.45",
    steps: [
      ["touch\r\n", BAD],
      ["touch a\r\n", BAD],
      [`touch ${TOO_LONG} 1\r\n`, BAD],
      ["touch a abc\r\n", "CLIENT_ERROR invalid exptime argument\r\n"],
      ["touch a 4294967295\r\n", "CLIENT_ERROR invalid exptime argument\r\n"],
      ["touch a 1.5\r\n", "CLIENT_ERROR invalid exptime argument\r\n"],
      ["touch a 1 2 3\r\n", "NOT_FOUND\r\n"],
    ],
  },
];
