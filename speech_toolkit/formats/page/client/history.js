// Corrections one after the other, each of which can be taken back.
import { setWords, words } from "./result.js";
import { Signal } from "./signal.js";

const MERGED_MS = 800; // steps of one kind within this time are taken back as one

export const historyChanged = new Signal();

let done = [];
let undone = [];
let saved = null; // the last correction that was in a download
let last = { kind: null, at: 0 };

/** Return what words are now, to be given to record() once they are changed. */
export function snapshot(indices) {
  return indices.map((index) => ({ ...words[index] }));
}

/** Keep a correction that was made already; without a difference there is none. */
export function record(before, kind = null) {
  const after = snapshot(before.map((word) => word.index));
  if (before.every((word, i) => sameWord(word, after[i]))) return;
  const now = performance.now();
  const merges = kind !== null && kind === last.kind && now - last.at < MERGED_MS && done.length > 0;
  last = { kind, at: now };
  const opening = merges ? done.pop().before : before;
  done.push({ before: opening, after });
  undone = [];
  historyChanged.send();
}

/** Change words as one correction; steps of the same kind in quick succession are one. */
export function correct(changes, kind = null) {
  const before = snapshot(changes.map((change) => change.index));
  setWords(changes);
  record(before, kind);
}

export function undo() {
  return travel(done, undone, "before");
}

export function redo() {
  return travel(undone, done, "after");
}

export const canUndo = () => done.length > 0;
export const canRedo = () => undone.length > 0;
export const isUnsaved = () => (done.at(-1) ?? null) !== saved;

export function markSaved() {
  saved = done.at(-1) ?? null;
  last = { kind: null, at: 0 };
  historyChanged.send();
}

/** Move one correction over and return the index of its first word, null where there is none. */
function travel(from, to, side) {
  const correction = from.pop();
  if (correction === undefined) return null;
  to.push(correction);
  last = { kind: null, at: 0 };
  setWords(correction[side]);
  historyChanged.send();
  return correction[side][0].index;
}

function sameWord(one, other) {
  return one.text === other.text && one.start === other.start && one.end === other.end;
}
