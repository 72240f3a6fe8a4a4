// The list of words worth a look, some at a time.
import { byId } from "./data.js";
import { words } from "./result.js";
import { REASONS, reviewChanged, wordsWorthALook } from "./review.js";
import { picked, pickedChanged } from "./state.js";
import { clockText, languageChanged, text } from "./texts.js";
import { goToWord } from "./word-panel.js";

const AT_ONCE = 60;
const AROUND_S = 0.4; // heard before and after a word that is to be judged

let wanted = null; // one reason, null for all
let room = AT_ONCE;
let isDue = false;

const list = byId("review-list");

/** Go to the next word worth a look in time (1), or to the one before (-1). */
export function goToReview(step) {
  const inTime = chosen().map((entry) => entry.word).sort((a, b) => a.start - b.start || a.index - b.index);
  const from = picked.word ?? { start: step > 0 ? -1 : Infinity, index: -1 };
  const isBeyond = (word) => {
    const ahead = word.start - from.start || word.index - from.index;
    return step > 0 ? ahead > 0 : ahead < 0;
  };
  const next = step > 0 ? inTime.find(isBeyond) : inTime.findLast(isBeyond);
  goToWord(next ?? null, { plays: true, around_s: AROUND_S });
}

export function showReview() {
  isDue = false;
  const entries = chosen();
  byId("review-count").textContent = text("worth_count", {
    count: wordsWorthALook().length, words: words.length,
  });
  byId("review-kinds").replaceChildren(...kindButtons());
  list.replaceChildren(...entries.slice(0, room).map(reviewItem));
  byId("review-more").hidden = entries.length <= room;
  byId("review-none").hidden = wordsWorthALook().length > 0;
}

function chosen() {
  return wordsWorthALook().filter((entry) => wanted === null || entry.reason === wanted);
}

function kindButtons() {
  const counts = Object.fromEntries(REASONS.map((reason) => [reason, 0]));
  for (const entry of wordsWorthALook()) counts[entry.reason] += 1;
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

function reviewItem({ word, reason }) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.dataset.index = word.index;
  button.classList.toggle("picked", picked.word === word);
  const parts = { time: clockText(word.start, 1), b: word.text, small: detail(word, reason) };
  for (const [name, content] of Object.entries(parts)) {
    const part = document.createElement(name);
    part.textContent = content;
    button.append(part);
  }
  button.querySelector("b").dir = "auto";
  button.addEventListener("click", () => goToWord(word, { plays: true, around_s: AROUND_S }));
  item.append(button);
  return item;
}

function detail(word, reason) {
  const figure = reason === "low" ? word.probability.toFixed(2)
    : reason === "long" || reason === "short" ? `${(word.end - word.start).toFixed(2)} s` : "";
  return `${text(`kind_${reason}`)} ${figure}`.trim();
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
