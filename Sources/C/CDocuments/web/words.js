// Refusals in words for the user.

import { count } from "./locale.js";

const said = {
  "network": "The server cannot be reached. Check your connection and try again.",
  "sold-out": "All tickets are sold.",
  "held-by-others": "All remaining tickets are reserved by other customers at the moment. Some may become available again: try again soon.",
  "seats-unavailable": "At least one of these seats has just been taken. The map shows the seats that are free now.",
  "no-adjacent-seats": "There are not that many free seats next to each other. Try fewer, or choose the seats yourself.",
  "already-booked": "You already have a booking for this event, and no more bookings are allowed per customer.",
  "ticket-limit": "That is more tickets than one customer may have for this event.",
  "sales-not-open": "Tickets are not on sale yet.",
  "sales-closed": "Ticket sales have ended.",
  "event-cancelled": "This event was cancelled.",
  "event-not-found": "There is no such event.",
  "booking-not-found": "You have no such booking.",
  "hold-expired": "The time to pay is over, and the tickets are on sale again.",
  "invalid-state": "This booking has changed in the meantime. The page shows its present state.",
  "cancellation-closed": "This booking can no longer be cancelled.",
  "extend-limit": "The time for this booking cannot be extended any further.",
  "invalid-credentials": "The e-mail address or the password is wrong.",
  "email-taken": "There is already an account with this e-mail address. Sign in instead.",
  "rate-limited": "Too many attempts. Wait a moment and try again.",
  "inventory-unavailable": "Booking is paused because of a technical problem. Nothing was booked or charged. Try again in a moment.",
  "inventory-recovering": "Booking is paused for a moment after an interruption. Nothing was booked or charged. Try again in a moment.",
  "overloaded": "Very many people are booking at the moment. Try again in a moment.",
  "outcome-unknown": "We do not know yet whether this worked. Look at “My bookings” before you try again.",
  "idempotency-in-progress": "Your request is still in progress. Wait a moment.",
  "unauthorized": "You are no longer signed in. Sign in again.",
  "refresh-reused": "You are no longer signed in. Sign in again.",
  "forbidden": "Only administrators may do this.",
  "not-found": "There is no such page.",
  "internal": "Something went wrong on our side. Try again in a moment.",
};

/** Errors of form fields, by the field's name in the API. */
const fields = {
  "/email": "Enter a complete e-mail address, such as ada@example.com.",
  "/name": "Enter your name.",
  "/password": "The password needs at least 8 characters, with a letter and a digit.",
  "/newPassword": "The new password needs at least 8 characters, with a letter and a digit.",
  "/currentPassword": "Enter your present password.",
  "/cardNumber": "This is not a valid card number. Check the digits.",
};

/**
 * Describes a problem in one or two sentences.
 *
 * @param problem what `call` threw.
 * @param event the event concerned, for its limits.
 */
export function words(problem, event) {
  const body = problem.body ?? {};
  switch (problem.code) {
    case "not-enough-left":
      return body.available === 1 ? "Only 1 is left." : `Only ${count(body.available, "", "").trim()} are left.`;
    case "ticket-limit":
      return event?.maxTicketsPerUser ? `You can have at most ${count(event.maxTicketsPerUser, "ticket")} for this event.` : said[problem.code];
    case "already-booked":
      return event?.maxBookingsPerUser ? `You can have at most ${count(event.maxBookingsPerUser, "booking")} for this event.` : said[problem.code];
    case "payment-declined":
      return declined(body);
    case "invalid-request":
      return (body.errors ?? []).map((error) => fields[error.pointer] ?? error.detail).join(" ") || problem.message || said.internal;
    default:
      return said[problem.code] ?? (problem.message || said.internal);
  }
}

function declined({ declineCode, attemptsLeft }) {
  const why = declineCode === "insufficient_funds" ? "there is not enough money on it" : "the bank refused the payment";
  const next = attemptsLeft === 1
    ? "One more try: if the next payment is declined too, your tickets are released."
    : "Try another card while your tickets are reserved.";
  return `The card was declined: ${why}. You were not charged. ${next}`;
}
