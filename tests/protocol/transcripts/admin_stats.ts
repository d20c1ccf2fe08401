/**
 * Owns the transcripts of stats.
 *
 * @module
 */
import type { Transcript } from "../transcript.ts";

const OK = "OK\r\n";
const ERROR = "ERROR\r\n";
const END = "END\r\n";
const STORED = "STORED\r\n";
const BAD = "CLIENT_ERROR bad command line format\r\n";
const USAGE = "CLIENT_ERROR usage: stats detail on|off|dump\r\n";
const NO_SIZES = "STAT sizes_status disabled\r\nEND\r\n";

/** Every field of `stats` without further options, in order. */
const GENERAL = `pid uptime time version libevent pointer_size rusage_user
  rusage_system max_connections curr_connections total_connections
  rejected_connections connection_structures response_obj_oom
  response_obj_count response_obj_bytes read_buf_count read_buf_bytes
  read_buf_bytes_free read_buf_oom reserved_fds cmd_get cmd_set cmd_flush
  cmd_touch cmd_meta get_hits get_misses get_expired get_flushed delete_misses
  delete_hits incr_misses incr_hits decr_misses decr_hits cas_misses cas_hits
  cas_badval touch_hits touch_misses store_too_large store_no_memory auth_cmds
  auth_errors bytes_read bytes_written limit_maxbytes accepting_conns
  listen_disabled_num time_in_listen_disabled_us threads conn_yields
  hash_power_level hash_bytes hash_is_expanding slab_reassign_rescues
  slab_reassign_chunk_rescues slab_reassign_inline_reclaim
  slab_reassign_busy_items slab_reassign_busy_deletes slab_reassign_busy_nomem
  slab_reassign_last_busy_status slab_reassign_running slabs_moved
  lru_crawler_running lru_crawler_starts lru_maintainer_juggles malloc_fails
  log_worker_dropped log_worker_written log_watcher_skipped log_watcher_sent
  log_watchers unexpected_napi_ids round_robin_fallback bytes curr_items
  total_items slab_global_page_pool expired_unfetched evicted_unfetched
  evicted_active evictions reclaimed crawler_reclaimed crawler_items_checked
  lrutail_reflocked moves_to_cold moves_to_warm moves_within_lru
  direct_reclaims lru_bumps_dropped`;

/** Every field of `stats settings` of a plain build, in order. */
const SETTINGS = `maxbytes maxconns tcpport udpport inter verbosity oldest
  evictions domain_socket umask shutdown_command growth_factor chunk_size
  num_threads num_threads_per_udp stat_key_prefix detail_enabled
  reqs_per_event cas_enabled tcp_backlog binding_protocol auth_enabled_sasl
  auth_enabled_ascii item_size_max maxconns_fast hashpower_init slab_reassign
  slab_automove slab_automove_ratio slab_automove_window slab_chunk_max
  lru_crawler lru_crawler_sleep lru_crawler_tocrawl tail_repair_time
  flush_enabled dump_enabled hash_algorithm lru_maintainer_thread
  lru_segmented hot_lru_pct warm_lru_pct hot_max_factor warm_max_factor
  temp_lru temporary_ttl idle_timeout watcher_logbuf_size worker_logbuf_size
  read_buf_mem_limit track_sizes inline_ascii_response ext_item_size
  ext_item_age ext_low_ttl ext_recache_rate ext_wbuf_size ext_compact_under
  ext_drop_under ext_max_sleep ext_max_frag slab_automove_freeratio
  ext_drop_unread num_napi_ids memory_file client_flags_size`;

/** Every field of a class in `stats items` and `stats slabs`. */
const ITEMS = `number number_hot number_warm number_cold age_hot age_warm age
  mem_requested evicted evicted_nonzero evicted_time outofmemory tailrepairs
  reclaimed expired_unfetched evicted_unfetched evicted_active
  crawler_reclaimed crawler_items_checked lrutail_reflocked moves_to_cold
  moves_to_warm moves_within_lru direct_reclaims hits_to_hot hits_to_warm
  hits_to_cold hits_to_temp`;
