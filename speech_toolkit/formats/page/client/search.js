// Finding words: across their limits, without regard to case and accents.
import { words, wordsChanged } from "./result.js";
import { Signal } from "./signal.js";

const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

export const matches = { query: "", found: [], at: -1, marked: new Set() };
export const matchesChanged = new Signal();

/** Look for a text; found are {first, last}, indices of words. */
export function searchFor(query) {
  matches.query = query;
  matches.found = plain(query).trim() === "" ? [] : findAll(query);
  matches.at = -1;
  matches.marked = new Set();
  for (const { first, last } of matches.found) {
    for (let index = first; index <= last; index += 1) matches.marked.add(index);
  }
  matchesChanged.send();
}

/** Go on to the next match (1) or back (-1) and return its first word, null where there is none. */
export function nextMatch(step) {
  const count = matches.found.length;
  if (count === 0) return null;
  const from = matches.at < 0 && step < 0 ? 0 : matches.at;
  matches.at = (from + step + count) % count;
  matchesChanged.send();
  return words[matches.found[matches.at].first];
}

function findAll(query) {
  const space = UNSPACED.test(query) ? "" : " ";
  const wanted = plain(query).trim().split(/\s+/).join(space);
  const starts = [];
  let joined = "";
  for (const word of words) {
    starts.push(joined.length);
    joined += plain(word.text).split(/\s+/).join(space) + space;
  }
  const found = [];
  let first = 0;
  for (let at = joined.indexOf(wanted); at >= 0; at = joined.indexOf(wanted, at + 1)) {
    while (first + 1 < starts.length && starts[first + 1] <= at) first += 1;
    let last = first;
    while (last + 1 < starts.length && starts[last + 1] < at + wanted.length) last += 1;
    if (found.at(-1)?.first !== first) found.push({ first, last });
  }
  return found;
}

function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

wordsChanged.listen(() => {
  if (matches.query !== "") searchFor(matches.query);
});
