/**
 * Owns how metrics are written for Prometheus: its text format, version
 * 0.0.4. Values in, text out; never knows where they come from.
 *
 * Format: prometheus.io/docs/instrumenting/exposition_formats.
 *
 * @module
 */

/** The media type of the text. */
export const PROMETHEUS_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export type Labels = [name: string, value: string | number][];

/** One line: the family's name, or with `_bucket`, `_sum`, `_count` after it
 * if the family is a histogram. */
export interface Sample {
  suffix?: string;
  labels: Labels;
  value: number;
}

/** All samples of one name. */
export interface Family {
  name: string;
  type: "counter" | "gauge" | "histogram";
  help: string;
  samples: Sample[];
}

/** A family of one sample without labels. */
export function single(
  name: string,
  type: "counter" | "gauge",
  help: string,
  value: number,
): Family {
  return { name, type, help, samples: [{ labels: [], value }] };
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

function formatValue(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

function formatSample(family: Family, sample: Sample): string {
  const { suffix = "", labels, value } = sample;
  const inner = labels.map(([name, text]) =>
    `${name}="${escapeLabel(String(text))}"`
  ).join(",");
  const braces = inner === "" ? "" : `{${inner}}`;
  return `${family.name}${suffix}${braces} ${formatValue(value)}\n`;
}

/** The text of these families; one without samples is left out. */
export function formatFamilies(families: Family[]): string {
  let text = "";
  for (const family of families) {
    if (family.samples.length === 0) continue;
    text += `# HELP ${family.name} ${escapeHelp(family.help)}\n` +
      `# TYPE ${family.name} ${family.type}\n`;
    for (const sample of family.samples) text += formatSample(family, sample);
  }
  return text;
}
