// Chooses the number of tickets of a tier without seats.

import { make } from "./dom.js";
import { number, price } from "./locale.js";
import { announce } from "./notices.js";

export class Stepper {
  #input;
  #less;
  #more;
  #limit = make("span");
  quantity = 0;

  /**
   * @param left the element that shows how many are left.
   * @param most returns how many may be chosen at present.
   * @param changed called after the user changed the number.
   */
  constructor(tier, { currency, left, most, changed }) {
    Object.assign(this, { tier, most, changed });
    const id = `quantity-${tier.id}`;
    this.#input = make("input", { id, type: "number", inputmode: "numeric", min: "0", value: "0", "aria-describedby": `${id}-facts` });
    this.#input.addEventListener("change", () => this.choose(this.#input.value));
    this.#input.addEventListener("input", () => { if (this.#input.value !== "") this.choose(this.#input.value); });
    const button = (label, text, step) => make("button", { type: "button", "aria-label": label, onclick: () => this.choose(this.quantity + step) }, text);
    this.#less = button(`One ${tier.name} less`, "−", -1);
    this.#more = button(`One ${tier.name} more`, "+", 1);
    this.root = make("div", { class: "tier" },
      make("div", {}, make("label", { for: id }, tier.name), make("p", { class: "quiet", id: `${id}-facts` }, price(tier.unitAmount, currency), " · ", left, this.#limit)),
      make("div", { class: "stepper" }, this.#less, this.#input, this.#more));
  }

  choose(value) {
    const wanted = Math.max(0, Math.floor(Number(value)) || 0);
    this.set(Math.min(wanted, this.most(this)));
    if (wanted > this.quantity) announce(`${number(this.quantity)} at most.`);
    this.changed();
  }

  set(quantity) {
    this.quantity = quantity;
    if (this.#input.value !== String(quantity)) this.#input.value = String(quantity);
    this.update();
  }

  /**
   * Updates the number's limit.
   *
   * @param note the customer's own limit, in words.
   */
  update(note = this.note) {
    this.note = note;
    const most = this.most(this);
    this.#input.max = String(most);
    this.#limit.textContent = note ? ` · ${note}` : "";
    for (const [button, isEnd] of [[this.#less, this.quantity === 0], [this.#more, this.quantity >= most]]) {
      if (isEnd) button.setAttribute("aria-disabled", "true"); else button.removeAttribute("aria-disabled");
    }
  }
}
