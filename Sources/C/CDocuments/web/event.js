// One event: live availability, and choosing tickets.

import { act, call, clock, session } from "./api.js";
import { ensureSignedIn } from "./account.js";
import { Basket } from "./basket.js";
import { cancelEnd } from "./bookings.js";
import { make } from "./dom.js";
import { remaining } from "./events.js";
import { Hall } from "./hall.js";
import { noteBooking, ownBookings, ticketsOf } from "./holds.js";
import { listen } from "./live.js";
import { clockTime, count, eventTime, number } from "./locale.js";
import { announce, ask, toast } from "./notices.js";
import { Stepper } from "./picker.js";
import { facts } from "./views.js";
import { words } from "./words.js";

/** The server refuses more in one booking. */
const largestBooking = 1000;

export async function eventView(page, id) {
  const event = await call("GET", `/v1/events/${encodeURIComponent(id ?? "")}`);
  const listed = event.tiers.some((tier) => tier.kind === "seated") ? (await call("GET", `/v1/events/${event.id}/seats`)).seats : [];
  page.title = event.title;
  const tiers = new Map(event.tiers.map((tier) => [tier.id, tier]));
  const left = new Map(event.tiers.map((tier) => [tier.id, tier.available]));
  /** The customer's own bookings of this event. */
  let own = [];

  // Elements that show a tier's availability.

  const counters = new Map();
  function counter(tier) {
    const element = make("span", { class: "left" });
    counters.set(tier.id, [...(counters.get(tier.id) ?? []), element]);
    showLeft(tier.id);
    return element;
  }
  function showLeft(tier) {
    const [text] = remaining(left.get(tier), tiers.get(tier)?.capacity ?? 0);
    for (const element of counters.get(tier) ?? []) if (element.textContent !== text) element.textContent = text;
  }

  // The choice, and its limits.

  const limit = event.maxTicketsPerUser;
  const booked = () => ticketsOf(own.filter((booking) => booking.status !== "RESERVED"));
  const allowed = () => Math.max(0, Math.min(largestBooking, (limit ?? largestBooking) - booked()));
  const chosen = () => steppers.reduce((sum, stepper) => sum + stepper.quantity, 0) + (hall?.map.chosen.size ?? 0);
  const limitNote = () => (limit === null ? "" : booked() ? `${number(allowed())} more at most: you have ${number(booked())}` : `${number(limit)} at most`);
  let closed = closedBecause(event);

  const basket = new Basket({
    currency: event.currency,
    hint: listed.length ? "Choose seats on the map, or let us choose for you." : "Choose how many tickets you want.",
    hold: () => claim(items()),
  });
  const steppers = event.tiers.filter((tier) => tier.kind === "general").map((tier) => new Stepper(tier, {
    currency: event.currency, left: counter(tier), changed: chose,
    most: (stepper) => Math.min(left.get(tier.id), allowed() - (chosen() - stepper.quantity)) }));
  const hall = listed.length ? new Hall(listed, {
    event, claim, changed: chose, lost,
    refusal: () => (chosen() < allowed() ? "" : `You can choose at most ${count(allowed(), "ticket")}.`),
    most: allowed }) : null;

  function entries() {
    const list = steppers.filter((stepper) => stepper.quantity > 0).map((stepper) => ({
      text: `${number(stepper.quantity)} × ${stepper.tier.name}`, tickets: stepper.quantity, amount: stepper.quantity * stepper.tier.unitAmount,
      remove: () => { stepper.set(0); chose(); } }));
    for (const index of [...(hall?.map.chosen ?? [])].sort((one, other) => one - other)) {
      const seat = listed[index];
      list.push({ text: `${seat.section} ${seat.row} ${seat.number}`, tickets: 1, amount: tiers.get(seat.tierId).unitAmount, remove: () => hall.map.toggle(index) });
    }
    return list;
  }

  function show() {
    basket.update(entries(), !closed);
    for (const stepper of steppers) stepper.update(limitNote());
  }

  /** Called after a change of the choice: an old refusal no longer applies. */
  function chose(refusal = "") {
    basket.say(refusal);
    show();
  }

  // The stream may report this page's own hold before the claim's response arrives.
  let isClaiming = false;

  function lost(indices) {
    if (!isClaiming) {
      const name = indices.map((index) => `${listed[index].section} ${listed[index].row} ${listed[index].number}`).join(", ");
      toast(`${name} ${indices.length === 1 ? "has" : "have"} just been taken. Please choose ${indices.length === 1 ? "another seat" : "other seats"}.`, "warn");
    }
    show();
  }

  function items() {
    const list = steppers.filter((stepper) => stepper.quantity > 0).map((stepper) => ({ tierId: stepper.tier.id, quantity: stepper.quantity }));
    const seatIds = [...(hall?.map.chosen ?? [])].map((index) => listed[index].id);
    if (seatIds.length) list.push({ seatIds });
    return list;
  }

  // Reserving.

  async function claim(wanted) {
    if (!(await ensureSignedIn("to reserve your tickets"))) return;
    isClaiming = true;
    const buttons = page.root.querySelectorAll(".basket .primary, .hold-best");
    buttons.forEach((button) => { button.disabled = true; });
    basket.say("");
    try {
      const booking = await reserve(wanted);
      if (booking) { noteBooking(booking); page.go(`#/booking/${booking.id}`); }
    } catch (refused) {
      refuse(refused);
    } finally {
      isClaiming = false;
      buttons.forEach((button) => { button.disabled = Boolean(closed); });
      show();
    }
  }

  const post = (wanted) => act("POST", "/v1/bookings", { eventId: event.id, items: wanted }, { waiting: (passing) => basket.say(words(passing)) });

  /** Asks a customer who already holds tickets of this event what to do with them. */
  async function reserve(wanted) {
    await loadOwn().catch(() => {});
    const held = own.filter((booking) => booking.status === "RESERVED");
    if (!held.length) return post(wanted);
    const more = wanted.reduce((sum, item) => sum + (item.quantity ?? item.bestAvailable ?? item.seatIds.length), 0);
    const fits = (limit === null || ticketsOf(own) + more <= limit) && (event.maxBookingsPerUser === null || own.length < event.maxBookingsPerUser);
    const answer = await ask("You already hold tickets",
      `You hold ${count(ticketsOf(held), "ticket")} for this event that you have not paid yet. ${fits ? "Do you want these as well, or instead?" : "With these you would have more than one customer may have: you can have these instead."}`,
      [["instead", "Replace them", "danger"], ...(fits ? [["both", "Keep both"]] : []), ["pay", "Pay for them first", "primary"], ["no", "Back"]]);
    if (answer === "both") return post(wanted);
    if (answer === "instead") return replace(held, wanted);
    if (answer === "pay") page.go(`#/booking/${held[0].id}`);
    return null;
  }

  /** Claims the new tickets first, so that a refusal costs nothing; if a limit forbids both, releases the old ones first. */
  async function replace(held, wanted) {
    const release = async () => { for (const booking of held) noteBooking(await act("POST", `/v1/bookings/${booking.id}/cancel`, {})); };
    let booking;
    try {
      booking = await post(wanted);
    } catch (refused) {
      if (!["ticket-limit", "already-booked"].includes(refused.code)) throw refused;
      await release();
      return post(wanted);
    }
    await release().catch((problem) => toast(`Your earlier tickets could not be released: ${words(problem)}`, "bad"));
    return booking;
  }

  function refuse(refused) {
    if (refused.status === 503 || refused.code === "network") dispatchEvent(new Event("trouble"));
    // The stream will report the same soon; show it now.
    if (refused.code === "seats-unavailable") hall?.map.taken(refused.body.unavailable ?? []);
    const again = refused.code === "held-by-others" && refused.body.retryAt ? ` The next ones may become available at ${clockTime(refused.body.retryAt)}.` : "";
    basket.say(words(refused, event) + again);
  }

  // Own tickets.

  async function loadOwn() {
    own = await ownBookings(event.id);
    hall?.map.setOwn(own);
    show();
  }
  const reload = () => { loadOwn().catch(() => {}); };
  page.signedIn = () => { own = []; reload(); };
  page.recovered = reload;

  // The page.

  const notice = make("p", { class: "notice", hidden: true });
  const cancellation = make("p", { class: "quiet" });
  const live = make("span", { class: "live", "data-live": "waiting" }, "Connecting…");
  page.root.append(
    make("p", {}, make("a", { href: "#/", class: "back" }, "All events")),
    make("h1", { tabindex: "-1" }, event.title),
    ...facts(event),
    event.description ? make("p", { class: "description" }, event.description) : "",
    notice, cancellation, live, make("div", { class: "picker" }, steppers.map((stepper) => stepper.root)), hall?.root ?? "", basket.root);

  let opening;
  /** Updates what depends on the time, and repeats at the next relevant time. */
  function timed() {
    closed = closedBecause(event);
    notice.hidden = !closed;
    if (notice.textContent !== closed) notice.textContent = closed;
    cancellation.textContent = cancellationNote(event);
    hall?.setOpen(!closed);
    show();
    const next = [event.salesOpenAt, event.salesCloseAt, event.cancelUntil].filter(Boolean).map((time) => Date.parse(time) - clock.now()).filter((rest) => rest > 0);
    if (next.length) opening = setTimeout(timed, Math.min(...next, 3600_000) + 50);
  }
  timed();
  if (session.user) reload();
  addEventListener("holds", reload);
  const stop = follow(event, live, { update, map: hall?.map });

  function update(told) {
    for (const tier of told.tiers) {
      if (left.get(tier.tierId) > 0 && tier.available === 0) announce(`${tiers.get(tier.tierId)?.name ?? "A tier"}: nothing left at the moment.`);
      left.set(tier.tierId, tier.available);
      showLeft(tier.tierId);
    }
    if (isClaiming) return;
    for (const stepper of steppers.filter((one) => one.quantity > left.get(one.tier.id))) {
      stepper.set(left.get(stepper.tier.id));
      toast(`${stepper.tier.name}: ${stepper.quantity ? `only ${number(stepper.quantity)} left` : "nothing left at the moment"}.`, "warn");
    }
    show();
  }
  return () => { clearTimeout(opening); removeEventListener("holds", reload); hall?.map.close(); stop(); };
}

