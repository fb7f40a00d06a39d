// A hall's seats, section by section: a grid for keyboard, screen reader and finger, and an overview of the whole hall.

import { make, count } from "./api.js";

const states = { a: "available", h: "held by somebody", s: "sold", b: "not on sale", m: "yours" };
const letters = { available: "a", held: "h", sold: "s", blocked: "b" };

export class SeatMap {
  /**
   * @param seats as `GET …/seats` lists them; what a stream tells goes by their places in this list.
   * @param changed called after the person has chosen or dropped a seat; `lost` when a chosen one was taken by another.
   */
  constructor(seats, { changed, lost, announce }) {
    Object.assign(this, { seats, changed, lost, announce });
    this.state = seats.map((seat) => letters[seat.status]);
    this.chosen = new Set();
    this.cells = new Map();
    this.sections = [];
    seats.forEach((seat, index) => {
      let section = this.sections.at(-1);
      if (section?.name !== seat.section || section.tier !== seat.tierId) {
        section = { name: seat.section, tier: seat.tierId, rows: [] };
        this.sections.push(section);
      }
      if (section.rows.at(-1)?.name !== seat.row) section.rows.push({ name: seat.row, seats: [] });
      section.rows.at(-1).seats.push(index);
    });
    this.overview = make("canvas", { class: "overview", "aria-hidden": "true", title: "The whole hall" });
    this.overview.addEventListener("click", (event) => this.jump(event));
    this.grid = make("div", { role: "grid", class: "seats", "aria-multiselectable": "true", "aria-describedby": "map-help" });
    this.grid.addEventListener("click", (event) => this.pressed(event));
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.grid.addEventListener("focusin", (event) => this.focused(event));
    this.scroller = make("div", { class: "scroller" }, this.grid);
    new ResizeObserver(() => this.draw()).observe(this.overview);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** Shows one section. */
  show(index) {
    this.current = index;
    const section = this.sections[index];
    this.columns = Math.max(...section.rows.map((row) => row.seats.length));
    this.cells.clear();
    this.grid.setAttribute("aria-label", `${section.name}: ${count(section.rows.length, "row")}`);
    this.grid.replaceChildren(...section.rows.map((row) => this.row(row)));
    this.scroller.scrollLeft = (this.scroller.scrollWidth - this.scroller.clientWidth) / 2;
    const first = section.rows.flatMap((row) => row.seats).find((seat) => this.state[seat] === "a") ?? section.rows[0].seats[0];
    this.enter(first, false);
    this.draw();
  }

  row(row) {
    const before = Math.floor((this.columns - row.seats.length) / 2);
    const cells = row.seats.map((index) => {
      const cell = make("span", { role: "gridcell", tabindex: "-1", class: "seat", "data-seat": index });
      this.cells.set(index, cell);
      this.paint(index);
      return cell;
    });
    const element = make("div", { role: "row" }, make("span", { role: "rowheader", class: "row-name" }, row.name), cells);
    element.style.setProperty("--before", before);
    return element;
  }

  name(index) {
    const seat = this.seats[index];
    return `row ${seat.row} seat ${seat.number}`;
  }

  paint(index) {
    const cell = this.cells.get(index);
    if (!cell) return;
    const state = this.chosen.has(index) ? "chosen" : this.state[index];
    cell.dataset.state = state;
    cell.setAttribute("aria-label", `${this.name(index)}, ${state === "chosen" ? "chosen" : states[state]}`);
    cell.setAttribute("aria-selected", state === "chosen" ? "true" : "false");
    if (state === "a" || state === "chosen") cell.removeAttribute("aria-disabled"); else cell.setAttribute("aria-disabled", "true");
  }

  // What comes from the server.

  /** Everything: a letter a seat. */
  replace(text) {
    if (text.length === this.state.length) this.merge([{ at: 0, states: text }]);
  }

  /** Stretches that changed. */
  merge(runs) {
    const taken = [];
    for (const { at, states: text } of runs) {
      for (let offset = 0; offset < text.length; offset += 1) {
        const index = at + offset;
        if (this.state[index] === text[offset]) continue;
        this.state[index] = text[offset];
        if (text[offset] !== "a" && this.chosen.delete(index)) taken.push(index);
        this.paint(index);
        const cell = this.cells.get(index);
        if (cell) { cell.classList.remove("flash"); void cell.offsetWidth; cell.classList.add("flash"); }
      }
    }
    this.draw();
    if (taken.length) this.lost(taken);
  }

  // What the person does.

  toggle(index) {
    if (this.chosen.has(index)) this.chosen.delete(index);
    else if (this.state[index] === "a") this.chosen.add(index);
    else return this.announce(`${this.name(index)} is ${states[this.state[index]]}.`);
    this.paint(index);
    this.draw();
    this.changed();
  }

  clear() {
    const all = [...this.chosen];
    this.chosen.clear();
    all.forEach((index) => this.paint(index));
    this.draw();
  }

  pressed(event) {
    const cell = event.target.closest(".seat");
    if (!cell) return;
    const index = Number(cell.dataset.seat);
    this.enter(index, true);
    this.toggle(index);
  }

  focused(event) {
    const cell = event.target.closest(".seat");
    if (cell) this.enter(Number(cell.dataset.seat), false);
  }

  /** One seat of the grid is where the Tab key goes. */
  enter(index, moves) {
    this.cells.get(this.active)?.setAttribute("tabindex", "-1");
    this.active = index;
    const cell = this.cells.get(index);
    cell.setAttribute("tabindex", "0");
    if (moves) {
      cell.focus({ preventScroll: true });
      cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  key(event) {
    const rows = this.sections[this.current].rows;
    const at = rows.findIndex((row) => row.seats.includes(this.active));
    const row = rows[at].seats;
    const place = row.indexOf(this.active);
    // In another row: the seat straight in front or behind.
    const across = (other) => {
      const target = rows[Math.max(0, Math.min(rows.length - 1, other))].seats;
      const shift = Math.floor((this.columns - row.length) / 2) - Math.floor((this.columns - target.length) / 2);
      return target[Math.max(0, Math.min(target.length - 1, place + shift))];
    };
    const whole = event.ctrlKey || event.metaKey;
    const moves = {
      ArrowLeft: () => row[Math.max(0, place - 1)],
      ArrowRight: () => row[Math.min(row.length - 1, place + 1)],
      ArrowUp: () => across(at - 1),
      ArrowDown: () => across(at + 1),
      Home: () => (whole ? rows[0].seats[0] : row[0]),
      End: () => (whole ? rows.at(-1).seats.at(-1) : row.at(-1)),
      PageUp: () => across(0),
      PageDown: () => across(rows.length - 1),
    };
    if (moves[event.key]) this.enter(moves[event.key](), true);
    else if (event.key === " " || event.key === "Enter") this.toggle(this.active);
    else return;
    event.preventDefault();
  }

  // The overview: a canvas, since nobody but the eye needs it.

  draw() {
    const width = this.overview.clientWidth;
    if (!width) return;
    const widest = Math.max(...this.sections.flatMap((section) => section.rows.map((row) => row.seats.length)));
    const step = Math.min(6, (width - 8) / widest);
    const gap = 10;
    const rows = this.sections.reduce((sum, section) => sum + section.rows.length, 0);
    const bend = step * 3;
    const height = Math.ceil(28 + rows * step + this.sections.length * gap + bend);
    const scale = devicePixelRatio || 1;
    this.overview.width = width * scale;
    this.overview.height = height * scale;
    this.overview.style.height = `${height}px`;
    const context = this.overview.getContext("2d");
    context.scale(scale, scale);
    const style = getComputedStyle(this.overview);
    const color = (name) => style.getPropertyValue(name);
    const colors = { a: color("--seat-free"), h: color("--seat-held"), s: color("--seat-sold"), b: color("--seat-sold"), m: color("--accent") };
    const middle = width / 2;
    context.fillStyle = color("--line");
    context.beginPath();
    context.roundRect(middle - widest * step * 0.3, 2, widest * step * 0.6, 14, 4);
    context.fill();
    context.fillStyle = color("--muted");
    context.font = "600 10px system-ui, sans-serif";
    context.textAlign = "center";
    context.fillText("Stage", middle, 12.5);
    this.bands = [];
    let y = 28;
    this.sections.forEach((section, number) => {
      const top = y;
      context.globalAlpha = number === this.current ? 1 : 0.55;
      for (const row of section.rows) {
        const left = middle - (row.seats.length * step) / 2;
        row.seats.forEach((index, place) => {
          const x = left + place * step;
          const off = (x + step / 2 - middle) / ((widest * step) / 2);
          context.fillStyle = this.chosen.has(index) ? color("--accent") : colors[this.state[index]];
          context.fillRect(x + 0.5, y + bend * (1 - off * off) - bend / 2, step - 1, step - 1);
        });
        y += step;
      }
      this.bands.push({ top, bottom: y });
      y += gap;
    });
    context.globalAlpha = 1;
  }

  jump(event) {
    const y = event.offsetY;
    const nearest = this.bands.map((band, index) => ({ index, away: y < band.top ? band.top - y : Math.max(0, y - band.bottom) }));
    this.picked(nearest.sort((one, other) => one.away - other.away)[0].index);
  }
}
