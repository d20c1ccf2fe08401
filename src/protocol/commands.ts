/**
 * Owns the one table of all commands, and their numbers. Never parses and
 * never executes.
 *
 * @module
 */

/** The language a command belongs to. */
export type DialectName = "classic" | "meta" | "binary";

/** One command, as help, tests and dispatch see it. */
export interface CommandSpec {
  /** The word that starts it, or the name of the binary opcode. */
  name: string;
  dialect: DialectName;
  /** Tokens of the shortest complete command, its name included. */
  tokensMin: number;
  /** Whether it can change stored data. */
  changesData: boolean;
  usage: string;
  help: string;
}

// Numbers of the classic and meta commands: what the engine switches on.
export const OP_GET = 1;
export const OP_GETS = 2;
export const OP_GAT = 3;
export const OP_GATS = 4;
export const OP_SET = 5;
export const OP_ADD = 6;
export const OP_REPLACE = 7;
export const OP_APPEND = 8;
export const OP_PREPEND = 9;
export const OP_CAS = 10;
export const OP_INCR = 11;
export const OP_DECR = 12;
export const OP_DELETE = 13;
export const OP_TOUCH = 14;
export const OP_MG = 15;
export const OP_MS = 16;
export const OP_MD = 17;
export const OP_MA = 18;
export const OP_MN = 19;
export const OP_ME = 20;
export const OP_QUIT = 21;
export const OP_VERSION = 22;
/** Everything an operator types; told apart by its first word. */
export const OP_ADMIN = 23;
/** A line whose first word is no command. */
export const OP_UNKNOWN = 24;

// Opcodes of the binary protocol (protocol_binary.xml; memcached's wiki).
export const BIN_GET = 0x00;
export const BIN_SET = 0x01;
export const BIN_ADD = 0x02;
export const BIN_REPLACE = 0x03;
export const BIN_DELETE = 0x04;
export const BIN_INCREMENT = 0x05;
export const BIN_DECREMENT = 0x06;
export const BIN_QUIT = 0x07;
export const BIN_FLUSH = 0x08;
export const BIN_GETQ = 0x09;
export const BIN_NOOP = 0x0a;
export const BIN_VERSION = 0x0b;
export const BIN_GETK = 0x0c;
export const BIN_GETKQ = 0x0d;
export const BIN_APPEND = 0x0e;
export const BIN_PREPEND = 0x0f;
export const BIN_STAT = 0x10;
export const BIN_SETQ = 0x11;
export const BIN_ADDQ = 0x12;
export const BIN_REPLACEQ = 0x13;
export const BIN_DELETEQ = 0x14;
export const BIN_INCREMENTQ = 0x15;
export const BIN_DECREMENTQ = 0x16;
export const BIN_QUITQ = 0x17;
export const BIN_FLUSHQ = 0x18;
export const BIN_APPENDQ = 0x19;
export const BIN_PREPENDQ = 0x1a;
export const BIN_VERBOSITY = 0x1b;
export const BIN_TOUCH = 0x1c;
export const BIN_GAT = 0x1d;
export const BIN_GATQ = 0x1e;
export const BIN_SASL_LIST = 0x20;
export const BIN_SASL_AUTH = 0x21;
export const BIN_SASL_STEP = 0x22;
export const BIN_GATK = 0x23;
export const BIN_GATKQ = 0x24;

type Row = [
  name: string,
  tokensMin: number,
  changesData: boolean,
  usage: string,
  help: string,
];

