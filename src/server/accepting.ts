/**
 * Owns what accepting clients has in common for every I/O. Never accepts.
 *
 * @module
 */
import { toLatin1 } from "../base/bytes.ts";

/** What a client above `-c` is told. */
export const TOO_MANY = toLatin1("ERROR Too many open connections\r\n");

/** Pause after a failed accept, such as one for want of descriptors. */
export const ACCEPT_BACKOFF_MS = 30;
