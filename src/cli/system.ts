/**
 * Owns asking the system what the configuration wants to know.
 *
 * @module
 */
import process from "node:process";
import { cgroupMemoryLimit } from "./cgroup.ts";
import { readSystemFile } from "../server/linux_files.ts";
import type { SourceSystem } from "./sources.ts";

function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // This system has no such file.
    return null;
  }
}

/** The system this process runs on. */
export const SYSTEM: SourceSystem = {
  memoryBytes(): number {
    const total = Deno.systemMemoryInfo().total;
    // Where FFI is not allowed there remains what Deno itself finds: the limit
    // of the own group, without those above it; 0 and huge ones are none.
    const own = process.constrainedMemory() || total;
    return Math.min(total, own, cgroupMemoryLimit(readSystemFile) ?? total);
  },
  cores(): number {
    return navigator.hardwareConcurrency;
  },
  hasUser(name: string): boolean | null {
    const users = readText("/etc/passwd");
    if (users === null) return null;
    return users.split("\n").some((line) => line.startsWith(`${name}:`));
  },
  environment(name: string): string | undefined {
    return Deno.env.get(name);
  },
  readFile(path: string): string {
    return path.startsWith("/proc/")
      ? readSystemFile(path) ?? missing(path)
      : Deno.readTextFileSync(path);
  },
};

function missing(path: string): never {
  throw new Deno.errors.NotFound(path);
}
