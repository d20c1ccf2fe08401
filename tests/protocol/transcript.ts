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

/** A conversation with a server that holds no items at its start. */
export interface Transcript {
  name: string;
  steps: readonly Step[];
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
  /** The first version of memcached that answers like this, if Debian's
   * 1.6.18 does not. */
  since?: string;
  /** Why no memcached answers like this. */
  differs?: string;
}

/** Whether the clock moves in it. */
export function movesClock(transcript: Transcript): boolean {
  return transcript.steps.some((step) => "advance" in step);
}

/** The requests of a transcript. */
export function requestsOf(transcript: Transcript): string[] {
  return transcript.steps.flatMap((step) => "advance" in step ? [] : step[0]);
}

/** The replies of a transcript. */
export function repliesOf(transcript: Transcript): string[] {
  return transcript.steps.flatMap((step) => "advance" in step ? [] : step[1]);
}
