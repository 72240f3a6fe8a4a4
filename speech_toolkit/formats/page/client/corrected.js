// The result with the corrections in it, in the form that it came in. What was corrected is marked
// by "corrected": true; the figures of the model beside it stay those of what the model found.
import { END, SENTENCES, START, groups, isAlignment, isCorrected, originals, source, spanOf, words } from "./result.js";

export function correctedDocument() {
  const copy = structuredClone(source);
  const changed = words.filter((word) => isCorrected(word.index));
  if (changed.length === 0) return copy;
  if (isAlignment) placeCharacters(copy, changed);
  for (const word of changed) putWord(copy[word.list][word.place], word);
  changeSentences(copy, changed);
  if (!isAlignment) rewriteText(copy);
  return copy;
}

function putWord(span, word) {
  Object.assign(span, { text: word.text, [START]: rounded(word.start), [END]: rounded(word.end) });
  span.corrected = true;
}

function rounded(seconds) {
  return Math.round(seconds * 10_000) / 10_000;
}

/** Give sentences the text and the times that follow from their words'. */
function changeSentences(copy, changed) {
  const indices = new Set(changed.map((word) => word.index));
  const characters = isAlignment ? Array.from(copy.transcript) : null;
  for (const group of groups) {
    if (group.index === null || words[group.first].list === SENTENCES) continue;
    const own = words.slice(group.first, group.last);
    const sentence = copy[SENTENCES][group.index];
    if (isAlignment) {
      sentence.text = characters.slice(sentence.start_char, sentence.end_char).join("");
    }
    if (!own.some((word) => indices.has(word.index))) continue;
    if (!isAlignment) sentence.text = replacedText(sentence.text, group);
    const { start, end } = spanOf(own);
    Object.assign(sentence, { [START]: rounded(start), [END]: rounded(end) });
    sentence.corrected = true;
  }
}

/** Return a segment's text with the words as they are now in the places of what they were. */
function replacedText(segmentText, group) {
  let made = "";
  let at = 0;
  for (let index = group.first; index < group.last; index += 1) {
    const was = originals[index].text;
    const found = segmentText.indexOf(was, at);
    if (found < 0) continue;
    made += segmentText.slice(at, found) + words[index].text;
    at = found + was.length;
  }
  return made + segmentText.slice(at);
}

/** Put segments as they are now in the places that they had in the whole text. */
function rewriteText(copy) {
  let made = "";
  let at = 0;
  copy.segments.forEach((segment, index) => {
    const was = source.segments[index].text;
    const found = source.text.indexOf(was, at);
    if (found < 0) return;
    made += source.text.slice(at, found) + segment.text;
    at = found + was.length;
  });
  copy.text = made + source.text.slice(at);
}

/**
 * Put corrected words in the transcript, shift the characters of all that follows, and stretch the
 * letters of words that were moved. The letters of a word with another text are no longer true.
 */
function placeCharacters(copy, changed) {
  const edits = changed.filter((word) => word.text !== originals[word.index].text)
    .map((word) => ({ ...charactersOf(source[word.list][word.place]), text: Array.from(word.text) }))
    .sort((a, b) => a.first - b.first);
  const stretched = changed.map((word) => ({ word, ...charactersOf(source[word.list][word.place]) }));
  const isGone = (label) => edits.some((edit) => isWithin(label, edit));
  copy.segments = copy.segments.filter((label) => !isGone(label));
  for (const label of copy.segments) {
    const moved = stretched.find((span) => isWithin(label, span));
    if (moved !== undefined) stretch(label, originals[moved.word.index], moved.word);
  }
  const characters = Array.from(copy.transcript);
  for (const edit of edits.toReversed()) {
    characters.splice(edit.first, edit.last - edit.first, ...edit.text);
  }
  copy.transcript = characters.join("");
  for (const span of [...copy.segments, ...copy.words, ...copy.sentences, ...(copy.quality?.not_spoken ?? [])]) shift(span, edits);
}

function charactersOf(span) {
  return { first: span.start_char, last: span.end_char };
}

function isWithin(label, { first, last }) {
  return label.start_char >= first && label.start_char < last;
}

function shift(span, edits) {
  let [byStart, byEnd] = [0, 0];
  for (const edit of edits) {
    const grown = edit.text.length - (edit.last - edit.first);
    if (edit.last <= span.start_char) byStart += grown;
    if (edit.last <= span.end_char) byEnd += grown;
  }
  span.start_char += byStart;
  span.end_char += byEnd;
}

/** Move the times of a letter as those of its word were moved. */
function stretch(label, was, now) {
  const length = was.end - was.start;
  const scale = length > 0 ? (now.end - now.start) / length : 0;
  for (const key of [START, END]) {
    label[key] = rounded(now.start + (label[key] - was.start) * scale);
  }
}
