/**
 * Owns the syntax of configuration files: memcached's flags, one a line, as
 * Debian's `/etc/memcached.conf` has them. Never opens a file.
 *
 * @module
 */
import { readFlags } from "./flags.ts";
import type { SourcePart } from "./sources.ts";
import { UsageError } from "./usage_error.ts";

/** What a line that is no flag may start with, and nobody misses: Debian's
 * script reads it, not memcached. */
const IGNORED_DIRECTIVES = ["logfile"];

/** Flags that a file cannot give. A service manager decides about the
 * background; Debian's script leaves -d and -h out as well. */
const IGNORED_FLAGS = ["daemon", "help"];
const REFUSED_FLAGS = ["config", "print-config", "version", "license"];

/**
 * What each line of a file gives. `#` at the start of a word begins a comment;
 * words may stand in single or double quotes, where nothing is special, and a
 * backslash is an ordinary character. Throws UsageError, which names file and
 * line.
 */
export function readConfigFile(text: string, path: string): SourcePart[] {
  const parts: SourcePart[] = [];
  // Windows editors begin a file with a byte order mark.
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    const origin = `${path}:${index + 1}`;
    try {
      const given = readLine(line);
      if (given.size > 0) parts.push({ origin, given });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`${origin}: ${error.message}`, error.exitCode);
    }
  }
  return parts;
}

function readLine(line: string): Map<string, string[]> {
  const words = splitWords(line);
  if (words.length === 0 || IGNORED_DIRECTIVES.includes(words[0])) {
    return new Map();
  }
  const others: string[] = [];
  const given = readFlags(words, others);
  if (others.length > 0) throw new UsageError(`"${others[0]}" is no flag`);
  for (const name of REFUSED_FLAGS) {
    if (given.has(name)) {
      throw new UsageError(`--${name} cannot stand in a file`);
    }
  }
  for (const name of IGNORED_FLAGS) given.delete(name);
  return given;
}

/** The words of a line; throws UsageError for a quote without its end. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < line.length; at++) {
    const character = line[at];
    if (character === '"' || character === "'") {
      const end = line.indexOf(character, at + 1);
      if (end < 0) throw new UsageError(`${character} without its end`);
      word = (word ?? "") + line.slice(at + 1, end);
      at = end;
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (character === "#" && word === null) break;
    else word = (word ?? "") + character;
  }
  if (word !== null) words.push(word);
  return words;
}
