// The words as they stand now: what the model found, with the reader's corrections. Where a segment
// has no words with times, it stands for them as if it were one.
import { page } from "./data.js";
import { Signal } from "./signal.js";

export const source = page.document;
export const isAlignment = page.task === "alignment";
export const START = isAlignment ? "start_time" : "start_s";
export const END = isAlignment ? "end_time" : "end_s";
export const SENTENCES = isAlignment ? "sentences" : "segments";
export const sourceDuration = source.audio_duration ?? source.audio_duration_s;

export const wordsChanged = new Signal(); // with the indices of those that changed

export const groups = []; // sentences or segments as {first, last, text, index}: words first to last - 1
export const words = makeWords();
export const originals = words.map((word) => ({ ...word }));
export const groupOf = new Int32Array(words.length);
groups.forEach((group, index) => groupOf.fill(index, group.first, group.last));

let order = null; // indices by start, made when it is needed
let latestEnds = null; // of all words up to each place in the order

/** Return the words in order, each with the list and the place that it comes from. */
function makeWords() {
  const made = [];
  const add = (list, place) => {
    const item = source[list][place];
    made.push({
      index: made.length, text: item.text, start: item[START], end: item[END],
      sureness: item.confidence ?? item.probability ?? likelihood(item),
      isSpoken: item.spoken !== false, list, place,
    });
  };
  let next = 0;
  page.segment_sizes.forEach((size, index) => {
    const first = made.length;
    if (size === 0) add(SENTENCES, index);
    for (let i = 0; i < size; i += 1) add("words", next + i);
    next += size;
    groups.push({ first, last: made.length, text: source[SENTENCES][index].text, index });
  });
  const rest = made.length;
  for (; next < source.words.length; next += 1) add("words", next);
  if (rest < made.length) groups.push({ first: rest, last: made.length, text: null, index: null });
  return made;
}

function likelihood(segment) {
  return segment.avg_logprob === undefined ? null : Math.exp(segment.avg_logprob);
}

/** Return how sure the model is: low, middle, high, or unknown. */
export function confidence(word) {
  const [low, high] = page.confidence_limits;
  if (word.sureness === null) return "unknown";
  if (word.sureness < low) return "low";
  return word.sureness < high ? "middle" : "high";
}

export function isCorrected(index) {
  const [now, then] = [words[index], originals[index]];
  return now.text !== then.text || now.start !== then.start || now.end !== then.end;
}

/** Set text, start or end of words: changes are {index, text, start, end}. */
export function setWords(changes) {
  for (const change of changes) Object.assign(words[change.index], change);
  order = null;
  wordsChanged.send(changes.map((change) => change.index));
}

function sortWords() {
  order = words.map((word) => word.index);
  order.sort((a, b) => words[a].start - words[b].start || a - b);
  let latest = 0;
  latestEnds = order.map((index) => (latest = Math.max(latest, words[index].end)));
}

/** Return the place in the order of the first word that begins after a time. */
function placeAfter(time) {
  if (order === null) sortWords();
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (words[order[middle]].start <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Return the words that reach into a stretch of time, in the order of their starts. */
export function wordsBetween(start, end) {
  const last = placeAfter(end);
  let [low, high] = [0, last];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (latestEnds[middle] < start) low = middle + 1;
    else high = middle;
  }
  const reached = [];
  for (let place = low; place < last; place += 1) {
    const word = words[order[place]];
    if (word.end >= start) reached.push(word);
  }
  return reached;
}

/** Return the word that is spoken at a time, the one that began last where several are. */
export function wordAt(time) {
  for (let place = placeAfter(time) - 1; place >= 0; place -= 1) {
    if (words[order[place]].end > time) return words[order[place]];
    if (latestEnds[place] <= time) break;
  }
  return null;
}

/** Return from when to when some words last. */
export function spanOf(some) {
  return some.reduce(
    ({ start, end }, word) => ({ start: Math.min(start, word.start), end: Math.max(end, word.end) }),
    { start: Infinity, end: 0 },
  );
}

/** Return the word before or after another in time. */
export function neighbour(word, step) {
  if (order === null) sortWords();
  return words[order[order.indexOf(word.index) + step]] ?? null;
}
