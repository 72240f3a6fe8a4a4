// The list of words worth a look, some at a time.
import { byId } from "./data.js";
import { words } from "./result.js";
import { missing } from "./quality.js";
import { REASONS, reviewChanged, wordsWorthALook, worthALook } from "./review.js";
import { picked, pickedChanged } from "./state.js";
import { clockText, languageChanged, text } from "./texts.js";
import { goToStretch } from "./transcript.js";
import { goToWord } from "./word-panel.js";

const AT_ONCE = 60;
const LENGTHS = ["long", "short", "missing"]; // reasons of which the length is told
const AROUND_S = 0.4; // heard before and after a word that is to be judged

let wanted = null; // one reason, null for all
let room = AT_ONCE;
let isDue = false;

const list = byId("review-list");

/** Go to the next word worth a look in time (1), or to the one before (-1). */
export function goToReview(step) {
  const indexOf = (entry) => entry.word?.index ?? entry.stretch.after;
  const inTime = chosen().sort((a, b) => a.start - b.start || indexOf(a) - indexOf(b));
  const from = picked.word ?? picked.stretch ?? { start: step > 0 ? -1 : Infinity };
  const isBeyond = (entry) => {
    const ahead = entry.start - from.start || (from.index === undefined ? 0 : indexOf(entry) - from.index);
    return step > 0 ? ahead > 0 : ahead < 0;
  };
  const next = step > 0 ? inTime.find(isBeyond) : inTime.findLast(isBeyond);
  if (next !== undefined) goTo(next);
}

function goTo({ word, stretch }) {
  if (word === null) goToStretch(stretch, AROUND_S);
  else goToWord(word, { plays: true, around_s: AROUND_S });
}

export function showReview() {
  isDue = false;
  const entries = chosen();
  const counted = text("worth_count", { count: wordsWorthALook().length, words: words.length });
  byId("review-count").textContent = missing.length === 0 ? counted
    : `${counted} · ${text("missing_count", { count: missing.length })}`;
  byId("review-kinds").replaceChildren(...kindButtons());
  list.replaceChildren(...entries.slice(0, room).map(reviewItem));
  byId("review-more").hidden = entries.length <= room;
  byId("review-none").hidden = worthALook().length > 0;
}

function chosen() {
  return worthALook().filter((entry) => wanted === null || entry.reason === wanted);
}

function kindButtons() {
  const counts = Object.fromEntries(REASONS.map((reason) => [reason, 0]));
  for (const entry of worthALook()) counts[entry.reason] += 1;
  const kinds = REASONS.filter((reason) => counts[reason] > 0);
  if (!kinds.includes(wanted)) wanted = null;
  return kinds.length < 2 ? [] : [null, ...kinds].map((kind) => {
    const button = document.createElement("button");
    button.className = "chip";
    button.setAttribute("aria-pressed", String(kind === wanted));
    button.textContent = kind === null ? text("all") : `${text(`kind_${kind}`)} ${counts[kind]}`;
    button.addEventListener("click", () => {
      wanted = kind;
      room = AT_ONCE;
      showReview();
    });
    return button;
  });
}

function reviewItem(entry) {
  const { word, start, text: shown } = entry;
  const item = document.createElement("li");
  const button = document.createElement("button");
  if (word !== null) button.dataset.index = word.index;
  button.classList.toggle("picked", word !== null && picked.word === word);
  const parts = { time: clockText(start, 1), b: shown, small: detail(entry) };
  for (const [name, content] of Object.entries(parts)) {
    const part = document.createElement(name);
    part.textContent = content;
    button.append(part);
  }
  button.querySelector("b").dir = "auto";
  button.addEventListener("click", () => goTo(entry));
  item.append(button);
  return item;
}

function detail({ word, stretch, reason, start, end }) {
  const figure = reason === "low" ? word.sureness.toFixed(2)
    : LENGTHS.includes(reason) ? `${(end - start).toFixed(2)} s` : "";
  const kind = stretch?.repeats ? "repeated" : reason;
  return `${text(`kind_${kind}`)} ${figure}`.trim();
}

function showReviewSoon() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(showReview);
}

byId("review-more").addEventListener("click", () => {
  room += AT_ONCE;
  showReview();
});
reviewChanged.listen(showReviewSoon);
languageChanged.listen(showReviewSoon);
pickedChanged.listen(() => {
  for (const button of list.querySelectorAll("button")) {
    button.classList.toggle("picked", Number(button.dataset.index) === picked.word?.index);
  }
});
