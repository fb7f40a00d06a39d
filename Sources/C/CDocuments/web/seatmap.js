// A hall's seats by section: a grid for keyboard, screen reader and touch.

import { make } from "./dom.js";
import { count } from "./locale.js";
import { Overview } from "./overview.js";

/** The number of tiers distinguished by colour (style.css). */
export const colours = 5;

const states = { a: "available", h: "held by another customer", s: "sold", b: "not on sale" };
const letters = { available: "a", held: "h", sold: "s", blocked: "b" };
const ownStates = { RESERVED: "held for you", PENDING_PAYMENT: "held for you", CONFIRMED: "your seat" };

export class SeatMap {
  /**
   * @param seats as in `GET …/seats`; the stream refers to seats by their index in this list.
   * @param changed called after the user chose or dropped a seat, with the refusal if there is one; `lost` when other
   * customers took chosen seats.
   * @param refusal returns why no more may be chosen, or nothing.
   * @param price returns a seat's price as text; `colour` the number of its tier's colour.
   */
  constructor(seats, { changed, lost, announce, refusal, price, colour }) {
    Object.assign(this, { seats, changed, lost, announce, refusal, price, colour });
    this.state = seats.map((seat) => letters[seat.status]);
    this.places = new Map(seats.map((seat, index) => [seat.id, index]));
    this.chosen = new Set();
    /** Seats of this customer's own bookings, and their states. */
    this.own = new Map();
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
    this.grid = make("div", { role: "grid", class: "seats", "aria-multiselectable": "true", "aria-describedby": "map-help" });
    this.grid.addEventListener("click", (event) => this.pressed(event));
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.grid.addEventListener("focusin", (event) => this.focused(event));
    this.scroller = make("div", { class: "scroller" }, this.grid);
    this.card = make("p", { class: "seat-card", "aria-hidden": "true", hidden: true });
    this.grid.addEventListener("pointerover", (event) => { if (event.pointerType !== "touch") this.describe(event.target.closest(".seat")); });
    this.grid.addEventListener("pointerleave", () => this.describe(null));
    this.grid.addEventListener("focusout", () => this.describe(null));
    this.ending = new AbortController();
    document.addEventListener("scroll", () => this.describe(this.described), { passive: true, capture: true, signal: this.ending.signal });
    this.plan = new Overview(this);
    this.overview = this.plan.canvas;
  }

  close() {
    this.ending.abort();
    this.plan.close();
  }

  /** Shows one section. */
  show(index) {
    this.current = index;
    const section = this.sections[index];
    this.columns = Math.max(...section.rows.map((row) => row.seats.length));
    this.describe(null);
    this.cells.clear();
    this.grid.setAttribute("aria-label", `${section.name}: ${count(section.rows.length, "row")}`);
    this.grid.replaceChildren(...section.rows.map((row) => this.row(row)));
    this.scroller.scrollLeft = (this.scroller.scrollWidth - this.scroller.clientWidth) / 2;
    const first = section.rows.flatMap((row) => row.seats).find((seat) => this.state[seat] === "a") ?? section.rows[0].seats[0];
    this.enter(first, false);
    this.plan.draw();
  }

  row(row) {
    const before = Math.floor((this.columns - row.seats.length) / 2);
    const cells = row.seats.map((index) => {
      const cell = make("span", { role: "gridcell", tabindex: "-1", class: "seat", "data-seat": index, "data-colour": this.colour(index) });
      this.cells.set(index, cell);
      this.paint(index);
      return cell;
    });
    const element = make("div", { role: "row" }, make("span", { role: "rowheader", class: "row-name" }, row.name), cells);
    element.style.setProperty("--before", before);
    return element;
  }

  /** The number of seats in a section, and how many are left. */
  countOf(section) {
    const seats = section.rows.flatMap((row) => row.seats);
    return { all: seats.length, left: seats.filter((index) => this.state[index] === "a").length };
  }

