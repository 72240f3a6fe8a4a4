// The sound: playing, speed, loops, and the time that is heard.
import { blockBytes, byId, page } from "./data.js";
import { Signal } from "./signal.js";
import { beginning, ending } from "./timeline.js";

const audio = byId("sound-player");
let stopAt = null; // seconds; playing ends there
let loop = null; // {start, end} in seconds
let silentTime = beginning; // the cursor of a page without sound

export const playerMoved = new Signal(); // with the time in seconds
export const playerChanged = new Signal(); // begins, stops, loops, fails
export const hasSound = page.audio !== null;
const soundStart = hasSound && page.audio.link === null ? beginning : 0; // a linked file is whole

/** Take the sound from the page or from beside it. */
export function openSound() {
  if (!hasSound) return;
  const bytes = page.audio.link === null ? blockBytes("sound") : null;
  audio.src = bytes === null ? page.audio.link
    : URL.createObjectURL(new Blob([bytes], { type: page.audio.media_type }));
  for (const name of ["play", "pause", "ended", "error"]) {
    audio.addEventListener(name, () => playerChanged.send());
  }
  audio.addEventListener("play", () => requestAnimationFrame(onFrame));
  audio.addEventListener("timeupdate", onTime); // frames stop while the page is hidden
  audio.addEventListener("seeked", onTime);
}

export const isPlaying = () => hasSound && !audio.paused;
export const soundFailed = () => hasSound && audio.error !== null;
export const heardTime = () => (hasSound ? audio.currentTime + soundStart : silentTime);
export const currentLoop = () => loop;

export function seek(time) {
  stopAt = null;
  silentTime = Math.min(Math.max(time, beginning), ending);
  if (hasSound) audio.currentTime = silentTime - soundStart;
  playerMoved.send(silentTime);
}

/** Play from a time on, up to another where one is given. */
export function playFrom(start, end = null) {
  if (loop !== null && (start < loop.start || start >= loop.end)) setLoop(null);
  seek(start);
  stopAt = end;
  startSound();
}

export function togglePlaying() {
  stopAt = null;
  if (isPlaying()) audio.pause();
  else startSound();
}

export function setSpeed(rate) {
  audio.playbackRate = rate;
}

/** Play a stretch again and again; null plays on. */
export function setLoop(stretch) {
  loop = stretch;
  if (loop !== null && (heardTime() < loop.start || heardTime() >= loop.end)) seek(loop.start);
  playerChanged.send();
}

function startSound() {
  if (hasSound) audio.play().catch(() => playerChanged.send());
}

function onFrame() {
  onTime();
  if (isPlaying()) requestAnimationFrame(onFrame);
}

function onTime() {
  const time = heardTime();
  if (isPlaying() && stopAt !== null && time >= stopAt) {
    audio.pause();
    stopAt = null;
  } else if (isPlaying() && loop !== null && time >= loop.end) {
    audio.currentTime = loop.start - soundStart;
  }
  playerMoved.send(time);
}
