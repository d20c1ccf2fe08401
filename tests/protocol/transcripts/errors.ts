/**
 * Owns the transcripts of malformed lines and of how the stream goes on after
 * a store that was refused.
 *
 * @module
 */
import type { Transcript } from "../transcript.ts";

const TOO_LONG = "k".repeat(251);
const BAD = "CLIENT_ERROR bad command line format\r\n";
const BAD_CHUNK = "CLIENT_ERROR bad data chunk\r\n";
const ERROR = "ERROR\r\n";
const MN = "MN\r\n";

export const ERRORS: readonly Transcript[] = [
  {
    name: "errors: words that are no command",
    steps: [
      ["bogus\r\n", ERROR],
      ["bogus a b c\r\n", ERROR],
      ["Get a\r\n", ERROR],
      ["GET a\r\n", ERROR],
      ["VERSION\r\n", ERROR],
      ["Set a 0 0 1\r\n", ERROR],
      ["getx a\r\n", ERROR],
      ["sets a 0 0 1\r\n", ERROR],
      ["ab\r\n", ERROR],
      ["misbehave\r\n", ERROR],
      {
        since: "1.6.45",
        steps: [
          ["refresh_certs\r\n", ERROR],
        ],
      },
      ["stats\tsettings\r\n", ERROR],
      [`${"x ".repeat(900)}\r\n`, ERROR],
    ],
  },
  {
    name: "errors: two letters that begin with m",
    steps: [
      ["mx a\r\n", ERROR],
      ["mm\r\n", ERROR],
      ["mnx\r\n", ERROR],
      ["mG a\r\n", ERROR],
      ["mgx a\r\n", ERROR],
    ],
  },
  {
    name: "errors: lines that are hardly there",
    since: "1.6.45",
    steps: [
      ["\r\n", BAD],
      ["\n", BAD],
      ["a\r\n", BAD],
      [" \n", BAD],
      ["ab\n", BAD],
      ["mn\n", BAD],
      ["version\n\n", "VERSION {*}\r\n" + BAD],
    ],
  },
  {
    name: "errors: a leading space hides commands on data",
    since: "1.6.45",
    steps: [
      [" get a\r\n", ERROR],
      ["  version\r\n", ERROR],
      [" mn\r\n", ERROR],
      [" mg a v\r\n", ERROR],
      [" delete a\r\n", ERROR],
      [" touch a 0\r\n", ERROR],
    ],
  },
  {
    name: "errors: but not commands of operators",
    steps: [
      ["  flush_all\r\n", "OK\r\n"],
      [" verbosity 0\r\n", "OK\r\n"],
      {
        since: "1.6.45",
        steps: [
          [" stats\r\n", ERROR],
          [" watch\r\n", ERROR],
        ],
      },
    ],
  },
  {
    name: "errors: stores without enough arguments",
    since: "1.6.45",
    steps: [
      ["set\r\n", BAD],
      ["set a\r\n", BAD],
      ["set a 0 0\r\n", BAD],
      ["add a 0 0\r\n", BAD],
      ["replace a 0 0\r\n", BAD],
      ["append a 0 0\r\n", BAD],
      ["prepend a 0 0\r\n", BAD],
      ["cas a 0 0\r\n", BAD],
      ["delete\r\n", BAD],
    ],
  },
  {
    name: "errors: a length that is none, the value is taken for a command",
    steps: [
      ["set a 0 0 abc\r\nhi\r\n", BAD + ERROR],
      ["set a 0 0 -1\r\nhi\r\n", BAD + ERROR],
      ["set a 0 0 1x\r\nhi\r\n", BAD + ERROR],
      {
        since: "1.6.45",
        steps: [
          ["set a 0 0 +1\r\nhi\r\n", BAD + ERROR],
        ],
      },
      ["set a 0 0 2147483647\r\n", BAD],
      ["set a 0 0 2147483646\r\n", BAD],
      ["set a 0 0 2147483648\r\n", BAD],
      {
        since: "1.6.45",
        steps: [
          ["set a 0 0 4294967296\r\n", BAD],
          ["set a 0 0 99999999999\r\nget a\r\n", BAD + "END\r\n"],
        ],
      },
      ["ms a abc\r\nhi\r\n", BAD + ERROR],
      ["ms a S5 T0\r\nhello\r\n", BAD + ERROR],
      ["ms a -1\r\nmn\r\n", BAD + MN],
      ["ms a 2147483647\r\nmn\r\n", BAD + MN],
    ],
  },
  {
    name: "errors: bad flags, times and keys swallow the value",
    since: "1.6.45",
    steps: [
      ["set a abc 0 2\r\nhi\r\nmn\r\n", BAD + MN],
      ["set a -1 0 2\r\nhi\r\nmn\r\n", BAD + MN],
      ["set a 1.5 0 2\r\nhi\r\nmn\r\n", BAD + MN],
      ["set a 0 abc 2\r\nhi\r\nmn\r\n", BAD + MN],
      ["set a 0 1x 2\r\nhi\r\nmn\r\n", BAD + MN],
      ["cas a 0 0 2 abc\r\nhi\r\nmn\r\n", BAD + MN],
      ["cas a 0 0 2 -1\r\nhi\r\nmn\r\n", BAD + MN],
      ["cas a 0 0 2 18446744073709551616\r\nhi\r\nmn\r\n", BAD + MN],
      [`set ${TOO_LONG} 0 0 2\r\nhi\r\nmn\r\n`, BAD + MN],
      [`add ${TOO_LONG} 0 0 2\r\nhi\r\nmn\r\n`, BAD + MN],
      [`append ${TOO_LONG} 0 0 2\r\nhi\r\nmn\r\n`, BAD + MN],
      [`cas ${TOO_LONG} 0 0 2 1\r\nhi\r\nmn\r\n`, BAD + MN],
      [`delete ${TOO_LONG}\r\nmn\r\n`, BAD + MN],
      ["get a\r\n", "END\r\n"],
    ],
  },
  {
    name: "errors: cas without an id",
    since: "1.6.45",
    steps: [
      ["cas a 0 0 2\r\nhi\r\nmn\r\n", BAD + MN],
    ],
  },
  {
    name: "errors: bad data chunks, exactly the length and two are taken",
    steps: [
      ["set a 0 0 3\r\nold\r\n", "STORED\r\n"],
      {
        since: "1.6.45",
        steps: [
          ["set a 0 0 2\r\nhix\r\n", BAD_CHUNK + BAD],
        ],
      },
      ["set a 0 0 2\r\nhi\n\nmn\r\n", BAD_CHUNK + MN],
      ["set a 0 0 2\r\nhi\r\rmn\r\n", BAD_CHUNK + MN],
      {
        since: "1.6.45",
        steps: [
          ["set a 0 0 3\r\nhi\r\n\r\n", BAD_CHUNK + BAD],
        ],
      },
      ["set a 0 0 2\r\nhixxmn\r\n", BAD_CHUNK + MN],
      ["set a 0 0 2\r\nhi there\r\n", BAD_CHUNK + ERROR],
      ["set a 0 0 0\r\nmnmn\r\n", BAD_CHUNK + MN],
      ["add b 0 0 2\r\nhixxmn\r\n", BAD_CHUNK + MN],
      ["replace a 0 0 2\r\nhixxmn\r\n", BAD_CHUNK + MN],
      ["append a 0 0 2\r\nhixxmn\r\n", BAD_CHUNK + MN],
      ["prepend a 0 0 2\r\nhixxmn\r\n", BAD_CHUNK + MN],
      ["cas a 0 0 2 1\r\nhixxmn\r\n", BAD_CHUNK + MN],
      ["get a b\r\n", "VALUE a 0 3\r\nold\r\nEND\r\n"],
    ],
  },
  {
    name: "errors: meta stores and bad data chunks",
    steps: [
      ["ms a 3\r\nold\r\n", "HD\r\n"],
      {
        since: "1.6.45",
        steps: [
          ["ms a 3\r\nbarx\r\nmn\r\n", BAD_CHUNK + BAD + MN],
          ["ms a 3 q\r\nbarx\r\nmn\r\n", BAD_CHUNK + BAD + MN],
        ],
      },
      ["ms a 3 c k Oabc\r\nbarxxmn\r\n", BAD_CHUNK + MN],
      ["mg a v\r\n", "VA 3\r\nold\r\n"],
    ],
  },
  {
    name: "errors: a value of several packets and a wrong end",
    steps: [
      [
        `set a 0 0 3000\r\n${"v".repeat(3000)}xxmn\r\n`,
        BAD_CHUNK + MN,
      ],
      [
        `set a 0 0 100000\r\n${"v".repeat(100000)}xxmn\r\n`,
        BAD_CHUNK + MN,
      ],
      ["get a\r\n", "END\r\n"],
    ],
  },
  {
    name: "errors: a hang-up for HTTP",
    steps: [
      ["GET / HTTP/1.1\r\n", "{close}"],
      ["POST /a HTTP/1.0\r\nHost: b\r\n\r\n", "{close}"],
      ["mn\r\n", MN],
      ["get a HTTP/1.1\r\n", "END\r\n"],
      ["bogus HTTP\r\n", ERROR],
    ],
  },
  {
    name: "quit: closes, and what follows is not run",
    steps: [
      ["quit\r\n", "{close}"],
      ["mn\r\nquit\r\n", "MN\r\n{close}"],
      ["quit foo\r\n", "{close}"],
      ["quit noreply\r\n", "{close}"],
      ["quit\n", "{close}"],
      ["set a 0 0 1\r\nx\r\nquit\r\ndelete a\r\n", "STORED\r\n{close}"],
      ["get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n"],
      ["quitx\r\n", ERROR],
    ],
  },
];
