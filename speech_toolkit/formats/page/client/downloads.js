// Corrected results as files, made in the page.
import { byId } from "./data.js";
import { correctedDocument } from "./corrected.js";
import { historyChanged, isUnsaved, markSaved } from "./history.js";
import { source } from "./result.js";
import { subRip, textGrid } from "./tracks.js";

const FORMS = {
  json: { type: "application/json", make: (document) => `${JSON.stringify(document, null, 2)}\n` },
  TextGrid: { type: "text/plain", make: textGrid },
  srt: { type: "application/x-subrip", make: subRip },
};

export function download(suffix) {
  const { type, make } = FORMS[suffix];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([make(correctedDocument())], { type }));
  link.download = `${fileStem()}.corrected.${suffix}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  markSaved();
}

function fileStem() {
  const name = source.audio_path.split(/[\\/]/).at(-1);
  const stem = name.replace(/\.[^.]*$/, "");
  return stem === "" || stem === "-" ? "result" : stem;
}

for (const suffix of Object.keys(FORMS)) {
  byId(`download-${suffix}`).addEventListener("click", () => {
    download(suffix);
    byId("downloads").open = false;
  });
}

historyChanged.listen(() => {
  byId("downloads").classList.toggle("unsaved", isUnsaved());
});

addEventListener("beforeunload", (event) => {
  if (isUnsaved()) event.preventDefault();
});
