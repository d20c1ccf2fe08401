/**
 * Owns the files of a snapshot: taking the old one, reading it frame by
 * frame, writing a new one beside it and putting it in place. Never decides
 * when.
 *
 * `<path>` is loaded by the next start. A start that takes it renames it to
 * `<path>.used` before anybody is served: after a crash its values would be
 * old ones, so it is not loaded twice. `<path>.refused` is a file that could
 * not be used, `<path>.new` one that is being written.
 *
 * @module
 */
import { Bytes } from "../base/bytes.ts";
import { type Exporter, SnapshotError } from "../store/store.ts";
import {
  checkFrame,
  decodeEnd,
  decodeFrameHead,
  decodeHeader,
  encodeEnd,
  encodeFrameHead,
  encodeHeader,
  END_BYTES,
  FRAME_BYTES_MAX,
  FRAME_HEAD_BYTES,
  type FrameHead,
  HEADER_BYTES,
  type SnapshotEnd,
  type SnapshotHeader,
} from "./snapshot_format.ts";

/** The snapshot was asked for and could not be written (EX_IOERR). */
export const EXIT_NO_SNAPSHOT = 74;
/** Only the owner may read what clients have stored. */
const FILE_MODE = 0o600;

/** The place given for snapshots cannot be one. */
export class SnapshotPlaceError extends Error {
  override name = "SnapshotPlaceError";
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It is not there.
  }
}

/** Reads until `target` is full; less only at the end of the file. */
async function readFull(
  file: Deno.FsFile,
  target: Uint8Array,
): Promise<number> {
  let count = 0;
  while (count < target.length) {
    const more = await file.read(target.subarray(count));
    if (more === null) break;
    count += more;
  }
  return count;
}

async function writeFull(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  while (bytes.length > 0) bytes = bytes.subarray(await file.write(bytes));
}

/** A snapshot that was found whole at first sight. */
export interface TakenSnapshot {
  file: Deno.FsFile;
  header: SnapshotHeader;
  end: SnapshotEnd;
}

/** The frames of an open file, one after the other. */
export class FrameReader {
  readonly #file: Deno.FsFile;
  /** The bytes of the last frame, and the head of the one after it. */
  readonly frame = Bytes.allocate(FRAME_BYTES_MAX + FRAME_HEAD_BYTES);
  #head = new Uint8Array(FRAME_HEAD_BYTES);

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** Goes to the first frame. */
  async rewind(): Promise<void> {
    await this.#file.seek(HEADER_BYTES, Deno.SeekMode.Start);
    await this.#read(this.#head);
  }

  async #read(target: Uint8Array): Promise<void> {
    if (await readFull(this.#file, target) < target.length) {
      throw new SnapshotError("it is truncated");
    }
  }

  /** Reads and checks the next frame; null at the end mark. Throws
   * SnapshotError if it is damaged. */
  async next(): Promise<FrameHead | null> {
    const head = decodeFrameHead(this.#head);
    const bytes = this.frame.u8.subarray(0, head.length + FRAME_HEAD_BYTES);
    const payload = bytes.subarray(0, head.length);
    // The head of the next frame comes with this one, in the same read.
    await this.#read(head.isEnd ? payload : bytes);
    checkFrame(this.#head, payload);
    if (head.isEnd) return null;
    this.#head = bytes.slice(head.length);
    return head;
  }
}

/** The files of one `--snapshot`. */
export class SnapshotFiles {
  readonly path: string;
  readonly usedPath: string;
  readonly refusedPath: string;
  readonly newPath: string;

  constructor(path: string) {
    this.path = path;
    this.usedPath = `${path}.used`;
    this.refusedPath = `${path}.refused`;
    this.newPath = `${path}.new`;
  }

  /**
   * Takes the snapshot that is there, so that no later start finds it; null
   * if there is none. Throws SnapshotError with the reason if it cannot be
   * used (it is put aside), SnapshotPlaceError if nothing could be written
   * here.
   *
   * @param onHeader told what a header says, also if the rest is refused
   */
  take(onHeader: (header: SnapshotHeader) => void): TakenSnapshot | null {
    this.#tryPlace();
    let file: Deno.FsFile;
    try {
      if (!Deno.statSync(this.path).isFile) {
        throw new SnapshotPlaceError(`${this.path} is no regular file`);
      }
      file = Deno.openSync(this.path);
      Deno.renameSync(this.path, this.usedPath);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      if (error instanceof SnapshotPlaceError) throw error;
      throw new SnapshotPlaceError(`cannot take ${this.path}: ${error}`);
    }
    try {
      return this.#look(file, onHeader);
    } catch (error) {
      file.close();
      this.refuse();
      throw error;
    }
  }

  // What could not be written at the end had better be known at the start.
  #tryPlace(): void {
    remove(this.newPath);
    try {
      Deno.openSync(this.newPath, { write: true, createNew: true }).close();
    } catch (error) {
      throw new SnapshotPlaceError(`cannot write ${this.newPath}: ${error}`);
    }
    remove(this.newPath);
  }

  #look(
    file: Deno.FsFile,
    onHeader: (header: SnapshotHeader) => void,
  ): TakenSnapshot {
    const start = new Uint8Array(HEADER_BYTES);
    const count = file.readSync(start) ?? 0;
    const header = decodeHeader(start.subarray(0, count));
    onHeader(header);
    const { size } = file.statSync();
    const tail = new Uint8Array(END_BYTES);
    if (size < HEADER_BYTES + END_BYTES) {
      throw new SnapshotError("it is truncated");
    }
    file.seekSync(size - END_BYTES, Deno.SeekMode.Start);
    file.readSync(tail);
    return { file, header, end: decodeEnd(tail, size) };
  }

