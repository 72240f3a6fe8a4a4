// Opens the page: shows what is there, and lets its parts know of each other.
import { byId, page } from "./data.js";
import "./gestures.js";
import { openHelp } from "./keyboard.js";
import { overview, refreshOverview } from "./overview.js";
import { openPeaks } from "./peaks.js";
import { picture } from "./picture.js";
import { hasSound, openSound, playerChanged, playerMoved, isPlaying, soundFailed } from "./player.js";
import { source, sourceDuration, words, wordsChanged } from "./result.js";
import { reviewChanged } from "./review.js";
import { showReview } from "./review-list.js";
import { matchesChanged } from "./search.js";
import { openSpectrogram } from "./spectrogram.js";
import { pickedChanged } from "./state.js";
import { clockText, currentLanguage, languageChanged, setLanguage, text } from "./texts.js";
import { switchTheme, themeChanged } from "./theme.js";
import { follow, showOpening, timelineChanged } from "./timeline.js";
import { openToolbar } from "./toolbar.js";
import { openTranscript } from "./transcript.js";
import "./verdict.js";

const ANOTHER_LENGTH_S = 0.2;

function redrawAll() {
  picture.redraw();
  refreshOverview();
}

function redrawCursor() {
  picture.redraw();
  overview.redraw();
}

function showFacts() {
  const facts = [
    text(page.task), clockText(sourceDuration, 1), text("words_count", { count: words.length }),
    source.language ?? "", `${source.device ?? ""} ${source.dtype?.replace("torch.", "") ?? ""}`.trim(),
    hasSound && page.audio.link !== null ? text("linked", page.audio) : "",
  ];
  byId("facts").textContent = facts.filter((fact) => fact !== "").join(" · ");
}

/** Say what the reader must know of the sound; nothing where it is as it should be. */
function showNotice() {
  const notes = [];
  if (!hasSound) notes.push(text("no_audio", { path: source.audio_path }));
  else if (Math.abs(page.audio.duration_s - sourceDuration) > ANOTHER_LENGTH_S) {
    notes.push(text("other_audio", {
      audio: clockText(page.audio.duration_s), result: clockText(sourceDuration),
    }));
  }
  if (soundFailed()) notes.push(text(page.audio.link === null ? "not_playable" : "not_linked", page.audio));
  byId("notice").textContent = notes.join(" ");
  byId("notice").hidden = notes.length === 0;
}

function onPlayerMoved(time) {
  if (isPlaying()) follow(time);
  redrawCursor();
}

byId("title").textContent = source.audio_path.split(/[\\/]/).at(-1);
byId("theme").addEventListener("click", switchTheme);
byId("language").addEventListener("click", () => setLanguage(currentLanguage() === "en" ? "zh" : "en"));
for (const signal of [themeChanged, wordsChanged, reviewChanged]) signal.listen(redrawAll);
for (const signal of [timelineChanged, pickedChanged, playerChanged]) signal.listen(redrawCursor);
matchesChanged.listen(redrawCursor);
playerMoved.listen(onPlayerMoved);
playerChanged.listen(showNotice);
languageChanged.listen(showFacts);
languageChanged.listen(showNotice);

new ResizeObserver(([{ target }]) => {
  document.documentElement.style.setProperty("--player-height", `${target.offsetHeight}px`);
}).observe(byId("player"));

openHelp();
setLanguage(page.language);
openSound();
openToolbar();
showOpening(picture.width);
openTranscript();
showReview();
await Promise.all([openPeaks(), openSpectrogram()]);
redrawAll();
document.documentElement.dataset.ready = "true";
