/**
 * Owns our own version; what clients see is in `protocol/reply.ts`.
 *
 * @module
 */

/** The version in deno.json; a test keeps the two alike. */
export const VERSION = "0.1.0";
