// The text, in rows of which only those near the screen hold their words.
import { byId } from "./data.js";
import { heardTime, isPlaying, playFrom, playerMoved } from "./player.js";
import { missingAfter, repeatedText, unspokenness } from "./quality.js";
import { confidence, groups, isCorrected, originals, wordAt, words, wordsChanged } from "./result.js";
import { reasonOf } from "./review.js";
import { matches, matchesChanged } from "./search.js";
import { picked, pickedChanged, pickStretch, pickWord } from "./state.js";
import { clockText, languageChanged, text } from "./texts.js";
import { approach, reveal } from "./timeline.js";

const WORDS_A_ROW = 40;
const NEAR = "800px 0px";
const LEFT_ALONE_MS = 4000; // after the reader scrolled, playing does not scroll

const box = byId("transcript-rows");
const separators = textBetweenWords();
const rows = groups.flatMap(rowsOfGroup);
const rowOf = new Int32Array(words.length);
let current = null; // the word that is heard
let scrolledAt = -LEFT_ALONE_MS;

const observer = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const row = rows[entry.target.dataset.row];
    row.isNear = entry.isIntersecting;
    if (row.isNear) fillRow(row);
    else emptyRow(row);
  }
}, { rootMargin: NEAR });

/** Put all rows in place, empty. */
export function openTranscript() {
  rows.forEach((row, number) => {
    row.element = document.createElement("div");
    row.element.className = row.opens ? "row opens" : "row";
    row.element.dataset.row = number;
    row.element.dir = "auto";
    rowOf.fill(number, row.first, row.last);
    const letters = separators[row.last - 1].end - separators[row.first].start;
    row.element.style.minHeight = `${Math.ceil((letters * 9 + 60) / box.clientWidth) * 28}px`;
    box.append(row.element);
    observer.observe(row.element);
  });
}

/** Bring a word's row on the screen. */
export function scrollToWord(word) {
  const row = rows[rowOf[word.index]];
  fillRow(row);
  const { top, bottom } = row.element.getBoundingClientRect();
  const ceiling = byId("player").getBoundingClientRect().bottom;
  if (top >= ceiling && bottom <= innerHeight) return;
  const middle = (ceiling + innerHeight) / 2;
  scrollBy({ top: (top + bottom) / 2 - middle, behavior: "auto" });
}

/** Bring speech that the text lacks on the screen everywhere, and play it with what is around it. */
export function goToStretch(stretch, around_s = 0) {
  pickWord(null);
  pickStretch(stretch.start, stretch.end);
  approach(stretch.start, stretch.end);
  scrollToWord(words[Math.max(stretch.after, 0)]);
  playFrom(Math.max(stretch.start - around_s, 0), stretch.end + around_s);
}

function rowsOfGroup(group) {
  const made = [];
  for (let first = group.first; first < group.last; first += WORDS_A_ROW) {
    const last = Math.min(first + WORDS_A_ROW, group.last);
    made.push({ first, last, opens: first === group.first, isNear: false, isFilled: false });
  }
  return made;
}

/** Return for each word what stands before it, and where it is in its sentence. */
function textBetweenWords() {
  const made = [];
  for (const group of groups) {
    let at = 0;
    for (let index = group.first; index < group.last; index += 1) {
      const word = originals[index].text;
      const found = group.text === null ? -1 : group.text.indexOf(word, at);
      const start = found < 0 ? at + 1 : found;
      const isFirst = index === group.first;
      made.push({ before: isFirst ? "" : found < 0 ? " " : group.text.slice(at, found), start, end: start + word.length });
      at = start + word.length;
    }
  }
  return made;
}

function fillRow(row) {
  if (row.isFilled) return;
  row.isFilled = true;
  const parts = [];
  if (row.opens) parts.push(timeLabel(words[row.first]));
  if (row.first === 0) parts.push(...missingAfter(-1).map(missingElement));
  for (let index = row.first; index < row.last; index += 1) {
    parts.push(separators[index].before, wordElement(words[index]));
    parts.push(...missingAfter(index).map(missingElement));
  }
  row.element.style.minHeight = "";
  row.element.replaceChildren(...parts);
}

function emptyRow(row) {
  if (!row.isFilled) return;
  row.isFilled = false;
  row.element.style.minHeight = `${row.element.offsetHeight}px`;
  row.element.replaceChildren();
}

function timeLabel(word) {
  const label = document.createElement("time");
  label.textContent = clockText(word.start, 1);
  return label;
}

function wordElement(word) {
  const element = document.createElement("span");
  element.textContent = word.text;
  element.dataset.word = word.index;
  styleWord(element, word);
  return element;
}

/** Return a mark where speech is that the text lacks, with what was heard. */
function missingElement(stretch) {
  const element = document.createElement("button");
  const again = repeatedText(stretch);
  element.className = "missing";
  element.textContent = again === null ? stretch.heard || "…" : `↺ ${again}`;
  element.dir = "auto";
  element.title = `${clockText(stretch.start)} – ${clockText(stretch.end)}\n`
    + text(again === null ? "missing_here" : "repeated_here", stretch);
  element.addEventListener("click", () => goToStretch(stretch));
  return element;
}

function styleWord(element, word) {
  const reason = reasonOf(word);
  const states = {
    corrected: isCorrected(word.index),
    look: reason !== null,
    unspoken: unspokenness(word) !== null && !isCorrected(word.index),
    heard: current === word,
    picked: picked.word === word,
    match: matches.marked.has(word.index),
  };
  const named = Object.keys(states).filter((name) => states[name]);
  element.className = ["word", confidence(word), ...named].join(" ");
  const sure = word.sureness === null ? text("unknown") : word.sureness.toFixed(2);
  element.title = `${clockText(word.start)} – ${clockText(word.end)}\n${text("confidence")} ${sure}`
    + (reason === null ? "" : `\n${text(`reason_${reason}`)}`);
}

function restyle(word) {
  if (word === null) return;
  const element = box.querySelector(`[data-word="${word.index}"]`);
  if (element !== null) styleWord(element, word);
}

function refill() {
  for (const row of rows) {
    if (!row.isFilled) continue;
    row.isFilled = false;
    fillRow(row);
  }
}

function followHeard(time) {
  const word = wordAt(time);
  if (word === current) return;
  const left = current;
  current = word;
  restyle(left);
  restyle(current);
  const isLeftAlone = performance.now() - scrolledAt < LEFT_ALONE_MS;
  if (current !== null && isPlaying() && !isLeftAlone) scrollToWord(current);
}

box.addEventListener("click", (event) => {
  const element = event.target.closest("[data-word]");
  if (element === null || String(getSelection()) !== "") return;
  const word = words[element.dataset.word];
  pickWord(word);
  reveal(word.start, word.end);
  playFrom(word.start);
});

for (const name of ["wheel", "touchmove"]) {
  addEventListener(name, () => (scrolledAt = performance.now()), { passive: true });
}

playerMoved.listen(followHeard);
languageChanged.listen(refill);
matchesChanged.listen(refill);
pickedChanged.listen(() => {
  for (const element of box.querySelectorAll(".picked")) element.classList.remove("picked");
  restyle(picked.word);
});
wordsChanged.listen((indices) => {
  const changed = new Set(indices.flatMap((index) => [index, index + 1]).map((i) => rowOf[i]));
  for (const number of changed) {
    const row = rows[number];
    if (row?.isFilled) {
      row.isFilled = false;
      fillRow(row);
    }
  }
  followHeard(heardTime());
});
