// The box office: selects the view, and updates what all views share.

import { Problem, session } from "./api.js";
import { account, demo } from "./account.js";
import { accountView } from "./profile.js";
import { bookingView } from "./booking.js";
import { bookingsView } from "./bookings.js";
import { make } from "./dom.js";
import { eventView } from "./event.js";
import { eventsView } from "./events.js";
import { loadHolds, showsBooking } from "./holds.js";
import { outage } from "./notices.js";
import { words } from "./words.js";

const view = document.getElementById("view");
const views = { "": eventsView, events: eventView, bookings: bookingsView, booking: bookingView, account: accountView };
/** The current view's handlers: for leaving it, for a change of the user, and for the end of an outage. */
let current = {};
let visit = 0;

/**
 * Shows the view that the address names. A view fills `page.root` and returns a function to call when it is left. It is
 * rebuilt when the user changes, unless it has a `page.signedIn`, and after an outage, unless it has a
 * `page.recovered`.
 */
async function route() {
  current.leave?.();
  current = {};
  visit += 1;
  const mine = visit;
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/");
  for (const link of document.querySelectorAll("[data-nav]")) {
    const here = link.dataset.nav === (parts[0].startsWith("booking") ? "bookings" : parts[0] === "account" ? "" : "events");
    if (here) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  showsBooking(parts[0] === "booking" ? parts[1] : null);
  loadHolds();
  const page = { root: make("div", { class: "page" }), isCurrent: () => mine === visit, go, title: "Usher" };
  try {
    const leave = await (views[parts[0]] ?? lost)(page, parts[1], new URLSearchParams(query ?? ""));
    if (!page.isCurrent()) return leave?.();
    current = { leave, signedIn: page.signedIn, recovered: page.recovered };
  } catch (problem) {
    if (!page.isCurrent()) return;
    if (!(problem instanceof Problem)) throw problem;
    page.title = problem.status === 404 ? "Not found" : "Not available";
    page.root.replaceChildren(
      make("h1", { tabindex: "-1" }, problem.status === 404 ? "Not found" : "Not available at the moment"),
      make("p", {}, words(problem)),
      make("div", { class: "actions" }, make("button", { class: "primary", onclick: route }, "Try again"), make("a", { class: "button", href: "#/" }, "All events")));
  }
  document.title = page.title === "Usher" ? "Usher" : `${page.title} · Usher`;
  view.replaceChildren(page.root);
  scrollTo(0, 0);
  if (mine > 1) (view.querySelector("h1") ?? view).focus({ preventScroll: true });
}

function go(hash) {
  if (location.hash === hash) route(); else location.hash = hash;
}

async function lost() { throw new Problem(404, { code: "not-found" }); }

let person = session.user?.id;
addEventListener("session", () => {
  account(go);
  if (session.user?.id === person) return;
  person = session.user?.id;
  loadHolds();
  if (current.signedIn) current.signedIn(); else route();
});
// Another tab may have reserved or paid something.
document.addEventListener("visibilitychange", () => { if (!document.hidden) loadHolds(); });
addEventListener("hashchange", route);
account(go);
outage(() => { loadHolds(); if (current.recovered) current.recovered(); else route(); });
demo();
route();
