// The buttons under the picture, and what they show.
import { byId } from "./data.js";
import { canRedo, canUndo, historyChanged, redo, undo } from "./history.js";
import {
  currentLoop, hasSound, heardTime, isPlaying, playerChanged, playerMoved, setLoop, setSpeed, togglePlaying,
} from "./player.js";
import { groupOf, groups, spanOf, wordAt, words } from "./result.js";
import { matches, matchesChanged, nextMatch, searchFor } from "./search.js";
import { picked } from "./state.js";
import { clockText, languageChanged, text } from "./texts.js";
import { beginning, ending, showSpan, zoomBy } from "./timeline.js";
import { goToWord } from "./word-panel.js";

const ZOOM = 1.6;
const speed = byId("speed");

export const zoomIn = () => zoomBy(1 / ZOOM, anchor());
export const zoomOut = () => zoomBy(ZOOM, anchor());
export const zoomToAll = () => showSpan(beginning, ending);

function anchor() {
  return picked.word?.start;
}

/** Play the picked stretch again and again, else the sentence of the picked or heard word; or stop that. */
export function toggleLoop() {
  if (currentLoop() !== null) {
    setLoop(null);
    return;
  }
  const word = picked.word ?? wordAt(heardTime());
  setLoop(picked.stretch ?? (word === null ? null : sentenceOf(word)));
}

/** Take the next slower (-1) or faster (1) speed. */
export function changeSpeed(step) {
  const place = Math.min(Math.max(speed.selectedIndex + step, 0), speed.options.length - 1);
  speed.selectedIndex = place;
  setSpeed(Number(speed.value));
}

export function goToMatch(step) {
  goToWord(nextMatch(step));
}

/** Take back (undo) or repeat a correction, and show where. */
export function travelHistory(move) {
  const index = move();
  if (index !== null) goToWord(words[index]);
}

function sentenceOf(word) {
  const group = groups[groupOf[word.index]];
  return spanOf(words.slice(group.first, group.last));
}

function showPlayer() {
  byId("play").classList.toggle("playing", isPlaying());
  byId("play").title = text(isPlaying() ? "pause" : "play");
  byId("loop").setAttribute("aria-pressed", String(currentLoop() !== null));
  showTime(heardTime());
}

function showTime(time) {
  byId("time").textContent = `${clockText(time)} / ${clockText(ending)}`;
}

function showHistory() {
  byId("undo").disabled = !canUndo();
  byId("redo").disabled = !canRedo();
}

function showMatches() {
  const { query, found, at } = matches;
  byId("search-count").textContent = query === "" ? ""
    : at < 0 ? text("found", { count: found.length }) : `${at + 1} / ${found.length}`;
}

export function openToolbar() {
  for (const id of ["play", "speed", "loop"]) byId(id).disabled = !hasSound;
  showPlayer();
  showHistory();
}

const clicks = {
  play: togglePlaying,
  loop: toggleLoop,
  "zoom-in": zoomIn,
  "zoom-out": zoomOut,
  "zoom-all": zoomToAll,
  undo: () => travelHistory(undo),
  redo: () => travelHistory(redo),
  "search-next": () => goToMatch(1),
  "search-before": () => goToMatch(-1),
};
for (const [id, action] of Object.entries(clicks)) byId(id).addEventListener("click", action);
speed.addEventListener("change", () => setSpeed(Number(speed.value)));
byId("search").addEventListener("input", (event) => searchFor(event.target.value));
byId("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") goToMatch(event.shiftKey ? -1 : 1);
  if (event.key === "Escape") event.target.blur();
});
playerChanged.listen(showPlayer);
playerMoved.listen(showTime);
historyChanged.listen(showHistory);
matchesChanged.listen(showMatches);
languageChanged.listen(() => {
  showPlayer();
  showMatches();
});
