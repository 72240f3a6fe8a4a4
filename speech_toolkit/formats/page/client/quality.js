// Where text and audio disagree: words that were probably not spoken, and speech that the text lacks.
import { source, words } from "./result.js";

const TOUCHING_S = 0.05;

export const quality = source.quality ?? null;

const indices = []; // of words, by their places in the list of the result
for (const { index, list, place } of words) if (list === "words") indices[place] = index;

/** Speech that the text lacks: {start, end, heard, repeats, confidence, after}; in order of time. */
export const missing = (quality?.not_in_transcript ?? []).map((stretch) => ({
  start: stretch.start_time, end: stretch.end_time, heard: stretch.heard,
  repeats: stretch.repeats, confidence: stretch.confidence, after: indices[stretch.after_word] ?? -1,
}));

const unspoken = new Map(); // by the index of a word: how sure that is
for (const { first_word, end_word, confidence } of quality?.not_spoken ?? []) {
  for (const index of indices.slice(first_word, end_word)) unspoken.set(index, confidence);
}

const missingByWord = new Map();
for (const stretch of missing) {
  missingByWord.set(stretch.after, [...(missingByWord.get(stretch.after) ?? []), stretch]);
}

/** Return how sure it is that a word was not spoken, null where it probably was. */
export function unspokenness(word) {
  return unspoken.get(word.index) ?? null;
}

/** Return the missing speech that follows a word; -1 for that before the first. */
export function missingAfter(index) {
  return missingByWord.get(index) ?? [];
}

/** Return the words that a stretch says again; null where it is new. */
export function repeatedText({ repeats }) {
  return repeats && source.words.slice(...repeats).map((word) => word.text).join(" ");
}

/** Where in time text and audio disagree, each with the name of its colour. */
export const disagreements = [];
for (const { first_word, start_time: start, end_time: end } of quality?.not_spoken ?? []) {
  if (!words[indices[first_word]].isSpoken) continue; // repaired: others are there now
  const before = disagreements.at(-1);
  if (before !== undefined && start - before.end < TOUCHING_S) before.end = end;
  else disagreements.push({ start, end, tint: "low" });
}
for (const { start, end } of missing) disagreements.push({ start, end, tint: "missing" });
