import HTTP

/// Resources that do not exist.
extension ProblemKind {
    static let eventNotFound = ProblemKind(
        "event-not-found", 404, "There is no such event",
        "No published event has this id or number. Take the id from the list of events (`GET /v1/events`).")
    static let venueNotFound = ProblemKind(
        "venue-not-found", 404, "There is no such venue",
        "No venue has this id. `GET /v1/venues` lists those that there are.")
    static let bookingNotFound = ProblemKind(
        "booking-not-found", 404, "There is no such booking",
        """
        No booking of yours has this id; other customers' bookings look the same. Check the id, and that you are \
        signed in as the one who booked.
        """)
    static let paymentNotFound = ProblemKind(
        "payment-not-found", 404, "There is no such payment",
        "No payment of yours has this id. A booking's `payment.id` names its payment once it was recorded.")
}

/// Reasons why tickets are not available.
extension ProblemKind {
    static let soldOut = ProblemKind(
        "sold-out", 409, "Sold out", mayPass: true,
        """
        Every ticket of this kind is sold or off sale. Try another kind of ticket, or come back later: tickets return \
        to sale when bookings are cancelled.
        """)
    static let notEnoughLeft = ProblemKind(
        "not-enough-left", 409, "Not that many are left",
        """
        Some tickets are left, but fewer than you asked for, and waiting for other customers' holds to expire would \
        not change that. `available` is how many are free now. Ask for fewer.
        """)
    static let heldByOthers = ProblemKind(
        "held-by-others", 409, "Other customers are holding them", mayPass: true,
        """
        Not enough is free at this moment, because other customers hold tickets that they have not paid for. Such \
        holds expire: `retryAt` and `Retry-After` say when the next one may. Try again then, or choose something else.
        """)
    static let seatsUnavailable = ProblemKind(
        "seats-unavailable", 409, "Some of these seats are taken", mayPass: true,
        """
        The seats that `unavailable` lists are held, sold or off sale; none of the others was taken for you. Choose \
        other seats in their place, or try again later: a hold may expire.
        """)
    static let noAdjacentSeats = ProblemKind(
        "no-adjacent-seats", 409, "No row has that many seats together", mayPass: true,
        """
        Enough seats are free, but no row has as many next to each other. Ask for fewer, book several groups, or name \
        the seats that you want.
        """)
    static let alreadyBooked = ProblemKind(
        "already-booked", 409, "You have booked this event",
        """
        The event allows a customer a limited number of bookings, holds included, and you have as many. Pay or cancel \
        what you hold; `GET /v1/bookings` lists it.
        """)
    static let ticketLimit = ProblemKind(
        "ticket-limit", 409, "More tickets than a customer may have",
        """
        The event allows a customer a limited number of tickets, holds included; `detail` has the number. Ask for \
        fewer, or cancel what you do not need.
        """)
    static let salesNotOpen = ProblemKind(
        "sales-not-open", 409, "The sale has not begun", mayPass: true,
        "Tickets of this event are not on sale yet. `opensAt` says when the sale begins.")
    static let salesClosed = ProblemKind(
        "sales-closed", 409, "The sale is over",
        "Tickets of this event are no longer sold: the end of its sale, or its beginning, has passed.")
    static let eventCancelled = ProblemKind(
        "event-cancelled", 409, "The event was cancelled",
        """
        The event will not take place. Nothing of it can be booked or paid; what was paid for it is refunded \
        automatically.
        """)
    static let capacityBelowCommitted = ProblemKind(
        "capacity-below-committed", 409, "More than that is held or sold",
        """
        The new capacity is below what is held, sold or blocked already. Choose a larger one, or cancel bookings and \
        remove blocks first; the event's availability has the numbers.
        """)
}

/// Errors of a booking and its payment.
extension ProblemKind {
    static let paymentDeclined = ProblemKind(
        "payment-declined", 402, "The payment was declined",
        """
        The bank or the payment provider refused the payment; no money was taken. `declineCode` is its reason. While \
        `attemptsLeft` is above 0, the tickets stay held until `expiresAt` and another card may be tried; at 0 they \
        were released and have to be booked again.
        """)
    static let holdExpired = ProblemKind(
        "hold-expired", 409, "The hold has expired",
        """
        The time to pay has passed and the tickets were released. Book again if there are some left. Money that \
        arrives all the same is refunded when the tickets are gone.
        """)
    static let invalidState = ProblemKind(
        "invalid-state", 409, "The booking does not allow this any more",
        """
        The booking's present state does not allow this request; `currentStatus` has its status. Read the booking \
        and decide anew.
        """)
    static let extendLimit = ProblemKind(
        "extend-limit", 409, "The hold cannot be extended any further",
        "A hold can be extended twice, and to at most three times its length. Pay before `expiresAt`.")
    static let cancellationClosed = ProblemKind(
        "cancellation-closed", 409, "It is too late to cancel",
        """
        The time until which customers may cancel has passed. Ask the organiser: an administrator can cancel a booking \
        at any time.
        """)
    static let oversold = ProblemKind(
        "oversold", 409, "The tickets went to somebody else",
        """
        A store lost data, and in the meantime these tickets were sold to somebody else. The booking was cancelled, \
        and what was paid for it is refunded automatically.
        """)
}

/// Errors of the stores.
extension ProblemKind {
    static let inventoryUnavailable = ProblemKind(
        "inventory-unavailable", 503, "Tickets cannot be sold at this moment",
        """
        A database that this needs cannot be reached; nothing was done. Wait as long as `Retry-After` says and send \
        the same request again. Operators: `usher doctor` and /readyz say which one it is.
        """)
    static let inventoryRecovering = ProblemKind(
        "inventory-recovering", 503, "Tickets are being counted",
        """
        A database was restarted or replaced, and what it holds is being compared with the records before anything is \
        sold on it; nothing was done. It takes seconds as a rule. Wait as long as `Retry-After` says and send the \
        same request again.
        """)
    static let outcomeUnknown = ProblemKind(
        "outcome-unknown", 503, "It is not known whether this was done",
        """
        The answer of a database was lost, so the request may or may not have been done. Send the same request with \
        the same `Idempotency-Key` again: if it was done, you get its answer and it is not done twice. Without a key, \
        look at your bookings first.
        """)
}
