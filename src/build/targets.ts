/**
 * Owns the systems that executables are made for and how their files are
 * called. Never makes one.
 *
 * @module
 */

/** One system. */
export interface Target {
  /** As `deno compile --target` knows it. */
  triple: string;
  os: "linux" | "macos" | "windows";
  arch: "x86_64" | "aarch64";
}

/** Every system of a release. */
export const TARGETS: readonly Target[] = [
  { triple: "x86_64-unknown-linux-gnu", os: "linux", arch: "x86_64" },
  { triple: "aarch64-unknown-linux-gnu", os: "linux", arch: "aarch64" },
  { triple: "x86_64-apple-darwin", os: "macos", arch: "x86_64" },
  { triple: "aarch64-apple-darwin", os: "macos", arch: "aarch64" },
  { triple: "x86_64-pc-windows-msvc", os: "windows", arch: "x86_64" },
];

/** `denocached-<version>-<os>-<arch>`: folder and archive are called so. */
export function releaseName(version: string, { os, arch }: Target): string {
  return `denocached-${version}-${os}-${arch}`;
}

/** File name of the archive. */
export function archiveName(version: string, target: Target): string {
  const suffix = target.os === "windows" ? ".zip" : ".tar.gz";
  return releaseName(version, target) + suffix;
}

/** File name of the executable. */
export function executableName({ os }: Pick<Target, "os">): string {
  return os === "windows" ? "denocached.exe" : "denocached";
}

/** The target with a triple, such as `Deno.build.target`; null if none. */
export function findTarget(triple: string): Target | null {
  return TARGETS.find((target) => target.triple === triple) ?? null;
}
