/**
 * Owns the texts of --help, --version and --license.
 *
 * @module
 */
import { VERSION } from "../base/version.ts";
import { EXTENDED, WITHOUT_EFFECT } from "./extended.ts";
import { FLAGS } from "./flags.ts";

const COLUMN = 28;

/** The version of memcached whose behaviour clients find here. */
export const MEMCACHED_VERSION = "1.6.45";

function wrap(words: string[], indent: string, width: number): string {
  let text = "", line = indent;
  for (const word of words) {
    if (line.length + word.length + 2 > width && line !== indent) {
      text += line.trimEnd() + "\n";
      line = indent;
    }
    line += word + ", ";
  }
  return text + line.replace(/, $/, "") + "\n";
}

/** What --version prints: tools look for the first line. */
export function versionText(): string {
  return `memcached ${MEMCACHED_VERSION}\ndenocached ${VERSION}\n`;
}

/** What --help prints. */
export function helpText(): string {
  let text = versionText();
  for (const { letter, name, value, help } of FLAGS) {
    const short = letter === "" ? "    " : `-${letter}, `;
    const long = `--${name}${valueText(value)}`;
    text += `${(short + long).padEnd(COLUMN)} ${help}\n`;
  }
  const useful = [...EXTENDED.keys()].filter((name) =>
    !WITHOUT_EFFECT.has(name)
  );
  text += "Options of -o:\n" + wrap(useful, "   ", 78);
  text += "   and, without effect, memcached's other ones.\n";
  return text;
}

function valueText(value: string): string {
  if (value === "") return "";
  return value.startsWith("[") ? `[=<${value.slice(1, -1)}>]` : `=<${value}>`;
}

/** What --license prints. */
export const LICENSE_TEXT = `denocached is free software under the MIT licence:
see LICENSE. It runs on Deno (MIT), https://deno.com.
`;