  /** Undoes `take`: nobody was served. */
  giveBack(): void {
    Deno.renameSync(this.usedPath, this.path);
  }

  /** Puts aside a taken file that turned out to be damaged. */
  refuse(): void {
    try {
      Deno.renameSync(this.usedPath, this.refusedPath);
    } catch {
      // Somebody was faster; there is nothing to protect any more.
    }
  }

  /**
   * Writes a file beside the others and puts it in place when it is whole and
   * on the disk. Throws what the system says, and if `isAbandoned` says so;
   * then the files are as before.
   *
   * @param onBytes told after each frame how many bytes were written
   */
  async write(
    header: SnapshotHeader,
    exporter: Exporter,
    isAbandoned: () => boolean,
    onBytes: (bytes: number) => void,
  ): Promise<SnapshotEnd> {
    remove(this.newPath);
    const file = await Deno.open(this.newPath, {
      write: true,
      createNew: true,
      mode: FILE_MODE,
    });
    let end: SnapshotEnd;
    try {
      end = await this.#writeFrames(file, header, exporter, (bytes) => {
        if (isAbandoned()) throw new Error("abandoned");
        onBytes(bytes);
      });
      await file.sync();
      file.close();
      await Deno.rename(this.newPath, this.path);
    } catch (error) {
      try {
        file.close();
      } catch {
        // It was the renaming that failed.
      }
      remove(this.newPath);
      throw error;
    }
    await this.#syncFolder();
    remove(this.usedPath);
    return end;
  }

  async #writeFrames(
    file: Deno.FsFile,
    header: SnapshotHeader,
    exporter: Exporter,
    onBytes: (bytes: number) => void,
  ): Promise<SnapshotEnd> {
    const end: SnapshotEnd = { items: 0, fileBytes: HEADER_BYTES };
    await writeFull(file, encodeHeader(header));
    const frame = Bytes.allocate(FRAME_BYTES_MAX);
    while (exporter.fill(frame)) {
      const { carried, items, length } = exporter;
      const payload = frame.u8.subarray(0, length);
      await writeFull(file, encodeFrameHead(carried, items, payload));
      await writeFull(file, payload);
      end.items += items;
      end.fileBytes += FRAME_HEAD_BYTES + length;
      onBytes(end.fileBytes);
    }
    end.fileBytes += END_BYTES;
    await writeFull(file, encodeEnd(end));
    return end;
  }

  // The new name is on the disk only when its folder is.
  async #syncFolder(): Promise<void> {
    const folder = this.path.replace(/[^/\\]*$/, "") || ".";
    try {
      using directory = await Deno.open(folder);
      await directory.sync();
    } catch {
      // Not every system lets a folder be opened.
    }
  }

  /** Removes what is half written. */
  abandon(): void {
    remove(this.newPath);
  }
}
