/**
 * Owns finding the memory limit of the container, or of the systemd unit,
 * that a process runs in. Never touches the system: files are read for it.
 *
 * @module
 */
import { parseCgroupLimit } from "./sizes.ts";

/** Text of a file, or null if there is none that can be read. */
export type ReadText = (path: string) => string | null;

// Version 1 keeps a hierarchy for each controller, version 2 has one for all
// (kernel documentation, admin-guide/cgroup-v1/memory and cgroup-v2).
const V1_ROOT = "/sys/fs/cgroup/memory";
const V1_FILES = ["memory.limit_in_bytes"];
const V2_ROOT = "/sys/fs/cgroup";
const V2_FILES = ["memory.max", "memory.high"];

/**
 * The least limit in bytes that holds for this process; null for none. Every
 * group above counts too; inside a container the path in `/proc/self/cgroup`
 * may be the host's, so the root of the mount is always looked at.
 */
export function cgroupMemoryLimit(read: ReadText): number | null {
  const limits: number[] = [];
  const collect = (root: string, group: string, files: string[]) => {
    for (const folder of foldersUpwards(group)) {
      for (const file of files) {
        const limit = parseCgroupLimit(read(`${root}${folder}/${file}`) ?? "");
        if (limit !== null) limits.push(limit);
      }
    }
  };
  const own = ownGroups(read("/proc/self/cgroup") ?? "");
  collect(V2_ROOT, own.v2, V2_FILES);
  collect(V1_ROOT, own.v1, V1_FILES);
  return limits.length === 0 ? null : Math.min(...limits);
}

// Lines are "id:controllers:path"; version 2 is "0::path" (cgroups(7)).
function ownGroups(text: string): { v1: string; v2: string } {
  const own = { v1: "", v2: "" };
  for (const line of text.split("\n")) {
    const match = /^[0-9]+:([^:]*):(\/.*)$/.exec(line);
    if (match === null) continue;
    if (match[1] === "") own.v2 = match[2];
    else if (match[1].split(",").includes("memory")) own.v1 = match[2];
  }
  return own;
}

// "/a/b" gives "/a/b", "/a" and "".
function foldersUpwards(group: string): string[] {
  const folders: string[] = [];
  for (let path = group.replace(/\/+$/, ""); path !== "";) {
    folders.push(path);
    path = path.slice(0, path.lastIndexOf("/"));
  }
  return [...folders, ""];
}
