/**
 * Owns every limit of the server, each with the reason for its value. Never
 * enforces one: that is done where the thing is.
 *
 * @module
 */

/** Longest key (memcached's KEY_MAX_LENGTH). */
export const KEY_BYTES_MAX = 250;

/** A command line without a newline after this many bytes ends the
 * connection, except for `get` and `gets` (memcached's proto_text.c). */
export const LINE_BYTES_MAX = 2048;

/** Spaces that may stand before an over-long `get` (the same place). */
export const LEADING_SPACES_MAX = 100;

/** A `get` line longer than this is executed key by key as it arrives, so
 * that a line of any length needs a bounded buffer. */
export const GET_LINE_BUFFER_BYTES = 64 * 1024;

/** Largest value length a command line may announce (2^31-1 less CR LF). */
export const ANNOUNCED_BYTES_MAX = 0x7fffffff - 2;

/** Tokens of a meta command, name and key included. */
export const META_TOKENS_MAX = 20;

/** Opaque flag with its letter. */
export const OPAQUE_BYTES_MAX = 32;

/** Tokens of a classic command that are looked at; `noreply` must be the last
 * of them. */
export const CLASSIC_TOKENS_MAX = 24;

/** Largest body length in a binary header (1 GiB). */
export const BINARY_BODY_BYTES_MAX = 1024 * 1024 * 1024;

/** Value limit `-I`: default, least and most. */
export const ITEM_BYTES_DEFAULT = 1024 * 1024;
export const ITEM_BYTES_MIN = 1024;
export const ITEM_BYTES_MAX = 1024 * 1024 * 1024;

/** Table memory `-m`: least (one shard of a few dozen pages). */
export const MEMORY_BYTES_MIN = 1024 * 1024;
/** Least that `cache_memlimit` takes (memcached's 8 MB). */
export const MEMLIMIT_MEGABYTES_MIN = 8;
/** Above this `cache_memlimit` was given bytes (memcached's 10^9). */
export const MEMLIMIT_MEGABYTES_MAX = 1_000_000_000;

/** Connections `-c`: default. */
export const CONNECTIONS_DEFAULT = 1024;
/** Waiting connections `-b`: default. */
export const BACKLOG_DEFAULT = 1024;
/** Commands of one connection before the others get a turn, `-R`: default. */
export const COMMANDS_PER_TURN_DEFAULT = 20;
/** Threads `-t`: most. */
export const THREADS_MAX = 64;

/** Read buffer of an idle connection, and the largest it grows to while
 * commands wait in it. */
export const READ_BUFFER_BYTES_MIN = 2 * 1024;
export const READ_BUFFER_BYTES_MAX = 64 * 1024;

/** What is read after a large value that has arrived: enough for the line of the
 * next, if that is so much longer, and little of its value, which has to be
 * copied to memory that no cache knows. */
export const READ_LITTLE_MORE_BYTES = 16;
export const READ_LITTLE_BYTES_MAX = 384;

/** Bodies above this stream into table memory instead of being buffered. */
export const STREAM_BODY_BYTES_MIN = 32 * 1024;

/** Output of one connection before it must be written out... */
export const OUTPUT_HIGH_WATER_BYTES = 128 * 1024;
/** ...and while all connections together hold more than the total. */
export const OUTPUT_LOW_WATER_BYTES = 8 * 1024;
export const OUTPUT_TOTAL_BYTES = 32 * 1024 * 1024;

/** Values from this size on have room around them in the table, for the line and
 * the end of a reply that is sent from where they lie. */
export const ROOM_VALUE_BYTES_MIN = 8 * 1024;

/** Values from this size on are pinned and copied out in pieces. */
export const VALUE_PIECE_BYTES = 64 * 1024;

/** Bytes of table memory that one call receives into or sends. */
export const STRETCH_BYTES_PER_CALL_MAX = 1024 * 1024;
/** Stretches that these lie in: in pages of 16 KB, the smallest, up to 67. */
export const STRETCHES_PER_CALL_MAX = 68;

/** Pages that unfinished uploads may hold: a quarter. */
export const PENDING_PAGES_SHARE = 4;
/** Pages that reads under way may hold: half. */
export const PINNED_PAGES_SHARE = 2;
/** Values copied for readers when no more pages may be pinned, per worker. */
export const COPIED_VALUES_BYTES_MAX = 32 * 1024 * 1024;

/** Log watchers at the same time (memcached's WATCHER_LIMIT). */
export const WATCHERS_MAX = 20;
/** Watcher buffer, `-o watcher_logbuf_size`, default in KiB. */
export const WATCHER_BUFFER_KILOBYTES_DEFAULT = 256;

