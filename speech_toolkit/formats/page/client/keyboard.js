// What keys do, as the help lists it.
import { edgeChanges, movableEdge } from "./boundaries.js";
import { byId } from "./data.js";
import { download } from "./downloads.js";
import { correct, redo, undo } from "./history.js";
import { heardTime, seek, togglePlaying } from "./player.js";
import { goToReview } from "./review-list.js";
import { picked, pickNothing } from "./state.js";
import { fillTexts } from "./texts.js";
import {
  changeSpeed, goToMatch, toggleLoop, travelHistory, zoomIn, zoomOut, zoomToAll,
} from "./toolbar.js";
import { editPickedWord, goToNeighbour, playPickedWord } from "./word-panel.js";

const STEP_S = 2;
const NUDGE_S = 0.01;

const KEYS = [
  { keys: [" "], shown: "␣", says: "key_play", does: togglePlaying },
  { keys: ["ArrowLeft", "ArrowRight"], shown: "← →", says: "key_seek", does: (sign) => seek(heardTime() + sign * STEP_S) },
  { keys: ["ArrowUp", "ArrowDown"], shown: "↑ ↓", says: "key_word", does: goToNeighbour },
  { keys: ["Enter"], shown: "↵", says: "key_enter", does: playPickedWord },
  { keys: ["p", "n"], shown: "P N", says: "key_review", does: goToReview },
  { keys: ["e"], shown: "E", says: "key_edit", does: editPickedWord },
  { keys: ["[", "]"], shown: "[ ]", says: "key_start", does: (sign) => nudge("start", sign) },
  { keys: ["{", "}"], shown: "{ }", says: "key_end", does: (sign) => nudge("end", sign) },
  { keys: ["l"], shown: "L", says: "key_loop", does: toggleLoop },
  { keys: ["<", ">"], shown: "< >", says: "key_speed", does: changeSpeed },
  { keys: ["-", "+"], shown: "− +", says: "key_zoom", does: (sign) => (sign > 0 ? zoomIn() : zoomOut()) },
  { keys: ["0"], shown: "0", says: "key_all", does: zoomToAll },
  { keys: ["/"], shown: "/", says: "key_search", does: () => byId("search").focus() },
  { keys: ["G", "g"], shown: "⇧G G", says: "key_match", does: goToMatch },
  { keys: ["s"], shown: "S", says: "key_save", does: () => download("json") },
  { keys: ["Escape"], shown: "Esc", says: "key_escape", does: pickNothing },
  { keys: ["?"], shown: "?", says: "key_help", does: () => byId("help").showModal() },
];
const SAME_KEYS = { "=": "+", _: "-", ",": "<", ".": ">" };
const WITH_CONTROL = { z: undo, Z: redo, y: redo };

export function openHelp() {
  const rows = KEYS.map(({ shown, says }) => helpRow(shown, says));
  rows.push(helpRow("Ctrl+Z", "key_undo"), helpRow("Ctrl+Y", "key_redo"));
  byId("help-keys").replaceChildren(...rows);
  fillTexts(byId("help-keys"));
}

function helpRow(shown, says) {
  const row = document.createElement("tr");
  const [key, meaning] = [document.createElement("th"), document.createElement("td")];
  key.textContent = shown;
  meaning.dataset.text = says;
  row.append(key, meaning);
  return row;
}

function nudge(side, sign) {
  if (picked.word === null) return;
  const edge = movableEdge(picked.word, side);
  correct(edgeChanges(edge, edge.time + sign * NUDGE_S), `${side} ${picked.word.index}`);
}

addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, dialog") !== null || event.altKey) return;
  if (event.ctrlKey || event.metaKey) {
    const move = WITH_CONTROL[event.key];
    if (move === undefined) return;
    event.preventDefault();
    travelHistory(move);
    return;
  }
  const isButton = event.target.closest("button, summary") !== null;
  if (isButton && (event.key === "Enter" || event.key === " ")) return;
  const key = SAME_KEYS[event.key] ?? event.key;
  const entry = KEYS.find(({ keys }) => keys.includes(key));
  if (entry === undefined) return;
  event.preventDefault();
  const sign = entry.keys.length === 1 || entry.keys.indexOf(key) === 1 ? 1 : -1;
  entry.does(sign);
});

byId("help-button").addEventListener("click", () => byId("help").showModal());
byId("help-close").addEventListener("click", () => byId("help").close());
