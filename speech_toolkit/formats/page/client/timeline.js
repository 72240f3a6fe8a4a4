// Which stretch of time is on the screen.
import { page } from "./data.js";
import { sourceDuration, words } from "./result.js";
import { Signal } from "./signal.js";

const SHORTEST_SPAN_S = 0.05;
const FIRST_SPAN_S = 12;
const FAR_S = 40; // too much to see a word in
const NEAR_S = 4;

export const beginning = page.start_s; // of the part of the recording that there is a result of
export const ending = Math.max(
  beginning + (page.audio?.duration_s ?? 0),
  beginning + sourceDuration,
  words.reduce((latest, word) => Math.max(latest, word.end), 0),
  beginning + SHORTEST_SPAN_S,
);
const LONGEST_SPAN_S = ending - beginning;
export const timelineChanged = new Signal();

/** The stretch: read it, change it by the functions below. */
export const shown = { start: beginning, end: ending };

export function showSpan(start, end) {
  const span = Math.min(Math.max(end - start, SHORTEST_SPAN_S), LONGEST_SPAN_S);
  shown.start = Math.min(Math.max(start, beginning), ending - span);
  shown.end = shown.start + span;
  timelineChanged.send();
}

export function showOpening(width) {
  showSpan(beginning, beginning + Math.max(4, (FIRST_SPAN_S * width) / 1200));
}

export function pan(seconds) {
  showSpan(shown.start + seconds, shown.end + seconds);
}

/** Show more (factor above 1) or less time; the anchor stays where it is. */
export function zoomBy(factor, anchor = (shown.start + shown.end) / 2) {
  const span = Math.min(Math.max((shown.end - shown.start) * factor, SHORTEST_SPAN_S), LONGEST_SPAN_S);
  const part = (anchor - shown.start) / (shown.end - shown.start);
  showSpan(anchor - part * span, anchor + (1 - part) * span);
}

/** Move so that a stretch is on the screen, where it is not. */
export function reveal(start, end) {
  if (start >= shown.start && end <= shown.end) return;
  const span = shown.end - shown.start;
  if (end - start > span) showSpan(start, end);
  else showSpan((start + end - span) / 2, (start + end + span) / 2);
}

/** Move to a stretch, and show so little around it that it can be corrected. */
export function approach(start, end) {
  if (shown.end - shown.start > FAR_S) showSpan(start - NEAR_S, end + NEAR_S);
  else reveal(start, end);
}

/** Turn the page where the time that is played has left the screen. */
export function follow(time) {
  const span = shown.end - shown.start;
  if (time < shown.start || time > shown.end - span * 0.02) {
    showSpan(time - span * 0.1, time + span * 0.9);
  }
}
