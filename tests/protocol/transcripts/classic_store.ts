/**
 * Owns the transcripts of set, add, replace, append, prepend, cas and delete.
 *
 * @module
 */
import type { Transcript } from "../transcript.ts";

const LONGEST = "k".repeat(250);

export const CLASSIC_STORE: readonly Transcript[] = [
  {
    name: "set: stores and overwrites",
    steps: [
      ["set a 1 0 3\r\nabc\r\n", "STORED\r\n"],
      ["set a 2 0 5\r\nvalue\r\n", "STORED\r\n"],
      ["get a\r\n", "VALUE a 2 5\r\nvalue\r\nEND\r\n"],
      ["set a 0 0 0\r\n\r\n", "STORED\r\n"],
      ["get a\r\n", "VALUE a 0 0\r\n\r\nEND\r\n"],
    ],
  },
  {
    name: "set: flags from 0 to 4294967295",
    steps: [
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n"],
      ["set a 1 0 1\r\nx\r\n", "STORED\r\n"],
      ["get a\r\n", "VALUE a 1 1\r\nx\r\nEND\r\n"],
      ["set a 65535 0 1\r\nx\r\n", "STORED\r\n"],
      ["get a\r\n", "VALUE a 65535 1\r\nx\r\nEND\r\n"],
      ["set a 2147483648 0 1\r\nx\r\n", "STORED\r\n"],
      ["get a\r\n", "VALUE a 2147483648 1\r\nx\r\nEND\r\n"],
      ["set a 4294967295 0 1\r\nx\r\n", "STORED\r\n"],
      ["gets a\r\n", "VALUE a 4294967295 1 {cas:a}\r\nx\r\nEND\r\n"],
      ["mg a f\r\n", "HD f4294967295\r\n"],
    ],
  },
  {
    name: "set: a value may hold what looks like a command",
    steps: [
      ["set a 0 0 14\r\nget a\r\nquit\r\nx\r\n", "STORED\r\n"],
      ["get a\r\n", "VALUE a 0 14\r\nget a\r\nquit\r\nx\r\nEND\r\n"],
    ],
  },
  {
    name: "add: only what is not there",
    steps: [
      ["add a 1 0 1\r\nx\r\n", "STORED\r\n"],
      ["add a 2 0 1\r\ny\r\n", "NOT_STORED\r\n"],
      ["get a\r\n", "VALUE a 1 1\r\nx\r\nEND\r\n"],
      ["delete a\r\n", "DELETED\r\n"],
      ["add a 3 0 1\r\nz\r\n", "STORED\r\n"],
      ["get a\r\n", "VALUE a 3 1\r\nz\r\nEND\r\n"],
    ],
  },
  {
    name: "replace: only what is there",
    steps: [
      ["replace a 1 0 1\r\nx\r\n", "NOT_STORED\r\n"],
      ["get a\r\n", "END\r\n"],
      ["set a 1 0 1\r\nx\r\n", "STORED\r\n"],
      ["replace a 2 0 2\r\nyy\r\n", "STORED\r\n"],
      ["get a\r\n", "VALUE a 2 2\r\nyy\r\nEND\r\n"],
    ],
  },
  {
    name: "append and prepend: flags and expiration stay",
    steps: [
      ["append a 1 0 1\r\nx\r\n", "NOT_STORED\r\n"],
      ["prepend a 1 0 1\r\nx\r\n", "NOT_STORED\r\n"],
      ["get a\r\n", "END\r\n"],
      ["set a 5 100 2\r\nmm\r\n", "STORED\r\n"],
      ["append a 6 9999 3\r\nend\r\n", "STORED\r\n"],
      ["prepend a 7 9999 5\r\nstart\r\n", "STORED\r\n"],
      ["get a\r\n", "VALUE a 5 10\r\nstartmmend\r\nEND\r\n"],
      ["mg a t f s\r\n", "HD t{ttl:100} f5 s10\r\n"],
      ["append a 0 0 0\r\n\r\n", "STORED\r\n"],
      ["prepend a 0 0 0\r\n\r\n", "STORED\r\n"],
      ["get a\r\n", "VALUE a 5 10\r\nstartmmend\r\nEND\r\n"],
    ],
  },
  {
    name: "append and prepend: each gives a new CAS id",
    steps: [
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["gets a\r\n", "VALUE a 0 1 {cas:a}\r\nx\r\nEND\r\n"],
      ["append a 0 0 1\r\ny\r\n", "STORED\r\n"],
      ["gets a\r\n", "VALUE a 0 2 {cas:b!a}\r\nxy\r\nEND\r\n"],
      ["prepend a 0 0 1\r\nw\r\n", "STORED\r\n"],
      ["gets a\r\n", "VALUE a 0 3 {cas:c!b}\r\nwxy\r\nEND\r\n"],
    ],
  },
  {
    name: "append and prepend: growth in many steps",
    steps: [
      ["set a 0 0 0\r\n\r\n", "STORED\r\n"],
      ["append a 0 0 10\r\n0123456789\r\n".repeat(20), "STORED\r\n".repeat(20)],
      ["prepend a 0 0 3\r\nabc\r\n".repeat(20), "STORED\r\n".repeat(20)],
      [
        "get a\r\n",
        `VALUE a 0 260\r\n${"abc".repeat(20)}${"0123456789".repeat(20)}\r\n` +
        "END\r\n",
      ],
    ],
  },
  {
    name: "cas: stores only over the id that is given",
    steps: [
      ["cas a 0 0 1 5\r\nx\r\n", "NOT_FOUND\r\n"],
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["gets a\r\n", "VALUE a 0 1 {cas:a}\r\nx\r\nEND\r\n"],
      ["cas a 3 0 2 {cas:a}\r\nyy\r\n", "STORED\r\n"],
      ["gets a\r\n", "VALUE a 3 2 {cas:b!a}\r\nyy\r\nEND\r\n"],
      ["cas a 4 0 1 {cas:a}\r\nz\r\n", "EXISTS\r\n"],
      ["gets a\r\n", "VALUE a 3 2 {cas:b}\r\nyy\r\nEND\r\n"],
      ["delete a\r\n", "DELETED\r\n"],
      ["cas a 0 0 1 {cas:b}\r\nx\r\n", "NOT_FOUND\r\n"],
    ],
  },
  {
    name: "cas: 0 and the greatest id fit nothing",
    steps: [
      ["cas a 0 0 1 0\r\nx\r\n", "NOT_FOUND\r\n"],
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["cas a 0 0 1 0\r\ny\r\n", "EXISTS\r\n"],
      ["cas a 0 0 1 18446744073709551615\r\ny\r\n", "EXISTS\r\n"],
      ["get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n"],
    ],
  },
  {
    name: "cas: ids that were given by meta commands fit",
    since: "1.6.45",
    steps: [
      [
        "ms a 1 E18446744073709551615 c\r\nx\r\n",
        "HD c18446744073709551615\r\n",
      ],
      ["gets a\r\n", "VALUE a 0 1 18446744073709551615\r\nx\r\nEND\r\n"],
      ["cas a 0 0 1 18446744073709551615\r\ny\r\n", "STORED\r\n"],
      ["ms a 1 E1 c\r\nx\r\n", "HD c1\r\n"],
      ["cas a 0 0 1 2\r\ny\r\n", "EXISTS\r\n"],
      ["cas a 0 0 1 1\r\ny\r\n", "STORED\r\n"],
      ["cas a 0 0 1 1\r\ny\r\n", "EXISTS\r\n"],
    ],
  },
  {
    name: "cas: two connections, the second comes too late",
    steps: [
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["gets a\r\n", "VALUE a 0 1 {cas:a}\r\nx\r\nEND\r\n"],
      ["gets a\r\n", "VALUE a 0 1 {cas:a}\r\nx\r\nEND\r\n", "other"],
      ["cas a 0 0 1 {cas:a}\r\ny\r\n", "STORED\r\n"],
      ["cas a 0 0 1 {cas:a}\r\nz\r\n", "EXISTS\r\n", "other"],
      ["get a\r\n", "VALUE a 0 1\r\ny\r\nEND\r\n", "other"],
    ],
  },
  {
    name: "-C: every id is 0, and fits nothing but in ma and md",
    flags: ["-C"],
    // Without ids, flush_all of 1.6.18 takes the whole second with it.
    fresh: true,
    steps: [
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["gets a\r\n", "VALUE a 0 1 0\r\nx\r\nEND\r\n"],
      ["gats 0 a\r\n", "VALUE a 0 1 0\r\nx\r\nEND\r\n"],
      ["cas a 0 0 1 0\r\ny\r\n", "EXISTS\r\n"],
      ["cas a 0 0 1 5\r\ny\r\n", "EXISTS\r\n"],
      ["cas none 0 0 1 1\r\ny\r\n", "NOT_FOUND\r\n"],
      ["mg a c v\r\n", "VA 1 c0\r\nx\r\n"],
      ["ms a 1 c\r\nz\r\n", "HD c0\r\n"],
      ["ms a 1 C0\r\nz\r\n", "EX\r\n"],
      ["ms a 1 C5\r\nz\r\n", "EX\r\n"],
      {
        since: "1.6.45",
        steps: [
          ["ms a 1 E5 c\r\nz\r\n", "HD c0\r\n"],
          ["mg a C0 v\r\n", "HD\r\n"],
        ],
      },
      ["me a\r\n", "ME a exp=-1 la={age:0} cas=0 {any}\r\n"],
      ["md a C1\r\n", "EX\r\n"],
      ["md a C0\r\n", "HD\r\n"],
      ["set n 0 0 1\r\n1\r\n", "STORED\r\n"],
      ["ma n C0 v\r\n", "VA 1\r\n2\r\n"],
      ["ma n C4 v\r\n", "EX\r\n"],
      ["md n I\r\n", "HD\r\n"],
      ["mg n c v\r\n", "VA 1 c0 X W\r\n2\r\n"],
    ],
  },
  {
    name: "delete: found and not",
    steps: [
      ["delete a\r\n", "NOT_FOUND\r\n"],
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["delete a\r\n", "DELETED\r\n"],
      ["get a\r\n", "END\r\n"],
      ["delete a\r\n", "NOT_FOUND\r\n"],
      ["add a 0 0 1\r\ny\r\n", "STORED\r\n"],
      ["get a\r\n", "VALUE a 0 1\r\ny\r\nEND\r\n"],
    ],
  },
  {
    name: "delete: the 0 that old clients send",
    steps: [
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["delete a 0\r\n", "DELETED\r\n"],
      ["delete a 0\r\n", "NOT_FOUND\r\n"],
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["delete a 0 noreply\r\nget a\r\n", "END\r\n"],
    ],
  },
  {
    name: "delete: any second argument is ignored",
    steps: [
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      {
        since: "1.6.45",
        steps: [
          ["delete a 10\r\n", "DELETED\r\n"],
          ["delete a x\r\n", "NOT_FOUND\r\n"],
        ],
      },
      ["delete a 10 noreply\r\nmn\r\n", "MN\r\n"],
    ],
  },
  {
    name: "delete: more arguments are an error",
    differs: "memcached ignores any number of arguments",
    steps: [
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["delete a 0 0 0\r\n", "CLIENT_ERROR bad command line format\r\n"],
      ["delete a b c d e\r\n", "CLIENT_ERROR bad command line format\r\n"],
      ["delete a 1 2 3 4 5 noreply\r\nmn\r\n", "MN\r\n"],
      ["get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n"],
    ],
  },
  {
    name: "stores: the longest key",
    steps: [
      [`add ${LONGEST} 0 0 1\r\nx\r\n`, "STORED\r\n"],
      [`replace ${LONGEST} 0 0 1\r\ny\r\n`, "STORED\r\n"],
      [`append ${LONGEST} 0 0 1\r\nz\r\n`, "STORED\r\n"],
      [`prepend ${LONGEST} 0 0 1\r\nx\r\n`, "STORED\r\n"],
      [
        `gets ${LONGEST}\r\n`,
        `VALUE ${LONGEST} 0 3 {cas:a}\r\nxyz\r\nEND\r\n`,
      ],
      [`cas ${LONGEST} 0 0 1 {cas:a}\r\nx\r\n`, "STORED\r\n"],
      [`get ${LONGEST}\r\n`, `VALUE ${LONGEST} 0 1\r\nx\r\nEND\r\n`],
      [`delete ${LONGEST}\r\n`, "DELETED\r\n"],
    ],
  },
  {
    name: "stores: keys differ by every byte",
    steps: [
      ["set ab 0 0 1\r\n1\r\n", "STORED\r\n"],
      ["set a 0 0 1\r\n2\r\n", "STORED\r\n"],
      ["set aB 0 0 1\r\n3\r\n", "STORED\r\n"],
      ["set abc 0 0 1\r\n4\r\n", "STORED\r\n"],
      [
        "get a ab aB abc\r\n",
        "VALUE a 0 1\r\n2\r\nVALUE ab 0 1\r\n1\r\n" +
        "VALUE aB 0 1\r\n3\r\nVALUE abc 0 1\r\n4\r\nEND\r\n",
      ],
    ],
  },
  {
    name: "stores: arguments after the last one are ignored",
    steps: [
      ["set a 0 0 2 noreplyx\r\nhi\r\n", "STORED\r\n"],
      {
        since: "1.6.45",
        steps: [
          ["set a 0 0 2 noreply extra\r\nhi\r\n", "STORED\r\n"],
          ["set a 0 0 2 a b c d e f\r\nhi\r\n", "STORED\r\n"],
        ],
      },
      ["get a\r\n", "VALUE a 0 2\r\nhi\r\nEND\r\n"],
    ],
  },
  {
    name: "pipelining: replies in the order of the commands",
    steps: [
      [
        "set a 0 0 1\r\nx\r\nget a\r\nadd a 0 0 1\r\ny\r\nincr a 1\r\n" +
        "delete a\r\nget a\r\nbogus\r\nmn\r\n",
        "STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\nNOT_STORED\r\n" +
        "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n" +
        "DELETED\r\nEND\r\nERROR\r\nMN\r\n",
      ],
      [
        "set n 0 0 1\r\n0\r\n" + "incr n 1\r\n".repeat(60),
        "STORED\r\n" +
        Array.from({ length: 60 }, (_, i) => `${i + 1}\r\n`).join(""),
      ],
    ],
  },
];
