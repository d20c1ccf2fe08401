/**
 * Owns the statistics as names and values in memcached's order. Never reads
 * a counter from elsewhere and never formats a reply.
 *
 * Which field appears when: `../shared/reference/memcached.md`, 1.6.
 *
 * @module
 */
import type { Settings, TlsSettings } from "../base/settings.ts";
import {
  AUTH_CMDS,
  AUTH_ERRORS,
  BYTES_READ,
  BYTES_WRITTEN,
  CAS_MISSES,
  CLASS_CAS_BADVAL,
  CLASS_CAS_HITS,
  CLASS_CMD_SET,
  CLASS_DECR_HITS,
  CLASS_DELETE_HITS,
  CLASS_GET_HITS,
  CLASS_INCR_HITS,
  CLASS_TOUCH_HITS,
  CMD_FLUSH,
  CMD_GET,
  CMD_META,
  CMD_TOUCH,
  CONN_YIELDS,
  type Counters,
  CURR_CONNECTIONS,
  DECR_MISSES,
  DELETE_MISSES,
  GET_EXPIRED,
  GET_FLUSHED,
  GET_MISSES,
  IDLE_KICKS,
  INCR_MISSES,
  LISTEN_DISABLED,
  LISTEN_DISABLED_US,
  OUTPUT_BYTES,
  READ_BUFFER_BYTES,
  REJECTED_CONNECTIONS,
  RESPONSE_OOM,
  STORE_NO_MEMORY,
  STORE_TOO_LARGE,
  TLS_HANDSHAKE_ERRORS,
  TLS_NEW_SESSIONS,
  TLS_PROTOCOL_ERRORS,
  TOTAL_CONNECTIONS,
  TOUCH_MISSES,
  WATCH_SENT,
  WATCH_SKIPPED,
} from "./counters.ts";

/** One line of statistics. */
export type Stat = [name: string, value: string | number];

/** What the store contributes, already summed. */
export interface TableFacts {
  limitBytes: number;
  items: number;
  liveBytes: number;
  indexBytes: number;
  totalItems: number;
  evictions: number;
  evictedUnfetched: number;
  evictedActive: number;
  expiredUnfetched: number;
  reclaimed: number;
  sweptItems: number;
}

/** What the process contributes. */
export interface ProcessFacts {
  pid: number;
  uptimeSeconds: number;
  unixSeconds: number;
  /** CPU time so far. */
  userMicroseconds: number;
  systemMicroseconds: number;
  acceptsConnections: boolean;
  watchers: number;
  /** Our own version. */
  version: string;
  /** Seconds since the certificates were read; with TLS only. */
  certificateSeconds?: number;
}

function seconds(microseconds: number): string {
  return (microseconds / 1e6).toFixed(6);
}

const on = (value: boolean) => value ? "on" : "off";
const yes = (value: boolean) => value ? "yes" : "no";

/** The fields of `stats`. */
export function generalStats(
  process: ProcessFacts,
  counters: Counters,
  table: TableFacts,
  settings: Settings,
  protocolVersion: string,
): Stat[] {
  const v = counters.values;
  const stats: Stat[] = [
    ["pid", process.pid],
    ["uptime", process.uptimeSeconds],
    ["time", process.unixSeconds],
    ["version", protocolVersion],
    ["libevent", `denocached-${process.version}`],
    ["pointer_size", 64],
    ["rusage_user", seconds(process.userMicroseconds)],
    ["rusage_system", seconds(process.systemMicroseconds)],
    ["max_connections", settings.connectionsMax],
    ["curr_connections", v[CURR_CONNECTIONS]],
    ["total_connections", v[TOTAL_CONNECTIONS]],
  ];
  if (settings.maxconnsFast) {
    stats.push(["rejected_connections", v[REJECTED_CONNECTIONS]]);
  }
  stats.push(
    ["connection_structures", v[CURR_CONNECTIONS]],
    ["response_obj_oom", v[RESPONSE_OOM]],
    ["response_obj_count", 0],
    ["response_obj_bytes", v[OUTPUT_BYTES]],
    ["read_buf_count", v[CURR_CONNECTIONS]],
    ["read_buf_bytes", v[READ_BUFFER_BYTES]],
    ["read_buf_bytes_free", 0],
    ["read_buf_oom", 0],
    ["reserved_fds", 0],
  );
  stats.push(...commandStats(counters));
  if (settings.idleTimeoutSeconds > 0) {
    stats.push(["idle_kicks", v[IDLE_KICKS]]);
  }
  stats.push(
    ["bytes_read", v[BYTES_READ]],
    ["bytes_written", v[BYTES_WRITTEN]],
    ["limit_maxbytes", table.limitBytes],
    ["accepting_conns", process.acceptsConnections ? 1 : 0],
    ["listen_disabled_num", v[LISTEN_DISABLED]],
    ["time_in_listen_disabled_us", v[LISTEN_DISABLED_US]],
    ["threads", settings.threads],
    ["conn_yields", v[CONN_YIELDS]],
    ["hash_power_level", hashPower(table.indexBytes)],
    ["hash_bytes", table.indexBytes],
    ["hash_is_expanding", 0],
  );
  stats.push(...machineryStats(counters, settings, process, table));
  stats.push(...tableStats(table, settings));
  if (settings.tls.enabled) stats.push(...tlsStats(v, settings, process));
  return stats;
}

