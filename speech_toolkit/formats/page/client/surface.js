// A canvas that is as sharp as the screen, drawn once a frame however often that is asked for.
export class Surface {
  #draw;
  #isDue = false;

  constructor(canvas, draw) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.width = 0; // in the units of the style sheet
    this.height = 0;
    this.#draw = draw;
    new ResizeObserver(() => this.#fit()).observe(canvas);
    this.#fit();
  }

  redraw() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      if (this.width > 0) this.#draw(this.context, this.width, this.height);
    });
  }

  #fit() {
    const ratio = window.devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.redraw();
  }
}

const HATCH_PX = 7;

/** Draw slanting lines in a rectangle, and lines at its sides. */
export function hatch(context, left, top, right, bottom, stroke) {
  const [from, to] = [Math.max(left, -HATCH_PX), Math.min(right, context.canvas.clientWidth || right)];
  if (to <= from) return;
  const reach = bottom - top;
  context.save();
  context.beginPath();
  context.rect(from, top, to - from, reach);
  context.clip();
  context.strokeStyle = stroke;
  context.lineWidth = 1;
  context.globalAlpha = 0.55;
  context.beginPath();
  for (let x = Math.floor((from - reach) / HATCH_PX) * HATCH_PX; x < to; x += HATCH_PX) {
    context.moveTo(x, bottom);
    context.lineTo(x + reach, top);
  }
  context.stroke();
  context.globalAlpha = 1;
  context.strokeRect(left + 0.5, top - 1, right - left - 1, reach + 2);
  context.restore();
}
