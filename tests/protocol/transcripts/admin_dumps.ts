/**
 * Owns the transcripts of lru_crawler and watch.
 *
 * @module
 */
import type { Transcript } from "../transcript.ts";

const OK = "OK\r\n";
const ERROR = "ERROR\r\n";
const BAD = "CLIENT_ERROR bad command line format\r\n";
const BAD_CLASS = "BADCLASS invalid class id\r\n";
const NO_ITEMS = "NOTSTARTED no items to crawl\r\n";
const DISABLED = "CLIENT_ERROR lru crawler disabled\r\n";
const UNKNOWN = "ERROR an unknown error happened\r\n";
const FAILED_TO_START = "ERROR failed to start lru crawler thread\r\n";
const STORED = "STORED\r\n";
const PIPELINED = "ERROR cannot pipeline other commands before ";
const WOKEN = "lines wake their connection";
const BATCHED = "what was sent before it must be in the same packet";

/** A line of a log: when, and what happened. */
function logged(event: string): string {
  return `ts={n}.{n} gid={n} type=${event}\n`;
}

/** A line of metadump. */
function listed(key: string, expiry: string, rest: string): string {
  return `key=${key} exp=${expiry} la={now} ${rest} \n`;
}

export const ADMIN_DUMPS: readonly Transcript[] = [
  {
    name: "lru_crawler: settings",
    fresh: true,
    steps: [
      ["lru_crawler\r\n", ERROR],
      ["lru_crawler foo\r\n", ERROR],
      ["lru_crawler foo bar\r\n", ERROR],
      ["lru_crawler enable x\r\n", ERROR],
      ["lru_crawler tocrawl\r\n", ERROR],
      ["lru_crawler tocrawl x\r\n", BAD],
      ["lru_crawler tocrawl -1\r\n", BAD],
      ["lru_crawler tocrawl 100\r\n", OK],
      ["lru_crawler sleep\r\n", ERROR],
      ["lru_crawler sleep x\r\n", BAD],
      [
        "lru_crawler sleep 1000001\r\n",
        "CLIENT_ERROR sleep must be one second or less\r\n",
      ],
      ["lru_crawler sleep 1000000\r\n", OK],
      [
        "stats settings\r\n",
        "{any}STAT lru_crawler_sleep 1000000\r\n" +
        "STAT lru_crawler_tocrawl 100\r\n{any}END\r\n",
      ],
      ["lru_crawler sleep 0\r\n", OK],
      ["lru_crawler tocrawl 0\r\n", OK],
      {
        since: "1.6.45",
        steps: [["lru_crawler sleep 100 noreply\r\nmn\r\n", "MN\r\n"]],
      },
    ],
  },
  {
    name: "lru_crawler: off and on",
    fresh: true,
    steps: [
      ["lru_crawler enable\r\n", FAILED_TO_START],
      ["lru_crawler disable\r\n", OK],
      ["lru_crawler disable\r\n", OK],
      {
        differs: "memcached's crawler takes its time to end",
        steps: [
          ["lru_crawler crawl all\r\n", DISABLED],
          ["stats settings\r\n", "{any}STAT lru_crawler no\r\n{any}END\r\n"],
          ["lru_crawler enable\r\n", OK],
          ["stats settings\r\n", "{any}STAT lru_crawler yes\r\n{any}END\r\n"],
        ],
      },
    ],
  },
  {
    name: "lru_crawler: not there from the start",
    flags: ["-o", "no_lru_crawler,no_lru_maintainer"],
    fresh: true,
    steps: [
      ["stats settings\r\n", "{any}STAT lru_crawler no\r\n{any}END\r\n"],
      ["lru_crawler crawl all\r\n", DISABLED],
      ["lru_crawler metadump all\r\n", DISABLED],
      ["lru_crawler metadump x\r\n", DISABLED],
      { since: "1.6.45", steps: [["lru_crawler mgdump all\r\n", DISABLED]] },
      ["lru_crawler disable\r\n", OK],
      ["lru_crawler enable\r\n", OK],
      ["lru_crawler enable\r\n", FAILED_TO_START],
      ["lru_crawler crawl all\r\n", OK],
      ["stats settings\r\n", "{any}STAT lru_crawler yes\r\n{any}END\r\n"],
    ],
  },
  {
    name: "lru_crawler crawl: what is no class",
    steps: [
      ["lru_crawler crawl\r\n", ERROR],
      ["lru_crawler crawl 0\r\n", BAD_CLASS],
      ["lru_crawler crawl 64\r\n", BAD_CLASS],
      ["lru_crawler crawl 256\r\n", BAD_CLASS],
      ["lru_crawler crawl x\r\n", BAD_CLASS],
      ["lru_crawler crawl 1,x\r\n", BAD_CLASS],
      ["lru_crawler crawl all,1\r\n", BAD_CLASS],
      ["lru_crawler crawl ,\r\n", NO_ITEMS],
      ["lru_crawler crawl hash\r\n", UNKNOWN],
    ],
    fresh: true,
  },
  {
    name: "lru_crawler crawl: classes",
    fresh: true,
    steps: [["lru_crawler crawl 1,,2,3\r\n", OK]],
  },
  {
    name: "lru_crawler metadump: what is no class",
    fresh: true,
    steps: [
      ["lru_crawler metadump\r\n", ERROR],
      ["lru_crawler metadump 1 2\r\n", ERROR],
      ["lru_crawler metadump 0\r\n", BAD_CLASS],
      ["lru_crawler metadump 64\r\n", BAD_CLASS],
      ["lru_crawler metadump x\r\n", BAD_CLASS],
      ["lru_crawler metadump 1,x\r\n", BAD_CLASS],
      {
        since: "1.6.45",
        steps: [
          ["lru_crawler mgdump x\r\n", BAD_CLASS],
          ["lru_crawler m x\r\n", BAD_CLASS],
        ],
      },
      ["lru_crawler metadump ,\r\n", NO_ITEMS],
    ],
  },
  {
    name: "lru_crawler metadump: nothing to list",
    since: "1.6.45",
    fresh: true,
    steps: [
      ["lru_crawler metadump all\r\n", "OK\r\nEND\r\n"],
      ["lru_crawler metadump hash\r\n", "OK\r\nEND\r\n"],
      ["lru_crawler metadump 1,,63\r\n", "OK\r\nEND\r\n"],
      ["lru_crawler mgdump all\r\n", "OK\r\nEN\r\n"],
      ["lru_crawler mgdump hash\r\n", "OK\r\nEN\r\n"],
      ["lru_crawler mgdump 1\r\n", "OK\r\nEN\r\n"],
    ],
  },
  {
    name: "lru_crawler metadump: items, their keys encoded",
    since: "1.6.45",
    steps: [
      ["set a%/~b 7 100 3\r\nbar\r\n", STORED],
      ["mg a%/~b c u\r\n", "HD c{cas:a}\r\n"],
      [
        "lru_crawler metadump all\r\n",
        OK + listed(
          "a%25%2F~b",
          "{now+100}",
          "cas={cas:a} fetch=no cls=1 size={n} flags=7",
        ) + "END\r\n",
      ],
      ["set a%/~b 0 0 3\r\nbar\r\n", STORED],
      ["get a%/~b\r\n", "VALUE a%/~b 0 3\r\nbar\r\nEND\r\n"],
      [
        "lru_crawler metadump 1\r\n",
        OK + listed(
          "a%25%2F~b",
          "-1",
          "cas={cas:b!a} fetch=yes cls=1 size={n} flags=0",
        ) + "END\r\n",
      ],
      ["lru_crawler metadump 2\r\n", "OK\r\nEND\r\n"],
      ["lru_crawler mgdump hash\r\n", "OK\r\nmg a%/~b\r\nEN\r\n"],
      ["delete a%/~b\r\n", "DELETED\r\n"],
      ["lru_crawler metadump hash\r\n", "OK\r\nEND\r\n"],
    ],
  },
  {
    name: "lru_crawler mgdump: keys that were stored as base64",
    since: "1.6.45",
    steps: [
      ["ms Zm9vIA== 3 b\r\nabc\r\n", "HD\r\n"],
      ["lru_crawler mgdump all\r\n", "OK\r\nmg Zm9vIA== b\r\nEN\r\n"],
      [
        "lru_crawler metadump hash\r\n",
        OK + listed(
          "foo%20",
          "-1",
          "cas={cas:a} fetch=no cls=1 size={n} flags=0",
        ) + "END\r\n",
      ],
      ["mg Zm9vIA== b v\r\n", "VA 3\r\nabc\r\n"],
    ],
  },
  {
    name: "lru_crawler mgdump: many items",
    since: "1.6.45",
    steps: [
      [
        Array.from(
          { length: 500 },
          (_, i) => `set key${i} 0 0 5 noreply\r\nvalue\r\n`,
        ).join("") + "mn\r\n",
        "MN\r\n",
      ],
      [
        "lru_crawler mgdump hash\r\n",
        `OK\r\n${"mg key{n}\r\n".repeat(500)}EN\r\n`,
      ],
      [
        "lru_crawler metadump all\r\n",
        OK + listed("key{n}", "-1", "cas={n} fetch=no cls=1 size={n} flags=0")
          .repeat(500) +
        "END\r\n",
      ],
    ],
  },
  {
    name: "dumps and watch: not behind other commands",
    since: "1.6.45",
    whole: BATCHED,
    steps: [
      [
        "get none\r\nlru_crawler metadump all\r\n",
        `END\r\n${PIPELINED}metadump\r\n`,
      ],
      [
        "get none\r\nlru_crawler mgdump all\r\n",
        `END\r\n${PIPELINED}mgdump\r\n`,
      ],
      ["get none\r\nwatch\r\n", `END\r\n${PIPELINED}watch\r\n`],
      ["mn\r\n", "MN\r\n"],
    ],
  },
  {
    name: "dumps: what follows is answered at once",
    differs: "memcached waits for further bytes",
    steps: [
      ["lru_crawler metadump all\r\nmn\r\n", "OK\r\nEND\r\nMN\r\n"],
      ["lru_crawler mgdump all\r\nget a\r\n", "OK\r\nEN\r\nEND\r\n"],
    ],
  },
  {
    name: "dumps and watch: replies count, not packets",
    differs: "memcached refuses after quiet commands, and not after mn",
    whole: BATCHED,
    steps: [
      ["mg none q\r\nlru_crawler mgdump all\r\n", "OK\r\nEN\r\n"],
      [
        "mn\r\nlru_crawler metadump all\r\n",
        `MN\r\n${PIPELINED}metadump\r\n`,
      ],
    ],
  },
  {
    name: "-F, -X and -W switch commands off",
    flags: ["-F", "-X", "-W"],
    steps: [
      ["set a 0 0 1\r\nx\r\n", STORED],
      ["flush_all\r\n", "CLIENT_ERROR flush_all not allowed\r\n"],
      ["flush_all 10\r\n", "CLIENT_ERROR flush_all not allowed\r\n"],
      ["flush_all foo\r\n", "CLIENT_ERROR flush_all not allowed\r\n"],
      ["flush_all noreply\r\nmn\r\n", "MN\r\n"],
      ["get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n"],
      ["watch\r\n", "CLIENT_ERROR watch commands not allowed\r\n"],
      ["watch foo\r\n", "CLIENT_ERROR watch commands not allowed\r\n"],
      ["lru_crawler metadump all\r\n", "ERROR metadump not allowed\r\n"],
      ["lru_crawler metadump x\r\n", "ERROR metadump not allowed\r\n"],
      [
        "stats cachedump 1 0\r\n",
        "CLIENT_ERROR stats cachedump not allowed\r\n",
      ],
      ["stats cachedump\r\n", "CLIENT_ERROR stats cachedump not allowed\r\n"],
      ["lru_crawler crawl all\r\n", OK],
      {
        since: "1.6.45",
        steps: [
          ["lru_crawler mgdump all\r\n", "ERROR key dump not allowed\r\n"],
          ["stats detail on\r\n", "CLIENT_ERROR stats detail not allowed\r\n"],
          ["stats detail\r\n", "CLIENT_ERROR stats detail not allowed\r\n"],
        ],
      },
    ],
  },
  {
    name: "watch: words that are none leave the connection as it is",
    steps: [
      ["watch foo\r\n", ERROR],
      ["watch fetchers foo\r\n", ERROR],
      ["mn\r\n", "MN\r\n"],
    ],
  },
  {
    name: "watch: every word is accepted",
    endsOpen: true,
    steps: [
      "fetchers",
      "mutations",
      "evictions",
      "sysevents",
      "connevents",
      "proxyreqs",
      "proxyevents",
      "proxyuser",
      "rawcmds",
      "fetchers mutations evictions",
    ].map((words) => [`watch ${words}\r\n`, OK, words] as const),
  },
  {
    name: "watch: twenty, and one too many",
    memory:
      "memcached does not answer the twentieth, and each of our threads " +
      "has a limit of its own",
    fresh: true,
    endsOpen: true,
    steps: [
      ...Array.from(
        { length: 20 },
        (_, i) => ["watch evictions\r\n", OK, `watcher ${i}`] as const,
      ),
      ["watch\r\n", "WATCHER_TOO_MANY log watcher limit reached\r\n"],
      ["mn\r\n", "MN\r\n"],
    ],
  },
  {
    name: "watch: deletions, and words that are cut short",
    since: "1.6.45",
    endsOpen: true,
    steps: ["deletions", "f", "m e"].map((words) =>
      [`watch ${words}\r\n`, OK, words] as const
    ),
  },
  {
    name: "watch: fetchers is what there is without a word",
    sockets: WOKEN,
    endsOpen: true,
    steps: [
      ["watch\r\n", OK, "watcher"],
      // It takes no commands any more.
      ["mn\r\nget x\r\n", "", "watcher"],
      ["get %none\r\n", "END\r\n"],
      [
        "",
        logged("item_get key=%25none status=not_found clsid=0 cfd={n} size=0"),
        "watcher",
      ],
      ["set a%b 0 100 2\r\nhi\r\n", STORED],
      [
        "",
        logged("item_get key=a%25b status={*} clsid=0 cfd={n} size=0"),
        "watcher",
      ],
      ["get a%b\r\n", "VALUE a%b 0 2\r\nhi\r\nEND\r\n"],
      [
        "",
        logged("item_get key=a%25b status=found clsid=1 cfd={n} size=2"),
        "watcher",
      ],
    ],
  },
  {
    name: "watch: mutations",
    sockets: WOKEN,
    endsOpen: true,
    steps: [
      ["watch mutations\r\n", OK, "watcher"],
      ["set a%b 0 100 2\r\nhi\r\n", STORED],
      [
        "",
        logged(
          "item_store key=a%25b status=stored cmd=set ttl={ttl:100} " +
            "clsid=1 cfd={n} size=2",
        ),
        "watcher",
      ],
      ["add a%b 0 0 1\r\nx\r\n", "NOT_STORED\r\n"],
      [
        "",
        logged(
          "item_store key=a%25b status=not_stored cmd=add ttl=0 " +
            "clsid=1 cfd={n} size=1",
        ),
        "watcher",
      ],
      ["append a%b 0 0 1\r\nx\r\n", STORED],
      [
        "",
        logged(
          "item_store key=a%25b status=stored cmd=append ttl={*} " +
            "clsid=1 cfd={n} size=3",
        ),
        "watcher",
      ],
      ["cas a%b 0 0 1 1\r\nx\r\n", "EXISTS\r\n"],
      [
        "",
        logged(
          "item_store key=a%25b status=exists cmd=cas ttl=0 " +
            "clsid=1 cfd={n} size=1",
        ),
        "watcher",
      ],
      ["ms b 1 ME\r\nx\r\n", "HD\r\n"],
      [
        "",
        logged(
          "item_store key=b status=stored cmd=add ttl=0 " +
            "clsid=1 cfd={n} size=1",
        ),
        "watcher",
      ],
    ],
  },
  {
    name: "watch: deletions",
    sockets: WOKEN,
    since: "1.6.45",
    endsOpen: true,
    steps: [
      ["watch deletions\r\n", OK, "watcher"],
      ["set n 0 0 1\r\n1\r\ndelete n\r\n", STORED + "DELETED\r\n"],
      ["", logged("deleted key=n cmd=delete clsid=1 size=1"), "watcher"],
      ["set n 0 0 2\r\n12\r\nmd n\r\n", STORED + "HD\r\n"],
      ["", logged("deleted key=n cmd=md clsid=1 size=2"), "watcher"],
    ],
  },
];