function tlsStats(
  values: Float64Array,
  settings: Settings,
  process: ProcessFacts,
): Stat[] {
  const stats: Stat[] = [
    ["ssl_handshake_errors", values[TLS_HANDSHAKE_ERRORS]],
    ["ssl_proto_errors", values[TLS_PROTOCOL_ERRORS]],
    ["time_since_server_cert_refresh", process.certificateSeconds ?? 0],
  ];
  if (settings.tls.sessionCache) {
    stats.unshift(["ssl_new_sessions", values[TLS_NEW_SESSIONS]]);
  }
  return stats;
}

function commandStats(counters: Counters): Stat[] {
  const v = counters.values;
  const sum = (column: number) => counters.sumOfClasses(column);
  return [
    ["cmd_get", v[CMD_GET]],
    ["cmd_set", sum(CLASS_CMD_SET)],
    ["cmd_flush", v[CMD_FLUSH]],
    ["cmd_touch", v[CMD_TOUCH]],
    ["cmd_meta", v[CMD_META]],
    ["get_hits", sum(CLASS_GET_HITS)],
    ["get_misses", v[GET_MISSES]],
    ["get_expired", v[GET_EXPIRED]],
    ["get_flushed", v[GET_FLUSHED]],
    ["delete_misses", v[DELETE_MISSES]],
    ["delete_hits", sum(CLASS_DELETE_HITS)],
    ["incr_misses", v[INCR_MISSES]],
    ["incr_hits", sum(CLASS_INCR_HITS)],
    ["decr_misses", v[DECR_MISSES]],
    ["decr_hits", sum(CLASS_DECR_HITS)],
    ["cas_misses", v[CAS_MISSES]],
    ["cas_hits", sum(CLASS_CAS_HITS)],
    ["cas_badval", sum(CLASS_CAS_BADVAL)],
    ["touch_hits", sum(CLASS_TOUCH_HITS)],
    ["touch_misses", v[TOUCH_MISSES]],
    ["store_too_large", v[STORE_TOO_LARGE]],
    ["store_no_memory", v[STORE_NO_MEMORY]],
    ["auth_cmds", v[AUTH_CMDS]],
    ["auth_errors", v[AUTH_ERRORS]],
  ];
}

// memcached's hash table has 2^power pointers.
function hashPower(indexBytes: number): number {
  return Math.max(16, Math.round(Math.log2(Math.max(1, indexBytes / 8))));
}

// Fields about machinery that this design does not have: there for tools.
function machineryStats(
  counters: Counters,
  settings: Settings,
  process: ProcessFacts,
  table: TableFacts,
): Stat[] {
  const v = counters.values;
  const stats: Stat[] = [];
  if (settings.slabReassign) {
    stats.push(
      ["slab_reassign_rescues", 0],
      ["slab_reassign_chunk_rescues", 0],
      ["slab_reassign_inline_reclaim", 0],
      ["slab_reassign_busy_items", 0],
      ["slab_reassign_busy_deletes", 0],
      ["slab_reassign_busy_nomem", 0],
      ["slab_reassign_last_busy_status", "none"],
      ["slab_reassign_running", 0],
      ["slabs_moved", 0],
    );
  }
  if (settings.lruCrawler) {
    stats.push(["lru_crawler_running", 0], ["lru_crawler_starts", 0]);
  }
  if (settings.lruMaintainer) stats.push(["lru_maintainer_juggles", 0]);
  stats.push(
    ["malloc_fails", 0],
    ["log_worker_dropped", 0],
    ["log_worker_written", v[WATCH_SENT]],
    ["log_watcher_skipped", v[WATCH_SKIPPED]],
    ["log_watcher_sent", v[WATCH_SENT]],
    ["log_watchers", process.watchers],
    ["unexpected_napi_ids", 0],
    ["round_robin_fallback", 0],
    ["bytes", table.liveBytes],
    ["curr_items", table.items],
    ["total_items", table.totalItems],
  );
  return stats;
}

function tableStats(table: TableFacts, settings: Settings): Stat[] {
  const stats: Stat[] = [
    ["slab_global_page_pool", 0],
    ["expired_unfetched", table.expiredUnfetched],
    ["evicted_unfetched", table.evictedUnfetched],
  ];
  if (settings.lruMaintainer) {
    stats.push(["evicted_active", table.evictedActive]);
  }
  stats.push(
    ["evictions", table.evictions],
    ["reclaimed", table.reclaimed],
    ["crawler_reclaimed", table.sweptItems],
    ["crawler_items_checked", table.sweptItems],
    ["lrutail_reflocked", 0],
  );
  if (settings.lruMaintainer) {
    stats.push(
      ["moves_to_cold", 0],
      ["moves_to_warm", 0],
      ["moves_within_lru", 0],
      ["direct_reclaims", 0],
      ["lru_bumps_dropped", 0],
    );
  }
  return stats;
}

