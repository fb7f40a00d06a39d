// One booking: its hold and the time left, paying, the ticket.

import { act, call, clock, count, make, money, session, when, words } from "./api.js";
import { demonstration, ensureSignedIn } from "./account.js";
import { announce, ask, toast } from "./notices.js";

const cardNames = { succeeds: "succeeds", declines: "is declined", "insufficient-funds": "has no money on it", "answers-later": "is answered later", fails: "gets no answer" };

export async function bookingView(page, id) {
  if (!(await ensureSignedIn("Sign in to see your booking."))) { page.go("#/"); return null; }
  let booking = await call("GET", `/v1/bookings/${encodeURIComponent(id ?? "")}`);
  const event = await call("GET", `/v1/events/${booking.eventId}`);
  const tiers = new Map(event.tiers.map((tier) => [tier.id, tier.name]));
  let timer;
  let ended = false;

  function show(isChange = true) {
    clearTimeout(timer);
    const views = { RESERVED: held, PENDING_PAYMENT: pending, CONFIRMED: ticket };
    page.root.replaceChildren(...(views[booking.status] ?? over)());
    page.title = page.root.querySelector("h1").textContent;
    document.title = `${page.title} · Usher`;
    if (isChange) page.root.querySelector("h1").focus({ preventScroll: true });
  }

  async function refresh() {
    try {
      const fresh = await call("GET", `/v1/bookings/${booking.id}`);
      if (ended) return;
      const isOther = fresh.status !== booking.status;
      booking = fresh;
      if (isOther || fresh.status === "CONFIRMED") show(isOther);
      else if (fresh.status === "PENDING_PAYMENT") timer = setTimeout(refresh, 1500);
    } catch {
      if (!ended) timer = setTimeout(refresh, 2000);
    }
  }

  // Held: the clock and the card.

  function held() {
    const bar = make("div", { class: "time-bar", "aria-hidden": "true" }, make("span"));
    const time = make("span", { class: "time", role: "timer", "aria-label": "Time left" });
    const more = make("button", { class: "small", onclick: extend, hidden: true }, "I need more time");
    const deadline = Date.parse(booking.expiresAt);
    const whole = Math.max(1, event.holdSeconds * 1000);
    const told = new Set();
    function tick() {
      const rest = Math.max(0, deadline - clock.now());
      const seconds = Math.ceil(rest / 1000);
      time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      bar.firstChild.style.width = `${Math.min(100, (100 * rest) / whole)}%`;
      bar.classList.toggle("late", rest < 60000);
      more.hidden = rest > 120000;
      for (const mark of [300, 60, 20]) {
        if (seconds <= mark && !told.has(mark)) {
          told.add(mark);
          if (seconds > mark - 5) announce(`${mark >= 60 ? count(mark / 60, "minute") : count(mark, "second")} left to pay.`);
        }
      }
      // Over by the server's clock; the server has the last word.
      timer = rest > 0 ? setTimeout(tick, 250) : setTimeout(lapse, 300);
    }
    async function lapse() {
      await refresh();
      if (!ended && booking.status === "RESERVED") timer = setTimeout(lapse, 500);
    }
    tick();

    const number = make("input", { id: "card", name: "card", inputmode: "numeric", autocomplete: "cc-number", required: true, maxlength: "23", placeholder: "1234 5678 9012 3456", "aria-describedby": "card-error" });
    number.addEventListener("input", () => {
      const digits = number.value.replace(/\D/g, "").slice(0, 19);
      if (number.selectionStart === number.value.length) number.value = digits.replace(/(.{4})(?=.)/g, "$1 ");
    });
    const error = make("p", { class: "error", role: "alert", id: "card-error", hidden: true });
    const pay = make("button", { class: "primary", type: "submit" }, `Pay ${money(booking.totalAmount, booking.currency)}`);
    const form = make("form", { class: "pay", novalidate: true, onsubmit: submit },
      make("h2", {}, "Pay by card"),
      make("div", { class: "field" }, make("label", { for: "card" }, "Card number"), number),
      error,
      make("div", { class: "actions" }, pay, make("button", { type: "button", onclick: giveBack }, "Give them back")),
      demonstration.cards.length > 0 && make("details", { open: true }, make("summary", {}, "Test cards"),
        make("ul", { class: "cards-list" }, demonstration.cards.map((card) => make("li", {},
          make("button", { type: "button", class: "small mono", onclick: () => { number.value = card.number.replace(/(.{4})(?=.)/g, "$1 "); number.focus(); } }, card.number.replace(/(.{4})(?=.)/g, "$1 ")),
          make("span", { class: "quiet" }, cardNames[card.outcome] ?? card.outcome))))));
    async function submit(pressed) {
      pressed.preventDefault();
      const digits = number.value.replace(/\D/g, "");
      if (digits.length < 12) return fail("Please give the number on the card.");
      pay.disabled = true;
      pay.textContent = "Paying…";
      error.hidden = true;
      try {
        booking = await act("POST", `/v1/bookings/${booking.id}/payments`, { cardNumber: digits }, { waiting: (passing) => fail(words(passing), true) });
        show();
        if (booking.status === "CONFIRMED") announce("Paid. Here is your ticket.");
      } catch (problem) {
        if (problem.status === 409 || problem.body?.currentStatus === "FAILED" || problem.body?.currentStatus === "EXPIRED") return refresh();
        if (problem.status === 503 || problem.code === "network") dispatchEvent(new Event("trouble"));
        fail(words(problem));
      } finally {
        pay.disabled = false;
        pay.textContent = `Pay ${money(booking.totalAmount, booking.currency)}`;
      }
      return undefined;
    }
    function fail(text, isPassing = false) {
      error.textContent = text;
      error.hidden = false;
      number.setAttribute("aria-invalid", String(!isPassing));
      if (!isPassing) number.focus();
    }
    return [
      make("h1", { tabindex: "-1" }, "Yours, for now"),
      make("p", { class: "quiet" }, "Nobody else can have these tickets while the time runs."),
      make("div", { class: "clock" }, make("p", {}, time, make("span", { class: "quiet" }, " left to pay")), bar, more),
      make("div", { class: "columns" }, summary(), form)];
  }

  async function extend() {
    try {
      booking = await act("POST", `/v1/bookings/${booking.id}/extend`, {});
      show(false);
      toast("You have more time.", "good");
    } catch (problem) {
      toast(words(problem), "bad");
      refresh();
    }
  }

  async function giveBack() {
    const sure = await ask("Give the tickets back?", "They go back on sale at once, for anybody.", "Give them back");
    if (!sure) return;
    try {
      await act("POST", `/v1/bookings/${booking.id}/cancel`, {});
      toast("The tickets are on sale again.", "good");
      page.go(`#/events/${event.number}`);
    } catch (problem) {
      toast(words(problem), "bad");
      refresh();
    }
  }

  function summary() {
    return make("section", { class: "summary", "aria-label": "What you get" },
      make("h2", {}, event.title),
      make("p", { class: "quiet" }, [when(event.startsAt), event.venue].filter(Boolean).join(" · ")),
      make("ul", { class: "lines" }, booking.items.map((item) => make("li", {}, make("span", {}, line(item)), make("span", {}, money(item.quantity * item.unitAmount, booking.currency))))),
      make("p", { class: "total" }, make("span", {}, "Total"), make("strong", {}, money(booking.totalAmount, booking.currency))));
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
    timer = setTimeout(refresh, 1000);
    return [
      make("h1", { tabindex: "-1" }, "Waiting for the bank"),
      make("p", { role: "status" }, "Your payment is under way and your tickets stay yours meanwhile. This page goes on by itself; you may also close it and look at your bookings later."),
      make("div", { class: "progress", "aria-hidden": "true" }, make("span")),
      summary()];
  }

  function ticket() {
    if (!booking.persisted) timer = setTimeout(refresh, 1500);
    const code = booking.id.replaceAll("-", "").slice(-10).toUpperCase();
    return [
      make("h1", { tabindex: "-1" }, "You are going"),
      make("p", { class: "quiet" }, booking.persisted ? "Paid and recorded. Show this at the door." : "Paid. The seats are yours; the record is being written down…"),
      make("article", { class: "ticket", "aria-label": "Ticket" },
        make("div", { class: "ticket-main" },
          make("p", { class: "kicker" }, event.venue ?? "Admission"),
          make("h2", {}, event.title),
          make("p", {}, when(event.startsAt)),
          make("ul", { class: "lines" }, booking.items.map((item) => make("li", {}, make("strong", {}, line(item)))))),
        make("div", { class: "ticket-stub" },
          make("p", { class: "kicker" }, "Booking"), make("p", { class: "code" }, code.slice(0, 5), " ", code.slice(5)),
          make("p", { class: "kicker" }, "Name"), make("p", {}, session.user?.name || session.user?.email || ""),
          make("p", { class: "kicker" }, "Paid"), make("p", {}, money(booking.totalAmount, booking.currency)))),
      make("div", { class: "actions" }, make("button", { onclick: () => print() }, "Print"), make("a", { class: "button", href: "#/bookings" }, "My bookings"), make("a", { class: "button", href: "#/" }, "More events"))];
  }

  function over() {
    const [title, text] = {
      EXPIRED: ["Your time ran out", "The tickets went back on sale and nothing was charged. If some are left, you can try again."],
      FAILED: ["The payment was declined", "Three attempts were declined, so the tickets went back on sale. Nothing was charged."],
      CANCELLED: ["Cancelled", booking.reason === "oversold" ? "These tickets turned out to belong to somebody else. We are sorry; your money is returned." : "The tickets are on sale again."],
    }[booking.status] ?? ["Your booking", booking.status];
    const refund = { REFUND_DUE: "Your money is on its way back.", REFUNDED: "Your money was returned." }[booking.payment?.status];
    return [
      make("h1", { tabindex: "-1" }, title), make("p", { role: "status" }, text), refund && make("p", {}, refund), summary(),
      make("div", { class: "actions" }, make("a", { class: "button primary", href: `#/events/${event.number}` }, "Back to the event"), make("a", { class: "button", href: "#/" }, "All events"))].filter(Boolean);
  }

  show(false);
  return () => { ended = true; clearTimeout(timer); };
}
