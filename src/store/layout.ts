/**
 * Owns the names of every word and bit in table memory: items, buckets, page
 * kinds, control words. Holds constants only, never state or behaviour.
 *
 * A *reference* is the word offset (byte offset / 4) of a record in its
 * shard's data buffer; 0 names nothing, because page 0 is an index page.
 *
 *     record   word 0  key length 8 | state 8 | last access, s mod 65536, 16
 *              word 1  length of the value bytes here 22 | flags 10
 *              [expiry][client flags][CAS low, CAS high]
 *              [full length, part count, references of the parts]
 *              key, [room], value, [room], padded to 4 bytes
 *     part     word 0  reference of the owner
 *              word 1  length 22 | flags with PART
 *              value bytes, [room], padded to 4
 *     bucket   word 0  hits, 2 bits x 12 | LINKED
 *              words 1-3   twelve 8-bit tags, 0 = empty
 *              words 4-15  twelve references; with LINKED the last one is the
 *                          number of an overflow bucket
 *
 * @module
 */

/** Words 0 and 1 of every record. */
export const HEADER_BYTES = 8;

// Word 0 of an item.
export const KEY_LENGTH_MASK = 0xff;
/** Fetched since it was written. */
export const FETCHED = 1 << 8;
/** A reply has shown this item's CAS, so the CAS must survive moves. */
export const CAS_SEEN = 1 << 9;
/** Marked stale by `md I` or stored by `ms I`. */
export const STALE = 1 << 10;
/** A client was told that it won the right to recache. */
export const TOKEN_SENT = 1 << 11;
/** While PENDING, bits 8-15 hold the number of the uploading worker. */
export const OWNER_SHIFT = 8;
export const STATE_MASK = 0xff00;
export const LAST_ACCESS_SHIFT = 16;

// Word 1 of a record.
export const LENGTH_MASK = 0x3fffff;
/** Between key and value there is room, {@linkcode ROOM_BEFORE_BYTES} and as much
 * as the key takes, whose bytes mean nothing to the table: a value whose reply
 * is sent from where it lies has the reply's line there. */
export const ROOM_BEFORE = 1 << 22;
/** The same behind the last byte of the value, {@linkcode ROOM_AFTER_BYTES}. */
export const ROOM_AFTER = 1 << 23;
export const HAS_EXPIRY = 1 << 24;
export const HAS_FLAGS = 1 << 25;
export const HAS_CAS = 1 << 26;
/** Unlinked: the bytes are garbage, the lengths still hold. */
export const DEAD = 1 << 27;
/** The value goes on in parts. */
export const SPAN = 1 << 28;
/** This record is such a part. */
export const PART = 1 << 29;
/** The key was given in base64 by a meta command. */
export const BINARY_KEY = 1 << 30;
/** Reserved for an upload that is still arriving; not linked. */
export const PENDING = 1 << 31;

/** Room before a value, beside the length of its key: `VALUE `, flags and length
 * of ten digits each, two spaces and the end of the line fit. */
export const ROOM_BEFORE_BYTES = 32;
/** Room behind a value: the end of its line and `END` with its own fit. */
export const ROOM_AFTER_BYTES = 8;

/** Words of the optional expiry, flags and CAS, by bits 24-26 of word 1. */
export const OPTIONAL_WORDS = new Uint8Array([0, 1, 1, 2, 2, 3, 3, 4]);

// Buckets.
export const BUCKET_WORDS = 16;
export const BUCKET_WORDS_SHIFT = 4;
export const BUCKET_BYTES_SHIFT = 6;
export const BUCKET_SLOTS = 12;
/** Word offset of the first reference in a bucket. */
export const SLOT_WORDS = 4;
export const LINKED = 1 << 24;
/** Buckets never go below this: all keys of a chain share a version stripe. */
export const STRIPES = 512;
/** Copies of the stripes of a shared shard: a thread reads its own one. */
export const STRIPE_COPIES_MAX = 4;