const SLABS = `chunk_size chunks_per_page total_pages total_chunks used_chunks
  free_chunks free_chunks_end get_hits cmd_set delete_hits incr_hits decr_hits
  cas_hits cas_badval touch_hits`;

/** Lines of statistics that may have any value. */
function fields(names: string, prefix = ""): string {
  return names.split(/\s+/).map((name) => `STAT ${prefix}${name} {*}\r\n`)
    .join("");
}

/** A reply with these statistics in this order, and others between. */
function among(...stats: string[]): string {
  return stats.map((stat) => `{any}STAT ${stat}\r\n`).join("") +
    "{any}END\r\n";
}

export const ADMIN_STATS: readonly Transcript[] = [
  {
    name: "stats: sub-commands that are none",
    steps: [
      ["stats foo\r\n", ERROR],
      ["stats noreply\r\n", ERROR],
      ["stats z\r\n", ERROR],
      ["stats proxy\r\n", ERROR],
      ["stats proxyfuncs\r\n", ERROR],
      ["stats proxybe\r\n", ERROR],
      {
        since: "1.6.45",
        steps: [
          ["stats sizes_enable\r\n", ERROR],
          ["stats sizes_disable\r\n", ERROR],
        ],
      },
    ],
  },
  {
    name: "stats: every field, in memcached's order",
    since: "1.6.45",
    fresh: true,
    steps: [
      ["stats\r\n", fields(GENERAL) + END],
      ["stats settings\r\n", fields(SETTINGS) + END],
      ["stats settings foo\r\n", fields(SETTINGS) + END],
      ["stats s\r\n", fields(SETTINGS) + END],
      ["stats extstore\r\n", END],
    ],
  },
  {
    name: "stats: what was done",
    fresh: true,
    whole: "it counts",
    steps: [
      ["set a 0 0 1\r\n1\r\n", STORED],
      ["add a 0 0 1\r\n1\r\n", "NOT_STORED\r\n"],
      ["get a none\r\n", "VALUE a 0 1\r\n1\r\nEND\r\n"],
      ["gat 0 a none\r\n", "VALUE a 0 1\r\n1\r\nEND\r\n"],
      ["touch a 0\r\n", "TOUCHED\r\n"],
      ["touch none 0\r\n", "NOT_FOUND\r\n"],
      ["incr a 1\r\n", "2\r\n"],
      ["incr none 1\r\n", "NOT_FOUND\r\n"],
      ["decr a 1\r\n", "1\r\n"],
      ["decr none 1\r\n", "NOT_FOUND\r\n"],
      ["cas none 0 0 1 1\r\nx\r\n", "NOT_FOUND\r\n"],
      ["cas a 0 0 1 18446744073709551615\r\nx\r\n", "EXISTS\r\n"],
      ["gets a\r\n", "VALUE a 0 1 {cas:a}\r\n1\r\nEND\r\n"],
      ["cas a 0 0 1 {cas:a}\r\nx\r\n", STORED],
      ["delete a\r\n", "DELETED\r\n"],
      ["delete a\r\n", "NOT_FOUND\r\n"],
      ["set a 0 -1 1\r\n1\r\n", STORED],
      ["get a\r\n", END],
      ["set a 0 0 1\r\n1\r\n", STORED],
      ["flush_all\r\n", OK],
      [
        "stats\r\n",
        among(
          "cmd_get 4",
          "cmd_set 7",
          "cmd_flush 1",
          "cmd_touch 4",
          "cmd_meta 0",
          "get_hits 2",
          "get_misses 2",
          "delete_misses 1",
          "delete_hits 1",
          "incr_misses 1",
          "incr_hits 1",
          "decr_misses 1",
          "decr_hits 1",
          "cas_misses 1",
          "cas_hits 1",
          "cas_badval 1",
          "touch_hits 2",
          "touch_misses 2",
          "store_too_large 0",
        ),
      ],
    ],
  },
  {
    name: "stats: what meta commands did",
    fresh: true,
    whole: "it counts",
    steps: [
      ["set a 0 0 1\r\nx\r\n", STORED],
      ["mg a\r\n", "HD\r\n"],
      ["mg none\r\n", "EN\r\n"],
      ["mg a T0\r\n", "HD\r\n"],
      ["mg none T0\r\n", "EN\r\n"],
      ["me a\r\n", "ME a {any}\r\n"],
      ["me none\r\n", "EN\r\n"],
      ["ms a 1\r\nx\r\n", "HD\r\n"],
      ["ms a 1 ME\r\nx\r\n", "NS\r\n"],
      ["ms a 1 MR\r\nx\r\n", "HD\r\n"],
      ["md a\r\n", "HD\r\n"],
      ["md a\r\n", "NF\r\n"],
      ["set n 0 0 1\r\n1\r\n", STORED],
      ["ma n\r\n", "HD\r\n"],
      ["ma n MD\r\n", "HD\r\n"],
      ["ma none\r\n", "NF\r\n"],
      ["ma new N0\r\n", "HD\r\n"],
      ["mg vivified N0\r\n", "HD W\r\n"],
      [
        "stats\r\n",
        among(
          "cmd_get 4",
          "cmd_set 5",
          "cmd_touch 1",
          "cmd_meta 2",
          "get_hits 2",
          "get_misses 2",
          "delete_misses 1",
          "delete_hits 1",
          "incr_misses 1",
          "incr_hits 1",
          "decr_misses 0",
          "decr_hits 1",
          "touch_hits 1",
          "touch_misses 0",
        ),
      ],
    ],
  },
  {
    name: "stats reset: counters begin at 0, items stay",
    fresh: true,
    steps: [
      ["set a 0 0 1\r\n1\r\n", STORED],
      ["get a none\r\n", "VALUE a 0 1\r\n1\r\nEND\r\n"],
      [
        "stats\r\n",
        among("cmd_get 2", "get_hits 1", "get_misses 1", "curr_items 1"),
      ],
      ["stats reset\r\n", "RESET\r\n"],
      [
        "stats\r\n",
        among(
          "cmd_get 0",
          "cmd_set 0",
          "get_hits 0",
          "get_misses 0",
          "curr_items 1",
        ),
      ],
      ["stats reset foo\r\n", "RESET\r\n"],
      { since: "1.6.45", steps: [["stats r\r\n", "RESET\r\n"]] },
    ],
  },
  {
    name: "stats items and slabs: one class",
    since: "1.6.45",
    fresh: true,
    steps: [
      ["stats items\r\n", END],
      ["stats slabs\r\n", among("active_slabs 0", "total_malloced {n}")],
      ["set a 0 0 1\r\nx\r\n", STORED],
      ["stats items\r\n", fields(ITEMS, "items:1:") + END],
      ["stats items foo\r\n", fields(ITEMS, "items:1:") + END],
      ["stats items\r\n", among("items:1:number 1")],
      [
        "stats slabs\r\n",
        fields(SLABS, "1:") + fields("active_slabs total_malloced") + END,
      ],
      [
        "stats slabs\r\n",
        among("1:chunk_size 96", "1:used_chunks 1", "1:cmd_set 1"),
      ],
    ],
  },
  {
    name: "stats cachedump",
    fresh: true,
    steps: [
      ["stats cachedump\r\n", "CLIENT_ERROR bad command line\r\n"],
      ["stats cachedump 1\r\n", "CLIENT_ERROR bad command line\r\n"],
      ["stats cachedump x 0\r\n", BAD],
      ["stats cachedump 1 x\r\n", BAD],
      ["stats cachedump -1 0\r\n", BAD],
      ["stats cachedump 64 0\r\n", "CLIENT_ERROR Illegal slab id\r\n"],
      ["stats cachedump 63 0\r\n", END],
      ["stats cachedump 0 0\r\n", END],
      ["stats cachedump 1 0 0\r\n", END],
      { since: "1.6.45", steps: [["stats c 1 0\r\n", END]] },
    ],
  },
  {
    name: "stats cachedump: items",
    differs: "memcached lists an item only when it has come to its cold list",
    steps: [
      ["set a 0 0 3\r\nbar\r\n", STORED],
      ["stats cachedump 1 0\r\n", "ITEM a [3 b; 0 s]\r\nEND\r\n"],
      ["set a 0 100 2\r\nba\r\n", STORED],
      ["stats cachedump 1 0\r\n", "ITEM a [2 b; {now+100} s]\r\nEND\r\n"],
      ["set b 0 0 1\r\nx\r\n", STORED],
      ["stats cachedump 1 1\r\n", "ITEM {*} [{n} b; {n} s]\r\nEND\r\n"],
      ["stats cachedump 2 0\r\n", END],
      ["ms Yw== 1 b\r\nx\r\n", "HD\r\n"],
      [
        "stats cachedump 1 0\r\n",
        "ITEM {*} [{n} b; {n} s]\r\n".repeat(2) + END,
      ],
    ],
  },
  {
    name: "stats detail",
    fresh: true,
    whole: "it counts",
    steps: [
      ["stats detail\r\n", USAGE],
      ["stats detail foo\r\n", USAGE],
      ["set a:0 0 0 1\r\nx\r\n", STORED],
      ["stats detail dump\r\n", END],
      ["stats detail on\r\n", OK],
      ["set a:1 0 0 1\r\nx\r\n", STORED],
      ["get a:1 a:2 b\r\n", "VALUE a:1 0 1\r\nx\r\nEND\r\n"],
      ["incr a:1 1\r\n", "CLIENT_ERROR {any}\r\n"],
      ["delete a:1\r\n", "DELETED\r\n"],
      ["get c:x\r\n", END],
      ["stats detail off\r\n", OK],
      ["get a:1\r\n", END],
      [
        "stats detail dump\r\n",
        "{any}PREFIX a get 2 hit 1 set 1 del 1\r\n{any}END\r\n",
      ],
      [
        "stats detail dump\r\n",
        "{any}PREFIX c get 1 hit 0 set 0 del 0\r\n{any}END\r\n",
      ],
      ["stats reset\r\n", "RESET\r\n"],
      ["stats detail dump\r\n", END],
      {
        since: "1.6.45",
        steps: [
          ["stats d o\r\n", OK],
          ["stats detail d\r\n", END],
          ["stats d off\r\n", OK],
        ],
      },
    ],
  },
  {
    name: "stats detail: another delimiter",
    flags: ["-D", "."],
    fresh: true,
    whole: "it counts",
    steps: [
      ["set a.1 0 0 1\r\nx\r\n", STORED],
      ["get a.1 b:2\r\n", "VALUE a.1 0 1\r\nx\r\nEND\r\n"],
      [
        "stats detail dump\r\n",
        "PREFIX a get 1 hit 1 set 1 del 0\r\nEND\r\n",
      ],
    ],
  },
  {
    name: "stats sizes: off",
    since: "1.6.45",
    steps: [
      ["stats sizes\r\n", NO_SIZES],
      ["stats sizes enable\r\n", NO_SIZES],
    ],
  },
  {
    name: "stats sizes: items by steps of 32 bytes",
    flags: ["-o", "track_sizes"],
    fresh: true,
    steps: [
      ["stats sizes\r\n", END],
      ["set a 0 0 1\r\nx\r\n", STORED],
      ["set b 0 0 1\r\nx\r\n", STORED],
      ["stats sizes\r\n", "STAT 64 2\r\nEND\r\n"],
      ["delete a\r\n", "DELETED\r\n"],
      ["stats sizes\r\n", "STAT 64 1\r\nEND\r\n"],
    ],
  },
  {
    name: "stats conns: the listener and this connection",
    sockets: "there are none in memory",
    fresh: true,
    steps: [
      [
        "stats conns\r\n",
        "{any}STAT {n}:addr tcp:127.0.0.1:{n}\r\n" +
        "STAT {n}:state conn_listening\r\n{any}" +
        "STAT {n}:addr tcp:127.0.0.1:{n}\r\n" +
        "STAT {n}:listen_addr tcp:127.0.0.1:{n}\r\n" +
        "STAT {n}:state conn_parse_cmd\r\n" +
        "STAT {n}:secs_since_last_cmd {n}\r\n{any}END\r\n",
      ],
    ],
  },
  {
    name: "stats threads",
    differs: "memcached has no such sub-command",
    sockets: "there are no threads in memory",
    steps: [
      ["stats threads\r\n", "{any}STAT 0:connections {n}\r\n{any}END\r\n"],
    ],
  },
];