/** Output of `stats cachedump` (memcached's 2 MB). */
export const CACHEDUMP_BYTES_MAX = 2 * 1024 * 1024;

/** Requests that the HTTP listener works on at the same time; one more is
 * answered with 503. */
export const HTTP_REQUESTS_MAX = 32;

/** Points of each chart, one every interval: the last hour. */
export const HISTORY_POINTS = 720;
export const HISTORY_INTERVAL_SECONDS = 5;

/** Keys of one page of a key search: default and most. */
export const SEARCH_KEYS_DEFAULT = 100;
export const SEARCH_KEYS_MAX = 1000;
/** Records that one request of a key search looks at, most... */
export const SEARCH_RECORDS_MAX = 200_000;
/** ...and before other work of the thread gets its turn. */
export const SEARCH_SLICE_RECORDS = 4096;

/** Hot keys that are shown (as Valkey's HOTKEYS), and those that are counted
 * so that the shown ones are right. */
export const HOT_KEYS_SHOWN = 16;
export const HOT_KEYS_TRACKED = 128;
/** After so long an access weighs half. */
export const HOT_KEYS_HALF_LIFE_SECONDS = 30;
/** `--hot-keys`: one of so many gets is looked at, default and most. */
export const HOT_KEYS_SAMPLE_DEFAULT = 100;
export const HOT_KEYS_SAMPLE_MAX = 1_000_000;

/** What is under way when the server stops may take this long,
 * `--drain-timeout`: half of what `docker stop` waits. */
export const DRAIN_TIMEOUT_SECONDS_DEFAULT = 5;
/** Most for `--drain-grace` and `--drain-timeout`: an hour. */
export const DRAIN_SECONDS_MAX = 3600;

/** Prefixes that `stats detail` remembers before new ones are not counted. */
export const PREFIXES_MAX = 100_000;

/** Files that are open beside those of clients, about. */
export const FILES_BESIDE_CLIENTS = 32;

/** A log file is put aside when it would grow beyond this. */
export const LOG_FILE_BYTES_MAX = 16 * 1024 * 1024;

/** Login line of `-Y`: shortest that is answered, and longest token
 * (memcached's MIN_AUTH_REQ_LEN and MAX_AUTH_REQ_LEN). */
export const LOGIN_LINE_BYTES_MIN = 6;
export const LOGIN_TOKEN_BYTES_MAX = 16 * 1024;
/** SASL: longest mechanism name (memcached's MAX_SASL_MECH_LEN), and longest
 * message of a client, as long as an ASCII token. */
export const SASL_MECHANISM_BYTES_MAX = 32;
export const SASL_MESSAGE_BYTES_MAX = 16 * 1024;
/** Failed logins after which a connection ends. */
export const LOGIN_FAILURES_PER_CONNECTION_MAX = 8;
/** Failed logins of one address within the window below; after that its
 * passwords are not looked at until the window is over. */
export const LOGIN_FAILURES_PER_ADDRESS_MAX = 30;
export const LOGIN_WINDOW_SECONDS = 60;
/** Addresses whose failures are remembered; the oldest gives way. */
export const LOGIN_ADDRESSES_MAX = 10_000;
/** Password hashes computed at the same time: each takes a thread and up to
 * PASSWORD_HASH_MEMORY_BYTES_MAX. */
export const PASSWORD_HASHES_AT_ONCE_MAX = 2;
export const PASSWORD_HASH_MEMORY_BYTES_MAX = 64 * 1024 * 1024;
export const PASSWORD_HASH_ROUNDS_MAX = 10_000_000;
/** Files with users, certificates and keys: largest that is read. */
export const SECRET_FILE_BYTES_MAX = 1024 * 1024;

/** TLS: time for a handshake. */
export const TLS_HANDSHAKE_MS_MAX = 10_000;
/** TLS by node:tls: how long the alert of a failed handshake has to leave. */
export const TLS_ALERT_MS = 50;

/** UDP: largest datagram that is sent (memcached's UDP_MAX_PAYLOAD_SIZE),
 * largest that is received, and largest reply: the default `-I` fits. */
export const UDP_DATAGRAM_BYTES_MAX = 1400;
export const UDP_REQUEST_BYTES_MAX = 64 * 1024;
export const UDP_REPLY_BYTES_MAX = 2 * 1024 * 1024;

/** Seconds between log lines about the same kind of misbehaving client. */
export const LOG_REPEAT_SECONDS = 10;
