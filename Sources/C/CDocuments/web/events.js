// The list of events.

import { call, clock } from "./api.js";
import { make } from "./dom.js";
import { calendarDay, count, eventTime, number, price, short, visitorTime } from "./locale.js";
import { words } from "./words.js";

const orders = [["date", "Date"], ["price", "Lowest price first"], ["title", "Title"]];
const periods = [["upcoming", "Coming up"], ["past", "Past"]];

export async function eventsView(page, _, query) {
  page.title = "Events";
  const wanted = { search: query.get("search") ?? "", sort: query.get("sort") ?? "date", period: query.get("period") ?? "upcoming" };
  const search = make("input", { id: "search", type: "search", value: wanted.search, placeholder: "Title", maxlength: "100", autocomplete: "off" });
  const select = (id, choices, chosen) => make("select", { id }, choices.map(([value, text]) => make("option", { value, selected: value === chosen }, text)));
  const sort = select("sort", orders, wanted.sort);
  const period = select("period", periods, wanted.period);
  const list = make("div", { class: "cards" });
  const pager = make("nav", { class: "pager", "aria-label": "Pages of the list" });
  const found = make("p", { class: "quiet", role: "status" });
  const field = (label, input) => make("div", { class: "field" }, make("label", { for: input.id }, label), input);
  page.root.append(
    make("h1", { tabindex: "-1" }, "Events"),
    make("form", { class: "filters", role: "search", onsubmit: (event) => { event.preventDefault(); load(1); } },
      field("Search", search), field("Show", period), field("Order", sort)),
    found, list, pager);
  let asked = 0;
  async function load(at) {
    asked += 1;
    const mine = asked;
    const fields = new URLSearchParams({ page: at, limit: 9, sortBy: sort.value });
    const isPast = period.value === "past";
    if (isPast) fields.set("period", "past");
    if (isPast && sort.value === "date") fields.set("sortOrder", "desc");
    if (search.value.trim()) fields.set("search", search.value.trim());
    const answer = await call("GET", `/v1/events?${fields}`);
    if (mine !== asked) return;
    const address = new URLSearchParams();
    if (search.value.trim()) address.set("search", search.value.trim());
    if (sort.value !== "date") address.set("sort", sort.value);
    if (isPast) address.set("period", "past");
    if (at > 1) address.set("page", at);
    history.replaceState(null, "", `#/${address.size ? `?${address}` : ""}`);
    found.textContent = answer.total === 0 ? "No events found." : count(answer.total, "event");
    list.replaceChildren(...answer.data.map(card));
    const step = (to, text) => make("button", { disabled: to < 1 || to > answer.totalPages, onclick: () => load(to).then(() => scrollTo(0, 0)).catch(show) }, text);
    pager.replaceChildren(...(answer.totalPages > 1 ? [step(at - 1, "Previous page"), make("span", {}, `Page ${number(at)} of ${number(answer.totalPages)}`), step(at + 1, "Next page")] : []));
  }
  const show = (problem) => { found.textContent = words(problem); };
  let timer;
  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => load(1).catch(show), 250); });
  for (const choice of [sort, period]) choice.addEventListener("change", () => load(1).catch(show));
  await load(Number(query.get("page")) || 1);
  return () => { clearTimeout(timer); asked += 1; };
}

/** The tickets left, in words and with a tone. */
export function remaining(left, capacity) {
  if (left === 0) return ["Sold out", "bad"];
  return left < 10 || left <= capacity / 10 ? [`Only ${number(left)} left`, "warn"] : [`${number(left)} left`, "good"];
}

function state(event) {
  const now = clock.now();
  if (event.status === "cancelled") return ["Cancelled", "bad"];
  if (event.salesCloseAt && Date.parse(event.salesCloseAt) <= now) return ["Sales have ended", ""];
  if (event.salesOpenAt && Date.parse(event.salesOpenAt) > now) return ["Not on sale yet", ""];
  return remaining(event.remainingTickets, event.tiers.reduce((sum, tier) => sum + tier.capacity, 0));
}

function card(event) {
  const prices = event.tiers.map((tier) => tier.unitAmount);
  const cheapest = Math.min(...prices);
  const [text, tone] = state(event);
  const day = calendarDay(event);
  const own = visitorTime(event, event.startsAt);
  return make("article", { class: "card" },
    make("div", { class: "day", "aria-hidden": "true" }, make("span", {}, day.month), make("strong", {}, day.day), make("span", {}, day.year)),
    make("div", { class: "card-text" },
      make("h2", {}, make("a", { href: `#/events/${event.number}` }, event.title)),
      make("p", { class: "quiet" }, [eventTime(event, event.startsAt, short), event.venue].filter(Boolean).join(" · "),
        own && make("span", { class: "own-time" }, `Your time: ${own}`)),
      make("p", { class: "card-foot" }, make("span", {}, `${prices.some((one) => one !== cheapest) ? "from " : ""}${price(cheapest, event.currency)}`),
        make("span", { class: `chip ${tone}` }, text))));
}
