/**
 * Owns the names of what happens to the live records of a segment that is
 * being cleaned. Constants only.
 *
 * @module
 */

/** All of them expired or were flushed. */
export const MODE_DROP = 0;
/** Leaving probation: items hit meanwhile move to main, the rest goes. */
export const MODE_PROBATION = 1;
/** Leaving main: items hit meanwhile stay with one hit less. */
export const MODE_MAIN = 2;
/** Much of it is dead: everything alive is copied on. */
export const MODE_COMPACT = 3;
