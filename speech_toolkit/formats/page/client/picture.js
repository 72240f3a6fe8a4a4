// The large picture: seconds, outline, spectrogram, and the words in their places.
import { byId } from "./data.js";
import { eachPeak, loudestPeak } from "./peaks.js";
import { currentLoop, heardTime } from "./player.js";
import { disagreements, missing } from "./quality.js";
import { confidence, isCorrected, wordsBetween } from "./result.js";
import { matches } from "./search.js";
import { drawSpectrogram } from "./spectrogram.js";
import { picked } from "./state.js";
import { hatch, Surface } from "./surface.js";
import { clockText } from "./texts.js";
import { colour } from "./theme.js";
import { shown } from "./timeline.js";

const RULER_HEIGHT = 18;
const STRIP_SHARE = 0.19;
const LEAST_LABEL_PX = 14;
const TICK_PX = 90;
const TICKS_S = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];
const FONT = '13px system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const SMALL_FONT = FONT.replace("13px", "11px");

export const picture = new Surface(byId("picture"), drawPicture);

/** Return where the parts of the picture begin, from its top down. */
export function pictureParts(height = picture.height) {
  const strip = Math.round(height * STRIP_SHARE);
  const middle = Math.round((RULER_HEIGHT + height - strip) / 2);
  return { outline: RULER_HEIGHT, spectrogram: middle, words: height - strip };
}

export function xOf(time) {
  return ((time - shown.start) / (shown.end - shown.start)) * picture.width;
}

export function timeAtX(x) {
  return shown.start + (x / picture.width) * (shown.end - shown.start);
}

function drawPicture(context, width, height) {
  const parts = pictureParts(height);
  context.fillStyle = colour("panel");
  context.fillRect(0, 0, width, height);
  drawOutline(context, width, parts);
  drawSpectrogram(
    context, shown.start, shown.end, 0, parts.spectrogram, width, parts.words - parts.spectrogram,
  );
  drawDisagreements(context, parts);
  drawRuler(context, width);
  drawStretch(context, currentLoop() ?? picked.stretch, height);
  const count = drawWords(context, parts, height);
  drawPickedEdges(context, parts, height);
  context.fillStyle = colour("cursor");
  context.fillRect(xOf(heardTime()) - 0.75, 0, 1.5, height);
  Object.assign(picture.canvas.dataset, { start: shown.start, end: shown.end, drawn: count });
}

function drawOutline(context, width, parts) {
  const middle = (parts.outline + parts.spectrogram) / 2;
  const reach = ((parts.spectrogram - parts.outline) / 2 - 1) / Math.max(loudestPeak(), 0.05);
  context.fillStyle = colour("wave");
  eachPeak(shown.start, shown.end, Math.ceil(width), (x, lowest, highest) => {
    context.fillRect(x, middle - highest * reach - 0.4, 1, (highest - lowest) * reach + 0.8);
  });
}

/** Hatch the sound where text and audio disagree. */
function drawDisagreements(context, parts) {
  for (const { start, end, tint } of disagreements) {
    hatch(context, xOf(start), parts.outline, xOf(end), parts.words, colour(tint));
  }
  for (const { start, end, heard } of missing) {
    const [left, right] = [xOf(start), xOf(end)];
    const isShown = right > 0 && left < picture.width && right - left >= LEAST_LABEL_PX;
    if (isShown) drawLabel(context, heard, left, right, parts.outline + 9);
  }
}

function drawRuler(context, width) {
  const second = width / (shown.end - shown.start);
  const step = TICKS_S.find((candidate) => candidate * second >= TICK_PX) ?? TICKS_S.at(-1);
  const decimals = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  context.fillStyle = colour("quiet");
  context.font = SMALL_FONT;
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (let tick = Math.ceil(shown.start / step); tick * step <= shown.end; tick += 1) {
    const x = xOf(tick * step);
    context.fillRect(x, 0, 1, 5);
    context.fillText(clockText(tick * step, decimals), x + 4, RULER_HEIGHT / 2);
  }
}

function drawStretch(context, stretch, height) {
  if (stretch === null) return;
  context.fillStyle = colour("stretch");
  const left = xOf(stretch.start);
  context.fillRect(left, RULER_HEIGHT, Math.max(1, xOf(stretch.end) - left), height);
}

/** Draw the words on the screen and return how many: of those within one pixel only one. */
function drawWords(context, parts, height) {
  const top = parts.words;
  let count = 0;
  let drawnTo = -1;
  context.fillStyle = colour("panel");
  context.fillRect(0, top, picture.width, height - top);
  context.textBaseline = "middle";
  for (const word of wordsBetween(shown.start, shown.end)) {
    const left = xOf(word.start);
    const right = Math.max(xOf(word.end), left + 1);
    if (right <= drawnTo && right - left <= 1) continue;
    drawWord(context, word, left, right, top, height);
    drawnTo = Math.max(drawnTo, Math.ceil(right));
    count += 1;
  }
  return count;
}

function drawWord(context, word, left, right, top, height) {
  const isPicked = picked.word === word;
  const time = heardTime();
  const isHeard = time >= word.start && time < word.end;
  const gap = right - left > 6 ? 1 : 0;
  context.fillStyle = colour(`${confidence(word)}-fill`);
  context.fillRect(left, top + 2, right - left - gap, height - top - 4);
  context.fillStyle = colour(isCorrected(word.index) ? "corrected" : confidence(word));
  context.fillRect(left, height - 5, right - left - gap, 3);
  if (isHeard || isPicked || matches.marked.has(word.index)) {
    context.lineWidth = 2;
    context.strokeStyle = colour(isHeard ? "cursor" : isPicked ? "link" : "match");
    context.strokeRect(left + 1, top + 2, Math.max(right - left - gap - 2, 1), height - top - 4);
  }
  if (right - left >= LEAST_LABEL_PX) drawLabel(context, word.text, left, right, (top + height) / 2);
}

function drawLabel(context, label, left, right, y) {
  const room = right - left - 6;
  context.font = FONT;
  const wide = context.measureText(label).width;
  context.save();
  context.beginPath();
  context.rect(left + 2, 0, room + 2, picture.height);
  context.clip();
  context.fillStyle = colour("text");
  context.textAlign = wide <= room ? "center" : "left";
  context.fillText(label, wide <= room ? (left + right) / 2 : left + 3, y);
  context.restore();
}

/** Draw the boundaries of the picked word over the whole height: handles to drag. */
function drawPickedEdges(context, parts, height) {
  if (picked.word === null) return;
  context.fillStyle = colour("link");
  for (const side of ["start", "end"]) {
    const x = xOf(picked.word[side]);
    context.fillRect(x - 0.75, RULER_HEIGHT, 1.5, height - RULER_HEIGHT);
    context.beginPath();
    context.arc(x, parts.spectrogram, 5, 0, 2 * Math.PI);
    context.fill();
  }
}
