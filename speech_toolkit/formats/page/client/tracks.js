// The corrected words as a TextGrid and as subtitles: what other programs open.
import { END, SENTENCES, START, hasWords, isAlignment } from "./result.js";
import { clockText } from "./texts.js";
import { totalDuration } from "./timeline.js";

const SHORTEST_MS = 1;

/** Return a TextGrid of a document: intervals without gaps, silence as intervals without text. */
export function textGrid(document) {
  const tiers = hasWords ? [["words", document.words]] : [];
  if (isAlignment) tiers.unshift(["characters", document.segments]);
  tiers.push(["sentences", document[SENTENCES]]);
  const filled = tiers.map(([name, spans]) => [name, withoutGaps(spans)]);
  const end = Math.max(totalDuration, ...filled.map(([, all]) => all.at(-1)?.end ?? 0));
  const head = [
    'File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", `xmax = ${end}`,
    "tiers? <exists>", `size = ${tiers.length}`, "item []:",
  ];
  return [...head, ...filled.flatMap(([name, all], i) => tierLines(name, all, i + 1, end)), ""].join("\n");
}

function tierLines(name, intervals, number, end) {
  const last = intervals.at(-1)?.end ?? 0;
  const all = last < end ? [...intervals, { start: last, end, text: "" }] : intervals;
  const lines = [
    `    item [${number}]:`, '        class = "IntervalTier"', `        name = "${name}"`,
    "        xmin = 0", `        xmax = ${end}`, `        intervals: size = ${all.length}`,
  ];
  all.forEach((interval, i) => lines.push(
    `        intervals [${i + 1}]:`, `            xmin = ${interval.start}`,
    `            xmax = ${interval.end}`, `            text = "${interval.text}"`,
  ));
  return lines;
}

/** Return intervals one after the other; each has a length, for no other can be written. */
function withoutGaps(spans) {
  const intervals = [];
  let at = 0;
  for (const [start_ms, end_ms, text] of inOrder(spans)) {
    if (start_ms > at) intervals.push({ start: at / 1000, end: start_ms / 1000, text: "" });
    intervals.push({ start: start_ms / 1000, end: end_ms / 1000, text: text.replaceAll('"', '""') });
    at = end_ms;
  }
  return intervals;
}

/** Return subtitles: a cue for each sentence or segment of a document. */
export function subRip(document) {
  const spans = document[SENTENCES];
  return inOrder(spans).filter(([, , text]) => text !== "").map(([start_ms, end_ms, text], i) =>
    `${i + 1}\n${subtitleTime(start_ms)} --> ${subtitleTime(end_ms)}\n${text.replaceAll("-->", "->")}\n\n`,
  ).join("");
}

function subtitleTime(ms) {
  const [clock, decimals] = clockText(ms / 1000, 3).split(".");
  const parts = clock.split(":").map((part) => part.padStart(2, "0"));
  return `${["00", ...parts].slice(-3).join(":")},${decimals}`;
}

/** Return [start, end, text] of spans in whole milliseconds, none before the end of another. */
function inOrder(spans) {
  const placed = [];
  const sorted = [...spans].sort((a, b) => a[START] - b[START]);
  let earliest = 0;
  sorted.forEach((span, i) => {
    const start_ms = Math.max(Math.round(span[START] * 1000), earliest);
    const next = sorted[i + 1];
    const limit = next === undefined ? Infinity : Math.round(next[START] * 1000);
    const end_ms = Math.max(start_ms + SHORTEST_MS, Math.min(Math.round(span[END] * 1000), limit));
    const text = (span.text ?? span.token).replace(/[\s\p{Cc}]+/gu, " ").trim();
    placed.push([start_ms, end_ms, text]);
    earliest = end_ms;
  });
  return placed;
}
