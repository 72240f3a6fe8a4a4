// The verdict on the transcript, above all else, with its reasons.
import { byId } from "./data.js";
import { disagreements, quality } from "./quality.js";
import { currentLanguage, languageChanged, text } from "./texts.js";

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

/** Return a reason; what the result says of it is English, so that other languages name its kind. */
function reasonPart(reason) {
  const part = document.createElement("span");
  part.className = "reason";
  if (currentLanguage() !== "en") part.append(`${text(`because_${reason.kind}`)}：`);
  const said = document.createElement("span");
  said.lang = "en";
  said.textContent = reason.text;
  part.append(said);
  return part;
}

languageChanged.listen(showVerdict);
document.querySelector("main").classList.toggle("disagree", disagreements.length > 0);
