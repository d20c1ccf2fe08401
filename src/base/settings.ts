/**
 * Owns the names, types and defaults of everything an operator can set, as
 * plain data that can be posted to a worker. Never reads flags.
 *
 * @module
 */
import {
  BACKLOG_DEFAULT,
  COMMANDS_PER_TURN_DEFAULT,
  CONNECTIONS_DEFAULT,
  DRAIN_TIMEOUT_SECONDS_DEFAULT,
  ITEM_BYTES_DEFAULT,
  WATCHER_BUFFER_KILOBYTES_DEFAULT,
} from "./limits.ts";

/** Which protocols a connection may speak (`-B`). */
export type ProtocolChoice = "auto" | "ascii" | "binary";

/** How a listener does TLS: none (`notls:`), without client certificates
 * (`btls:`), or only with them (`mtls:`). */
export type ListenerTls = "none" | "basic" | "mutual";

/** Which I/O serves clients (`--io`). */
export type IoChoice = "deno" | "native" | "auto";

/** One address to listen on. */
export interface ListenAddress {
  /** Host name or address; "" for all. */
  host: string;
  /** -1 for the port of `-p`. */
  port: number;
  /** Without it: TLS as `-Z` and `ssl_verify_mode` say. */
  tls?: ListenerTls;
}

/** What `-Z` and the `ssl_` options of `-o` ask for. */
export interface TlsSettings {
  enabled: boolean;
  /** PEM file. */
  chainCert: string | null;
  /** File of the private key; without it, the key is in `chainCert`. */
  key: string | null;
  /** OpenSSL's number: 1 PEM, 2 DER. */
  keyFormat: number;
  /** OpenSSL's bits: 0 none, 1 request, 3 require, 7 require once. */
  verifyMode: number;
  /** PEM file of those who may sign clients. */
  caCert: string | null;
  sessionCache: boolean;
  /** Only reported: the buffers are Deno's. */
  writeBufferBytes: number;
  minVersion: "tlsv1.2" | "tlsv1.3";
}

/** Everything an operator can set. Bytes, seconds and counts are numbers. */
export interface Settings {
  memoryBytes: number;
  evictions: boolean;
  useCas: boolean;
  itemBytesMax: number;
  /** `-o size_bias`. */
  sizeBias: number;

  /** Port of `-p`; 0 for none, -1 for any free one. */
  port: number;
  /** `-U`; 0 for none, -1 for any free one. */
  udpPort: number;
  addresses: ListenAddress[];
  /** The text of `-l`, as `stats settings` shows it. */
  listenText: string | null;
  unixSocket: string | null;
  unixMask: number;
  backlog: number;
  connectionsMax: number;
  maxconnsFast: boolean;
  idleTimeoutSeconds: number;
  protocol: ProtocolChoice;
  io: IoChoice;
  threads: number;
  commandsPerTurn: number;

  verbosity: number;
  jsonLog: boolean;
  /** `--log-file`; null for standard error. */
  logFile: string | null;
  pidFile: string | null;
  portFile: string | null;
  tls: TlsSettings;
  /** `-S`. */
  sasl: boolean;
  /** MEMCACHED_SASL_PWDB. */
  saslFile: string | null;
  /** `-Y`. */
  authFile: string | null;
  /** `-e`, `--snapshot`: written at a graceful stop, loaded at the start. */
  memoryFile: string | null;
  /** Between the end of readiness and the end of listening. */
  drainGraceSeconds: number;
  /** For what is under way then. */
  drainTimeoutSeconds: number;
  shutdownCommand: boolean;
  flushEnabled: boolean;
  dumpEnabled: boolean;
  watchEnabled: boolean;
  prefixDelimiter: string;
  detailEnabled: boolean;
  trackSizes: boolean;
  watcherBufferBytes: number;
  /** `--http`; null for none. */
  http: ListenAddress | null;
  /** `--hot-keys`: one of so many gets is looked at; 0 for none. */
  hotKeysSample: number;
  /** `debugtime` and the like, for memcached's own tests. */
  debugCommands: boolean;

