// The outline of the sound: lowest and highest sample of each stretch, for every zoom.
import { page, unpackedBlock } from "./data.js";

const FOLD = 4; // stretches that become one on the next coarser level

let levels = []; // of Int8Array: lowest and highest in turn, fine to coarse

export async function openPeaks() {
  const bytes = await unpackedBlock("peaks");
  if (bytes === null) return;
  levels = [new Int8Array(bytes.buffer)];
  while (levels.at(-1).length > 4096) levels.push(folded(levels.at(-1)));
}

/** Call draw(x, lowest, highest), in -1..1, for every column of a stretch of time. */
export function eachPeak(start, end, columns, draw) {
  if (levels.length === 0) return;
  const column_s = (end - start) / columns;
  const first_s = start - page.start_s;
  let level = 0;
  let peak_s = page.audio.peak_s;
  while (level + 1 < levels.length && peak_s * FOLD <= column_s) {
    level += 1;
    peak_s *= FOLD;
  }
  const peaks = levels[level];
  for (let x = 0; x < columns; x += 1) {
    const from = Math.floor((first_s + x * column_s) / peak_s);
    const to = Math.max(from + 1, Math.floor((first_s + (x + 1) * column_s) / peak_s));
    let [lowest, highest] = [127, -127];
    for (let i = Math.max(from, 0); i < to && 2 * i < peaks.length; i += 1) {
      lowest = Math.min(lowest, peaks[2 * i]);
      highest = Math.max(highest, peaks[2 * i + 1]);
    }
    if (lowest <= highest) draw(x, lowest / 127, highest / 127);
  }
}

/** Return the loudest sample of all, in 0..1. */
export function loudestPeak() {
  return (levels.at(-1) ?? []).reduce((loudest, value) => Math.max(loudest, Math.abs(value)), 1) / 127;
}

function folded(fine) {
  const coarse = new Int8Array(2 * Math.ceil(fine.length / 2 / FOLD));
  for (let i = 0; i < coarse.length / 2; i += 1) {
    let [lowest, highest] = [127, -127];
    for (let j = i * FOLD; j < (i + 1) * FOLD && 2 * j < fine.length; j += 1) {
      lowest = Math.min(lowest, fine[2 * j]);
      highest = Math.max(highest, fine[2 * j + 1]);
    }
    coarse[2 * i] = lowest;
    coarse[2 * i + 1] = highest;
  }
  return coarse;
}
