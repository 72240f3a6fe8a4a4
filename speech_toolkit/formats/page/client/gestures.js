// Mouse and touch on the picture: play, pick a stretch, move a boundary, pan and zoom.
import { edgeChanges, movableEdge } from "./boundaries.js";
import { record, snapshot } from "./history.js";
import { picture, pictureParts, timeAtX, xOf } from "./picture.js";
import { playFrom, seek } from "./player.js";
import { setWords, wordAt, wordsBetween } from "./result.js";
import { picked, pickStretch, pickWord } from "./state.js";
import { pan, shown, zoomBy } from "./timeline.js";

const CLICK_PX = 4;
const REACH_PX = { mouse: 6, pen: 8, touch: 16 };
const WHEEL_ZOOM = 0.0025;

const canvas = picture.canvas;
const pointers = new Map(); // x of each that is down
let gesture = null;

canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, event.offsetX);
  if (pointers.size === 2) {
    finish(gesture, true);
    gesture = { kind: "pinch", ...pinch() };
  } else {
    gesture = begin(event);
  }
});

canvas.addEventListener("pointermove", (event) => {
  if (!pointers.has(event.pointerId)) {
    canvas.style.cursor = edgeNear(event) === null ? "" : "ew-resize";
    return;
  }
  const moved = event.offsetX - pointers.get(event.pointerId);
  if (gesture.kind === "pan" && !gesture.isClick) pan(timeAtX(0) - timeAtX(moved));
  pointers.set(event.pointerId, event.offsetX);
  if (Math.abs(event.offsetX - gesture.x) > CLICK_PX) gesture.isClick = false;
  if (gesture.kind === "edge") moveEdge(event.offsetX);
  if (gesture.kind === "stretch" && !gesture.isClick) pickBetween(gesture.time, event.offsetX);
  if (gesture.kind === "pinch") zoomPinch();
});

for (const name of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(name, (event) => {
    if (!pointers.delete(event.pointerId)) return;
    finish(gesture, name === "pointercancel");
    if (pointers.size === 0) gesture = null;
    else gesture = { kind: "none" };
  });
}

canvas.addEventListener("wheel", (event) => {
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    zoomBy(Math.exp(event.deltaY * WHEEL_ZOOM), timeAtX(event.offsetX));
  } else if (event.deltaX !== 0 || event.shiftKey) {
    event.preventDefault();
    pan(timeAtX(event.deltaX || event.deltaY) - timeAtX(0));
  }
}, { passive: false });

function begin(event) {
  const common = { x: event.offsetX, y: event.offsetY, time: timeAtX(event.offsetX), isClick: true };
  const near = edgeNear(event);
  if (near !== null) {
    const edge = movableEdge(near.word, near.side, event.altKey);
    const before = snapshot([...new Set(edge.members.map((member) => member.word.index))]);
    return { ...common, kind: "edge", edge, before, offset: event.offsetX - xOf(edge.time) };
  }
  const isFinger = event.pointerType === "touch";
  const isOnWords = event.offsetY >= pictureParts().words;
  return { ...common, kind: isFinger || isOnWords ? "pan" : "stretch" };
}

function finish(ended, isCancelled) {
  if (ended === null) return;
  if (ended.kind === "edge") {
    if (isCancelled) setWords(ended.before);
    else if (ended.isClick) click(ended);
    else record(ended.before);
  } else if (ended.isClick && !isCancelled && ended.kind !== "pinch") {
    click(ended);
  }
}

/** A click on a word plays from it on; elsewhere it moves the cursor. */
function click({ x, y, time }) {
  if (y < pictureParts().words) {
    pickStretch(0, 0);
    seek(time);
    return;
  }
  const word = wordAt(time) ?? nearestWord(x);
  if (word === null) {
    seek(time);
  } else {
    pickWord(word);
    playFrom(word.start);
  }
}

/** Return a word of which hardly anything is to be seen but that was meant by a click. */
function nearestWord(x) {
  const reach = CLICK_PX + 1;
  return wordsBetween(timeAtX(x - reach), timeAtX(x + reach)).at(-1) ?? null;
}

function moveEdge(x) {
  if (gesture.isClick) return;
  setWords(edgeChanges(gesture.edge, timeAtX(x - gesture.offset)));
}

function pickBetween(time, x) {
  const other = Math.min(Math.max(timeAtX(x), shown.start), shown.end);
  pickStretch(Math.min(time, other), Math.max(time, other));
}

/** Return the boundary under the pointer: any on the strip of words, the picked word's anywhere. */
function edgeNear(event) {
  const reach = REACH_PX[event.pointerType] ?? REACH_PX.mouse;
  const time = timeAtX(event.offsetX);
  const reach_s = timeAtX(reach) - timeAtX(0);
  const isOnWords = event.offsetY >= pictureParts().words && event.pointerType !== "touch";
  const around = isOnWords ? wordsBetween(time - reach_s, time + reach_s) : [];
  const candidates = picked.word === null ? around : [picked.word, ...around];
  let [nearest, distance] = [null, reach];
  for (const word of candidates) {
    for (const side of ["start", "end"]) {
      const away = Math.abs(xOf(word[side]) - event.offsetX);
      if (away < distance && canBeGrabbed(word)) [nearest, distance] = [{ word, side }, away];
    }
  }
  return nearest;
}

/** Tell whether a word is wide enough to be both clicked and grabbed by its ends. */
function canBeGrabbed(word) {
  return word === picked.word || xOf(word.end) - xOf(word.start) > 3 * REACH_PX.mouse;
}

function pinch() {
  const [one, other] = [...pointers.values()];
  return { middle: (one + other) / 2, apart: Math.max(Math.abs(one - other), 10) };
}

function zoomPinch() {
  const now = pinch();
  pan(timeAtX(gesture.middle) - timeAtX(now.middle));
  zoomBy(gesture.apart / now.apart, timeAtX(now.middle));
  Object.assign(gesture, now);
}
