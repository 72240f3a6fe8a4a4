// The spectrogram in tiles, which are painted when they come on the screen and kept for a while.
import { page, unpackedBlock } from "./data.js";
import { isDark, themeChanged } from "./theme.js";

const TILE_COLUMNS = 512;
const MOST_TILES = 48;
const LOOKS = 4; // columns that a column of a coarse tile looks at, however many it stands for
const STOPS = {
  light: [[255, 255, 255], [214, 226, 240], [120, 160, 205], [45, 85, 150], [12, 22, 60]],
  dark: [[16, 19, 24], [44, 30, 84], [140, 42, 110], [233, 110, 60], [253, 231, 140]],
};

let loudness = null; // Uint8Array, the bands of one column after those of the other
let columnCount = 0;
let palette = null;
const tiles = new Map();

export async function openSpectrogram() {
  loudness = await unpackedBlock("spectrogram");
  columnCount = loudness === null ? 0 : loudness.length / page.audio.bands;
}

/** Draw a stretch of time into a rectangle. */
export function drawSpectrogram(context, from, to, left, top, width, height) {
  if (columnCount === 0) return;
  const [start, end] = [from - page.start_s, to - page.start_s];
  const columnsAPixel = (end - start) / page.audio.column_s / width;
  const level = Math.max(0, Math.floor(Math.log2(Math.max(columnsAPixel, 1))));
  const tile_s = TILE_COLUMNS * 2 ** level * page.audio.column_s;
  const scale = width / (end - start);
  context.imageSmoothingEnabled = true;
  for (let number = Math.max(0, Math.floor(start / tile_s)); number * tile_s < end; number += 1) {
    const tile = tileOf(level, number);
    if (tile === null) break;
    const x = left + (number * tile_s - start) * scale;
    context.drawImage(tile, x, top, (tile.width / TILE_COLUMNS) * tile_s * scale + 0.5, height);
  }
}

function tileOf(level, number) {
  const key = `${level}/${number}`;
  const known = tiles.get(key) ?? paintedTile(level, number);
  tiles.delete(key);
  if (known === null) return null;
  tiles.set(key, known); // the one that was looked at last stands last
  if (tiles.size > MOST_TILES) tiles.delete(tiles.keys().next().value);
  return known;
}

function paintedTile(level, number) {
  const step = 2 ** level;
  const first = number * TILE_COLUMNS * step;
  const width = Math.min(TILE_COLUMNS, Math.ceil((columnCount - first) / step));
  if (width <= 0) return null;
  const bands = page.audio.bands;
  palette ??= makePalette();
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = bands;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, bands);
  const pixels = new Uint32Array(image.data.buffer);
  const stride = Math.max(1, step / LOOKS);
  for (let x = 0; x < width; x += 1) {
    const last = Math.min(first + (x + 1) * step, columnCount);
    for (let band = 0; band < bands; band += 1) {
      let loudest = 0;
      for (let column = first + x * step; column < last; column += stride) {
        loudest = Math.max(loudest, loudness[column * bands + band]);
      }
      pixels[(bands - 1 - band) * width + x] = palette[loudest];
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Return a colour for each level of loudness, as the bytes of a pixel. */
function makePalette() {
  const stops = STOPS[isDark() ? "dark" : "light"];
  return Uint32Array.from({ length: page.audio.levels }, (_, level) => {
    const place = (level / (page.audio.levels - 1)) * (stops.length - 1);
    const index = Math.min(Math.floor(place), stops.length - 2);
    const rgb = stops[index].map((value, i) =>
      Math.round(value + (stops[index + 1][i] - value) * (place - index)));
    return (255 << 24) | (rgb[2] << 16) | (rgb[1] << 8) | rgb[0];
  });
}

themeChanged.listen(() => {
  palette = null;
  tiles.clear();
});
