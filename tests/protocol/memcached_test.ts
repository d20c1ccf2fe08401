/**
 * Plays the transcripts against the real memcached, which proves that they
 * are right: those that its version is known to answer alike.
 *
 * @module
 */
import { findMemcached, startMemcached } from "../support/memcached.ts";
import { type Clock, SocketPeer } from "./peers.ts";
import { play } from "./play.ts";
import { canBeCleared, type Group, groupsOf, TRANSCRIPTS } from "./table.ts";
import { movesClock, type Transcript } from "./transcript.ts";

const PATH = findMemcached();

/** A version as a number that can be compared. */
function rank(version: string): number {
  const [major, minor, patch] = version.split(".").map(Number);
  return (major * 1000 + minor) * 1000 + patch;
}

async function versionOf(path: string): Promise<string> {
  const { stdout } = await new Deno.Command(path, { args: ["-V"] }).output();
  const text = new TextDecoder().decode(stdout);
  return /\d+\.\d+\.\d+/.exec(text)?.[0] ?? "0.0.0";
}

/** memcached's debug build lets its clock be moved. */
async function clockOf(): Promise<Clock> {
  const server = await startMemcached();
  const client = await server.connect();
  const reply = await client.ask("debugtime 0\r\n");
  client.close();
  await server.stop();
  return reply === "OK\r\n" ? "accumulates" : "runs";
}

function title({ flags, transcripts }: Group): string {
  const [{ name, fresh }] = transcripts;
  return fresh ? name : flags.join(" ") || "no flags";
}

async function playGroup(group: Group, clock: Clock, t: Deno.TestContext) {
  const { flags, transcripts } = group;
  const server = await startMemcached([...flags]);
  try {
    const isText = !flags.includes("binary");
    const peer = await SocketPeer.open(server.port, isText ? clock : "runs");
    for (const transcript of transcripts) {
      if (!transcript.fresh && canBeCleared(flags)) await peer.clear();
      await t.step(transcript.name, () => play(transcript, peer));
    }
  } finally {
    await server.stop();
  }
}

if (PATH === null) {
  Deno.test.ignore("no memcached is installed and MEMCACHED is not set", () => {
  });
} else {
  const version = await versionOf(PATH);
  const clock = await clockOf();
  const applies = (transcript: Transcript) =>
    transcript.differs === undefined && transcript.memory === undefined &&
    rank(version) >= rank(transcript.since ?? "0.0.0") &&
    (clock !== "runs" || !movesClock(transcript));
  for (const group of groupsOf(TRANSCRIPTS.filter(applies))) {
    Deno.test(
      `memcached ${version}: ${title(group)}`,
      (t) => playGroup(group, clock, t),
    );
  }
}
