/**
 * Owns the names of the forms of storing and of their results. Constants
 * only.
 *
 * @module
 */

// Forms of storing.
export const SET = 0;
export const ADD = 1;
export const REPLACE = 2;
export const APPEND = 3;
export const PREPEND = 4;
/** Store only if the CAS id matches. */
export const CAS = 5;

// Results.
export const STORED = 0;
export const NOT_STORED = 1;
export const EXISTS = 2;
export const NOT_FOUND = 3;
export const TOO_LARGE = 4;
export const NO_MEMORY = 5;
export const NON_NUMERIC = 6;

// What a look for a key ended in.
export const MISS = 0;
export const HIT = 1;
/** It was there, but flushed; it is gone now. */
export const FLUSHED = 2;
/** It was there, but expired; it is gone now. */
export const EXPIRED = 3;
