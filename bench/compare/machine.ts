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

/** Clock ticks of all processors so far: those that the host of this machine
 * gave to others (field `steal` of proc(5) /proc/stat), and all. */
export interface Ticks {
  stolen: number;
  all: number;
}

/** The ticks in what /proc/stat says. */
export function ticksOf(stat: string): Ticks {
  const [line] = stat.split("\n");
  // user nice system idle iowait irq softirq steal; guests are in user.
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  return {
    stolen: ticks[7] ?? 0,
    all: ticks.reduce((sum, count) => sum + count, 0),
  };
}

/** The ticks now; none where there is no /proc. */
export function readTicks(): Ticks {
  return ticksOf(readText("/proc/stat"));
}

/** The share (0..1) of all cores' time that was stolen between two readings:
 * what makes figures of a virtual machine differ from minute to minute. */
export function stolenShare(before: Ticks, after: Ticks): number {
  return (after.stolen - before.stolen) / Math.max(1, after.all - before.all);
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
