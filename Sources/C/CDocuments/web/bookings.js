// "My bookings": the customer's own bookings.

import { act, call, clock, session } from "./api.js";
import { make } from "./dom.js";
import { ticketsOf, noteBooking } from "./holds.js";
import { count, eventTime, price, short } from "./locale.js";
import { confirm, toast } from "./notices.js";
import { signInFirst } from "./views.js";
import { words } from "./words.js";

export const stateWords = {
  RESERVED: ["Held", "warn"], PENDING_PAYMENT: ["Payment in progress", "warn"], CONFIRMED: ["Confirmed", "good"],
  EXPIRED: ["Expired", ""], CANCELLED: ["Cancelled", ""], FAILED: ["Payment declined", "bad"],
};

/** Whether the owner may cancel the booking now: a hold always, a ticket until the event's `cancelUntil`. */
export function mayCancel(booking, event) {
  if (booking.status !== "CONFIRMED") return ["RESERVED", "PENDING_PAYMENT"].includes(booking.status);
  return !event.cancelUntil || Date.parse(event.cancelUntil) > clock.now();
}

/** Until when an event's tickets can be cancelled, in words. */
export const cancelEnd = (event, style) => (event.cancelUntil === event.startsAt ? "the event starts" : eventTime(event, event.cancelUntil, style));

/** "You can cancel until …", for a ticket. */
export function cancelNote(booking, event) {
  if (booking.status !== "CONFIRMED" || !event.cancelUntil || event.status === "cancelled") return "";
  return mayCancel(booking, event) ? `You can cancel until ${cancelEnd(event, short)}.` : "It can no longer be cancelled.";
}

/**
 * Asks for confirmation, and cancels.
 *
 * @returns the cancelled booking; `null` if nothing was done.
 */
export async function cancelBooking(booking, event) {
  const isHold = booking.status === "RESERVED";
  const isPaid = booking.payment?.status === "SUCCEEDED" && booking.totalAmount > 0;
  const sure = isHold
    ? await confirm("Release these tickets?", "They go back on sale at once.", "Release tickets", "Keep them")
    : await confirm("Cancel this booking?", `${event.title}: the tickets go back on sale at once${isPaid ? ", and your money is refunded" : ""}. This cannot be undone.`, "Cancel booking");
  if (!sure) return null;
  try {
    const gone = await act("POST", `/v1/bookings/${booking.id}/cancel`, {});
    noteBooking(gone);
    toast(isHold ? "The tickets are released." : isPaid ? "Cancelled. Your money will be refunded." : "Cancelled.", "good");
    return gone;
  } catch (problem) {
    toast(words(problem), "bad");
    return null;
  }
}

export async function bookingsView(page) {
  page.title = "My bookings";
  if (!session.user) return signInFirst(page, "My bookings", "Sign in to see your bookings.");
  page.root.append(make("h1", { tabindex: "-1" }, "My bookings"));
  const list = make("ul", { class: "rows" });
  const more = make("div", { class: "actions" });
  const events = new Map();
  const eventOf = (id) => {
    if (!events.has(id)) events.set(id, call("GET", `/v1/events/${id}`).catch(() => null));
    return events.get(id);
  };
  async function load(cursor) {
    const answer = await call("GET", `/v1/bookings?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    const of = await Promise.all(answer.data.map((booking) => eventOf(booking.eventId)));
    answer.data.forEach((booking, index) => list.append(row(booking, of[index])));
    more.replaceChildren(...(answer.nextCursor ? [make("button", { onclick: () => load(answer.nextCursor).catch((problem) => toast(words(problem), "bad")) }, "Show older bookings")] : []));
    if (answer.complete === false) page.root.append(make("p", { class: "notice" }, "Some of your bookings cannot be shown at the moment."));
    if (!list.children.length) page.root.append(make("p", {}, "You have no bookings yet. "), make("a", { class: "button", href: "#/" }, "See all events"));
  }
  function row(booking, event) {
    const title = event?.title ?? "Event";
    const [text, tone] = stateWords[booking.status];
    const isHold = booking.status === "RESERVED";
    const element = make("li", { class: "row-item", "data-booking": booking.id });
    const renew = async () => {
      const gone = await cancelBooking(booking, event ?? { title });
      if (!gone) return;
      const fresh = row(gone, event);
      element.replaceWith(fresh);
      fresh.querySelector("a").focus();
    };
    const note = event ? cancelNote(booking, event) : "";
    element.append(
      make("div", {}, make("h2", {}, make("a", { href: `#/booking/${booking.id}` }, title)),
        make("p", { class: "quiet" }, [event && eventTime(event, event.startsAt, short), count(ticketsOf([booking]), "ticket"), price(booking.totalAmount, booking.currency)].filter(Boolean).join(" · ")),
        note && make("p", { class: "hint" }, note)),
      make("span", { class: `chip ${tone}` }, text),
      make("div", { class: "row-actions" },
        isHold && make("a", { class: "button small primary", href: `#/booking/${booking.id}`, "aria-label": `Pay ${title}` }, booking.totalAmount === 0 ? "Get tickets" : "Pay"),
        mayCancel(booking, event ?? {}) && make("button", { class: "small", onclick: renew, "aria-label": `${isHold ? "Release" : "Cancel"} ${title}` }, isHold ? "Release" : "Cancel")));
    return element;
  }
  await load(null);
  page.root.append(list, more);
  return null;
}
