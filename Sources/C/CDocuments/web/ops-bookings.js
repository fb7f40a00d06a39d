// For administrators: all users' bookings, found by event, address and status; CSV download; cancellation, whole or in
// part.

import { act, call } from "./api.js";
import { stateWords } from "./bookings.js";
import { field, make } from "./dom.js";
import { ticketsOf } from "./holds.js";
import { count, number, price, when } from "./locale.js";
import { show, toast } from "./notices.js";
import { save } from "./views.js";
import { words } from "./words.js";

const cancellable = ["RESERVED", "PENDING_PAYMENT", "CONFIRMED"];
const events = new Map();

/** The event of a booking; `null` if it could not be loaded. */
function eventOf(id) {
  if (!events.has(id)) events.set(id, call("GET", `/v1/events/${id}`).catch(() => { events.delete(id); return null; }));
  return events.get(id);
}

/** The panel of the page. */
export function bookingsPanel() {
  const event = make("input", { id: "find-event", list: "find-events", autocomplete: "off" });
  const names = make("datalist", { id: "find-events" });
  const email = make("input", { id: "find-email", type: "email", autocomplete: "off" });
  const status = make("select", { id: "find-status" }, [["", "Any"], ...Object.entries(stateWords).map(([value, [text]]) => [value, text])].map(([value, text]) => make("option", { value }, text)));
  const found = make("p", { class: "quiet", role: "status" });
  const error = make("p", { class: "error", role: "alert", hidden: true });
  const list = make("ul", { class: "rows" });
  const more = make("div", { class: "actions" });
  const file = make("button", { type: "button", onclick: download }, "Download as CSV");

  function query() {
    const fields = new URLSearchParams();
    for (const [name, input] of [["eventId", event], ["email", email], ["status", status]]) if (input.value.trim()) fields.set(name, input.value.trim());
    return fields;
  }

  async function find(cursor) {
    show(error, "");
    try {
      const fields = query();
      fields.set("limit", "20");
      if (cursor) fields.set("cursor", cursor);
      const answer = await call("GET", `/v1/admin/bookings?${fields}`);
      const of = await Promise.all(answer.data.map((booking) => eventOf(booking.eventId)));
      const rows = answer.data.map((booking, index) => row(booking, of[index], email.value.trim() || booking.userId));
      if (cursor) list.append(...rows); else list.replaceChildren(...rows);
      found.textContent = list.children.length ? `${count(list.children.length, "booking")}${answer.nextCursor ? ", and more" : ""}, newest first${answer.complete ? "" : "; some may be missing at the moment"}` : "No bookings found.";
      more.replaceChildren(answer.nextCursor ? make("button", { onclick: () => find(answer.nextCursor) }, "Show more") : "");
    } catch (problem) {
      // The listed bookings belong to an earlier search.
      if (!cursor) for (const part of [list, found, more]) part.replaceChildren();
      show(error, words(problem));
    }
  }

  async function download() {
    show(error, "");
    file.disabled = true;
    try {
      save(await call("GET", `/v1/admin/bookings?${query()}`, { file: true, headers: { Accept: "text/csv" } }), "bookings.csv");
    } catch (problem) {
      show(error, words(problem));
    } finally {
      file.disabled = false;
    }
  }

  /** Suggests titles, with the numbers that the API expects. */
  async function suggest() {
    try {
      const { data } = await call("GET", "/v1/events?period=all&limit=50");
      names.replaceChildren(...data.map((one) => make("option", { value: one.number }, one.title)));
    } catch {
      // Numbers can still be typed.
    }
  }
  event.addEventListener("focus", suggest, { once: true });

  return make("section", { class: "panel", "aria-labelledby": "find-title" }, make("h2", { id: "find-title" }, "Bookings"),
    make("form", { class: "filters wide-filters", role: "search", "aria-label": "Bookings", novalidate: true, onsubmit: (pressed) => { pressed.preventDefault(); find(null); } },
      field("Event number or id", event), names, field("E-mail", email), field("Status", status),
      make("div", { class: "actions" }, make("button", { class: "primary" }, "Find bookings"), file)),
    error, found, list, more);
}

