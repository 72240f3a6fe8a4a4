// The verdict on the transcript, above all else, with its reasons.
import { byId } from "./data.js";
import { disagreements, missing, quality } from "./quality.js";
import { currentLanguage, languageChanged, text } from "./texts.js";

const NAMED = 3;
const SHOWN_CHARACTERS = 40;
const banner = byId("verdict");

function showVerdict() {
  if (quality === null) return;
  const head = document.createElement("b");
  head.textContent = text(`verdict_${quality.verdict}`);
  const sure = document.createElement("span");
  sure.textContent = `${text("confidence")} ${quality.confidence.toFixed(2)}`;
  banner.replaceChildren(head, " ", sure, ...quality.reasons.map(reasonPart));
  banner.className = quality.verdict;
  banner.hidden = false;
}

/** Return a reason; the result tells it in English, so that for others it is told from what was found. */
function reasonPart(reason) {
  const part = document.createElement("span");
  part.className = "reason";
  part.textContent = currentLanguage() === "en" ? reason.text : reasonText(reason.kind);
  return part;
}

function reasonText(kind) {
  const places = placesOf(kind);
  const named = places.slice(0, NAMED).join(text("reason_comma"));
  const more = places.length > NAMED ? text("reason_more", { count: places.length - NAMED }) : "";
  return text(`because_${kind}`, { places: named + more });
}

function placesOf(kind) {
  if (kind === "repeated" || kind === "not_in_transcript") {
    return missing.filter(({ repeats }) => (repeats !== null) === (kind === "repeated"))
      .map(({ start, end }) => `${start.toFixed(2)}–${end.toFixed(2)} s`);
  }
  const inside = [...quality.not_spoken];
  const given = (wanted) => quality.reasons.some((reason) => reason.kind === wanted);
  const first = given("starts_late") ? inside.splice(0, 1) : [];
  const last = given("cut_off") ? inside.splice(-1) : [];
  return ({ starts_late: first, cut_off: last }[kind] ?? inside)
    .map((words) => text("reason_words", { text: shortened(words.text), at: words.start_time.toFixed(2) }));
}

function shortened(words) {
  const line = words.replace(/\s+/g, " ");
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}

languageChanged.listen(showVerdict);
document.querySelector("main").classList.toggle("disagree", disagreements.length > 0);
