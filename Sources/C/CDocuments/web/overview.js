// The whole hall on a canvas, purely visual.

import { make } from "./dom.js";

const stageHeight = 28;
const gap = 10;

export class Overview {
  /** @param map the seat map; a click selects the nearest section. */
  constructor(map) {
    this.map = map;
    this.canvas = make("canvas", { class: "overview", "aria-hidden": "true", title: "The whole hall" });
    this.canvas.addEventListener("click", (event) => this.#jump(event));
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.canvas);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.redraw = () => this.draw();
    this.scheme.addEventListener("change", this.redraw);
  }

  close() {
    this.observer.disconnect();
    this.scheme.removeEventListener("change", this.redraw);
  }

  draw() {
    const { map, canvas } = this;
    const width = canvas.clientWidth;
    if (!width) return;
    const widest = Math.max(...map.sections.flatMap((section) => section.rows.map((row) => row.seats.length)));
    const step = Math.min(6, (width - 8) / widest);
    const rows = map.sections.reduce((sum, section) => sum + section.rows.length, 0);
    const height = Math.ceil(stageHeight + rows * step + map.sections.length * gap);
    const scale = devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name);
    this.#stage(context, colour, width / 2, widest * step);
    this.bands = [];
    let y = stageHeight;
    map.sections.forEach((section, number) => {
      const top = y;
      context.globalAlpha = number === map.current ? 1 : 0.6;
      for (const row of section.rows) {
        const left = width / 2 - (row.seats.length * step) / 2;
        row.seats.forEach((index, place) => {
          context.fillStyle = colour(this.#fill(index));
          context.fillRect(left + place * step + 0.5, y, step - 1, step - 1);
        });
        y += step;
      }
      this.bands.push({ top, bottom: y });
      y += gap;
    });
    context.globalAlpha = 1;
  }

  #stage(context, colour, middle, width) {
    context.fillStyle = colour("--line");
    context.beginPath();
    context.roundRect(middle - width * 0.3, 2, width * 0.6, 14, 4);
    context.fill();
    context.fillStyle = colour("--muted");
    context.font = "600 10px system-ui, sans-serif";
    context.textAlign = "center";
    context.fillText("Stage", middle, 12.5);
  }

  /** The name of a seat's colour (style.css). */
  #fill(index) {
    const state = this.map.stateOf(index);
    return { a: `--seat-${this.map.colour(index)}`, h: "--seat-held", m: "--seat-own", chosen: "--accent" }[state] ?? "--seat-sold";
  }

  #jump(event) {
    const y = event.offsetY;
    const nearest = this.bands.map((band, index) => ({ index, away: y < band.top ? band.top - y : Math.max(0, y - band.bottom) }));
    this.map.picked(nearest.sort((one, other) => one.away - other.away)[0].index);
  }
}
