/**
 * Owns telling in one line why an executable could not be made. Never prints.
 *
 * @module
 */

// What `deno compile` says when the runtime for the executable is not there.
const NO_RUNTIME = /Setting up base binary|Could not find denort/i;

/** One line if the runtime is missing, else everything the compiler said. */
export function explainFailure(name: string, complaint: string): string {
  if (!NO_RUNTIME.test(complaint)) return `${name}: ${complaint.trim()}`;
  const address = /https:\/\/\S*denort\S*\.zip/.exec(complaint)?.[0];
  return `${name}: denort, the runtime it is made of, cannot be ` +
    (address === undefined ? "read" : `downloaded from ${address}`) +
    "; set DENORT_BIN to a copy of it";
}