  // Accepted because memcached has them; only reported here.
  growthFactor: number;
  chunkSize: number;
  slabChunkMax: number;
  slabReassign: boolean;
  slabAutomove: number;
  slabAutomoveRatio: number;
  slabAutomoveWindow: number;
  slabAutomoveFreeratio: number;
  lruCrawler: boolean;
  lruCrawlerSleep: number;
  lruCrawlerTocrawl: number;
  lruMaintainer: boolean;
  lruSegmented: boolean;
  hotLruPct: number;
  warmLruPct: number;
  hotMaxFactor: number;
  warmMaxFactor: number;
  tempLru: boolean;
  temporaryTtl: number;
  tailRepairTime: number;
  hashpowerInit: number;
  hashAlgorithm: string;
  workerLogbufBytes: number;
  readBufMemLimit: number;
  inlineAsciiResponse: boolean;
  /** extstore settings that `extstore` changes, by their stats names. */
  extstore: Record<string, string>;
}

export const SETTINGS_DEFAULT: Settings = {
  memoryBytes: 64 * 1024 * 1024,
  evictions: true,
  useCas: true,
  itemBytesMax: ITEM_BYTES_DEFAULT,
  sizeBias: 0.5,
  port: 11211,
  udpPort: 0,
  addresses: [],
  listenText: null,
  unixSocket: null,
  unixMask: 0o700,
  backlog: BACKLOG_DEFAULT,
  connectionsMax: CONNECTIONS_DEFAULT,
  maxconnsFast: true,
  idleTimeoutSeconds: 0,
  protocol: "auto",
  io: "deno",
  threads: 1,
  commandsPerTurn: COMMANDS_PER_TURN_DEFAULT,
  verbosity: 0,
  jsonLog: false,
  logFile: null,
  pidFile: null,
  portFile: null,
  tls: {
    enabled: false,
    chainCert: null,
    key: null,
    keyFormat: 1,
    verifyMode: 0,
    caCert: null,
    sessionCache: false,
    writeBufferBytes: 16 * 1024,
    minVersion: "tlsv1.2",
  },
  sasl: false,
  saslFile: null,
  authFile: null,
  memoryFile: null,
  drainGraceSeconds: 0,
  drainTimeoutSeconds: DRAIN_TIMEOUT_SECONDS_DEFAULT,
  shutdownCommand: false,
  flushEnabled: true,
  dumpEnabled: true,
  watchEnabled: true,
  prefixDelimiter: ":",
  detailEnabled: false,
  trackSizes: false,
  watcherBufferBytes: WATCHER_BUFFER_KILOBYTES_DEFAULT * 1024,
  http: null,
  hotKeysSample: 0,
  debugCommands: false,
  growthFactor: 1.25,
  chunkSize: 48,
  slabChunkMax: 512 * 1024,
  slabReassign: true,
  slabAutomove: 1,
  slabAutomoveRatio: 0.8,
  slabAutomoveWindow: 10,
  slabAutomoveFreeratio: 0.01,
  lruCrawler: true,
  lruCrawlerSleep: 100,
  lruCrawlerTocrawl: 0,
  lruMaintainer: true,
  lruSegmented: true,
  hotLruPct: 20,
  warmLruPct: 40,
  hotMaxFactor: 0.2,
  warmMaxFactor: 2,
  tempLru: false,
  temporaryTtl: 61,
  tailRepairTime: 0,
  hashpowerInit: 0,
  hashAlgorithm: "murmur3",
  workerLogbufBytes: 64 * 1024,
  readBufMemLimit: 0,
  inlineAsciiResponse: false,
  extstore: {
    ext_item_size: "512",
    ext_item_age: "4294967295",
    ext_low_ttl: "0",
    ext_recache_rate: "2000",
    ext_wbuf_size: "4194304",
    ext_compact_under: "0",
    ext_drop_under: "0",
    ext_max_sleep: "1000000",
    ext_max_frag: "0.80",
    ext_drop_unread: "no",
  },
};
