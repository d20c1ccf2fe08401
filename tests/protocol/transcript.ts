/**
 * Owns what a transcript is: exchanges with a server as plain data. How they
 * are written is in `notation.ts`, how they are played in `play.ts`.
 *
 * @module
 */

/** What is sent, and what must come back; on a connection other than the
 * first if it has a name. A connection that was closed is opened anew. */
export type Exchange = readonly [
  request: string,
  reply: string,
  connection?: string,
];

/** The clock moves on. */
export interface Advance {
  advance: number;
}

export type Step = Exchange | Advance;

/** Which servers answer like this; ours always does. */
export interface Scope {
  /** The oldest memcached that is known to, if Debian's 1.6.18 does not. */
  since?: string;
  /** Why no memcached does. */
  differs?: string;
}

/** Steps that fewer servers take than the rest of their transcript. */
export interface Part extends Scope {
  steps: readonly Step[];
}

/** A conversation with a server that holds no items at its start. */
export interface Transcript extends Scope {
  name: string;
  steps: readonly (Step | Part)[];
  /** How the server must be started. */
  flags?: readonly string[];
  /** It counts, or changes settings: no other transcript may share a server
   * with it. */
  fresh?: boolean;
  /** Why the requests must arrive whole, if they must. */
  whole?: string;
  /** Why only a server with sockets, or only one without, can do it. */
  sockets?: string;
  memory?: string;
  /** The connection does not take commands at the end. */
  endsOpen?: boolean;
}

/** The steps of a transcript, of all its parts. */
export function stepsOf(transcript: Transcript): Step[] {
  return transcript.steps.flatMap((step) =>
    "steps" in step ? step.steps : [step]
  );
}

/** The exchanges of a transcript. */
export function exchangesOf(transcript: Transcript): Exchange[] {
  return stepsOf(transcript).flatMap((step) => "advance" in step ? [] : [step]);
}

/** The requests of a transcript. */
export function requestsOf(transcript: Transcript): string[] {
  return exchangesOf(transcript).map(([request]) => request);
}

/** Whether the clock moves in it. */
export function movesClock(transcript: Transcript): boolean {
  return stepsOf(transcript).some((step) => "advance" in step);
}

/** A version of memcached as a number that can be compared. */
function rank(version: string): number {
  const [major, minor, patch] = version.split(".").map(Number);
  return (major * 1000 + minor) * 1000 + patch;
}

/** What remains of a transcript for memcached of this version; null if there
 * is nothing. */
export function forMemcached(
  transcript: Transcript,
  version: string,
): Transcript | null {
  const applies = ({ differs, since = "0.0.0" }: Scope) =>
    differs === undefined && rank(since) <= rank(version);
  if (!applies(transcript) || transcript.memory !== undefined) return null;
  const steps = transcript.steps.filter((step) =>
    !("steps" in step) || applies(step)
  );
  return steps.length === 0 ? null : { ...transcript, steps };
}
