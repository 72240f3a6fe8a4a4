// The corrected words as a TextGrid and as subtitles: what other programs open.
import { page } from "./data.js";
import { END, SENTENCES, START, isAlignment, sourceDuration } from "./result.js";
import { clockText } from "./texts.js";

/** Return a TextGrid of a document, with the tiers and intervals that convert.py gives it. */
export function textGrid(document) {
  const tiers = [["sentences", spoken(document[SENTENCES])]];
  if (document.words.length > 0) tiers.push(["words", spoken(document.words)]);
  if (isAlignment) tiers.push(["characters", spoken(document.segments)]);
  const remarks = remarksOf(document);
  if (remarks.length > 0) tiers.push(["quality", spoken(remarks)]);
  const duration = page.start_s + sourceDuration;
  const limit_ms = Math.max(
    Math.round(duration * 1000), 1,
    ...tiers.map(([, spans]) => spans.reduce((end, span) => Math.max(end, span.end_ms), spans.length)),
  );
  const end = limit_ms === Math.round(duration * 1000) ? duration : limit_ms / 1000;
  const head = [
    'File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", `xmax = ${end} `,
    "tiers? <exists> ", `size = ${tiers.length} `, "item []: ",
  ];
  const items = tiers.flatMap(([name, spans], i) =>
    tierLines(name, withSilence(spans, limit_ms), i + 1, end));
  return `${[...head, ...items].join("\n")}\n`;
}

/** Return what is said of where text and audio disagree, as formats/timed_text.py does. */
function remarksOf({ quality, words }) {
  const notSpoken = (quality?.not_spoken ?? []).map((stretch) => {
    const own = words.slice(stretch.first_word, stretch.end_word);
    const { start_time } = own[0]?.spoken === false ? own[0] : stretch;
    const { end_time } = own[0]?.spoken === false ? own.at(-1) : stretch;
    return { start_time, end_time, text: `not spoken: ${stretch.text}` };
  });
  const missed = (quality?.not_in_transcript ?? []).map(({ start_time, end_time, heard }) => ({
    start_time, end_time, text: `not in transcript${heard && ": "}${heard}`,
  }));
  return [...notSpoken, ...missed].sort((a, b) => a[START] - b[START] || a[END] - b[END]);
}

function tierLines(name, intervals, number, end) {
  const lines = [
    `    item [${number}]:`, '        class = "IntervalTier" ', `        name = "${name}" `,
    "        xmin = 0 ", `        xmax = ${end} `,
    `        intervals: size = ${intervals.length} `,
  ];
  intervals.forEach(({ start_ms, end_ms, text }, i) => lines.push(
    `        intervals [${i + 1}]:`, `            xmin = ${start_ms / 1000} `,
    `            xmax = ${i + 1 === intervals.length ? end : end_ms / 1000} `, `            text = "${text.replaceAll('"', '""')}" `,
  ));
  return lines;
}

/** Return intervals that fill the time up to an end: what is between them has no text. */
function withSilence(spans, limit_ms) {
  const intervals = [];
  let at = 0;
  for (const interval of [...apart(spans, limit_ms), { start_ms: limit_ms }]) {
    if (interval.start_ms > at) intervals.push({ start_ms: at, end_ms: interval.start_ms, text: "" });
    if (interval.text !== undefined) intervals.push(interval);
    at = interval.end_ms;
  }
  return intervals;
}

/** Return subtitles: a cue for each sentence or segment of a document. */
export function subRip(document) {
  return apart(spoken(document[SENTENCES])).map(({ start_ms, end_ms, text }, i) =>
    `${i + 1}\n${subtitleTime(start_ms)} --> ${subtitleTime(end_ms)}\n${text.replaceAll("-->", "->")}\n\n`,
  ).join("");
}

function subtitleTime(ms) {
  const [clock, decimals] = clockText(ms / 1000, 3).split(".");
  const parts = clock.split(":").map((part) => part.padStart(2, "0"));
  return `${["00", ...parts].slice(-3).join(":")},${decimals}`;
}

/** Return spans that have text, each on one line, with their times in milliseconds. */
function spoken(spans) {
  return spans.map((span) => ({
    start_ms: Math.round(span[START] * 1000),
    end_ms: Math.round(span[END] * 1000),
    text: (span.text ?? span.token).replace(/[\s\p{Cc}]+/gu, " ").trim(),
  })).filter((span) => span.text !== "");
}

/** Return intervals one after the other, none without length, as formats/intervals.py does. */
function apart(spans, limit_ms = Infinity) {
  const starts = [];
  spans.forEach((span, i) => {
    const earliest = i === 0 ? 0 : starts[i - 1] + 1;
    starts.push(Math.max(earliest, Math.min(span.start_ms, limit_ms - (spans.length - i))));
  });
  return spans.map((span, i) => ({
    start_ms: starts[i],
    end_ms: Math.max(starts[i] + 1, Math.min(span.end_ms, starts[i + 1] ?? limit_ms)),
    text: span.text,
  }));
}