/** @param who the address that was searched for, or the customer's id. */
function row(booking, event, who) {
  const [text, tone] = stateWords[booking.status];
  const element = make("li", { class: "row-item", "data-booking": booking.id });
  const paid = booking.payment && booking.totalAmount > 0 ? { PENDING: "payment in progress", SUCCEEDED: "paid", FAILED: "payment declined", REFUND_DUE: "refund due", REFUNDED: "refunded" }[booking.payment.status] : "";
  const change = async () => {
    const fresh = await cancelDialog(booking, event, who);
    if (!fresh) return;
    const next = row(fresh, event, who);
    element.replaceWith(next);
    next.querySelector("h3").focus();
  };
  element.append(
    make("div", {}, make("h3", { tabindex: "-1" }, who),
      make("p", { class: "quiet" }, [event?.title ?? booking.eventId, lines(booking, event), price(booking.totalAmount, booking.currency), paid].filter(Boolean).join(" · ")),
      make("p", { class: "hint" }, `${when(booking.createdAt)} · ${booking.id}`)),
    make("span", { class: `chip ${tone}` }, text),
    make("div", { class: "row-actions" }, cancellable.includes(booking.status) && make("button", { class: "small", "aria-label": `Cancel the booking of ${who}`, onclick: change }, "Cancel…")));
  return element;
}

const tierName = (event, item) => event?.tiers.find((tier) => tier.id === item.tierId)?.name ?? "ticket";
const seatName = (seat) => `${seat.section} ${seat.row} ${seat.number}`;

function lines(booking, event) {
  return booking.items.map((item) => (item.seats.length ? item.seats.map(seatName).join(", ") : `${number(item.quantity)} × ${tierName(event, item)}`)).join("; ");
}

/**
 * Asks what to cancel and why, and cancels it.
 *
 * @returns the updated booking; `null` if nothing was done.
 */
function cancelDialog(booking, event, who) {
  const reason = make("input", { id: "cancel-reason", maxlength: "500", autocomplete: "off" });
  const error = make("p", { class: "error", role: "alert", hidden: true });
  const isPart = booking.status === "CONFIRMED" && ticketsOf([booking]) > 1;
  const parts = booking.items.map((item) => part(item, event));
  const yes = make("button", { class: "danger", type: "submit" }, "Cancel tickets");
  let result = null;
  const dialog = make("dialog", { "aria-labelledby": "cancel-title" }, make("form", { method: "dialog", novalidate: true, onsubmit: submit },
    make("h2", { id: "cancel-title" }, `Cancel the booking of ${who}?`),
    make("p", {}, booking.payment?.status === "SUCCEEDED" && booking.totalAmount > 0 ? "The tickets go back on sale at once, and what was paid for them is refunded." : "The tickets go back on sale at once."),
    isPart && make("fieldset", {}, make("legend", {}, "Tickets to cancel"), parts.map((one) => one.root)),
    field("Reason", reason, "For the audit log. The customer does not see it."),
    error,
    make("div", { class: "actions" }, yes, make("button", { type: "button", onclick: () => dialog.close() }, "Keep the booking"))));

  async function submit(pressed) {
    pressed.preventDefault();
    const wanted = parts.map((one) => one.wanted());
    if (!wanted.some((one) => one.count > 0)) return show(error, "Choose the tickets to cancel.");
    yes.disabled = true;
    show(error, "");
    const why = reason.value.trim() ? { reason: reason.value.trim() } : {};
    try {
      if (wanted.every((one) => one.isAll)) result = await act("POST", `/v1/bookings/${booking.id}/cancel`, why);
      else for (const one of wanted.filter((some) => some.count > 0)) result = await act("POST", `/v1/bookings/${booking.id}/items/${one.tierId}/cancel`, { ...one.body, ...why });
      dialog.close();
      toast("Cancelled.", "good");
    } catch (problem) {
      show(error, words(problem));
      yes.disabled = false;
    }
    return undefined;
  }
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => { dialog.remove(); done(result); }, { once: true });
  });
}

/** The tickets of one tier: seats to tick, or a number. All are selected at first. */
function part(item, event) {
  if (item.seats.length) {
    const boxes = item.seats.map((seat) => make("input", { type: "checkbox", checked: true, value: seat.id }));
    return {
      root: make("div", { class: "ticks" }, item.seats.map((seat, index) => make("label", {}, boxes[index], seatName(seat)))),
      wanted() {
        const seatIds = boxes.filter((box) => box.checked).map((box) => box.value);
        return { tierId: item.tierId, count: seatIds.length, isAll: seatIds.length === boxes.length, body: { seatIds } };
      },
    };
  }
  const quantity = make("input", { id: `cancel-${item.tierId}`, type: "number", min: "0", max: String(item.quantity), value: String(item.quantity) });
  return {
    root: field(`${tierName(event, item)} (of ${number(item.quantity)})`, quantity),
    wanted() {
      const chosen = Math.max(0, Math.min(item.quantity, Math.floor(Number(quantity.value)) || 0));
      return { tierId: item.tierId, count: chosen, isAll: chosen === item.quantity, body: { quantity: chosen } };
    },
  };
}
