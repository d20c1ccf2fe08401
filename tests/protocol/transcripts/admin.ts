/**
 * Owns the transcripts of what operators type, but for statistics, dumps and
 * watching.
 *
 * @module
 */
import type { Transcript } from "../transcript.ts";

const OK = "OK\r\n";
const ERROR = "ERROR\r\n";
const MN = "MN\r\n";
const BAD = "CLIENT_ERROR bad command line format\r\n";
const BAD_EXPTIME = "CLIENT_ERROR invalid exptime argument\r\n";
const TOO_SMALL = "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\n";
const IN_BYTES =
  "MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes\r\n";
const UNABLE = "MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust\r\n";
const NOT_ENABLED = "SERVER_ERROR: shutdown not enabled\r\n";
const BAD_MODE = "CLIENT_ERROR invalid shutdown mode\r\n";
const BAD_CLASS = "BADCLASS invalid src or dst class id\r\n";
const NO_SPARE = "NOSPARE source class has no spare pages\r\n";
const SAME = "SAME src and dst class are identical\r\n";
const BAD_WINDOW = "CLIENT_ERROR automove window too low or too high\r\n";
const BAD_PCTS = "ERROR hot and warm pcts must not exceed 80\r\n";
const BAD_FACTORS = "ERROR hot/warm age factors must be greater than 0\r\n";

