/**
 * Owns the transcripts of noreply, on every command that knows it.
 *
 * @module
 */
import type { Transcript } from "../transcript.ts";

const BAD = "CLIENT_ERROR bad command line format\r\n";
const BAD_CHUNK = "CLIENT_ERROR bad data chunk\r\n";
const TOO_LONG = "k".repeat(251);
const MN = "MN\r\n";

export const NOREPLY: readonly Transcript[] = [
  {
    name: "noreply: stores",
    steps: [
      ["set a 1 0 1 noreply\r\n1\r\n", ""],
      ["get a\r\n", "VALUE a 1 1\r\n1\r\nEND\r\n"],
      ["add a 0 0 1 noreply\r\n2\r\n", ""],
      ["add b 0 0 1 noreply\r\n2\r\n", ""],
      ["get a b\r\n", "VALUE a 1 1\r\n1\r\nVALUE b 0 1\r\n2\r\nEND\r\n"],
      ["replace a 3 0 1 noreply\r\n3\r\n", ""],
      ["replace none 3 0 1 noreply\r\n3\r\n", ""],
      ["append a 0 0 1 noreply\r\n4\r\n", ""],
      ["append none 0 0 1 noreply\r\n4\r\n", ""],
      ["prepend a 0 0 1 noreply\r\n5\r\n", ""],
      ["prepend none 0 0 1 noreply\r\n5\r\n", ""],
      ["get a none\r\n", "VALUE a 3 3\r\n534\r\nEND\r\n"],
    ],
  },
  {
    name: "noreply: cas",
    steps: [
      ["cas a 0 0 1 5 noreply\r\nx\r\nget a\r\n", "END\r\n"],
      ["set a 0 0 1\r\n1\r\n", "STORED\r\n"],
      ["gets a\r\n", "VALUE a 0 1 {cas:a}\r\n1\r\nEND\r\n"],
      ["cas a 0 0 1 {cas:a} noreply\r\n2\r\n", ""],
      ["get a\r\n", "VALUE a 0 1\r\n2\r\nEND\r\n"],
      ["cas a 0 0 1 {cas:a} noreply\r\n3\r\n", ""],
      ["get a\r\n", "VALUE a 0 1\r\n2\r\nEND\r\n"],
    ],
  },
  {
    name: "noreply: incr, decr, touch, delete",
    steps: [
      ["incr n 1 noreply\r\n", ""],
      ["decr n 1 noreply\r\n", ""],
      ["touch n 1 noreply\r\n", ""],
      ["delete n noreply\r\n", ""],
      ["set n 0 0 2\r\n10\r\n", "STORED\r\n"],
      ["incr n 5 noreply\r\n", ""],
      ["get n\r\n", "VALUE n 0 2\r\n15\r\nEND\r\n"],
      ["decr n 1 noreply\r\n", ""],
      ["get n\r\n", "VALUE n 0 2\r\n14\r\nEND\r\n"],
      ["touch n 100 noreply\r\n", ""],
      ["mg n t\r\n", "HD t{ttl:100}\r\n"],
      ["delete n noreply\r\n", ""],
      ["get n\r\n", "END\r\n"],
    ],
  },
  {
    name: "noreply: commands of operators",
    steps: [
      ["set a 0 0 1 noreply\r\nx\r\n", ""],
      ["flush_all noreply\r\nget a\r\n", "END\r\n"],
      ["set a 0 0 1 noreply\r\nx\r\n", ""],
      ["flush_all 0 noreply\r\nget a\r\n", "END\r\n"],
      ["verbosity 0 noreply\r\nmn\r\n", MN],
      ["cache_memlimit 64 noreply\r\nmn\r\n", MN],
    ],
  },
  {
    name: "noreply: a command that is none",
    steps: [
      ["bogus noreply\r\nmn\r\n", MN],
      ["bogus a b noreply\r\nmn\r\n", MN],
      ["noreply\r\nmn\r\n", MN],
    ],
    since: "1.6.45",
  },
  {
    name: "noreply: silences the errors of numbers and times",
    steps: [
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["incr a 1 noreply\r\nmn\r\n", MN],
      ["incr a x noreply\r\nmn\r\n", MN],
      ["decr a 1 noreply\r\nmn\r\n", MN],
      ["touch a x noreply\r\nmn\r\n", MN],
      ["flush_all x noreply\r\nmn\r\n", MN],
      [`incr ${TOO_LONG} 1 noreply\r\nmn\r\n`, MN],
      [`touch ${TOO_LONG} 1 noreply\r\nmn\r\n`, MN],
      [`delete ${TOO_LONG} noreply\r\nmn\r\n`, MN],
      ["get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n"],
    ],
  },
  {
    name: "noreply: silences the errors of stores",
    since: "1.6.45",
    steps: [
      ["set a x 0 1 noreply\r\ny\r\nmn\r\n", MN],
      ["set a 0 x 1 noreply\r\ny\r\nmn\r\n", MN],
      [`set ${TOO_LONG} 0 0 1 noreply\r\ny\r\nmn\r\n`, MN],
      ["cas a 0 0 1 x noreply\r\ny\r\nmn\r\n", MN],
      ["get a\r\n", "END\r\n"],
    ],
  },
  {
    name: "noreply: lines that lack arguments answer",
    since: "1.6.45",
    steps: [
      ["set a 0 noreply\r\n", BAD],
      ["set a 0 0 noreply\r\n", BAD],
      ["set a 0 0 x noreply\r\n", BAD],
      ["set a 0 0 -1 noreply\r\n", BAD],
      ["touch noreply\r\n", BAD],
      ["incr noreply\r\n", BAD],
    ],
  },
  {
    name: "noreply: an argument that is missing, and noreply in its place",
    steps: [
      ["touch a noreply\r\nmn\r\n", MN],
      ["incr a noreply\r\nmn\r\n", MN],
      ["verbosity noreply\r\nmn\r\n", MN],
      {
        since: "1.6.45",
        steps: [
          ["shutdown noreply\r\nmn\r\n", MN],
        ],
      },
    ],
  },
  {
    name: "noreply: a bad data chunk is silent, what is left over is not",
    steps: [
      {
        since: "1.6.45",
        steps: [
          ["set a 0 0 2 noreply\r\nhix\r\nmn\r\n", BAD + MN],
        ],
      },
      ["set a 0 0 2 noreply\r\nhixxmn\r\n", MN],
      ["add a 0 0 2 noreply\r\nhi there\r\nmn\r\n", "ERROR\r\n" + MN],
      ["get a\r\n", "END\r\n"],
    ],
  },
  {
    name: "noreply: only as the last word",
    steps: [
      {
        since: "1.6.45",
        steps: [
          ["set a 0 0 1 noreply x\r\n1\r\n", "STORED\r\n"],
          [
            "set a 0 0 1 x noreply\r\n2\r\nget a\r\n",
            "VALUE a 0 1\r\n2\r\nEND\r\n",
          ],
        ],
      },
      ["set a 0 0 1 noreplyx\r\n3\r\n", "STORED\r\n"],
      ["set a 0 0 1 NOREPLY\r\n4\r\n", "STORED\r\n"],
      ["set a 0 0 1 norepl\r\n5\r\n", "STORED\r\n"],
    ],
  },
  {
    name: "noreply: meta commands do not know it",
    steps: [
      ["ms a 2 noreply\r\nhi\r\nmn\r\n", "CLIENT_ERROR invalid flag\r\nMN\r\n"],
      ["mn noreply\r\n", MN],
    ],
  },
  {
    name: "noreply: BAD_CHUNK answers without it",
    steps: [
      ["set a 0 0 2\r\nhixxmn\r\n", BAD_CHUNK + MN],
    ],
  },
];