const CLASSIC: Row[] = [
  ["get", 2, false, "get <key>*", "values of the keys that are there"],
  ["gets", 2, false, "gets <key>*", "as get, with CAS ids"],
  ["gat", 3, true, "gat <exptime> <key>*", "get and set the expiration"],
  ["gats", 3, true, "gats <exptime> <key>*", "as gat, with CAS ids"],
  [
    "set",
    5,
    true,
    "set <key> <flags> <exptime> <bytes> [noreply]",
    "store a value",
  ],
  [
    "add",
    5,
    true,
    "add <key> <flags> <exptime> <bytes> [noreply]",
    "store if missing",
  ],
  [
    "replace",
    5,
    true,
    "replace <key> <flags> <exptime> <bytes> [noreply]",
    "store if there",
  ],
  [
    "append",
    5,
    true,
    "append <key> <flags> <exptime> <bytes> [noreply]",
    "add bytes to the end of a value",
  ],
  [
    "prepend",
    5,
    true,
    "prepend <key> <flags> <exptime> <bytes> [noreply]",
    "add bytes to the start of a value",
  ],
  [
    "cas",
    6,
    true,
    "cas <key> <flags> <exptime> <bytes> <unique> [noreply]",
    "store if the CAS id is still this one",
  ],
  ["incr", 3, true, "incr <key> <delta> [noreply]", "add to a number"],
  ["decr", 3, true, "decr <key> <delta> [noreply]", "subtract, down to 0"],
  ["delete", 2, true, "delete <key> [noreply]", "remove a key"],
  ["touch", 3, true, "touch <key> <exptime> [noreply]", "set the expiration"],
  ["flush_all", 1, true, "flush_all [exptime] [noreply]", "invalidate all"],
  ["version", 1, false, "version", "protocol version of the server"],
  ["verbosity", 2, false, "verbosity <level> [noreply]", "how much is logged"],
  [
    "stats",
    1,
    false,
    "stats [settings|items|slabs|sizes|conns|reset|detail|cachedump|threads]",
    "counters and settings",
  ],
  ["quit", 1, false, "quit", "close the connection"],
  ["shutdown", 1, false, "shutdown [graceful]", "stop the server (with -A)"],
  [
    "cache_memlimit",
    2,
    false,
    "cache_memlimit <megabytes> [noreply]",
    "change the memory limit",
  ],
  [
    "watch",
    1,
    false,
    "watch [fetchers|mutations|evictions|connevents|deletions|...]",
    "stream log lines",
  ],
  [
    "lru_crawler",
    2,
    false,
    "lru_crawler metadump|mgdump|crawl <classes|all|hash>",
    "list keys",
  ],
  ["lru", 2, false, "lru tune|mode|temp_ttl ...", "accepted; nothing to tune"],
  [
    "slabs",
    3,
    false,
    "slabs reassign|automove ...",
    "accepted; there are no slabs",
  ],
  [
    "extstore",
    3,
    false,
    "extstore <setting> <value>",
    "accepted; there is no extstore",
  ],
  [
    "debugtime",
    2,
    false,
    "debugtime <seconds>|p|r",
    "move the clock (only with -o debug_commands)",
  ],
  ["refresh_certs", 1, false, "refresh_certs", "read the certificates again"],
];

const META: Row[] = [
  ["mg", 2, true, "mg <key> <flags>*", "get"],
  ["ms", 3, true, "ms <key> <datalen> <flags>*", "set"],
  ["md", 2, true, "md <key> <flags>*", "delete or mark stale"],
  ["ma", 2, true, "ma <key> <flags>*", "arithmetic"],
  ["mn", 1, false, "mn", "no operation: answers MN"],
  ["me", 2, false, "me <key> [b]", "what is known about an item"],
];

const BINARY: Row[] = [
  ["Get/GetQ/GetK/GetKQ", 1, false, "0x00 0x09 0x0c 0x0d", "get"],
  ["Set/SetQ", 1, true, "0x01 0x11", "store a value"],
  ["Add/AddQ", 1, true, "0x02 0x12", "store if missing"],
  ["Replace/ReplaceQ", 1, true, "0x03 0x13", "store if there"],
  ["Delete/DeleteQ", 1, true, "0x04 0x14", "remove a key"],
  ["Increment/IncrementQ", 1, true, "0x05 0x15", "add to a number"],
  ["Decrement/DecrementQ", 1, true, "0x06 0x16", "subtract, down to 0"],
  ["Quit/QuitQ", 1, false, "0x07 0x17", "close the connection"],
  ["Flush/FlushQ", 1, true, "0x08 0x18", "invalidate all"],
  ["Noop", 1, false, "0x0a", "answers, after all replies before it"],
  ["Version", 1, false, "0x0b", "protocol version of the server"],
  ["Append/AppendQ", 1, true, "0x0e 0x19", "add bytes to the end"],
  ["Prepend/PrependQ", 1, true, "0x0f 0x1a", "add bytes to the start"],
  ["Stat", 1, false, "0x10", "counters and settings"],
  ["Touch", 1, true, "0x1c", "set the expiration"],
  ["GAT/GATQ/GATK/GATKQ", 1, true, "0x1d 0x1e 0x23 0x24", "get and touch"],
  ["SASL list/auth/step", 1, false, "0x20 0x21 0x22", "log in (with -S)"],
];

function specs(dialect: DialectName, rows: Row[]): CommandSpec[] {
  return rows.map(([name, tokensMin, changesData, usage, help]) => ({
    name,
    dialect,
    tokensMin,
    changesData,
    usage,
    help,
  }));
}

/** Every command there is. */
export const COMMANDS: readonly CommandSpec[] = [
  ...specs("classic", CLASSIC),
  ...specs("meta", META),
  ...specs("binary", BINARY),
];
