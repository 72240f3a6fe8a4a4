// The whole recording on a line: where the screen is in it, and where words are worth a look.
import { byId } from "./data.js";
import { eachPeak, loudestPeak } from "./peaks.js";
import { heardTime } from "./player.js";
import { disagreements } from "./quality.js";
import { confidence, isCorrected, words } from "./result.js";
import { wordsWorthALook } from "./review.js";
import { hatch, Surface } from "./surface.js";
import { colour } from "./theme.js";
import { beginning, ending, shown, showSpan } from "./timeline.js";

const backdrop = document.createElement("canvas"); // what changes seldom, as it was drawn last
let backdropIsOld = true;

export const overview = new Surface(byId("overview"), drawOverview);

/** Draw anew what stands for words, sound or colours. */
export function refreshOverview() {
  backdropIsOld = true;
  overview.redraw();
}

function drawOverview(context, width, height) {
  const scale = width / (ending - beginning);
  const xAt = (time) => (time - beginning) * scale;
  if (backdropIsOld || backdrop.width !== overview.canvas.width) {
    drawBackdrop(width, height, scale);
  }
  context.drawImage(backdrop, 0, 0, width, height);
  context.fillStyle = colour("window");
  context.fillRect(xAt(shown.start), 0, Math.max((shown.end - shown.start) * scale, 2), height);
  context.strokeStyle = colour("link");
  context.lineWidth = 1;
  context.strokeRect(
    xAt(shown.start) + 0.5, 0.5, Math.max((shown.end - shown.start) * scale, 3) - 1, height - 1,
  );
  context.fillStyle = colour("cursor");
  context.fillRect(xAt(heardTime()) - 0.75, 0, 1.5, height);
}

function drawBackdrop(width, height, scale) {
  backdropIsOld = false;
  backdrop.width = overview.canvas.width;
  backdrop.height = overview.canvas.height;
  const context = backdrop.getContext("2d");
  context.scale(backdrop.width / width, backdrop.height / height);
  context.fillStyle = colour("panel");
  context.fillRect(0, 0, width, height);
  const [middle, reach] = [height / 2 - 2, (height / 2 - 3) / Math.max(loudestPeak(), 0.05)];
  context.fillStyle = colour("wave");
  eachPeak(beginning, ending, Math.ceil(width), (x, lowest, highest) => {
    context.fillRect(x, middle - highest * reach, 1, Math.max((highest - lowest) * reach, 0.5));
  });
  for (const { start, end, tint } of disagreements) {
    const left = (start - beginning) * scale;
    hatch(context, left, 0, left + Math.max((end - start) * scale, 2), height - 4, colour(tint));
  }
  for (const { word } of wordsWorthALook()) {
    mark(context, word, colour(confidence(word)), scale, height);
  }
  for (const word of words) {
    if (isCorrected(word.index)) mark(context, word, colour("corrected"), scale, height);
  }
}

function mark(context, word, fill, scale, height) {
  context.fillStyle = fill;
  context.fillRect((word.start - beginning) * scale, height - 4, Math.max((word.end - word.start) * scale, 1.5), 4);
}

function moveTo(event) {
  const time = beginning + (event.offsetX / overview.width) * (ending - beginning);
  const span = shown.end - shown.start;
  showSpan(time - span / 2, time + span / 2);
}

overview.canvas.addEventListener("pointerdown", (event) => {
  overview.canvas.setPointerCapture(event.pointerId);
  moveTo(event);
});
overview.canvas.addEventListener("pointermove", (event) => {
  if (overview.canvas.hasPointerCapture(event.pointerId)) moveTo(event);
});
