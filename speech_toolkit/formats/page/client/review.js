// Which words are worth a look, and why; and where there is speech without words.
import { missing, repeatedText, unspokenness } from "./quality.js";
import { confidence, isCorrected, originals, words, wordsChanged } from "./result.js";
import { Signal } from "./signal.js";

export const REASONS = ["unspoken", "missing", "no_length", "overlap", "long", "short", "low"];
const OVERLAP_S = 0.001;
const NO_LENGTH_S = 0.001;
const LONG = { factor: 4, extra_s: 0.5 }; // against what is usual for its letters
const SHORT = { factor: 0.15, least_s: 0.03 };

export const reviewChanged = new Signal();

const letterCounts = new Map(); // by text: all words are judged anew at every correction
const usualLetter_s = usualLetter();
let judged = null;
let entries = null;

/** Return {word, reason, weight} of all words worth a look, in order. */
export function wordsWorthALook() {
  judged ??= words.map(judge).filter((entry) => entry !== null);
  return judged;
}

/**
 * Return what there is to look at, the most telling first: {reason, weight, start, end, text} with
 * a word, or with a stretch that has none. Words that were not spoken, one after the other, are one.
 */
export function worthALook() {
  entries ??= [...inRuns(wordsWorthALook()), ...missing.map(lookAtMissing)]
    .sort((a, b) => REASONS.indexOf(a.reason) - REASONS.indexOf(b.reason) || b.weight - a.weight);
  return entries;
}

function inRuns(some) {
  const runs = [];
  for (const { word, reason, weight } of some) {
    const { text, start, end } = word;
    const before = runs.at(-1);
    const goesOn = reason === "unspoken" && before?.reason === reason && before.last === word.index - 1;
    if (!goesOn) runs.push({ word, reason, weight, start, end, text, last: word.index });
    else {
      Object.assign(before, {
        weight: before.weight + weight, end, text: `${before.text} ${text}`, last: word.index,
      });
    }
  }
  return runs;
}

function lookAtMissing(stretch) {
  const { start, end, heard, repeats, confidence: weight } = stretch;
  const text = repeats === null ? heard : repeatedText(stretch);
  return { word: null, stretch, reason: "missing", weight, start, end, text };
}

/** Return why a word is worth a look, null where it is not. */
export function reasonOf(word) {
  return judge(word)?.reason ?? null;
}

function judge(word) {
  const length_s = word.end - word.start;
  const entry = (reason, weight) => ({ word, reason, weight });
  if (unspokenness(word) !== null && !isCorrected(word.index)) return entry("unspoken", unspokenness(word));
  if (!word.isSpoken) return null; // it is meant to be silent
  if (length_s < NO_LENGTH_S) return entry("no_length", 0);
  const overlap = overlapWithBefore(word);
  if (overlap > OVERLAP_S) return entry("overlap", overlap);
  const usual_s = usualLetter_s * letterCount(word.text);
  if (length_s > LONG.factor * usual_s + LONG.extra_s) return entry("long", length_s / usual_s);
  if (length_s < Math.max(SHORT.factor * usual_s, SHORT.least_s)) {
    return entry("short", usual_s / length_s);
  }
  const isDoubtful = confidence(word) === "low" && !isCorrected(word.index);
  return isDoubtful ? entry("low", 1 - word.sureness) : null;
}

/** Return by how many seconds a word begins before the one before it has ended. */
function overlapWithBefore(word) {
  const before = words[word.index - 1];
  return before === undefined ? 0 : before.end - word.start;
}

function letterCount(text) {
  if (!letterCounts.has(text)) {
    letterCounts.set(text, Math.max(1, (text.match(/[\p{L}\p{N}]/gu) ?? []).length));
  }
  return letterCounts.get(text);
}

function usualLetter() {
  const lengths = originals.filter((word) => word.end > word.start)
    .map((word) => (word.end - word.start) / letterCount(word.text)).sort((a, b) => a - b);
  return lengths[lengths.length >> 1] ?? 0.1;
}

wordsChanged.listen(() => {
  judged = null;
  entries = null;
  reviewChanged.send();
});
