/**
 * Owns the icon: draws it from a few shapes as `denocached.svg`, and as
 * `denocached.ico` for the Windows executable. Run it after a change:
 * `deno run --allow-write src/build/icon.ts`. Never part of a build.
 *
 * @module
 */
import { crc32, deflateSync } from "node:zlib";

/** Edge of the drawing. */
const UNITS = 64;
const SIZES = [16, 32, 48, 256];
/** Samples along each edge of a pixel, against jagged edges. */
const SAMPLES = 4;

/** A rectangle with round corners. */
interface Shape {
  x: number;
  y: number;
  width: number;
  height: number;
  radius: number;
  /** Red, green, blue. */
  color: readonly [number, number, number];
}

const DARK = [17, 43, 60] as const;
const LIGHT = [246, 246, 240] as const;
const FRESH = [61, 214, 140] as const;

/** Segments of memory, one of them being filled. */
const SHAPES: readonly Shape[] = [
  { x: 0, y: 0, width: 64, height: 64, radius: 14, color: DARK },
  { x: 12, y: 12, width: 40, height: 10, radius: 3, color: LIGHT },
  { x: 12, y: 27, width: 40, height: 10, radius: 3, color: LIGHT },
  { x: 12, y: 42, width: 24, height: 10, radius: 3, color: FRESH },
  { x: 42, y: 42, width: 10, height: 10, radius: 3, color: LIGHT },
];

/** The drawing as SVG 1.1. */
export function svg(): string {
  const rects = SHAPES.map(({ x, y, width, height, radius, color }) =>
    `  <rect x="${x}" y="${y}" width="${width}" height="${height}" ` +
    `rx="${radius}" fill="rgb(${color.join(",")})" />\n`
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" ` +
    `viewBox="0 0 ${UNITS} ${UNITS}">\n${rects.join("")}</svg>\n`;
}

function isInside(
  { x, y, width, height, radius }: Shape,
  px: number,
  py: number,
) {
  const dx = Math.max(x + radius - px, 0, px - (x + width - radius));
  const dy = Math.max(y + radius - py, 0, py - (y + height - radius));
  return dx * dx + dy * dy <= radius * radius;
}

// Red, green, blue, alpha of a pixel: the mean of its samples.
function pixel(column: number, row: number, size: number): number[] {
  const sum = [0, 0, 0, 0];
  for (let i = 0; i < SAMPLES * SAMPLES; i++) {
    const px = (column + (i % SAMPLES + 0.5) / SAMPLES) * UNITS / size;
    const py = (row + (Math.floor(i / SAMPLES) + 0.5) / SAMPLES) * UNITS / size;
    const shape = SHAPES.findLast((s) => isInside(s, px, py));
    if (shape === undefined) continue;
    shape.color.forEach((value, at) => sum[at] += value);
    sum[3]++;
  }
  const covered = Math.max(1, sum[3]);
  const alpha = Math.round(sum[3] * 255 / (SAMPLES * SAMPLES));
  return [...sum.slice(0, 3).map((v) => Math.round(v / covered)), alpha];
}

function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(data.length + 12);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  chunk.set(new TextEncoder().encode(type), 4);
  chunk.set(data, 8);
  const checked = chunk.subarray(4, 8 + data.length);
  view.setUint32(8 + data.length, crc32(checked));
  return chunk;
}

function join(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The drawing as a PNG (ISO/IEC 15948), RGBA, one filter byte a row. */
export function png(size: number): Uint8Array {
  const rows = new Uint8Array(size * (1 + 4 * size));
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const at = row * (1 + 4 * size) + 1 + 4 * column;
      rows.set(pixel(column, row, size), at);
    }
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, size);
  view.setUint32(4, size);
  header.set([8, 6], 8);
  return join([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    pngChunk("IHDR", header),
    pngChunk("IDAT", deflateSync(rows, { level: 9 })),
    pngChunk("IEND", new Uint8Array()),
  ]);
}

/** All sizes as an ICO: ICONDIR, ICONDIRENTRY for each, then the PNGs. */
export function ico(): Uint8Array {
  const images = SIZES.map(png);
  const directory = new Uint8Array(6 + 16 * SIZES.length);
  const view = new DataView(directory.buffer);
  view.setUint16(2, 1, true);
  view.setUint16(4, SIZES.length, true);
  let offset = directory.length;
  SIZES.forEach((size, i) => {
    const at = 6 + 16 * i;
    directory.set([size % 256, size % 256], at);
    view.setUint16(at + 4, 1, true);
    view.setUint16(at + 6, 32, true);
    view.setUint32(at + 8, images[i].length, true);
    view.setUint32(at + 12, offset, true);
    offset += images[i].length;
  });
  return join([directory, ...images]);
}

if (import.meta.main) {
  const folder = import.meta.dirname!;
  Deno.writeTextFileSync(`${folder}/denocached.svg`, svg());
  Deno.writeFileSync(`${folder}/denocached.ico`, ico());
}
