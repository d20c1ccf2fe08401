/**
 * Owns a worker that tells whether the runtime's calls are found in it. Never a
 * part of the product.
 *
 * @module
 */
import { findRuntimeCalls } from "../../src/server/deno_socket.ts";

(self as unknown as Worker).postMessage(findRuntimeCalls() !== null);