  name(index) {
    const seat = this.seats[index];
    return `row ${seat.row} seat ${seat.number}`;
  }

  /** A seat's state for this customer: the server's letter, "m" for an own seat, or "chosen". */
  stateOf(index) {
    if (this.chosen.has(index)) return "chosen";
    return this.own.has(index) && this.state[index] !== "a" ? "m" : this.state[index];
  }

  wordsOf(index) {
    const state = this.stateOf(index);
    return { chosen: "chosen", m: this.own.get(index) }[state] ?? states[state];
  }

  paint(index) {
    const cell = this.cells.get(index);
    if (!cell) return;
    const state = this.stateOf(index);
    cell.dataset.state = state;
    const cost = state === "a" || state === "chosen" ? `, ${this.price(index)}` : "";
    cell.setAttribute("aria-label", `${this.name(index)}, ${this.wordsOf(index)}${cost}`);
    cell.setAttribute("aria-selected", state === "chosen" ? "true" : "false");
    if (state === "a" || state === "chosen") cell.removeAttribute("aria-disabled"); else cell.setAttribute("aria-disabled", "true");
  }

  /** Shows a seat's description beside it; its label has the same text. */
  describe(cell) {
    this.described = cell;
    this.card.hidden = !cell;
    if (!cell) return;
    const index = Number(cell.dataset.seat);
    const seat = this.seats[index];
    this.card.textContent = `Row ${seat.row}, seat ${seat.number} · ${this.price(index)}${this.stateOf(index) === "a" ? "" : ` · ${this.wordsOf(index)}`}`;
    const box = cell.getBoundingClientRect();
    const width = this.card.offsetWidth;
    this.card.style.left = `${Math.max(4, Math.min(document.documentElement.clientWidth - width - 4, box.left + box.width / 2 - width / 2))}px`;
    const above = box.top - this.card.offsetHeight - 6;
    this.card.style.top = `${above < 4 ? box.bottom + 6 : above}px`;
  }

  // Updates from the server.

  /** Replaces all states: one letter per seat. */
  replace(text) {
    if (text.length === this.state.length) this.merge([{ at: 0, states: text }]);
  }

  /** Merges ranges that changed. */
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
    this.plan.draw();
    this.merged?.();
    if (taken.length) this.lost(taken);
  }

  /** Marks seats that the server has just refused. */
  taken(ids) {
    for (const index of ids.map((id) => this.places.get(id))) {
      if (index !== undefined && this.state[index] === "a") this.merge([{ at: index, states: "h" }]);
    }
  }

  /** Sets the customer's own bookings of this event. */
  setOwn(bookings) {
    const before = [...this.own.keys()];
    this.own = new Map(bookings.flatMap((booking) => booking.items.flatMap((item) => item.seats)
      .map((seat) => [this.places.get(seat.id), ownStates[booking.status]])));
    for (const index of new Set([...before, ...this.own.keys()])) this.paint(index);
    this.plan.draw();
  }

  // User actions.

  toggle(index) {
    const refusal = this.chosen.has(index) || this.state[index] !== "a" ? "" : this.refusal();
    if (refusal) return this.changed(refusal);
    if (this.chosen.has(index)) this.chosen.delete(index);
    else if (this.state[index] === "a") this.chosen.add(index);
    else return this.announce(`${this.name(index)} is ${this.wordsOf(index)}.`);
    this.paint(index);
    this.plan.draw();
    this.changed();
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
    if (!cell) return;
    this.enter(Number(cell.dataset.seat), false);
    if (cell.matches(":focus-visible")) this.describe(cell);
  }

  /** Makes one seat of the grid the target of the Tab key. */
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
    else if (event.key === "Escape" && !this.card.hidden) this.describe(null);
    else if (event.key === " " || event.key === "Enter") this.toggle(this.active);
    else return;
    event.preventDefault();
  }
}
