/**
 * Owns what a figure must carry with it: the machine and the versions.
 *
 * @module
 */

/** Where and with what a comparison was run. */
export interface Facts {
  date: string;
  cpu: string;
  cores: number;
  kernel: string;
  /** Runnable processes before the first run, averaged over a minute. */
  loadAverage: string;
  deno: string;
  v8: string;
  denocached: string;
  /** Null where none takes part. */
  memcached: string | null;
}

/** The output of a program, or "" if it does not run. */
export async function outputOf(
  program: string,
  args: string[],
): Promise<string> {
  try {
    const output = await new Deno.Command(program, { args }).output();
    return new TextDecoder().decode(output.stdout).trim();
  } catch {
    return "";
  }
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    return "";
  }
}

/** Processors that may be used. */
export function coreCount(): number {
  return navigator.hardwareConcurrency;
}

/** Asks the system. */
export async function gatherFacts(
  memcached: string | null,
  version: string,
): Promise<Facts> {
  const model = /model name\s*:\s*(.*)/.exec(readText("/proc/cpuinfo"));
  return {
    date: new Date().toISOString(),
    cpu: model?.[1] ?? Deno.build.arch,
    cores: coreCount(),
    kernel: readText("/proc/sys/kernel/osrelease"),
    loadAverage: readText("/proc/loadavg").split(" ")[0],
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    denocached: version,
    memcached: memcached === null
      ? null
      : (await outputOf(memcached, ["-V"])).replace(/^memcached /, ""),
  };
}