/** The fields of `stats settings`. */
export function settingsStats(
  s: Settings,
  limitBytes: number,
  port: number,
): Stat[] {
  const protocols = {
    auto: "auto-negotiate",
    ascii: "ascii",
    binary: "binary",
  };
  return [
    ["maxbytes", limitBytes],
    ["maxconns", s.connectionsMax],
    ["tcpport", port],
    ["udpport", s.udpPort],
    ["inter", s.listenText ?? "NULL"],
    ["verbosity", s.verbosity],
    ["oldest", 0],
    ["evictions", on(s.evictions)],
    ["domain_socket", s.unixSocket ?? "NULL"],
    ["umask", s.unixMask.toString(8)],
    ["shutdown_command", yes(s.shutdownCommand)],
    ["growth_factor", s.growthFactor.toFixed(2)],
    ["chunk_size", s.chunkSize],
    ["num_threads", s.threads],
    ["num_threads_per_udp", s.threads],
    ["stat_key_prefix", s.prefixDelimiter],
    ["detail_enabled", yes(s.detailEnabled)],
    ["reqs_per_event", s.commandsPerTurn],
    ["cas_enabled", yes(s.useCas)],
    ["tcp_backlog", s.backlog],
    ["binding_protocol", protocols[s.protocol]],
    ["auth_enabled_sasl", yes(s.sasl)],
    ["auth_enabled_ascii", s.authFile ?? "no"],
    ["item_size_max", s.itemBytesMax],
    ["maxconns_fast", yes(s.maxconnsFast)],
    ["hashpower_init", s.hashpowerInit],
    ["slab_reassign", yes(s.slabReassign)],
    ["slab_automove", s.slabAutomove],
    ["slab_automove_ratio", s.slabAutomoveRatio.toFixed(2)],
    ["slab_automove_window", s.slabAutomoveWindow],
    ["slab_chunk_max", s.slabChunkMax],
    ["lru_crawler", yes(s.lruCrawler)],
    ["lru_crawler_sleep", s.lruCrawlerSleep],
    ["lru_crawler_tocrawl", s.lruCrawlerTocrawl],
    ["tail_repair_time", s.tailRepairTime],
    ["flush_enabled", yes(s.flushEnabled)],
    ["dump_enabled", yes(s.dumpEnabled)],
    ["hash_algorithm", s.hashAlgorithm],
    ["lru_maintainer_thread", yes(s.lruMaintainer)],
    ["lru_segmented", yes(s.lruSegmented)],
    ["hot_lru_pct", s.hotLruPct],
    ["warm_lru_pct", s.warmLruPct],
    ["hot_max_factor", s.hotMaxFactor.toFixed(2)],
    ["warm_max_factor", s.warmMaxFactor.toFixed(2)],
    ["temp_lru", yes(s.tempLru)],
    ["temporary_ttl", s.temporaryTtl],
    ["idle_timeout", s.idleTimeoutSeconds],
    ["watcher_logbuf_size", s.watcherBufferBytes],
    ["worker_logbuf_size", s.workerLogbufBytes],
    ["read_buf_mem_limit", s.readBufMemLimit],
    ["track_sizes", yes(s.trackSizes)],
    ["inline_ascii_response", yes(s.inlineAsciiResponse)],
    ...extstoreSettings(s),
    ...tlsSettings(s.tls),
    ["num_napi_ids", 0],
    ["memory_file", s.memoryFile ?? "(null)"],
    ["client_flags_size", 4],
  ];
}

function tlsSettings(tls: TlsSettings): Stat[] {
  // As a memcached that was built without TLS.
  if (!tls.enabled) return [];
  return [
    ["ssl_enabled", "yes"],
    ["ssl_chain_cert", tls.chainCert ?? "NULL"],
    ["ssl_key", tls.key ?? "NULL"],
    ["ssl_verify_mode", tls.verifyMode],
    ["ssl_keyformat", tls.keyFormat],
    ["ssl_ciphers", "NULL"],
    ["ssl_ca_cert", tls.caCert ?? "NULL"],
    ["ssl_wbuf_size", tls.writeBufferBytes],
    ["ssl_session_cache", yes(tls.sessionCache)],
    ["ssl_kernel_tls", "no"],
    ["ssl_min_version", tls.minVersion],
  ];
}

function extstoreSettings(s: Settings): Stat[] {
  const stats: Stat[] = Object.entries(s.extstore);
  const last = stats.pop();
  stats.push(["slab_automove_freeratio", s.slabAutomoveFreeratio.toFixed(3)]);
  if (last !== undefined) stats.push(last);
  return stats;
}
