/**
 * Owns how the page writes numbers, times and keys. Pure; never touches the
 * document.
 *
 * @module
 */

/** A count or a rate: three digits that matter, grouped by thousands. */
export function formatNumber(value) {
  if (value === null || !Number.isFinite(value)) return "–";
  const digits = value >= 100 || Number.isInteger(value)
    ? 0
    : value >= 10
    ? 1
    : 2;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** Bytes in units of 1024. */
export function formatBytes(value) {
  if (value === null || !Number.isFinite(value)) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0, amount = value;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${formatNumber(unit === 0 ? Math.round(amount) : amount)} ${
    units[unit]
  }`;
}

/** A share of 0..1. */
export function formatPercent(value) {
  if (value === null || !Number.isFinite(value)) return "–";
  const percent = value * 100;
  return `${percent.toFixed(percent >= 99.95 || percent === 0 ? 0 : 1)} %`;
}

/** A time of microseconds. */
export function formatMicroseconds(value) {
  if (value === null || !Number.isFinite(value)) return "–";
  if (value < 1000) return `${formatNumber(Math.round(value))} µs`;
  if (value < 1e6) return `${formatNumber(value / 1000)} ms`;
  return `${formatNumber(value / 1e6)} s`;
}

/** A time of seconds, in its two largest units. */
export function formatDuration(seconds) {
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const parts = [];
  let rest = Math.max(0, Math.round(seconds));
  for (const [name, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ") || "0 s";
}

/** A key as it is read: what is no text stays escaped. */
export function formatKey(escaped) {
  let text;
  try {
    text = decodeURIComponent(escaped);
  } catch {
    return escaped;
  }
  // Controls, separators and marks that turn the direction of text around.
  return /[\p{C}\p{Zl}\p{Zp}]/u.test(text) ? escaped : text;
}

/** The top of an axis for values up to `most`: 1, 2 or 5 times a power. */
export function axisTop(most) {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  for (const factor of [1, 2, 5]) {
    if (factor * power >= most) return factor * power;
  }
  return 10 * power;
}

/** The same for bytes, in the unit that they are written in. */
export function axisTopBytes(most) {
  let unit = 1;
  while (most >= unit * 1024) unit *= 1024;
  return axisTop(most / unit) * unit;
}

/**
 * The `d` of an SVG path through points given as pairs; a null height leaves
 * a gap. With `floor` the path encloses the area down to it.
 *
 * @param {(number | null)[][]} points
 * @param {number | null} floor
 */
export function pathOf(points, floor = null) {
  let path = "", run = [];
  const end = () => {
    if (run.length === 0) return;
    // A single point has no length: give it some.
    if (run.length === 1) run.push([run[0][0] + 1, run[0][1]]);
    path += "M" + run.map(([x, y]) => `${x} ${y}`).join("L");
    if (floor !== null) {
      path += `L${run.at(-1)[0]} ${floor}L${run[0][0]} ${floor}Z`;
    }
    run = [];
  };
  for (const [x, y] of points) {
    if (y === null) end();
    else run.push([Math.round(x * 10) / 10, Math.round(y * 10) / 10]);
  }
  end();
  return path;
}