export const ADMIN: readonly Transcript[] = [
  {
    name: "version: whatever follows",
    steps: [
      ["version\r\n", "VERSION {*}\r\n"],
      ["version foo\r\n", "VERSION {*}\r\n"],
      ["version noreply\r\n", "VERSION {*}\r\n"],
      {
        since: "1.6.45",
        steps: [["version\r\n", "VERSION 1.6.45\r\n"]],
      },
    ],
  },
  {
    name: "verbosity",
    fresh: true,
    steps: [
      ["verbosity foo\r\n", BAD],
      ["verbosity foo bar\r\n", BAD],
      ["verbosity -1\r\n", BAD],
      ["verbosity foo noreply\r\nmn\r\n", MN],
      ["verbosity noreply\r\nmn\r\n", MN],
      ["verbosity 0 noreply\r\nmn\r\n", MN],
      ["verbosity 1\r\n", OK],
      ["verbosity 0\r\n", OK],
      {
        since: "1.6.45",
        steps: [
          ["verbosity\r\n", BAD],
          ["verbosity 4294967296\r\n", BAD],
          ["verbosity 0 2 3\r\n", OK],
          ["verbosity 99\r\n", OK],
          ["stats settings\r\n", "{any}STAT verbosity 2\r\n{any}END\r\n"],
          ["verbosity 0\r\n", OK],
          ["stats settings\r\n", "{any}STAT verbosity 0\r\n{any}END\r\n"],
        ],
      },
    ],
  },
  {
    name: "flush_all: forms",
    steps: [
      ["flush_all\r\n", OK],
      ["flush_all 0\r\n", OK],
      ["flush_all -1\r\n", OK],
      ["flush_all 0 20\r\n", OK],
      ["flush_all 1.5\r\n", BAD_EXPTIME],
      ["flush_all noreply\r\nmn\r\n", MN],
      ["flush_all 0 noreply\r\nmn\r\n", MN],
      ["flush_all foo noreply\r\nmn\r\n", MN],
      {
        since: "1.6.45",
        steps: [
          ["flush_all +1\r\n", BAD_EXPTIME],
          ["flush_all 99999999999\r\n", BAD_EXPTIME],
          ["flush_all -2147483649\r\n", BAD_EXPTIME],
        ],
      },
      ["flush_all 2147483647\r\n", OK],
      ["set a 0 0 1\r\nx\r\n", "STORED\r\n"],
      ["get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n"],
    ],
  },
  {
    name: "cache_memlimit",
    fresh: true,
    steps: [
      ["cache_memlimit\r\n", ERROR],
      ["cache_memlimit foo\r\n", ERROR],
      ["cache_memlimit -1\r\n", ERROR],
      ["cache_memlimit 0\r\n", TOO_SMALL],
      ["cache_memlimit 7\r\n", TOO_SMALL],
      ["cache_memlimit 8\r\n", OK],
      ["cache_memlimit 128\r\n", OK],
      ["stats\r\n", "{any}STAT limit_maxbytes 134217728\r\n{any}END\r\n"],
      ["cache_memlimit 1000000001\r\n", IN_BYTES],
      ["cache_memlimit 64 noreply\r\nmn\r\n", MN],
      ["cache_memlimit 1 noreply\r\nmn\r\n", MN],
      ["cache_memlimit foo noreply\r\nmn\r\n", MN],
      ["cache_memlimit noreply\r\nmn\r\n", MN],
      ["stats\r\n", "{any}STAT limit_maxbytes 67108864\r\n{any}END\r\n"],
      { since: "1.6.45", steps: [["cache_memlimit 4294967296\r\n", ERROR]] },
      {
        differs: "our table reserves addresses for four times -m at the start",
        steps: [
          ["cache_memlimit 256\r\n", OK],
          ["cache_memlimit 257\r\n", UNABLE],
          ["cache_memlimit 1000000000\r\n", UNABLE],
        ],
      },
    ],
  },
  {
    name: "shutdown: not without -A",
    since: "1.6.45",
    steps: [
      ["shutdown\r\n", NOT_ENABLED],
      ["shutdown graceful\r\n", NOT_ENABLED],
      ["shutdown foo\r\n", NOT_ENABLED],
      ["shutdown a b\r\n", NOT_ENABLED],
      ["shutdown noreply\r\nmn\r\n", MN],
    ],
  },
  {
    name: "shutdown: -A",
    flags: ["-A"],
    fresh: true,
    whole: "the first run ends the server",
    steps: [
      ["shutdown foo\r\n", BAD_MODE],
      ["shutdown a b\r\n", BAD_MODE],
      ["mn\r\nshutdown\r\n", "MN\r\n{close}"],
    ],
  },
  {
    name: "shutdown: -A, gracefully",
    flags: ["-A"],
    fresh: true,
    whole: "the first run ends the server",
    steps: [["shutdown graceful\r\n", "{close}"]],
  },
  {
    name: "slabs reassign",
    steps: [
      ["slabs\r\n", ERROR],
      ["slabs foo\r\n", ERROR],
      ["slabs reassign\r\n", ERROR],
      ["slabs reassign 1\r\n", ERROR],
      ["slabs reassign 1 2 3\r\n", ERROR],
      ["slabs reassign a b\r\n", BAD],
      ["slabs reassign 1 a\r\n", BAD],
      ["slabs reassign 1 2\r\n", NO_SPARE],
      ["slabs reassign 0 1\r\n", NO_SPARE],
      ["slabs reassign 1 0\r\n", NO_SPARE],
      ["slabs reassign 1 1\r\n", SAME],
      ["slabs reassign -1 1\r\n", BAD_CLASS],
      ["slabs reassign 64 1\r\n", BAD_CLASS],
      ["slabs reassign 1 64\r\n", BAD_CLASS],
      {
        since: "1.6.45",
        steps: [
          ["slabs r 5 5\r\n", SAME],
          ["slabs reassign 1 2 noreply\r\nmn\r\n", MN],
        ],
      },
    ],
  },
  {
    name: "slabs reassign: switched off",
    flags: ["-o", "no_slab_reassign"],
    steps: [
      [
        "slabs reassign 1 2\r\n",
        "CLIENT_ERROR slab reassignment disabled\r\n",
      ],
      ["slabs reassign 1\r\n", ERROR],
    ],
  },
  {
    name: "slabs automove",
    fresh: true,
    steps: [
      ["slabs automove\r\n", ERROR],
      ["slabs automove 0\r\n", OK],
      ["slabs automove 2\r\n", OK],
      ["slabs automove 3\r\n", ERROR],
      ["slabs automove foo\r\n", BAD],
      ["slabs automove -1\r\n", BAD],
      ["slabs automove 1 2\r\n", OK],
      ["slabs automove 1 noreply\r\nmn\r\n", MN],
      ["slabs automove ratio\r\n", ERROR],
      ["slabs automove ratio foo\r\n", ERROR],
      ["slabs automove ratio 0.7\r\n", OK],
      ["slabs automove ratio 0.7 x\r\n", OK],
      ["slabs automove window\r\n", BAD],
      ["slabs automove window x\r\n", BAD],
      [
        "stats settings\r\n",
        "{any}STAT slab_automove_ratio 0.70\r\n{any}END\r\n",
      ],
      {
        since: "1.6.45",
        steps: [
          ["slabs a 1\r\n", OK],
          ["slabs automove freeratio x\r\n", ERROR],
          ["slabs automove freeratio 0.02\r\n", OK],
          ["slabs automove window 2\r\n", BAD_WINDOW],
          ["slabs automove window 3\r\n", OK],
          ["slabs automove window 1800\r\n", OK],
          ["slabs automove window 1801\r\n", BAD_WINDOW],
          [
            "stats settings\r\n",
            "{any}STAT slab_automove_window 1800\r\n{any}" +
            "STAT slab_automove_freeratio 0.020\r\n{any}END\r\n",
          ],
        ],
      },
    ],
  },
  {
    name: "lru",
    fresh: true,
    steps: [
      ["lru\r\n", ERROR],
      ["lru foo\r\n", ERROR],
      ["lru foo bar\r\n", ERROR],
      ["lru tune\r\n", ERROR],
      ["lru tune 10 25 0.1\r\n", ERROR],
      ["lru tune a b c d\r\n", ERROR],
      ["lru tune 50 31 0.1 2.0\r\n", BAD_PCTS],
      ["lru tune 81 0 0.1 2.0\r\n", BAD_PCTS],
      ["lru tune 10 25 0 2\r\n", BAD_FACTORS],
      ["lru tune 10 25 0.1 -1\r\n", BAD_FACTORS],
      ["lru tune 40 40 0.1 2.0\r\n", OK],
      ["lru tune 10 25 0.1 2.0 x\r\n", OK],
      ["lru mode\r\n", ERROR],
      ["lru mode foo\r\n", ERROR],
      ["lru mode flat\r\n", OK],
      ["lru mode flat noreply\r\nmn\r\n", MN],
      ["lru mode segmented\r\n", OK],
      ["lru temp_ttl\r\n", ERROR],
      ["lru temp_ttl x\r\n", ERROR],
      ["lru temp_ttl 60\r\n", OK],
      [
        "stats settings\r\n",
        "{any}STAT lru_segmented yes\r\nSTAT hot_lru_pct 10\r\n" +
        "STAT warm_lru_pct 25\r\n{any}STAT temp_lru yes\r\n" +
        "STAT temporary_ttl 60\r\n{any}END\r\n",
      ],
      ["lru temp_ttl -1\r\n", OK],
      ["stats settings\r\n", "{any}STAT temp_lru no\r\n{any}END\r\n"],
      {
        since: "1.6.45",
        steps: [
          ["lru m flat\r\n", OK],
          ["lru t 5\r\n", OK],
        ],
      },
    ],
  },
  {
    name: "lru: without its thread",
    flags: ["-o", "no_lru_maintainer"],
    steps: [
      ["lru mode flat\r\n", ERROR],
      ["lru temp_ttl 1\r\n", ERROR],
      ["lru tune 10 25 0.1 2\r\n", OK],
    ],
  },
  {
    name: "extstore: settings without anything behind them",
    fresh: true,
    since: "1.6.45",
    steps: [
      ["extstore\r\n", ERROR],
      ["extstore foo\r\n", ERROR],
      ["extstore foo 1\r\n", ERROR],
      ["extstore item_size\r\n", ERROR],
      ["extstore item_size x\r\n", ERROR],
      ["extstore item_size -1\r\n", ERROR],
      ["extstore item_size 600\r\n", OK],
      ["extstore item_size 600 2\r\n", OK],
      ["extstore item_age 10\r\n", OK],
      ["extstore low_ttl 1\r\n", OK],
      ["extstore recache_rate 1\r\n", OK],
      ["extstore compact_under 1\r\n", OK],
      ["extstore drop_under 1\r\n", OK],
      ["extstore max_sleep 1\r\n", OK],
      ["extstore max_frag x\r\n", ERROR],
      ["extstore max_frag 0.5\r\n", OK],
      ["extstore drop_unread 1\r\n", OK],
      ["extstore drop_unread 0\r\n", OK],
      ["extstore free_memchunks 1\r\n", ERROR],
      ["extstore free_memchunks x 1\r\n", ERROR],
      ["extstore free_memchunks 1 1\r\n", OK],
      ["extstore wbuf_size 1\r\n", ERROR],
      [
        "stats settings\r\n",
        "{any}STAT ext_item_size 600\r\nSTAT ext_item_age 10\r\n{any}END\r\n",
      ],
    ],
  },
  {
    name: "commands of other builds are none",
    steps: [
      ["debugitem a\r\n", ERROR],
      ["misbehave foo\r\n", ERROR],
      { since: "1.6.45", steps: [["refresh_certs x\r\n", ERROR]] },
    ],
  },
  {
    name: "debugtime: switched off",
    memory: "servers with sockets are started with it",
    steps: [
      ["debugtime\r\n", ERROR],
      ["debugtime 1\r\n", ERROR],
      ["debugtime p\r\n", ERROR],
    ],
  },
  {
    name: "debugtime: switched on",
    flags: ["-o", "relaxed_privileges"],
    differs: "only its debug build has the command",
    fresh: true,
    steps: [
      ["debugtime\r\n", ERROR],
      ["debugtime x\r\n", ERROR],
      ["debugtime p\r\n", OK],
      ["set a 0 100 1\r\nx\r\n", "STORED\r\n"],
      ["debugtime 40\r\n", OK],
      ["mg a t\r\n", "HD t60\r\n"],
      ["debugtime 60\r\n", OK],
      ["mg a t\r\n", "EN\r\n"],
      ["debugtime r\r\n", OK],
    ],
  },
];
