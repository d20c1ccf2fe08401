/**
 * Plays every transcript against the engine in memory, with the requests
 * whole, cut in two at every byte, and one byte at a time.
 *
 * @module
 */
import { MemoryPeer } from "./peers.ts";
import { after, BYTES, play, WHOLE } from "./play.ts";
import { TRANSCRIPTS } from "./table.ts";
import { requestsOf, type Transcript } from "./transcript.ts";

/** Requests longer than this are not cut at every byte, */
const SHORT_BYTES_MAX = 400;
/** but near both ends and as often in between; */
const EDGE_CUTS = 20;
/** very long ones less often. */
const LONG_BYTES_MIN = 10_000;
const LONG_EDGE_CUTS = 4;

/** Where the requests of a transcript are cut in two, one place a run. */
function cutsOf(transcript: Transcript): Set<number> {
  const cuts = new Set<number>();
  for (const { length } of requestsOf(transcript)) {
    if (length <= SHORT_BYTES_MAX) {
      for (let at = 1; at < length; at++) cuts.add(at);
      continue;
    }
    const count = length < LONG_BYTES_MIN ? EDGE_CUTS : LONG_EDGE_CUTS;
    const middle = (length - 2 * count) / count;
    for (let i = 0; i < count; i++) {
      cuts.add(1 + i);
      cuts.add(length - 1 - i);
      cuts.add(count + Math.floor(middle * i));
    }
  }
  return cuts;
}

// One server will do for all cuts, unless they must not share one.
async function playInPieces(transcript: Transcript): Promise<void> {
  const { flags, fresh } = transcript;
  let peer = new MemoryPeer(flags);
  await play(transcript, peer, BYTES);
  for (const at of cutsOf(transcript)) {
    if (fresh) peer = new MemoryPeer(flags);
    else peer.clear();
    await play(transcript, peer, after(at));
  }
}

for (const transcript of TRANSCRIPTS) {
  if (transcript.sockets !== undefined) continue;
  const { name, flags, whole } = transcript;
  Deno.test(
    `in memory: ${name}`,
    () => play(transcript, new MemoryPeer(flags), WHOLE),
  );
  if (whole !== undefined) continue;
  Deno.test(`in memory, in pieces: ${name}`, () => playInPieces(transcript));
}
