/**
 * Plays the transcripts against the real memcached, which proves that they
 * are right: those that its version is known to answer alike.
 *
 * @module
 */
import {
  findMemcached,
  type ServerProcess,
  startMemcached,
} from "../support/memcached.ts";
import { type Clock, SocketPeer } from "./peers.ts";
import { play } from "./play.ts";
import { canBeCleared, type Group, groupsOf, TRANSCRIPTS } from "./table.ts";
import { forMemcached, movesClock, type Transcript } from "./transcript.ts";

const PATH = findMemcached();

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
    const peer = await SocketPeer.open(
      server.port,
      isText ? clock : "runs",
      true,
    );
    for (const transcript of transcripts) {
      if (!transcript.fresh && canBeCleared(flags)) await peer.clear();
      await t.step(transcript.name, () => play(transcript, peer));
    }
  } finally {
    endAtOnce(server);
    await server.stop();
  }
}

// Its threads take a second to end in order.
function endAtOnce({ child }: ServerProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended already.
  }
}

if (PATH === null) {
  Deno.test.ignore("no memcached is installed and MEMCACHED is not set", () => {
  });
} else {
  const version = await versionOf(PATH);
  const clock = await clockOf();
  const playable = TRANSCRIPTS.flatMap((transcript): Transcript[] => {
    const narrowed = forMemcached(transcript, version);
    if (narrowed === null) return [];
    return clock === "runs" && movesClock(narrowed) ? [] : [narrowed];
  });
  for (const group of groupsOf(playable)) {
    Deno.test(
      `memcached ${version}: ${title(group)}`,
      (t) => playGroup(group, clock, t),
    );
  }
}
