// Messages of the page, visible and for screen readers.

import { make } from "./dom.js";

const announcer = document.getElementById("announcer");

/** For screen readers only. */
export function announce(text) {
  const line = make("p", {}, text);
  announcer.append(line);
  setTimeout(() => line.remove(), 10000);
}

/** For all users, for a few seconds. */
export function toast(text, tone = "") {
  announce(text);
  const note = make("div", { class: `toast ${tone}` }, text);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), 7000);
}

/**
 * Asks a question.
 *
 * @param answers values, button texts and classes; Escape selects the last one.
 * @returns the value of the answer.
 */
export function ask(title, text, answers) {
  const dialog = document.getElementById("question");
  dialog.querySelector("#question-title").textContent = title;
  dialog.querySelector("#question-text").textContent = text;
  const otherwise = answers.at(-1)[0];
  dialog.querySelector("#question-answers").replaceChildren(...answers.map(([value, words, look]) =>
    make("button", { value, class: look, autofocus: value === otherwise }, words)));
  dialog.returnValue = otherwise;
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue || otherwise), { once: true });
  });
}

/** Asks before an action that cannot be undone. */
export async function confirm(title, text, yes, no = "Keep it") {
  return (await ask(title, text, [["yes", yes, "danger"], ["no", no]])) === "yes";
}

/** Shows a message in an `.error` element, or hides the element if there is no text. */
export function show(element, text) {
  element.textContent = text;
  element.hidden = !text;
}

/**
 * The server's state from `/readyz`; `null` without a response. An installation may hide `/readyz` from the public: the
 * state is then unknown, and failed requests show trouble.
 */
export async function readiness() {
  try {
    const answer = await (await fetch("/readyz")).json();
    return answer.checks ? answer : { checks: { redis: "ok", postgres: "ok", inventory: "ok" } };
  } catch {
    return null;
  }
}

/** That state in words for customers; empty if all is well. */
function forCustomers(ready) {
  if (!ready) return "The server cannot be reached. This page keeps trying.";
  const { redis, postgres, inventory } = ready.checks;
  if (redis !== "ok" || inventory !== "ok") return "Booking is paused because of a technical problem. Tickets that you have booked stay yours. This page continues by itself.";
  if (postgres !== "ok") return "Because of a technical problem, confirming a booking may take longer than usual, and older bookings may not be shown. Tickets that you have booked stay yours.";
  return "";
}

/** Shows a line while the server's service is limited; polls more often then. */
export function outage(recovered) {
  const line = document.getElementById("outage");
  let was = "";
  let timer;
  async function look() {
    clearTimeout(timer);
    const text = document.hidden ? was : forCustomers(await readiness());
    line.hidden = !text;
    if (text !== was) line.textContent = text;
    if (text !== was) dispatchEvent(new CustomEvent("outage", { detail: text }));
    if (was && !text) { announce("Everything works again."); recovered(); }
    was = text;
    clearTimeout(timer);
    timer = setTimeout(look, text ? 1500 : 10000);
  }
  addEventListener("trouble", () => { if (!was) look(); });
  look();
}
