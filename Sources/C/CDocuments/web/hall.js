// A hall on an event's page: its sections, the seats of one section, their prices, and choosing the best.

import { make } from "./dom.js";
import { remaining } from "./events.js";
import { price } from "./locale.js";
import { announce } from "./notices.js";
import { colours, SeatMap } from "./seatmap.js";

const smallest = 18;
const largest = 48;
/** The smallest size for a finger (WCAG 2.2, 2.5.8). */
const smallestOnPhones = 28;

export class Hall {
  #event;
  #tiers;
  #tabs;
  #list;
  #panel;
  #best;
  #most;
  #size = 0;

  /**
   * @param listed the seats as in `GET …/seats`.
   * @param claim reserves items; `changed` is called after each choice, with the refusal if there is one; `lost` with
   * seats that other customers took.
   * @param refusal returns why no more may be chosen, or nothing; `most` the maximum number.
   */
  constructor(listed, { event, claim, changed, lost, refusal, most }) {
    this.#event = event;
    this.#most = most;
    this.#tiers = new Map(event.tiers.map((tier, index) => [tier.id, { ...tier, colour: index % colours }]));
    this.map = new SeatMap(listed, {
      changed, lost, announce, refusal,
      price: (index) => price(this.#tiers.get(listed[index].tierId).unitAmount, event.currency),
      colour: (index) => this.#tiers.get(listed[index].tierId).colour });
    this.#best = make("button", { class: "hold-best", onclick: () => this.#claimBest(claim) });
    this.number = make("input", { id: "best-number", type: "number", inputmode: "numeric", min: "1", value: "2" });
    this.#tabs = this.map.sections.map((section, index) => this.#tab(section, index));
    this.#list = make("div", { role: "tablist", "aria-label": "Sections", class: "tabs" }, this.#tabs);
    this.#list.addEventListener("keydown", (pressed) => this.#key(pressed));
    this.#panel = make("div", { role: "tabpanel", id: "section-panel" }, make("p", { class: "stage", "aria-hidden": "true" }, "Stage"), this.map.scroller);
    this.map.picked = (index) => this.pick(index);
    this.map.merged = () => this.#showLeft();
    this.#showLeft();
    this.root = make("section", { class: "hall", "aria-label": "Seats" },
      make("div", { class: `hall-top ${this.#tabs.length === 1 ? "single" : ""}` },
        make("div", {}, this.#list, make("div", { class: "best" }, make("label", { for: "best-number" }, "Seats together"), this.number, this.#best)),
        this.map.overview),
      make("div", { class: "map-bar" }, make("p", { class: "hint", id: "map-help" }, "Arrow keys move from seat to seat; Space chooses one."), this.#zoom()),
      this.#panel, this.#legend(), this.map.card);
    // Sizes are known once the hall is shown.
    requestAnimationFrame(() => { this.#fit(); this.pick(0); });
  }

  /** Shows one section. */
  pick(index) {
    this.map.show(index);
    this.#tabs.forEach((tab, other) => {
      tab.setAttribute("aria-selected", String(other === index));
      tab.tabIndex = other === index ? 0 : -1;
    });
    this.#panel.setAttribute("aria-labelledby", `section-${index}`);
    this.#best.textContent = `Hold the best ${this.#where(this.map.sections[index])}`;
    const isColumn = this.#tabs.length > 1 && this.#tabs[0].offsetLeft === this.#tabs[1].offsetLeft;
    this.#list.setAttribute("aria-orientation", isColumn ? "vertical" : "horizontal");
  }

  /** Whether tickets are on sale. */
  setOpen(isOpen) { this.#best.disabled = !isOpen; }

  /** The server chooses within a tier, which may have several sections. */
  #where({ name, tier }) {
    const isWhole = this.map.sections.filter((section) => section.tier === tier).length === 1;
    return isWhole ? `in ${name}` : `of ${this.#tiers.get(tier).name}, in any section`;
  }

  /** Shows the seats left in each section; a tier may span several sections. */
  #showLeft() {
    this.map.sections.forEach((section, index) => {
      const { all, left } = this.map.countOf(section);
      const [text] = remaining(left, all);
      const element = this.#tabs[index].querySelector(".left");
      if (element.textContent !== text) element.textContent = text;
    });
  }

  #claimBest(claim) {
    const most = this.#most();
    const wanted = Math.max(1, Math.min(most, Math.floor(Number(this.number.value)) || 1));
    if (Number(this.number.value) > most) announce(`${most} at most.`);
    this.number.value = String(wanted);
    claim([{ tierId: this.map.sections[this.map.current].tier, bestAvailable: wanted }]);
  }

  #tab(section, index) {
    const tier = this.#tiers.get(section.tier);
    return make("button", { role: "tab", id: `section-${index}`, "aria-controls": "section-panel", "aria-selected": "false", tabindex: "-1", onclick: () => this.pick(index) },
      make("strong", {}, section.name), make("span", {}, price(tier.unitAmount, this.#event.currency)), make("span", { class: "left" }));
  }

  /** The sections may be side by side or stacked, so all arrow keys move. */
  #key(pressed) {
    const last = this.#tabs.length - 1;
    const at = this.map.current;
    const next = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last }[pressed.key];
    if (next === undefined) return;
    this.pick((next + this.#tabs.length) % this.#tabs.length);
    this.#tabs[this.map.current].focus();
    pressed.preventDefault();
  }

  #legend() {
    const sample = (state, text, colour = 0) => make("li", {}, make("span", { class: "seat", "data-state": state, "data-colour": colour, "aria-hidden": "true" }), text);
    const free = this.#event.tiers.filter((tier) => tier.kind === "seated").map((tier) => {
      const { colour } = this.#tiers.get(tier.id);
      return sample("a", `${tier.name}, ${price(tier.unitAmount, this.#event.currency)}`, colour);
    });
    return make("ul", { class: "legend", "aria-label": "What the seats look like" }, free,
      [["chosen", "your choice"], ["m", "yours"], ["h", "held by others"], ["s", "sold"], ["b", "not on sale"]].map(([state, text]) => sample(state, text)));
  }

  #zoom() {
    const button = (label, text, step) => make("button", { class: "small", "aria-label": label, onclick: () => this.#resize(this.#size + step) }, text);
    return make("div", { class: "zoom", role: "group", "aria-label": "Size of the seats" }, button("Smaller seats", "−", -6), button("Larger seats", "+", 6));
  }

  #resize(size) {
    this.#size = Math.max(smallest, Math.min(largest, size));
    this.map.grid.style.setProperty("--size", `${this.#size}px`);
  }

  /** As large as fits, but large enough for a finger. */
  #fit() {
    const least = matchMedia("(max-width: 640px)").matches ? smallestOnPhones : smallest;
    const widest = Math.max(...this.map.sections.flatMap((section) => section.rows.map((row) => row.seats.length)));
    this.#resize(Math.max(least, Math.min(34, Math.floor((this.map.scroller.clientWidth - 64) / widest) - 3)));
  }
}
