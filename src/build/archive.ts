/**
 * Owns the archives of a release: tar.gz and zip, and their checksums. Never
 * touches the file system.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { createTar } from "nanotar";
import { zipSync } from "fflate";

/** A file of an archive. */
export interface ArchiveFile {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
  isExecutable: boolean;
}

/** Unix time in seconds of all files, so that a build can be repeated. */
export interface ArchiveOptions {
  /** Folder that all files are in. */
  folder: string;
  unixSeconds: number;
}

const EXECUTABLE_MODE = 0o755, FILE_MODE = 0o644;

/** A tar archive (POSIX.1-1988 ustar), compressed with gzip (RFC 1952). */
export function tarGzip(
  files: readonly ArchiveFile[],
  { folder, unixSeconds }: ArchiveOptions,
): Uint8Array {
  const tar = createTar(files.map(({ name, bytes, isExecutable }) => ({
    name: `${folder}/${name}`,
    data: bytes,
    attrs: {
      mode: (isExecutable ? EXECUTABLE_MODE : FILE_MODE).toString(8),
      mtime: unixSeconds * 1000,
      user: "root",
      group: "root",
    },
  })));
  return gzipSync(tar, { level: 6 });
}

/** A zip archive (PKWARE APPNOTE). */
export function zip(
  files: readonly ArchiveFile[],
  { folder, unixSeconds }: ArchiveOptions,
): Uint8Array {
  // The format has local times, from 1980 on.
  const mtime = Math.max(unixSeconds * 1000, Date.UTC(1980, 0, 2));
  const tree = Object.fromEntries(
    files.map(({ name, bytes }) => [`${folder}/${name}`, bytes]),
  );
  return zipSync(tree, { level: 6, mtime });
}

/** A line of SHA256SUMS, as sha256sum(1) writes and checks it. */
export async function checksumLine(
  name: string,
  bytes: Uint8Array,
): Promise<string> {
  const digest = await crypto.subtle.digest(
    "SHA-256",
    bytes as Uint8Array<ArrayBuffer>,
  );
  return `${new Uint8Array(digest).toHex()}  ${name}\n`;
}
