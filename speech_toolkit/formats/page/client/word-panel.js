// The picked word: its text and times, to be read and corrected.
import { typedTimes } from "./boundaries.js";
import { byId } from "./data.js";
import { correct } from "./history.js";
import { playFrom } from "./player.js";
import { confidence, neighbour, originals, isCorrected, words, wordsChanged } from "./result.js";
import { reasonOf } from "./review.js";
import { picked, pickedChanged, pickWord } from "./state.js";
import { languageChanged, text } from "./texts.js";
import { approach } from "./timeline.js";
import { scrollToWord } from "./transcript.js";

const panel = byId("word-panel");
const fields = { text: byId("word-text"), start: byId("word-start"), end: byId("word-end") };

/** Pick a word and bring it on the screen everywhere; play it where that is asked for. */
export function goToWord(word, { plays = false, around_s = 0 } = {}) {
  if (word === null) return;
  pickWord(word);
  approach(word.start, word.end);
  scrollToWord(word);
  if (plays) playFrom(Math.max(word.start - around_s, 0), word.end + around_s);
}

export function playPickedWord() {
  if (picked.word !== null) playFrom(picked.word.start, picked.word.end);
}

export function goToNeighbour(step) {
  goToWord(picked.word === null ? words[0] ?? null : neighbour(picked.word, step), { plays: true });
}

export function editPickedWord() {
  if (picked.word === null) return;
  fields.text.focus();
  fields.text.select();
}

export function restorePickedWord() {
  if (picked.word !== null) correct([{ ...originals[picked.word.index] }]);
}

function showPicked() {
  const word = picked.word;
  panel.classList.toggle("empty", word === null);
  for (const element of panel.querySelectorAll("input, button")) element.disabled = word === null;
  byId("word-note").textContent = word === null ? text("pick_a_word") : noteOn(word);
  fields.text.value = word?.text ?? "";
  fields.start.value = word?.start.toFixed(3) ?? "";
  fields.end.value = word?.end.toFixed(3) ?? "";
  if (word !== null) byId("word-restore").disabled = !isCorrected(word.index);
}

function noteOn(word) {
  const sure = word.sureness === null ? text("unknown") : word.sureness.toFixed(2);
  const parts = [`${text("confidence")} ${sure} (${text(confidence(word))})`];
  const reason = reasonOf(word);
  if (reason !== null && reason !== "low") parts.push(text(`reason_${reason}`));
  if (isCorrected(word.index)) parts.push(text("corrected_from", { text: originals[word.index].text }));
  return parts.join(" · ");
}

function takeText() {
  const typed = fields.text.value.replace(/\s+/g, " ").trim();
  if (picked.word !== null && typed !== "" && typed !== picked.word.text) {
    correct([{ index: picked.word.index, text: typed }]);
  }
  showPicked();
}

function takeTimes() {
  if (picked.word === null) return;
  const change = typedTimes(picked.word.index, fields.start.valueAsNumber, fields.end.valueAsNumber);
  const isNew = ["start", "end"].some((side) =>
    fields[side].value !== picked.word[side].toFixed(3));
  if (change !== null && isNew) correct([change]);
  showPicked();
}

fields.text.addEventListener("change", takeText);
fields.start.addEventListener("change", takeTimes);
fields.end.addEventListener("change", takeTimes);
panel.addEventListener("keydown", (event) => {
  if (event.key === "Escape") showPicked();
  if (event.key === "Escape" || event.key === "Enter") event.target.blur();
});
byId("word-play").addEventListener("click", playPickedWord);
byId("word-before").addEventListener("click", () => goToNeighbour(-1));
byId("word-after").addEventListener("click", () => goToNeighbour(1));
byId("word-close").addEventListener("click", () => pickWord(null));
byId("word-restore").addEventListener("click", restorePickedWord);

pickedChanged.listen(showPicked);
languageChanged.listen(showPicked);
wordsChanged.listen((indices) => {
  if (indices.includes(picked.word?.index)) showPicked();
});
