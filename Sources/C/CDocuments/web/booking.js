// One booking: reserved and unpaid, in payment, a ticket, or ended.

import { act, call, session } from "./api.js";
import { cancelBooking, cancelNote, mayCancel } from "./bookings.js";
import { make } from "./dom.js";
import { noteBooking, timeOf } from "./holds.js";
import { count, eventTime, price, timeLeft, visitorTime } from "./locale.js";
import { announce, toast } from "./notices.js";
import { PaymentForm } from "./payment.js";
import { facts, signInFirst } from "./views.js";
import { words } from "./words.js";

/** The times before the end that are announced to screen readers, in seconds. */
const marks = [300, 60, 20];

export async function bookingView(page, id) {
  if (!session.user) return signInFirst(page, "Your booking", "Sign in to see your booking.");
  let booking = await call("GET", `/v1/bookings/${encodeURIComponent(id ?? "")}`);
  const event = await call("GET", `/v1/events/${booking.eventId}`);
  const tiers = new Map(event.tiers.map((tier) => [tier.id, tier.name]));
  let payment = null;
  let timer;
  let ended = false;

  function show(isChange = true) {
    clearTimeout(timer);
    const views = { RESERVED: held, PENDING_PAYMENT: pending, CONFIRMED: ticket };
    page.root.replaceChildren(...(views[booking.status] ?? over)().filter(Boolean));
    page.title = page.root.querySelector("h1").textContent;
    document.title = `${page.title} · Usher`;
    if (isChange) page.root.querySelector("h1").focus({ preventScroll: true });
  }

  function become(fresh) {
    booking = fresh;
    noteBooking(fresh);
    show();
  }

  async function refresh() {
    clearTimeout(timer);
    try {
      const fresh = await call("GET", `/v1/bookings/${booking.id}`);
      if (ended) return;
      const isOther = fresh.status !== booking.status;
      const isLater = fresh.expiresAt !== booking.expiresAt;
      booking = fresh;
      noteBooking(fresh);
      if (isOther || isLater || fresh.status !== "RESERVED") show(isOther);
      else tick();
    } catch {
      if (!ended) timer = setTimeout(refresh, 2000);
    }
  }
  // Typed input stays: only changed parts are updated.
  page.recovered = refresh;

  // Reserved: the time left, and the card form.

  const time = make("span", { class: "time", role: "timer", "aria-label": "Time left" });
  const bar = make("div", { class: "time-bar", "aria-hidden": "true" }, make("span"));
  const more = make("button", { class: "small", onclick: extend, hidden: true }, "I need more time");
  const announced = new Set();

  function tick() {
    clearTimeout(timer);
    if (ended) return;
    const rest = timeOf(booking);
    const seconds = Math.ceil(rest / 1000);
    time.textContent = timeLeft(rest);
    bar.firstChild.style.width = `${Math.min(100, rest / (10 * event.holdSeconds))}%`;
    bar.classList.toggle("late", rest < 60000);
    more.hidden = rest > 120000;
    for (const mark of marks) {
      if (seconds <= mark && !announced.has(mark)) {
        announced.add(mark);
        if (seconds > mark - 5) announce(`${mark >= 60 ? count(mark / 60, "minute") : count(mark, "second")} left to pay.`);
      }
    }
    // Over by this page's estimate of the server's clock; the server decides.
    timer = rest > 0 ? setTimeout(tick, 250) : setTimeout(refresh, 400);
  }

  function held() {
    payment ??= new PaymentForm(booking, { paid: become, refused: refresh, release });
    tick();
    return [
      make("h1", { tabindex: "-1" }, "Your tickets are reserved"),
      make("p", { class: "quiet" }, booking.totalAmount === 0 ? "Get them before your time is up. Until then they are kept for you." : "Pay before your time is up. Until then they are kept for you."),
      make("div", { class: "clock" }, make("p", {}, time, make("span", { class: "quiet" }, booking.totalAmount === 0 ? " left" : " left to pay")), bar, more),
      make("div", { class: "columns" }, summary(), payment.root)];
  }

  async function extend() {
    try {
      booking = await act("POST", `/v1/bookings/${booking.id}/extend`, {});
      noteBooking(booking);
      announced.clear();
      tick();
      toast("You have more time.", "good");
    } catch (problem) {
      toast(words(problem), "bad");
      refresh();
    }
  }

  async function release() {
    if (await cancelBooking(booking, event)) page.go(`#/events/${event.number}`); else refresh();
  }

  function summary() {
    return make("section", { class: "summary", "aria-label": "What you get" },
      make("h2", {}, event.title),
      ...facts(event),
      make("ul", { class: "lines" }, booking.items.map((item) => make("li", {}, make("span", {}, line(item)), make("span", {}, price(item.quantity * item.unitAmount, booking.currency))))),
      make("p", { class: "total" }, make("span", {}, "Total"), make("strong", {}, price(booking.totalAmount, booking.currency))),
      booking.status === "RESERVED" && event.cancelUntil && make("p", { class: "hint" }, cancelNote({ ...booking, status: "CONFIRMED" }, event).replace("It can", "Tickets that are paid now can")));
  }

  function line(item) {
    const name = tiers.get(item.tierId) ?? "Ticket";
    if (!item.seats.length) return `${item.quantity} × ${name}`;
    const rows = new Map();
    for (const seat of item.seats) {
      const row = `${seat.section}, row ${seat.row}`;
      rows.set(row, [...(rows.get(row) ?? []), seat.number]);
    }
    return [...rows].map(([row, numbers]) => `${row}, ${numbers.length === 1 ? "seat" : "seats"} ${numbers.join(", ")}`).join("; ");
  }

  function pending() {
    timer = setTimeout(refresh, 1500);
    return [
      make("h1", { tabindex: "-1" }, "Waiting for the bank"),
      make("p", { role: "status" }, "Your payment is in progress, and your tickets stay reserved. This page continues by itself; you can also close it and look at your bookings later."),
      make("div", { class: "progress", "aria-hidden": "true" }, make("span")),
      summary()];
  }

  function ticket() {
    if (!booking.persisted) timer = setTimeout(refresh, 1500);
    const code = booking.id.replaceAll("-", "").slice(-10).toUpperCase();
    const isFree = booking.totalAmount === 0;
    const visitor = visitorTime(event, event.startsAt);
    const done = isFree ? "Booked" : "Paid";
    return [
      make("h1", { tabindex: "-1" }, isFree ? "You have your tickets" : "Your tickets are paid"),
      make("p", { class: "quiet" }, booking.persisted ? `${done} and recorded. Show this ticket at the entrance.` : `${done}. The tickets are yours; recording takes a little longer than usual…`),
      make("article", { class: "ticket", "aria-label": "Ticket" },
        make("div", { class: "ticket-main" },
          make("p", { class: "kicker" }, event.venue ?? "Admission"),
          make("h2", {}, event.title),
          make("p", {}, eventTime(event, event.startsAt), visitor && make("span", { class: "own-time quiet" }, `Your time: ${visitor}`)),
          make("ul", { class: "lines" }, booking.items.map((item) => make("li", {}, make("strong", {}, line(item)))))),
        make("div", { class: "ticket-stub" },
          make("p", { class: "kicker" }, "Booking"), make("p", { class: "code" }, code.slice(0, 5), " ", code.slice(5)),
          make("p", { class: "kicker" }, "Name"), make("p", {}, session.user?.name || session.user?.email || ""),
          make("p", { class: "kicker" }, done), make("p", {}, price(booking.totalAmount, booking.currency)))),
      make("p", { class: "quiet" }, cancelNote(booking, event)),
      make("div", { class: "actions" }, make("button", { onclick: () => print() }, "Print"),
        mayCancel(booking, event) && make("button", { onclick: async () => { const gone = await cancelBooking(booking, event); if (gone) become(gone); } }, "Cancel booking"),
        make("a", { class: "button", href: "#/bookings" }, "My bookings"), make("a", { class: "button", href: "#/" }, "More events"))];
  }

  function over() {
    const cancelled = {
      oversold: "These tickets had already been sold to another customer. We are sorry. Your money is refunded.",
      admin: "The organiser cancelled this booking.",
    }[booking.reason] ?? (event.status === "cancelled" ? "The event was cancelled." : "The tickets are on sale again.");
    const [title, text] = {
      EXPIRED: ["Expired", "The time to pay is over, and the tickets are on sale again. You were not charged. If some are left, you can try again."],
      FAILED: ["The payment was declined", "Three payments were declined, so the tickets are on sale again. You were not charged."],
      CANCELLED: ["Cancelled", cancelled],
    }[booking.status] ?? ["Your booking", booking.status];
    const refund = { REFUND_DUE: "Your money will be refunded.", REFUNDED: "Your money was refunded." }[booking.payment?.status];
    return [
      make("h1", { tabindex: "-1" }, title), make("p", { role: "status" }, text), refund && make("p", {}, refund), summary(),
      make("div", { class: "actions" }, make("a", { class: "button primary", href: `#/events/${event.number}` }, "Back to the event"), make("a", { class: "button", href: "#/" }, "All events"))];
  }

  show(false);
  return () => { ended = true; clearTimeout(timer); };
}
