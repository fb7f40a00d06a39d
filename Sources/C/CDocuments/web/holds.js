// Reserved, unpaid tickets of this user, shown above every page.

import { act, call, clock, session } from "./api.js";
import { make } from "./dom.js";
import { count, timeLeft } from "./locale.js";
import { announce, confirm, toast } from "./notices.js";
import { words } from "./words.js";

/** More lines would cover the page on a phone; the rest is in "My bookings". */
const shownLines = 2;

const bar = document.getElementById("holds");
const known = new Map();
const titles = new Map();
/** The booking that the current view shows with its own clock. */
let shownElsewhere = null;
let owner = null;
let timer;

/** Milliseconds left. The clocks agree within a second; the result never exceeds what the server gave. */
export const timeOf = (booking) => Math.max(0, Math.min(Date.parse(booking.expiresAt) - clock.now(), Date.parse(booking.expiresAt) - Date.parse(booking.updatedAt)));

const tickets = (booking) => booking.items.reduce((sum, item) => sum + item.quantity, 0);
const isLive = (booking) => booking.status === "RESERVED" && timeOf(booking) > 0;

/** Updates one booking from a response. */
export function noteBooking(booking) {
  if (isLive(booking)) known.set(booking.id, booking); else known.delete(booking.id);
  dispatchEvent(new Event("holds"));
  render();
}

/** Sets the booking that the current view shows, if any. */
export function showsBooking(id) {
  shownElsewhere = id;
  render();
}

/** Loads the holds from the server. */
export async function loadHolds() {
  const user = session.user?.id ?? null;
  if (user !== owner) known.clear();
  owner = user;
  if (!user) return render();
  try {
    const answer = await call("GET", "/v1/bookings?status=RESERVED&limit=20");
    if (owner !== user) return undefined;
    // An incomplete list may lack holds that this page knows from the claim itself.
    if (answer.complete) known.clear();
    for (const booking of answer.data.filter(isLive)) known.set(booking.id, booking);
  } catch {
    // Known holds stay; they expire by the clock.
  }
  return render();
}

async function title(booking) {
  if (!titles.has(booking.eventId)) {
    try {
      titles.set(booking.eventId, (await call("GET", `/v1/events/${booking.eventId}`)).title);
    } catch {
      return;
    }
    render();
  }
}

function render() {
  clearTimeout(timer);
  const listed = [...known.values()].filter((booking) => booking.id !== shownElsewhere)
    .sort((one, other) => Date.parse(one.expiresAt) - Date.parse(other.expiresAt));
  bar.hidden = listed.length === 0;
  const ids = listed.map((booking) => booking.id).join();
  if (bar.dataset.ids !== ids || listed.slice(0, shownLines).some((booking) => bar.querySelector(`[data-hold="${booking.id}"]`)?.dataset.title !== (titles.get(booking.eventId) ?? ""))) {
    bar.dataset.ids = ids;
    const more = listed.length - shownLines;
    bar.replaceChildren(...listed.slice(0, shownLines).map(line),
      more > 0 ? make("p", { class: "wide hold-line" }, make("a", { href: "#/bookings" }, `${count(more, "more booking")} to pay`)) : "");
  }
  for (const booking of listed.slice(0, shownLines)) title(booking);
  tick();
}

function line(booking) {
  const name = titles.get(booking.eventId) ?? "";
  const about = name ? ` for ${name}` : "";
  return make("p", { class: "wide hold-line", "data-hold": booking.id, "data-title": name },
    make("span", { class: "hold-text" }, "You hold ", make("strong", {}, count(tickets(booking), "ticket")), make("span", { class: "hold-title" }, about),
      " · ", make("span", { class: "hold-time" })),
    make("a", { class: "button small primary", href: `#/booking/${booking.id}`, "aria-label": `Pay${about}` }, booking.totalAmount === 0 ? "Get tickets" : "Pay"),
    make("button", { class: "small", onclick: () => release(booking), "aria-label": `Release ${count(tickets(booking), "ticket")}${about}` }, "Release"));
}

async function release(booking) {
  const sure = await confirm("Release these tickets?", "They go back on sale at once.", "Release tickets", "Keep them");
  if (!sure) return;
  try {
    noteBooking(await act("POST", `/v1/bookings/${booking.id}/cancel`, {}));
    toast("The tickets are released.", "good");
  } catch (problem) {
    toast(words(problem), "bad");
    loadHolds();
  }
}

function tick() {
  clearTimeout(timer);
  if (bar.hidden) return;
  for (const time of bar.querySelectorAll(".hold-time")) {
    const booking = known.get(time.closest("[data-hold]").dataset.hold);
    // Another user signed in; that user's holds are being loaded.
    if (!booking) continue;
    const rest = timeOf(booking);
    const text = `${timeLeft(rest)} left`;
    if (time.textContent !== text) time.textContent = text;
    if (rest === 0) {
      announce("The time to pay for your reserved tickets is over.");
      known.forEach((booking, id) => { if (!isLive(booking)) known.delete(id); });
      dispatchEvent(new Event("holds"));
      return render();
    }
  }
  timer = setTimeout(tick, 250);
  return undefined;
}

/** This user's live bookings of one event, for the map and the limits. */
export async function ownBookings(event) {
  if (!session.user) return [];
  const answer = await call("GET", `/v1/bookings?eventId=${event}&limit=100`);
  const found = new Map(answer.data.map((booking) => [booking.id, booking]));
  if (!answer.complete) for (const booking of known.values()) if (booking.eventId === event) found.set(booking.id, booking);
  return [...found.values()].filter((booking) => booking.status === "RESERVED" ? isLive(booking) : ["PENDING_PAYMENT", "CONFIRMED"].includes(booking.status));
}

export const ticketsOf = (bookings) => bookings.reduce((sum, booking) => sum + tickets(booking), 0);
