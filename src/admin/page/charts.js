/**
 * Owns one chart of the page: a figure with the value of now, and lines over
 * the last hour that pointer and arrow keys read. Never fetches.
 *
 * @module
 */
import { axisTop, formatDuration, pathOf } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 600;
const HEIGHT = 100;
/** Room above the highest value, so that its line is not cut. */
const HEADROOM = 4;
const SPAN_SECONDS_MIN = 300;

/** A new element with a class and text. */
export function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className !== "") made.className = className;
  if (text !== "") made.textContent = text;
  return made;
}

function shape(name, className) {
  const made = document.createElementNS(SVG, name);
  made.setAttribute("class", className);
  return made;
}

/**
 * A chart. `series` holds one or two lines: `column` of the history, `label`;
 * `format` writes their values; `top(columns, most)` may fix the axis.
 */
export class Chart {
  constructor(parent, spec) {
    this.spec = spec;
    this.times = [];
    this.columns = {};
    this.marked = -1;
    this.figure = element("figure");
    this.figure.id = `chart-${spec.id}`;
    this.value = element("p", "value", "–");
    this.legend = element("div", "legend");
    this.figure.append(
      element("h3", "", spec.title),
      this.value,
      this.legend,
      this.#drawing(),
      this.#axis(),
    );
    this.labels = spec.series.map((_series, i) => {
      const label = element("span", i === 0 ? "first" : "second");
      this.legend.append(label);
      return label;
    });
    this.when = element("span");
    this.legend.append(this.when);
    parent.append(this.figure);
  }

  #drawing() {
    this.svg = shape("svg", "");
    this.svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.svg.setAttribute("tabindex", "0");
    this.svg.setAttribute("role", "img");
    this.area = shape("path", "area");
    this.lines = this.spec.series.map((_series, i) =>
      shape("path", i === 0 ? "line" : "line second")
    );
    this.mark = shape("path", "mark");
    this.svg.append(this.area, ...this.lines, this.mark);
    this.svg.addEventListener("pointermove", (event) => {
      const box = this.svg.getBoundingClientRect();
      this.#markAt((event.clientX - box.left) / box.width);
    });
    for (const over of ["pointerleave", "blur"]) {
      this.svg.addEventListener(over, () => this.#show(-1));
    }
    this.svg.addEventListener("keydown", (event) => this.#onKey(event));
    return this.svg;
  }

  #axis() {
    const axis = element("div", "axis");
    this.left = element("span");
    this.right = element("span");
    axis.append(this.left, this.right);
    return axis;
  }

  /** Shows the value of now. */
  setNow(text) {
    this.value.textContent = text;
  }

  /** Draws columns of the history over the times they belong to. */
  draw(times, columns) {
    this.times = times;
    this.columns = columns;
    const last = times.at(-1) ?? 0;
    this.span = Math.max(SPAN_SECONDS_MIN, last - (times[0] ?? last));
    this.first = last - this.span;
    const lists = this.spec.series.map(({ column }) => columns[column]);
    const most = Math.max(0, ...lists.flat().filter((v) => v !== null));
    const top = this.spec.top?.(columns, most) ?? axisTop(most);
    const points = lists.map((list) =>
      list.map((value, i) => [
        this.#x(times[i]),
        value === null ? null : HEIGHT - (value / top) * (HEIGHT - HEADROOM),
      ])
    );
    this.area.setAttribute("d", pathOf(points[0], HEIGHT));
    points.forEach((p, i) => this.lines[i].setAttribute("d", pathOf(p)));
    this.left.textContent = `${formatDuration(this.span)} ago`;
    this.right.textContent = `axis to ${this.spec.format(top)}`;
    this.#show(this.marked >= 0 ? Math.min(this.marked, times.length - 1) : -1);
  }

  #x(time) {
    return ((time - this.first) / this.span) * WIDTH;
  }

  #markAt(share) {
    if (this.times.length === 0) return;
    const time = this.first + share * this.span;
    const later = this.times.findIndex((t) => t >= time);
    this.#show(later < 0 ? this.times.length - 1 : later);
  }

  #onKey(event) {
    const last = this.times.length - 1;
    const from = this.marked < 0 ? last + 1 : this.marked;
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12 };
    const to = event.key === "Home"
      ? 0
      : event.key === "End"
      ? last
      : from + step[event.key];
    if (Number.isNaN(to) || last < 0) return;
    event.preventDefault();
    this.#show(Math.max(0, Math.min(last, to)));
  }

  // Writes the values at a place of the history, or the newest ones (-1).
  #show(index) {
    this.marked = index;
    const at = index < 0 ? this.times.length - 1 : index;
    const { series, format, title } = this.spec;
    const texts = series.map(({ column, label }) => {
      const value = this.columns[column]?.[at] ?? null;
      return `${label} ${format(value)}`;
    });
    texts.forEach((text, i) => this.labels[i].textContent = text);
    const when = index < 0 || this.times.length === 0
      ? ""
      : new Date(this.times[at] * 1000).toLocaleTimeString();
    this.when.textContent = when;
    const x = this.#x(this.times[at] ?? 0);
    const line = index < 0 ? "" : `M${x} 0V${HEIGHT}`;
    this.mark.setAttribute("d", line);
    this.svg.setAttribute(
      "aria-label",
      `${title}: ${texts.join(", ")} ${when} (arrow keys move)`,
    );
  }
}
