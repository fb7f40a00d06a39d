// The box office: events, seats, holds, payment, tickets.

import { act, call, clock, count, make, money, Problem, session, when, words } from "./api.js";
import { account, demo, ensureSignedIn } from "./account.js";
import { ask, announce, outage, toast } from "./notices.js";
import { eventView } from "./event.js";
import { bookingView } from "./booking.js";

const view = document.getElementById("view");
let leave = null;
let visit = 0;

/** Shows what the address names; a view returns its title and what to do when it is left. */
async function route() {
  leave?.();
  leave = null;
  visit += 1;
  const mine = visit;
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/");
  const views = { "": eventsView, events: eventView, bookings: bookingsView, booking: bookingView };
  for (const link of document.querySelectorAll("[data-nav]")) {
    const here = link.dataset.nav === (parts[0].startsWith("booking") ? "bookings" : "events");
    if (here) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  const page = { root: make("div", { class: "page" }), isCurrent: () => mine === visit, go, title: "Usher" };
  try {
    const left = await (views[parts[0]] ?? lost)(page, parts[1], new URLSearchParams(query ?? ""));
    if (!page.isCurrent()) return left?.();
    leave = left ?? null;
  } catch (problem) {
    if (!page.isCurrent()) return;
    if (!(problem instanceof Problem)) throw problem;
    page.title = "Not to be shown";
    page.root.replaceChildren(
      make("h1", { tabindex: "-1" }, problem.status === 404 ? "Nothing here" : "Not just now"),
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

async function lost() { throw new Problem(404, { code: "not-found", detail: "There is no such page." }); }

// All events

async function eventsView(page, _, query) {
  page.title = "Events";
  const wanted = { page: Number(query.get("page")) || 1, search: query.get("search") ?? "", sort: query.get("sort") ?? "date" };
  const search = make("input", { id: "search", type: "search", value: wanted.search, placeholder: "Title", maxlength: "100", autocomplete: "off" });
  const sort = make("select", { id: "sort" }, [["date", "Soonest first"], ["price", "Lowest price first"], ["title", "By title"]]
    .map(([value, text]) => make("option", { value, selected: value === wanted.sort }, text)));
  const list = make("div", { class: "cards" });
  const pager = make("nav", { class: "pager", "aria-label": "Pages of the list" });
  const found = make("p", { class: "quiet", role: "status" });
  page.root.append(
    make("h1", { tabindex: "-1" }, "Events"),
    make("form", { class: "filters", role: "search", onsubmit: (event) => { event.preventDefault(); load(1); } },
      make("div", { class: "field" }, make("label", { for: "search" }, "Search"), search),
      make("div", { class: "field" }, make("label", { for: "sort" }, "Order"), sort)),
    found, list, pager);
  let asked = 0;
  async function load(number) {
    asked += 1;
    const mine = asked;
    wanted.page = number;
    const fields = new URLSearchParams({ page: number, limit: 9, sortBy: sort.value });
    if (search.value.trim()) fields.set("search", search.value.trim());
    const answer = await call("GET", `/v1/events?${fields}`);
    if (mine !== asked) return;
    const address = new URLSearchParams();
    if (search.value.trim()) address.set("search", search.value.trim());
    if (sort.value !== "date") address.set("sort", sort.value);
    if (number > 1) address.set("page", number);
    history.replaceState(null, "", `#/${address.size ? `?${address}` : ""}`);
    found.textContent = answer.total === 0 ? "Nothing found. Try fewer letters." : count(answer.total, "event");
    list.replaceChildren(...answer.data.map(card));
    const step = (to, text) => make("button", { disabled: to < 1 || to > answer.totalPages, onclick: () => load(to).then(() => { found.focus?.(); scrollTo(0, 0); }).catch(show) }, text);
    pager.replaceChildren(...(answer.totalPages > 1 ? [step(number - 1, "Earlier page"), make("span", {}, `Page ${number} of ${answer.totalPages}`), step(number + 1, "Next page")] : []));
  }
  const show = (problem) => { found.textContent = words(problem); };
  let timer;
  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => load(1).catch(show), 250); });
  sort.addEventListener("change", () => load(1).catch(show));
  await load(wanted.page);
  return () => { clearTimeout(timer); asked += 1; };
}

function card(event) {
  const cheapest = Math.min(...event.tiers.map((tier) => tier.unitAmount));
  const capacity = event.tiers.reduce((sum, tier) => sum + tier.capacity, 0);
  const left = event.remainingTickets;
  const words = event.status === "cancelled" ? "Cancelled" : left === 0 ? "Sold out" : left <= capacity / 10 ? `Only ${left.toLocaleString("en")} left` : `${left.toLocaleString("en")} left`;
  const day = new Date(event.startsAt);
  return make("article", { class: "card" },
    make("div", { class: "day", "aria-hidden": "true" },
      make("span", {}, day.toLocaleDateString("en", { month: "short" })), make("strong", {}, String(day.getDate())), make("span", {}, String(day.getFullYear()))),
    make("div", { class: "card-text" },
      make("h2", {}, make("a", { href: `#/events/${event.number}` }, event.title)),
      make("p", { class: "quiet" }, [when(event.startsAt, { dateStyle: "medium", timeStyle: "short" }), event.venue].filter(Boolean).join(" · ")),
      make("p", { class: "card-foot" }, make("span", {}, `from ${money(cheapest, event.currency)}`),
        make("span", { class: `chip ${left === 0 || event.status === "cancelled" ? "bad" : left <= capacity / 10 ? "warn" : "good"}` }, words))));
}

// My bookings

const stateWords = {
  RESERVED: ["Held", "warn"], PENDING_PAYMENT: ["Payment under way", "warn"], CONFIRMED: ["Confirmed", "good"],
  EXPIRED: ["Lapsed", ""], CANCELLED: ["Cancelled", ""], FAILED: ["Payment declined", "bad"],
};

async function bookingsView(page) {
  page.title = "My bookings";
  page.root.append(make("h1", { tabindex: "-1" }, "My bookings"));
  if (!session.user) {
    page.root.append(make("p", {}, "Sign in to see what you have booked."),
      make("div", { class: "actions" }, make("button", { class: "primary", onclick: () => ensureSignedIn("").then((signed) => signed && route()) }, "Sign in")));
    return null;
  }
  const list = make("ul", { class: "rows" });
  const more = make("div", { class: "actions" });
  const titles = new Map();
  const event = (id) => {
    if (!titles.has(id)) titles.set(id, call("GET", `/v1/events/${id}`).catch(() => ({ title: "An event", startsAt: null })));
    return titles.get(id);
  };
  async function load(cursor) {
    const answer = await call("GET", `/v1/bookings?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    for (const booking of answer.data) list.append(row(booking, await event(booking.eventId)));
    more.replaceChildren(...(answer.nextCursor ? [make("button", { onclick: () => load(answer.nextCursor).catch((problem) => toast(words(problem), "bad")) }, "Show older ones")] : []));
    if (!list.children.length) page.root.append(make("p", {}, "Nothing yet. "), make("a", { class: "button", href: "#/" }, "See what is on"));
  }
  function row(booking, of) {
    const [text, tone] = stateWords[booking.status];
    const tickets = booking.items.reduce((sum, item) => sum + item.quantity, 0);
    const element = make("li", { class: "row-item", "data-booking": booking.id });
    const cancellable = ["RESERVED", "PENDING_PAYMENT", "CONFIRMED"].includes(booking.status);
    element.append(
      make("div", {}, make("h2", {}, make("a", { href: `#/booking/${booking.id}` }, of.title)),
        make("p", { class: "quiet" }, [of.startsAt && when(of.startsAt, { dateStyle: "medium", timeStyle: "short" }), count(tickets, "ticket"), money(booking.totalAmount, booking.currency)].filter(Boolean).join(" · "))),
      make("span", { class: `chip ${tone}` }, text),
      make("div", { class: "row-actions" }, cancellable && make("button", { class: "small", onclick: () => cancel(booking, of, element), "aria-label": `Cancel ${of.title}` }, "Cancel")));
    return element;
  }
  async function cancel(booking, of, element) {
    const paid = booking.payment?.status === "SUCCEEDED";
    const sure = await ask("Cancel this booking?", `${of.title}: the tickets go back on sale at once${paid ? ", and your money is returned" : ""}. This cannot be undone.`, "Cancel booking");
    if (!sure) return;
    try {
      const gone = await act("POST", `/v1/bookings/${booking.id}/cancel`, {});
      const fresh = row(gone, of);
      element.replaceWith(fresh);
      fresh.querySelector("a").focus();
      toast(paid ? "Cancelled. Your money is on its way back." : "Cancelled.", "good");
    } catch (problem) {
      toast(words(problem), "bad");
    }
  }
  await load(null);
  page.root.append(list, more);
  return null;
}

addEventListener("hashchange", route);
addEventListener("session", () => account(go));
account(go);
outage(() => route());
demo();
route();
