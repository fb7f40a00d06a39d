// Paying for a booking: by card, or without payment if the tickets are free.

import { act } from "./api.js";
import { demonstration, isSimulated } from "./account.js";
import { make } from "./dom.js";
import { money } from "./locale.js";
import { announce } from "./notices.js";
import { words } from "./words.js";

const outcomes = { "succeeds": "is accepted", "declines": "is declined", "insufficient-funds": "has insufficient funds", "answers-later": "is answered later", "fails": "gets no answer" };
const grouped = (digits) => digits.replace(/(.{4})(?=.)/g, "$1 ");

/** Whether a card number's check digit is right (Luhn; ISO/IEC 7812-1). */
export function isCardNumber(digits) {
  if (!/^\d{12,19}$/.test(digits)) return false;
  const sum = [...digits].reverse().reduce((all, digit, place) => {
    const value = Number(digit) * (place % 2 ? 2 : 1);
    return all + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

export class PaymentForm {
  #number;
  #error = make("p", { class: "error", role: "alert", id: "card-error", hidden: true });
  #pay = make("button", { class: "primary", type: "submit" });
  #last;

  /**
   * @param paid called with the booking after a payment; `refused` when the booking can no longer be paid; `release` by
   * the button that releases the tickets.
   */
  constructor(booking, { paid, refused, release }) {
    Object.assign(this, { booking, paid, refused });
    this.isFree = booking.totalAmount === 0;
    this.#last = `usher.last-attempt.${booking.id}`;
    if (!this.isFree) this.#number = this.#cardNumber();
    this.root = make("form", { class: "pay", novalidate: true, onsubmit: (event) => { event.preventDefault(); this.#submit(); } },
      make("h2", {}, this.isFree ? "Your tickets are free" : "Pay by card"),
      ...(this.isFree ? [make("p", { class: "quiet" }, "There is nothing to pay.")] : this.#card()),
      this.#error,
      make("div", { class: "actions" }, this.#pay, make("button", { type: "button", onclick: release }, "Release tickets")),
      !this.isFree && demonstration.cards.length > 0 && this.#testCards());
    this.#rest();
    // After a reload, too, warn that the next decline is the last.
    if (sessionStorage.getItem(this.#last)) this.say(words({ code: "payment-declined", body: JSON.parse(sessionStorage.getItem(this.#last)) }));
  }

  #cardNumber() {
    const number = make("input", { id: "card", name: "card", inputmode: "numeric", autocomplete: "cc-number", required: true, maxlength: "23", placeholder: "1234 5678 9012 3456", "aria-describedby": "card-error" });
    number.addEventListener("input", () => {
      number.removeAttribute("aria-invalid");
      if (number.selectionStart === number.value.length) number.value = grouped(number.value.replace(/\D/g, "").slice(0, 19));
    });
    return number;
  }

  #card() {
    return [
      isSimulated() && make("p", { class: "notice" }, "Demonstration: this is not a real payment. Do not enter the number of a real card."),
      make("div", { class: "field" }, make("label", { for: "card" }, "Card number"), this.#number)];
  }

  #testCards() {
    const fill = (number) => { this.#number.value = grouped(number); this.#number.focus(); };
    return make("details", { open: true }, make("summary", {}, "Test cards"),
      make("ul", { class: "cards-list" }, demonstration.cards.map((card) => make("li", {},
        make("button", { type: "button", class: "small mono", onclick: () => fill(card.number) }, grouped(card.number)),
        make("span", { class: "quiet" }, outcomes[card.outcome] ?? card.outcome)))));
  }

  #rest() {
    this.#pay.disabled = false;
    this.#pay.textContent = this.isFree ? "Get tickets" : `Pay ${money(this.booking.totalAmount, this.booking.currency)}`;
  }

  async #submit() {
    const digits = this.isFree ? "" : this.#number.value.replace(/\D/g, "");
    if (!this.isFree && !isCardNumber(digits)) return this.#fail("This is not a valid card number. Check the digits.");
    this.#pay.disabled = true;
    this.#pay.textContent = this.isFree ? "Booking…" : "Paying…";
    this.say("");
    try {
      const paid = await act("POST", `/v1/bookings/${this.booking.id}/payments`, this.isFree ? {} : { cardNumber: digits }, { waiting: (passing) => this.say(words(passing)) });
      sessionStorage.removeItem(this.#last);
      this.paid(paid);
      if (paid.status === "CONFIRMED") announce(this.isFree ? "Here is your ticket." : "Paid. Here is your ticket.");
    } catch (problem) {
      if (problem.status === 409 || ["FAILED", "EXPIRED"].includes(problem.body?.currentStatus)) return this.refused();
      if (problem.status === 503 || problem.code === "network") dispatchEvent(new Event("trouble"));
      if (problem.body?.attemptsLeft === 1) sessionStorage.setItem(this.#last, JSON.stringify({ declineCode: problem.body.declineCode, attemptsLeft: 1 }));
      if (problem.status === 503 || problem.code === "network") this.say(words(problem)); else this.#fail(words(problem));
    } finally {
      this.#rest();
    }
    return undefined;
  }

  say(text) {
    this.#error.textContent = text;
    this.#error.hidden = !text;
  }

  /** Shows an error of the card. */
  #fail(text) {
    this.say(text);
    this.#number?.setAttribute("aria-invalid", "true");
    this.#number?.focus();
  }
}
