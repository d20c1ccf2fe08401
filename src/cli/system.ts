/**
 * Owns asking the system what the configuration wants to know.
 *
 * @module
 */
import type { SystemFacts } from "./config.ts";
import { parseCgroupLimit } from "./sizes.ts";

const CGROUP_FILES = [
  "/sys/fs/cgroup/memory.max",
  "/sys/fs/cgroup/memory/memory.limit_in_bytes",
];

function cgroupLimit(): number | null {
  for (const path of CGROUP_FILES) {
    try {
      const limit = parseCgroupLimit(Deno.readTextFileSync(path));
      if (limit !== null) return limit;
    } catch {
      // This system has no such file.
    }
  }
  return null;
}

/** The system this process runs on. */
export const SYSTEM: SystemFacts = {
  memoryBytes(): number {
    const total = Deno.systemMemoryInfo().total;
    return Math.min(total, cgroupLimit() ?? total);
  },
  cores(): number {
    return navigator.hardwareConcurrency;
  },
  hasUser(name: string): boolean | null {
    try {
      const users = Deno.readTextFileSync("/etc/passwd");
      return users.split("\n").some((line) => line.startsWith(`${name}:`));
    } catch {
      return null;
    }
  },
  environment(name: string): string | undefined {
    return Deno.env.get(name);
  },
};
