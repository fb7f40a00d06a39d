// One event: what is left, live, and choosing of it.

import { act, call, clock, count, make, money, session, when, words } from "./api.js";
import { ensureSignedIn } from "./account.js";
import { listen } from "./live.js";
import { announce, toast } from "./notices.js";
import { SeatMap } from "./seatmap.js";

export async function eventView(page, id) {
  const event = await call("GET", `/v1/events/${encodeURIComponent(id ?? "")}`);
  const seated = event.tiers.filter((tier) => tier.kind === "seated");
  const general = event.tiers.filter((tier) => tier.kind === "general");
  const listed = seated.length ? (await call("GET", `/v1/events/${event.id}/seats`)).seats : [];
  page.title = event.title;
  const names = new Map(event.tiers.map((tier) => [tier.id, tier]));
  const left = new Map(event.tiers.map((tier) => [tier.id, tier.available]));
  const quantities = new Map(general.map((tier) => [tier.id, 0]));
  const most = Math.min(event.maxTicketsPerUser ?? 20, 1000);

  // The top.

  const live = make("span", { class: "live", "data-live": "waiting" }, "Connecting…");
  page.root.append(
    make("p", {}, make("a", { href: "#/", class: "back" }, "All events")),
    make("h1", { tabindex: "-1" }, event.title),
    make("p", { class: "quiet facts" }, [when(event.startsAt), event.venue].filter(Boolean).join(" · ")));
  if (event.description) page.root.append(make("p", {}, event.description));
  const closed = closedBecause(event);
  if (closed) page.root.append(make("p", { class: "notice" }, closed));

  // The basket.

  const chosen = make("p", { class: "basket-text", role: "status" });
  const hold = make("button", { class: "primary", onclick: () => claim(items()) }, "Hold");
  const problem = make("p", { class: "error", role: "alert", hidden: true });
  const basket = make("section", { class: "basket", "aria-label": "Your choice" }, chosen, hold);

  const map = listed.length ? new SeatMap(listed, { changed: choice, lost: lostSeats, announce }) : null;

  function total() {
    const seats = [...(map?.chosen ?? [])];
    const amount = seats.reduce((sum, index) => sum + names.get(listed[index].tierId).unitAmount, 0)
      + general.reduce((sum, tier) => sum + quantities.get(tier.id) * tier.unitAmount, 0);
    return { seats, tickets: seats.length + [...quantities.values()].reduce((sum, number) => sum + number, 0), amount };
  }

  function choice() {
    const { seats, tickets, amount } = total();
    const parts = general.filter((tier) => quantities.get(tier.id)).map((tier) => `${quantities.get(tier.id)} × ${tier.name}`);
    const rows = new Map();
    for (const index of seats.sort((one, other) => one - other)) {
      const seat = listed[index];
      const row = `${seat.section} ${seat.row}`;
      rows.set(row, [...(rows.get(row) ?? []), seat.number]);
    }
    for (const [row, numbers] of rows) parts.push(`${row} ${numbers.join(", ")}`);
    chosen.textContent = tickets ? `${parts.join(" · ")} — ${money(amount, event.currency)}` : map ? "Choose seats on the map, or let us choose." : "Choose how many.";
    hold.textContent = tickets ? `Hold ${count(tickets, "ticket")}` : "Hold";
    hold.disabled = !tickets || Boolean(closed);
    basket.classList.toggle("ready", tickets > 0);
    problem.hidden = true;
  }

  // The stream may tell of what this page itself holds before the answer does.
  let isClaiming = false;

  function lostSeats(indices) {
    if (isClaiming) return choice();
    const name = indices.map((index) => `${listed[index].section} ${listed[index].row} ${listed[index].number}`).join(", ");
    toast(`Somebody has just taken ${name}. Please choose ${indices.length === 1 ? "another seat" : "other seats"}.`, "warn");
    return choice();
  }

  function items() {
    const { seats } = total();
    const list = general.filter((tier) => quantities.get(tier.id)).map((tier) => ({ tierId: tier.id, quantity: quantities.get(tier.id) }));
    if (seats.length) list.push({ seatIds: seats.map((index) => listed[index].id) });
    return list;
  }

  async function claim(wanted) {
    if (!(await ensureSignedIn("Sign in to hold your tickets."))) return;
    const buttons = page.root.querySelectorAll("button.primary, button.hold-best");
    buttons.forEach((button) => { button.disabled = true; });
    problem.hidden = true;
    isClaiming = true;
    try {
      const booking = await act("POST", "/v1/bookings", { eventId: event.id, items: wanted }, { waiting: (passing) => announceOnce(words(passing)) });
      page.go(`#/booking/${booking.id}`);
    } catch (refused) {
      if (refused.status === 503 || refused.code === "network") dispatchEvent(new Event("trouble"));
      if (refused.code === "seats-unavailable" && map) {
        // The stream says the same in a moment; this page knows it now.
        for (const seat of refused.body.unavailable ?? []) {
          const index = listed.findIndex((one) => one.id === seat);
          if (index >= 0 && map.state[index] === "a") map.merge([{ at: index, states: "h" }]);
        }
      }
      isClaiming = false;
      buttons.forEach((button) => { button.disabled = false; });
      choice();
      say(words(refused) + (refused.code === "held-by-others" && refused.body.retryAt ? ` The next may come back at ${when(refused.body.retryAt, { timeStyle: "medium" })}.` : ""));
    }
  }

  function say(text) {
    problem.textContent = text;
    problem.hidden = false;
    problem.scrollIntoView({ block: "nearest" });
  }
  const announceOnce = (text) => { if (problem.textContent !== text || problem.hidden) say(text); };

  // What is left.

  const counters = new Map();
  function tierLine(tier) {
    const number = make("span", { class: "left" });
    counters.set(tier.id, number);
    showLeft(tier.id);
    return number;
  }
  function showLeft(tier) {
    const number = left.get(tier);
    const element = counters.get(tier);
    if (element) element.textContent = number === 0 ? "sold out" : `${number.toLocaleString("en")} left`;
  }

  const picker = make("div", { class: "picker" });
  for (const tier of general) picker.append(stepper(tier));

  function stepper(tier) {
    const name = `quantity-${tier.id}`;
    const input = make("input", { id: name, type: "number", inputmode: "numeric", min: "0", max: String(most), value: "0" });
    const set = (value) => {
      const number = Math.max(0, Math.min(most, Math.floor(Number(value)) || 0));
      input.value = String(number);
      quantities.set(tier.id, number);
      choice();
    };
    input.addEventListener("change", () => set(input.value));
    input.addEventListener("input", () => { if (input.value !== "") set(input.value); });
    return make("div", { class: "tier" },
      make("div", {}, make("label", { for: name }, tier.name), make("p", { class: "quiet" }, money(tier.unitAmount, event.currency), " · ", tierLine(tier))),
      make("div", { class: "stepper" },
        make("button", { type: "button", "aria-label": `One ${tier.name} less`, onclick: () => set(quantities.get(tier.id) - 1) }, "−"), input,
        make("button", { type: "button", "aria-label": `One ${tier.name} more`, onclick: () => set(quantities.get(tier.id) + 1) }, "+")));
  }

  page.root.append(live, picker);
  if (map) page.root.append(hall());
  page.root.append(problem, basket);
  choice();

  function hall() {
    const tabs = map.sections.map((section, index) => make("button", {
      role: "tab", id: `section-${index}`, "aria-controls": "section-panel", "aria-selected": "false", tabindex: "-1", onclick: () => pick(index),
    }, make("strong", {}, section.name), make("span", {}, money(names.get(section.tier).unitAmount, event.currency)), tierLine(names.get(section.tier))));
    const list = make("div", { role: "tablist", "aria-label": "Sections", class: "tabs" }, tabs);
    list.addEventListener("keydown", (pressed) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[pressed.key];
      if (!step) return;
      pick((map.current + step + tabs.length) % tabs.length);
      tabs[map.current].focus();
      pressed.preventDefault();
    });
    const number = make("input", { id: "best-number", type: "number", inputmode: "numeric", min: "1", max: String(most), value: "2" });
    const best = make("button", { class: "hold-best", disabled: Boolean(closed), onclick: () => {
      const wanted = Math.max(1, Math.min(most, Math.floor(Number(number.value)) || 1));
      number.value = String(wanted);
      claim([{ tierId: map.sections[map.current].tier, bestAvailable: wanted }]);
    } });
    const panel = make("div", { role: "tabpanel", id: "section-panel" }, map.scroller);
    function pick(index) {
      map.show(index);
      tabs.forEach((tab, other) => {
        tab.setAttribute("aria-selected", String(other === index));
        tab.tabIndex = other === index ? 0 : -1;
      });
      panel.setAttribute("aria-labelledby", `section-${index}`);
      best.textContent = `Hold the best in ${map.sections[index].name}`;
    }
    map.picked = pick;
    const legend = make("ul", { class: "legend", "aria-label": "What the seats look like" },
      [["a", "free"], ["chosen", "your choice"], ["h", "held by somebody"], ["s", "sold"], ["b", "not on sale"]]
        .map(([state, text]) => make("li", {}, make("span", { class: "seat", "data-state": state, "aria-hidden": "true" }), text)));
    const zoom = make("div", { class: "zoom", role: "group", "aria-label": "Size of the seats" },
      make("button", { class: "small", "aria-label": "Smaller seats", onclick: () => resize(-6) }, "−"),
      make("button", { class: "small", "aria-label": "Larger seats", onclick: () => resize(6) }, "+"));
    // What fits, as long as a finger finds it.
    const least = matchMedia("(max-width: 640px)").matches ? 28 : 18;
    let size = 0;
    const resize = (step) => {
      size = Math.max(18, Math.min(48, size + step));
      map.grid.style.setProperty("--size", `${size}px`);
    };
    const fit = () => {
      const room = Math.floor((map.scroller.clientWidth - 64) / Math.max(...map.sections.map((section) => Math.max(...section.rows.map((row) => row.seats.length))))) - 3;
      size = Math.max(least, Math.min(34, room));
      resize(0);
    };
    const element = make("section", { class: "hall", "aria-label": "Seats" },
      make("div", { class: `hall-top ${map.sections.length === 1 ? "single" : ""}` }, map.overview,
        make("div", {}, list, make("div", { class: "best" }, make("label", { for: "best-number" }, "Seats together"), number, best), legend)),
      make("div", { class: "map-bar" }, make("p", { class: "hint", id: "map-help" }, "Arrow keys move from seat to seat; Space chooses one."), zoom),
      panel);
    // Sizes are known once it is shown.
    requestAnimationFrame(() => { fit(); pick(0); });
    return element;
  }

  // Live.

  let isFirst = true;
  let isConnected = false;
  let isOut = false;
  function state() {
    live.dataset.live = isConnected && !isOut ? "on" : "waiting";
    live.textContent = isOut ? "Live view pauses" : isConnected ? "Live" : "Live view interrupted; trying again…";
  }
  const paused = (told) => { isOut = Boolean(told.detail); state(); };
  addEventListener("outage", paused);
  const stop = listen(event.id, {
    snapshot(told) {
      update(told);
      map?.replace(told.seats);
      if (!isFirst) announce("What is left was brought up to date.");
      isFirst = false;
    },
    change(told) {
      update(told);
      map?.merge(told.seats);
    },
    connected(is) {
      isConnected = is;
      state();
      if (!is) dispatchEvent(new Event("trouble"));
    },
  });
  function update(told) {
    for (const tier of told.tiers) {
      if (left.get(tier.tierId) > 0 && tier.available === 0) announce(`${names.get(tier.tierId)?.name ?? "A tier"}: nothing left for the moment.`);
      left.set(tier.tierId, tier.available);
      showLeft(tier.tierId);
    }
  }
  return () => { removeEventListener("outage", paused); stop(); };
}

function closedBecause(event) {
  const now = clock.now();
  if (event.status === "cancelled") return "This event was cancelled.";
  if (event.salesOpenAt && Date.parse(event.salesOpenAt) > now) return `The sale opens on ${when(event.salesOpenAt)}.`;
  if (event.salesCloseAt && Date.parse(event.salesCloseAt) <= now) return "The sale is over.";
  return "";
}
