/**
 * Owns every error text of the classic and meta protocols, by number, exactly
 * as memcached 1.6.45 words them. Never decides when one is due.
 *
 * @module
 */

export const ERROR_NONE = 0;
export const ERROR = 1;
export const BAD_FORMAT = 2;
export const BAD_DATA_CHUNK = 3;
export const BAD_EXPTIME = 4;
export const BAD_DELTA = 5;
export const NOT_NUMERIC = 6;
export const TOO_LARGE_TEXT = 7;
export const NO_MEMORY_STORING = 8;
export const NO_MEMORY_TEXT = 9;
export const NO_MEMORY_NEW_ITEM = 10;
export const DUPLICATE_FLAG = 11;
export const INVALID_FLAG = 12;
export const BAD_TOKEN = 13;
export const OPAQUE_TOO_LONG = 14;
export const FLAGS_TOO_LONG = 15;
export const BAD_KEY_ENCODING = 16;
export const BAD_MS_MODE = 17;
export const BAD_MA_MODE = 18;
export const BAD_MA_FLAG = 19;
export const NO_MEMORY_WRITING = 20;

/** The texts by number, without CR LF. */
export const ERROR_TEXTS: readonly string[] = [
  "",
  "ERROR",
  "CLIENT_ERROR bad command line format",
  "CLIENT_ERROR bad data chunk",
  "CLIENT_ERROR invalid exptime argument",
  "CLIENT_ERROR invalid numeric delta argument",
  "CLIENT_ERROR cannot increment or decrement non-numeric value",
  "SERVER_ERROR object too large for cache",
  "SERVER_ERROR out of memory storing object",
  "SERVER_ERROR out of memory",
  "SERVER_ERROR Out of memory allocating new item",
  "CLIENT_ERROR duplicate flag",
  "CLIENT_ERROR invalid flag",
  "CLIENT_ERROR bad token in command line format",
  "CLIENT_ERROR opaque token too long",
  "CLIENT_ERROR options flags are too long",
  "CLIENT_ERROR error decoding key",
  "CLIENT_ERROR invalid mode for ms M token",
  "CLIENT_ERROR invalid mode for ma M token",
  "CLIENT_ERROR invalid or duplicate flag",
  "SERVER_ERROR out of memory writing get response",
];
