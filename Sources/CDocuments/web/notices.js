// What the page says by itself: to the eye and to the screen reader.

import { make } from "./api.js";

const announcer = document.getElementById("announcer");

/** Says something to whoever cannot see it. */
export function announce(text) {
  const line = make("p", {}, text);
  announcer.append(line);
  setTimeout(() => line.remove(), 10000);
}

/** Says something to everybody, for a few seconds. */
export function toast(text, tone = "") {
  announce(text);
  const note = make("div", { class: `toast ${tone}` }, text);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), 7000);
}

/** Asks before something that cannot be undone. */
export function ask(title, text, yes) {
  const dialog = document.getElementById("question");
  dialog.querySelector("#question-title").textContent = title;
  dialog.querySelector("#question-text").textContent = text;
  dialog.querySelector("#question-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
  });
}

/** What `/readyz` says, in words; empty when all is well. */
export function health(ready) {
  if (!ready) return "The server does not answer. This page keeps trying.";
  const { redis, postgres, inventory } = ready.checks;
  if (redis !== "ok" && postgres !== "ok") return "Redis and PostgreSQL are down. Nothing can be booked until they are back; what was sold stays sold.";
  if (redis !== "ok") return "Redis is down. Nothing can be booked until it is back; what was sold stays sold, and Usher recovers by itself.";
  if (postgres !== "ok") return "PostgreSQL is down. Booking goes on; confirmations are written down when it is back.";
  if (inventory !== "ok") return "Redis is back, and every seat is being checked against PostgreSQL. Booking goes on in a moment.";
  return "";
}

/** Looks how the server is. */
export async function readiness() {
  try {
    return await (await fetch("/readyz")).json();
  } catch {
    return null;
  }
}

/** Shows a line while the server cannot book; looks more often then. */
export function outage(recovered) {
  const line = document.getElementById("outage");
  let was = "";
  async function look() {
    const says = document.hidden ? was : health(await readiness());
    line.hidden = !says;
    if (says !== was) line.textContent = says;
    if (says !== was) dispatchEvent(new CustomEvent("outage", { detail: says }));
    if (was && !says) { announce("Everything works again."); recovered(); }
    was = says;
    setTimeout(look, says ? 1500 : 10000);
  }
  addEventListener("trouble", () => { if (!was) look(); });
  look();
}
