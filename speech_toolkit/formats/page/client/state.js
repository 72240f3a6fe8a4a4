// What the reader has picked: a word, and a stretch of time to be played again and again.
import { words } from "./result.js";
import { Signal } from "./signal.js";

export const picked = { word: null, stretch: null };
export const pickedChanged = new Signal();

export function pickWord(word) {
  picked.word = word === null ? null : words[word.index];
  pickedChanged.send();
}

export function pickStretch(start, end) {
  picked.stretch = end - start > 0.01 ? { start, end } : null;
  pickedChanged.send();
}

export function pickNothing() {
  picked.word = null;
  picked.stretch = null;
  pickedChanged.send();
}
