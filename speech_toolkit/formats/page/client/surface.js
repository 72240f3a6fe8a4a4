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
