/**
 * Plays every transcript against our server over TCP, in every mode; a part
 * of them one byte at a time as well.
 *
 * @module
 */
import { MODES, startOurServer } from "../support/our_server.ts";
import { SocketPeer } from "./peers.ts";
import { BYTES, play, WHOLE } from "./play.ts";
import { canBeCleared, type Group, groupsOf, TRANSCRIPTS } from "./table.ts";
import { requestsOf, type Transcript } from "./transcript.ts";

/** Transcripts that send no more are played byte by byte, */
const SAMPLE_BYTES_MAX = 300;
/** but of those only every so many-th. */
const SAMPLE_STEP = 3;

const OURS = TRANSCRIPTS.filter((t) => t.memory === undefined);

function isInSample(transcript: Transcript): boolean {
  const { fresh, whole } = transcript;
  if (fresh || whole !== undefined) return false;
  const bytes = requestsOf(transcript).join("").length;
  return bytes <= SAMPLE_BYTES_MAX &&
    OURS.indexOf(transcript) % SAMPLE_STEP === 0;
}

function title({ flags, transcripts }: Group): string {
  const [{ name, fresh }] = transcripts;
  return fresh ? name : flags.join(" ") || "no flags";
}

for (const mode of MODES) {
  for (const group of groupsOf(OURS)) {
    Deno.test(`over TCP, ${mode.name}: ${title(group)}`, async (t) => {
      const { flags, transcripts } = group;
      // relaxed_privileges opens debugtime, which stops and moves the clock.
      const args = [...flags, "-o", "relaxed_privileges"];
      const server = await startOurServer({ mode, args });
      const isText = !flags.includes("binary");
      try {
        const peer = await SocketPeer.open(
          server.port,
          isText ? "moves" : "runs",
        );
        for (const transcript of transcripts) {
          for (const cut of isInSample(transcript) ? [WHOLE, BYTES] : [WHOLE]) {
            if (!transcript.fresh && canBeCleared(flags)) await peer.clear();
            const how = cut === WHOLE ? "" : ", byte by byte";
            await t.step(
              transcript.name + how,
              () => play(transcript, peer, cut),
            );
          }
        }
      } finally {
        await server.stop();
      }
    });
  }
}
