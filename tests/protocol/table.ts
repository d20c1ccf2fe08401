/**
 * Owns the one table of all transcripts, and which of them may share a server.
 *
 * @module
 */
import type { Transcript } from "./transcript.ts";
import { ADMIN } from "./transcripts/admin.ts";
import { ADMIN_DUMPS } from "./transcripts/admin_dumps.ts";
import { ADMIN_STATS } from "./transcripts/admin_stats.ts";
import { BINARY_ADMIN } from "./transcripts/binary_admin.ts";
import { BINARY_ERRORS } from "./transcripts/binary_errors.ts";
import { BINARY_GET } from "./transcripts/binary_get.ts";
import { BINARY_NUMBERS } from "./transcripts/binary_numbers.ts";
import { BINARY_STORE } from "./transcripts/binary_store.ts";
import { CLASSIC_GET } from "./transcripts/classic_get.ts";
import { CLASSIC_NUMBERS } from "./transcripts/classic_numbers.ts";
import { CLASSIC_STORE } from "./transcripts/classic_store.ts";
import { ERRORS } from "./transcripts/errors.ts";
import { EXPIRY } from "./transcripts/expiry.ts";
import { LIMITS } from "./transcripts/limits.ts";
import { MEMORY } from "./transcripts/memory.ts";
import { META_ARITHMETIC } from "./transcripts/meta_arithmetic.ts";
import { META_DELETE } from "./transcripts/meta_delete.ts";
import { META_ERRORS } from "./transcripts/meta_errors.ts";
import { META_GET } from "./transcripts/meta_get.ts";
import { META_SET } from "./transcripts/meta_set.ts";
import { NOREPLY } from "./transcripts/noreply.ts";

export const TRANSCRIPTS: readonly Transcript[] = [
  ...ADMIN,
  ...ADMIN_DUMPS,
  ...ADMIN_STATS,
  ...BINARY_ADMIN,
  ...BINARY_ERRORS,
  ...BINARY_GET,
  ...BINARY_NUMBERS,
  ...BINARY_STORE,
  ...CLASSIC_GET,
  ...CLASSIC_NUMBERS,
  ...CLASSIC_STORE,
  ...ERRORS,
  ...EXPIRY,
  ...LIMITS,
  ...MEMORY,
  ...META_ARITHMETIC,
  ...META_DELETE,
  ...META_ERRORS,
  ...META_GET,
  ...META_SET,
  ...NOREPLY,
];

/** Transcripts for one server, started with these flags. */
export interface Group {
  flags: readonly string[];
  transcripts: Transcript[];
}

/** Puts together what may share a server. */
export function groupsOf(transcripts: readonly Transcript[]): Group[] {
  const shared = new Map<string, Group>();
  const groups: Group[] = [];
  for (const transcript of transcripts) {
    const { flags = [], fresh = false } = transcript;
    const name = flags.join(" ");
    let group = fresh ? undefined : shared.get(name);
    if (group === undefined) {
      group = { flags, transcripts: [] };
      groups.push(group);
      if (!fresh) shared.set(name, group);
    }
    group.transcripts.push(transcript);
  }
  return groups;
}

/** Whether a server with these flags can be cleared by `flush_all`. */
export function canBeCleared(flags: readonly string[]): boolean {
  return !flags.includes("-F") && !flags.includes("binary");
}
