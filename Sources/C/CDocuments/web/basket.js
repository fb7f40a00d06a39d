// The choice, its price, and why it could not be reserved: always visible at the bottom of an event's page.

import { make } from "./dom.js";
import { count, money, price } from "./locale.js";
import { show } from "./notices.js";

export class Basket {
  #error = make("p", { class: "error", role: "alert", hidden: true });
  #list = make("ul", { class: "choices" });
  #sum = make("p", { class: "basket-text", role: "status" });
  #hold;

  /** @param hint shown while nothing is chosen; `hold` is called by the button. */
  constructor({ currency, hint, hold }) {
    Object.assign(this, { currency, hint });
    this.#hold = make("button", { class: "primary", onclick: hold }, "Hold");
    this.root = make("section", { class: "basket", "aria-label": "Your choice" },
      this.#error, this.#list, make("div", { class: "basket-foot" }, this.#sum, this.#hold));
  }

  /**
   * Shows the choice.
   *
   * @param entries each with `text`, `tickets`, `amount`, and `remove`.
   * @param isOpen whether the choice can be reserved.
   */
  update(entries, isOpen) {
    const tickets = entries.reduce((sum, entry) => sum + entry.tickets, 0);
    const amount = entries.reduce((sum, entry) => sum + entry.amount, 0);
    const said = tickets ? `${count(tickets, "ticket")}, ${price(amount, this.currency)}` : this.hint;
    if (this.#sum.textContent !== said) this.#sum.textContent = said;
    this.#hold.textContent = tickets ? `Hold ${count(tickets, "ticket")}` : "Hold";
    this.#hold.disabled = !tickets || !isOpen;
    this.#list.hidden = entries.length === 0;
    this.#list.replaceChildren(...entries.map((entry) => this.#entry(entry)));
    this.root.classList.toggle("ready", tickets > 0);
  }

  #entry({ text, amount, remove }) {
    return make("li", {}, make("span", {}, text, make("span", { class: "quiet" }, ` ${amount === 0 ? "Free" : money(amount, this.currency)}`)),
      make("button", { type: "button", class: "remove", "aria-label": `Remove ${text}`, onclick: () => this.#remove(remove) }, "×"));
  }

  #remove(remove) {
    const at = [...this.#list.children].findIndex((item) => item.contains(document.activeElement));
    remove();
    // The button is gone: focus the next one, or the hold button.
    const buttons = this.#list.querySelectorAll("button");
    (buttons[Math.min(at, buttons.length - 1)] ?? this.#hold).focus();
  }

  /** Shows why the choice could not be reserved; hides the message if there is no text. */
  say(text) {
    if (this.#error.textContent !== text || this.#error.hidden) show(this.#error, text);
    this.root.classList.toggle("speaks", Boolean(text));
  }
}