function cancellationNote(event) {
  if (!event.cancelUntil || closedBecause(event)) return "";
  return Date.parse(event.cancelUntil) > clock.now() ? `You can cancel until ${cancelEnd(event)}.` : "Tickets that are paid now cannot be cancelled.";
}

function closedBecause(event) {
  const now = clock.now();
  if (event.status === "cancelled") return "This event was cancelled.";
  if (event.salesOpenAt && Date.parse(event.salesOpenAt) > now) return `Ticket sales start on ${eventTime(event, event.salesOpenAt)}.`;
  if (event.salesCloseAt && Date.parse(event.salesCloseAt) <= now) return "Ticket sales have ended.";
  return "";
}

/** Keeps the page up to date until the returned function is called. */
function follow(event, live, { update, map }) {
  let isFirst = true;
  let isConnected = false;
  let isOut = false;
  function state() {
    live.dataset.live = isConnected && !isOut ? "on" : "waiting";
    live.textContent = isOut ? "Live view is paused" : isConnected ? "Live" : "Live view interrupted; trying again…";
  }
  const paused = (told) => { isOut = Boolean(told.detail); state(); };
  addEventListener("outage", paused);
  const stop = listen(event.id, {
    snapshot(told) {
      update(told);
      map?.replace(told.seats);
      if (!isFirst) announce("Availability was updated.");
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
  return () => { removeEventListener("outage", paused); stop(); };
}
