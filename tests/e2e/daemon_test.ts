/**
 * Owns the tests of `-d`: whoever started the server may connect as soon as
 * the command returns. Leaves nothing in the background.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

function start(...flags: string[]): Promise<Deno.CommandOutput> {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-prompt", MAIN, "-d", ...flags],
    stdin: "null",
  }).output();
}

async function isGone(pid: number): Promise<boolean> {
  for (let i = 0; i < 600; i++) {
    try {
      Deno.kill(pid, "SIGCONT");
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

Deno.test("after -d has returned clients can connect", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "socket"), pidFile = join(folder, "pid");
  const { code, stdout, stderr } = await start("-s", path, "-P", pidFile);
  assertEquals([code, stdout.length, stderr.length], [0, 0, 0]);
  // It is there now: whoever starts services reads it when -d returns.
  const pid = Number(await Deno.readTextFile(pidFile));
  try {
    using conn = await Deno.connect({ transport: "unix", path });
    await conn.write(new TextEncoder().encode("mn\r\n"));
    const reply = new Uint8Array(4);
    assertEquals(await conn.read(reply), 4);
    assertEquals(new TextDecoder().decode(reply), "MN\r\n");
  } finally {
    Deno.kill(pid, "SIGTERM");
    assertEquals(await isGone(pid), true);
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("-d says why the server in the background could not start", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const { code, stderr } = await start("-l", "127.0.0.1", "-p", `${port}`);
  assertStringIncludes(
    new TextDecoder().decode(stderr),
    `failed to listen on TCP port ${port}`,
  );
  assertEquals(code, 71);
});
