import Booking
import HTTPServer
import Inventory
import JSON
import PostgresClient

extension Problem {
    /// What an error of Redis's side means for a client.
    static func inventory(_ error: InventoryError) -> Problem {
        let (code, detail) =
            switch error.code {
            case .recovering: ("inventory-recovering", "The inventory is being validated; nothing was done.")
            case .overloaded: ("overloaded", "The inventory takes no more at present; nothing was done.")
            case .unavailable: ("inventory-unavailable", "The inventory cannot be reached; nothing was done.")
            default: ("outcome-unknown", "It is not known whether this was done; the same request is safe to repeat.")
            }
        return Problem(503, code, detail, isRetryable: true, headers: [("Retry-After", "1")])
    }

    /// PostgreSQL was needed and did not answer.
    static func records(_ error: PostgresError) -> Problem {
        Problem(
            503, "inventory-unavailable", "The records cannot be reached at present.", isRetryable: true,
            headers: [("Retry-After", "1")])
    }

    static let bookingNotFound = Problem(404, "booking-not-found", "There is no such booking.")
    static let eventNotFound = Problem(404, "event-not-found", "There is no such event.")

    /// 409 for a booking whose state does not allow it.
    static func state(_ code: String, _ detail: String, _ image: BookingImage) -> Problem {
        Problem(409, code, detail, members: [("currentStatus", text(image.status.rawValue))])
    }

    static func holdExpired(_ image: BookingImage) -> Problem {
        .state("hold-expired", "The hold expired at \(Timestamp.format(image.expiresAt)).", image)
    }

    /// PostgreSQL refused the booking.
    static let oversold = Problem(
        409, "oversold", "This was sold to somebody else; a payment is refunded.",
        members: [("currentStatus", text(BookingStatus.cancelled.rawValue))])

    static func invalidState(_ image: BookingImage) -> Problem {
        image.reason == "oversold"
            ? .oversold : .state("invalid-state", "The booking is \(image.status.rawValue).", image)
    }

    /// 402 for an attempt that the provider declined.
    ///
    /// - Parameter code: the provider's; `nil` when whoever heard it died.
    static func declined(_ code: String?, _ image: BookingImage?) -> Problem {
        var members: [(name: String, json: [UInt8])] = []
        if let code { members.append(("declineCode", text(code))) }
        if let image {
            members.append(("currentStatus", text(image.status.rawValue)))
            members.append(("expiresAt", text(Timestamp.format(image.expiresAt))))
        }
        return Problem(402, "payment-declined", "The payment was declined.", members: members)
    }

    static let eventCancelled = Problem(409, "event-cancelled", "The event was cancelled.")

    static let keyReused = Problem(
        422, "idempotency-key-reused", "This key was used for another request.")
    static let keyLimit = Problem(
        429, "rate-limited", "Too many idempotency keys are in use for this event.", isRetryable: true,
        headers: [("Retry-After", "3600")])
    static let inProgress = Problem(
        409, "idempotency-in-progress", "The first request with this key still runs.", isRetryable: true,
        headers: [("Retry-After", "1")])

    /// What a refused claim means for a client; `nil` for outcomes that are none.
    ///
    /// - Parameter now: Unix milliseconds, for `Retry-After`.
    static func refusal(_ outcome: ClaimOutcome, now: Int64) -> Problem? {
        switch outcome {
        case .soldOut: Problem(409, "sold-out", "Everything is sold.", isRetryable: true)
        case .heldByOthers(let retryAt): heldByOthers(retryAt == 0 ? now + 1000 : retryAt, now: now)
        case .notOpen(let opensAt):
            Problem(
                409, "sales-not-open", "The sale opens at \(Timestamp.format(opensAt)).", isRetryable: true,
                members: [("opensAt", text(Timestamp.format(opensAt)))])
        case .closed: Problem(409, "sales-closed", "The sale is over.")
        case .eventCancelled: eventCancelled
        case .ticketLimit(let limit): Problem(409, "ticket-limit", "A user may have \(limit) tickets of this event.")
        case .bookingLimit(let limit):
            Problem(409, "already-booked", "A user may have \(limit) booking\(limit == 1 ? "" : "s") of this event.")
        case .noAdjacent:
            Problem(409, "no-adjacent-seats", "No row has so many adjacent free seats.", isRetryable: true)
        case .keyReused: keyReused
        case .keyLimit: keyLimit
        default: nil
        }
    }

    /// Named seats that somebody has, or that are off sale.
    static func seatsUnavailable(_ seats: [SeatPosition], _ event: EventID) -> Problem {
        var json = JSONWriter()
        json.beginArray()
        for seat in seats { json.string(SeatID(event: event, position: seat).description) }
        json.endArray()
        return Problem(
            409, "seats-unavailable", "Some of these seats are not free.", isRetryable: true,
            members: [("unavailable", json.bytes)])
    }

    /// Named seats that the event does not have.
    static func unknownSeats(_ seats: [SeatPosition], _ event: EventID, _ pointer: String) -> Problem {
        .invalid(seats.map { (pointer, "The event has no seat \(SeatID(event: event, position: $0)).") })
    }

    private static func heldByOthers(_ retryAt: Int64, now: Int64) -> Problem {
        let seconds = max(1, (retryAt - now + 999) / 1000)
        return Problem(
            409, "held-by-others", "Not enough is free now, but holds may lapse.", isRetryable: true,
            headers: [("Retry-After", String(seconds))],
            members: [("retryAt", text(Timestamp.format(retryAt)))])
    }

    private static func text(_ value: String) -> [UInt8] {
        var json = JSONWriter()
        json.string(value)
        return json.bytes
    }
}
