/**
 * Owns a strict reader of Prometheus' text format 0.0.4: whatever a scraper
 * could stumble over is an error here. Never fetches.
 *
 * Format: prometheus.io/docs/instrumenting/exposition_formats, and what
 * client libraries are held to: HELP before TYPE before samples, families in
 * one piece, no series twice.
 *
 * @module
 */

/** One line with a value. */
export interface ReadSample {
  /** With _bucket, _sum or _count. */
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface ReadFamily {
  type: string;
  help: string;
  samples: ReadSample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const TYPES = ["counter", "gauge", "histogram", "summary", "untyped"];
const NUMBER = /^(?:[+-]?Inf|NaN|[+-]?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)$/;

function readValue(text: string): number {
  if (!NUMBER.test(text)) throw new Error(`no number: ${text}`);
  return Number(text.replace("Inf", "Infinity"));
}

/** Label pairs between the braces; throws at anything else. */
export function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const match = /^([^=]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/.exec(rest);
    if (match === null) throw new Error(`bad labels: {${text}}`);
    const [all, name, value, comma] = match;
    if (!LABEL.test(name)) throw new Error(`bad label name: ${name}`);
    if (name in labels) throw new Error(`label ${name} twice`);
    labels[name] = value.replace(
      /\\(.)/g,
      (_, c) => c === "n" ? "\n" : c,
    );
    rest = rest.slice(all.length);
    if (comma === "," && rest === "") throw new Error("comma at the end");
  }
  return labels;
}

function readSample(line: string): ReadSample {
  const match = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (match === null) throw new Error(`no sample: ${line}`);
  const [, name, labels = "", value] = match;
  if (!NAME.test(name)) throw new Error(`bad name: ${name}`);
  return { name, labels: readLabels(labels), value: readValue(value) };
}

/** All families of a text by name; throws at the first fault. */
export function readPrometheus(text: string): Map<string, ReadFamily> {
  if (!text.endsWith("\n")) throw new Error("no end of line at the end");
  const families = new Map<string, ReadFamily>();
  const series = new Set<string>();
  let name = "", family: ReadFamily | null = null;
  for (const line of text.slice(0, -1).split("\n")) {
    const help = /^# HELP (\S+) (.+)$/.exec(line);
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (help !== null) {
      name = help[1];
      if (!NAME.test(name)) throw new Error(`bad name: ${name}`);
      if (families.has(name)) throw new Error(`${name} in two pieces`);
      family = { type: "", help: help[2], samples: [] };
      families.set(name, family);
    } else if (type !== null) {
      if (family === null || type[1] !== name || family.type !== "") {
        throw new Error(`TYPE without HELP before it: ${line}`);
      }
      if (!TYPES.includes(type[2])) throw new Error(`bad type: ${line}`);
      family.type = type[2];
    } else {
      const sample = readSample(line);
      checkPlace(sample, name, family);
      const labels = Object.entries(sample.labels).sort();
      const id = sample.name + JSON.stringify(labels);
      if (series.has(id)) throw new Error(`series twice: ${line}`);
      series.add(id);
      family!.samples.push(sample);
    }
  }
  for (const [name, family] of families) checkFamily(name, family);
  return families;
}

function checkPlace(
  sample: ReadSample,
  name: string,
  family: ReadFamily | null,
): void {
  if (family === null || family.type === "") {
    throw new Error(`no TYPE before ${sample.name}`);
  }
  const suffixes = family.type === "histogram"
    ? ["_bucket", "_sum", "_count"]
    : [""];
  if (!suffixes.some((suffix) => sample.name === name + suffix)) {
    throw new Error(`${sample.name} does not belong to ${name}`);
  }
}

function checkFamily(name: string, family: ReadFamily): void {
  if (family.samples.length === 0) throw new Error(`${name} has no samples`);
  if (family.type === "counter") {
    for (const { value } of family.samples) {
      if (!(value >= 0)) throw new Error(`counter ${name} is ${value}`);
    }
  }
  if (family.type === "histogram") checkHistogram(name, family);
}

// One histogram without labels of its own.
function checkHistogram(name: string, { samples }: ReadFamily): void {
  const buckets = samples.filter((s) => s.name === `${name}_bucket`);
  let bound = -Infinity, seen = 0;
  for (const { labels, value } of buckets) {
    const le = readValue(labels.le);
    if (!(le > bound)) throw new Error(`${name}: le ${labels.le} out of order`);
    if (!(value >= seen)) throw new Error(`${name}: buckets do not add up`);
    [bound, seen] = [le, value];
  }
  const one = (suffix: string) => {
    const found = samples.filter((s) => s.name === name + suffix);
    if (found.length !== 1) throw new Error(`${name} needs one ${suffix}`);
    return found[0].value;
  };
  if (bound !== Infinity) throw new Error(`${name} has no bucket +Inf`);
  if (one("_count") !== seen) throw new Error(`${name}_count is not +Inf's`);
  one("_sum");
}