// Kinds of page.
export const KIND_FREE = 0;
export const KIND_PROBATION = 1;
export const KIND_MAIN = 2;
export const KIND_INDEX = 3;
/** An index page given back, until no reader can still write to it. */
export const KIND_LIMBO = 4;

export const SIZE_CLASSES = 12;
export const TTL_CLASSES = 9;
/** TTL class of items that never expire. */
export const TTL_NEVER = TTL_CLASSES - 1;
/** Open segments: two kinds times the classes. */
export const OPEN_SEGMENTS = 2 * TTL_CLASSES * SIZE_CLASSES;
/** Largest expiry of a page that holds an item without one. */
export const NEVER_EXPIRES = 0x7fffffff;

// Control words (int32) of a shard.
/** Number of buckets; the one word that places every key. */
export const C_BUCKETS = 0;
export const C_ITEMS = 1;
/** Index pages that hold buckets, and that hold overflow buckets. */
export const C_BUCKET_PAGES = 2;
export const C_OVERFLOW_PAGES = 3;
/** First free overflow bucket, and the number of the last one ever taken. */
export const C_OVERFLOW_FREE = 4;
export const C_OVERFLOW_LAST = 5;
export const C_OVERFLOW_USED = 6;
/** Pages in the free stack, and pages never used so far start here. */
export const C_FREE_STACK = 7;
export const C_FRESH_PAGE = 8;
export const C_PAGES_USED = 9;
export const C_PAGES_USABLE = 10;
export const C_PROBATION_PAGES = 11;
export const C_MAIN_PAGES = 12;
/** The cleaner's cursor: page + 1 (0 = none), byte offset, mode. */
export const C_CLEAN_PAGE = 13;
export const C_CLEAN_AT = 14;
export const C_CLEAN_MODE = 15;
/** Items in pages opened before this epoch were flushed. */
export const C_EPOCH = 16;
/** Pages that hold unfinished uploads, and pinned pages. */
export const C_PENDING_PAGES = 17;
export const C_PINNED_PAGES = 18;
/** Index pages waiting until no reader can still write to them. */
export const C_LIMBO_PAGES = 19;
/** The record appended last, and the one being changed in place: what a
 * writer that dies leaves half written. Kept in the shared table. */
export const C_WRITING = 20;
export const C_CHANGING = 21;
/** Set while a snapshot is loaded: changed keys are remembered. */
export const C_LOADING = 22;
export const CONTROL_WORDS = 64;

// Totals (float64) of a shard.
/** Bytes appended by sets: the clock that victims are aged by. */
export const T_BYTE_CLOCK = 0;
/** Drawn whenever a page is opened; the high part of implicit CAS ids. */
export const T_SEQUENCE = 1;
export const T_LIVE_BYTES = 2;
export const T_TOTAL_ITEMS = 3;
export const T_EVICTIONS = 4;
export const T_EVICTED_UNFETCHED = 5;
export const T_EVICTED_ACTIVE = 6;
export const T_EXPIRED_UNFETCHED = 7;
export const T_RECLAIMED = 8;
export const T_COPIED_BYTES = 9;
export const T_CLEANED_PAGES = 10;
export const T_COMPACTED_PAGES = 11;
export const T_EXPIRED_PAGES = 12;
export const T_SPLITS = 13;
export const T_MERGES = 14;
export const T_SWEPT_ITEMS = 15;
/** Of the first shard only: the limit of the whole table. */
export const T_LIMIT_BYTES = 16;
export const TOTALS = 32;

// Columns (float64) per virtual slab class.
export const CLASS_ITEMS = 0;
export const CLASS_BYTES = 1;
export const CLASS_EVICTED = 2;
export const CLASS_EVICTED_NONZERO = 3;
/** Seconds since the last access of the item evicted last. */
export const CLASS_EVICTED_AGE = 4;
export const CLASS_EVICTED_UNFETCHED = 5;
export const CLASS_EXPIRED_UNFETCHED = 6;
export const CLASS_RECLAIMED = 7;
export const CLASS_OUT_OF_MEMORY = 8;
export const CLASS_COLUMNS = 9;
export const SLAB_CLASSES_MAX = 64;
