/**
 * Owns the transcripts of incr and decr.
 *
 * @module
 */
import type { Transcript } from "../transcript.ts";

const MOST = "18446744073709551615";
const BAD = "CLIENT_ERROR bad command line format\r\n";
const BAD_DELTA = "CLIENT_ERROR invalid numeric delta argument\r\n";
const NOT_NUMERIC =
  "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n";

export const CLASSIC_NUMBERS: readonly Transcript[] = [
  {
    name: "incr and decr: plain numbers",
    steps: [
      ["incr n 1\r\n", "NOT_FOUND\r\n"],
      ["decr n 1\r\n", "NOT_FOUND\r\n"],
      ["set n 0 0 2\r\n10\r\n", "STORED\r\n"],
      ["incr n 5\r\n", "15\r\n"],
      ["decr n 4\r\n", "11\r\n"],
      ["incr n 0\r\n", "11\r\n"],
      ["decr n 0\r\n", "11\r\n"],
      ["get n\r\n", "VALUE n 0 2\r\n11\r\nEND\r\n"],
    ],
  },
  {
    name: "incr: past 2^64-1 it starts at 0 again",
    steps: [
      [`set n 0 0 20\r\n${MOST}\r\n`, "STORED\r\n"],
      ["incr n 0\r\n", `${MOST}\r\n`],
      ["incr n 1\r\n", "0\r\n"],
      [`incr n ${MOST}\r\n`, `${MOST}\r\n`],
      [`incr n ${MOST}\r\n`, "18446744073709551614\r\n"],
      ["incr n 1\r\n", `${MOST}\r\n`],
      ["incr n 10\r\n", "9\r\n"],
    ],
  },
  {
    name: "incr: across 2^32 and 2^63",
    steps: [
      ["set n 0 0 10\r\n4294967295\r\n", "STORED\r\n"],
      ["incr n 1\r\n", "4294967296\r\n"],
      ["decr n 1\r\n", "4294967295\r\n"],
      ["set n 0 0 19\r\n9223372036854775807\r\n", "STORED\r\n"],
      ["incr n 1\r\n", "9223372036854775808\r\n"],
      ["decr n 1\r\n", "9223372036854775807\r\n"],
      ["incr n 9223372036854775808\r\n", `${MOST}\r\n`],
      ["decr n 9223372036854775808\r\n", "9223372036854775807\r\n"],
    ],
  },
  {
    name: "decr: stops at 0",
    steps: [
      ["set n 0 0 1\r\n5\r\n", "STORED\r\n"],
      ["decr n 5\r\n", "0\r\n"],
      ["decr n 1\r\n", "0\r\n"],
      ["set n 0 0 1\r\n5\r\n", "STORED\r\n"],
      ["decr n 6\r\n", "0\r\n"],
      [`set n 0 0 20\r\n${MOST}\r\n`, "STORED\r\n"],
      [`decr n ${MOST}\r\n`, "0\r\n"],
      [`decr n ${MOST}\r\n`, "0\r\n"],
    ],
  },
  {
    name: "decr: the value keeps its length, filled up with spaces",
    steps: [
      ["set n 0 0 2\r\n10\r\n", "STORED\r\n"],
      ["decr n 5\r\n", "5\r\n"],
      ["get n\r\n", "VALUE n 0 2\r\n5 \r\nEND\r\n"],
      ["incr n 4\r\n", "9\r\n"],
      ["get n\r\n", "VALUE n 0 2\r\n9 \r\nEND\r\n"],
      ["incr n 90\r\n", "99\r\n"],
      ["get n\r\n", "VALUE n 0 2\r\n99\r\nEND\r\n"],
      ["incr n 1\r\n", "100\r\n"],
      ["get n\r\n", "VALUE n 0 3\r\n100\r\nEND\r\n"],
      ["decr n 100\r\n", "0\r\n"],
      ["get n\r\n", "VALUE n 0 3\r\n0  \r\nEND\r\n"],
      [`set n 0 0 20\r\n${MOST}\r\n`, "STORED\r\n"],
      ["incr n 1\r\n", "0\r\n"],
      ["get n\r\n", `VALUE n 0 20\r\n0${" ".repeat(19)}\r\nEND\r\n`],
    ],
  },
  {
    name: "incr: a value may grow to twenty digits",
    steps: [
      ["set n 3 100 1\r\n9\r\n", "STORED\r\n"],
      ["incr n 1\r\n", "10\r\n"],
      ["get n\r\n", "VALUE n 3 2\r\n10\r\nEND\r\n"],
      ["incr n 18446744073709551605\r\n", `${MOST}\r\n`],
      ["get n\r\n", `VALUE n 3 20\r\n${MOST}\r\nEND\r\n`],
      ["mg n t f\r\n", "HD t{ttl:100} f3\r\n"],
    ],
  },
  {
    name: "incr: flags and expiration stay, the CAS id does not",
    steps: [
      ["set n 42 100 1\r\n1\r\n", "STORED\r\n"],
      ["gets n\r\n", "VALUE n 42 1 {cas:a}\r\n1\r\nEND\r\n"],
      ["incr n 1\r\n", "2\r\n"],
      ["gets n\r\n", "VALUE n 42 1 {cas:b!a}\r\n2\r\nEND\r\n"],
      ["decr n 1\r\n", "1\r\n"],
      ["gets n\r\n", "VALUE n 42 1 {cas:c!b}\r\n1\r\nEND\r\n"],
      ["cas n 42 0 1 {cas:b}\r\n5\r\n", "EXISTS\r\n"],
      ["mg n t\r\n", "HD t{ttl:100}\r\n"],
    ],
  },
  {
    name: "incr: spaces around a number, zeros before it",
    steps: [
      ["set n 0 0 3\r\n 12\r\n", "STORED\r\n"],
      ["incr n 1\r\n", "13\r\n"],
      ["set n 0 0 3\r\n12 \r\n", "STORED\r\n"],
      ["incr n 1\r\n", "13\r\n"],
      ["get n\r\n", "VALUE n 0 3\r\n13 \r\nEND\r\n"],
      ["set n 0 0 4\r\n0012\r\n", "STORED\r\n"],
      ["incr n 1\r\n", "13\r\n"],
      ["get n\r\n", "VALUE n 0 4\r\n13  \r\nEND\r\n"],
    ],
  },
  {
    name: "incr: what is no number",
    steps: [
      ["set n 0 0 2\r\nab\r\n", "STORED\r\n"],
      ["incr n 1\r\n", NOT_NUMERIC],
      ["decr n 1\r\n", NOT_NUMERIC],
      ["get n\r\n", "VALUE n 0 2\r\nab\r\nEND\r\n"],
      ["set n 0 0 4\r\n12ab\r\n", "STORED\r\n"],
      ["incr n 1\r\n", NOT_NUMERIC],
      ["set n 0 0 0\r\n\r\n", "STORED\r\n"],
      ["incr n 1\r\n", NOT_NUMERIC],
      ["set n 0 0 2\r\n-1\r\n", "STORED\r\n"],
      ["incr n 1\r\n", NOT_NUMERIC],
      ["set n 0 0 3\r\n1.5\r\n", "STORED\r\n"],
      ["incr n 1\r\n", NOT_NUMERIC],
      ["set n 0 0 20\r\n18446744073709551616\r\n", "STORED\r\n"],
      ["incr n 1\r\n", NOT_NUMERIC],
      ["set n 0 0 21\r\n184467440737095516150\r\n", "STORED\r\n"],
      ["decr n 1\r\n", NOT_NUMERIC],
      [`set n 0 0 40\r\n${"1".repeat(40)}\r\n`, "STORED\r\n"],
      ["incr n 1\r\n", NOT_NUMERIC],
    ],
  },
  {
    name: "incr: what is no delta",
    steps: [
      ["set n 0 0 1\r\n1\r\n", "STORED\r\n"],
      ["incr n -1\r\n", BAD_DELTA],
      ["incr n abc\r\n", BAD_DELTA],
      ["incr n 1x\r\n", BAD_DELTA],
      ["incr n 1.5\r\n", BAD_DELTA],
      ["incr n 18446744073709551616\r\n", BAD_DELTA],
      ["decr n 99999999999999999999999\r\n", BAD_DELTA],
      ["decr n -1\r\n", BAD_DELTA],
      ["decr n x\r\n", BAD_DELTA],
      ["incr none x\r\n", BAD_DELTA],
      ["get n\r\n", "VALUE n 0 1\r\n1\r\nEND\r\n"],
    ],
  },
  {
    name: "incr and decr: too few arguments, too long a key",
    since: "1.6.45",
    steps: [
      ["incr\r\n", BAD],
      ["incr n\r\n", BAD],
      ["decr\r\n", BAD],
      ["decr n\r\n", BAD],
      [`incr ${"k".repeat(251)} 1\r\n`, BAD],
      [`decr ${"k".repeat(251)} 1\r\n`, BAD],
      [`incr ${"k".repeat(250)} 1\r\n`, "NOT_FOUND\r\n"],
    ],
  },
  {
    name: "incr: further arguments are ignored",
    since: "1.6.45",
    steps: [
      ["incr n 1 2 3\r\n", "NOT_FOUND\r\n"],
      ["set n 0 0 1\r\n1\r\n", "STORED\r\n"],
      ["incr n 1 2 3\r\n", "2\r\n"],
      ["decr n 1 noreply x\r\n", "1\r\n"],
    ],
  },
  {
    name: "incr: a value that was appended to is a number still",
    steps: [
      ["set n 0 0 1\r\n1\r\n", "STORED\r\n"],
      ["append n 0 0 1\r\n0\r\n", "STORED\r\n"],
      ["incr n 5\r\n", "15\r\n"],
      ["append n 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["incr n 1\r\n", NOT_NUMERIC],
    ],
  },
];
