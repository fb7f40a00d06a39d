import BoxOffice
import HTTP
import JSON
import PostgresClient
import SeatInventory

extension Problem {
    /// The problem for an error of the inventory.
    static func inventory(_ error: InventoryError) -> Problem {
        let (kind, detail): (ProblemKind, String) =
            switch error.code {
            case .recovering:
                (.inventoryRecovering, "What is on sale is being checked after a restart; nothing was done.")
            case .overloaded:
                (.overloaded, "Redis accepts no more data at this moment; nothing was done.")
            case .unavailable:
                (.inventoryUnavailable, "Redis cannot be reached at this moment; nothing was done.")
            default:
                (
                    .outcomeUnknown,
                    "It is not known whether this was done. It is safe to repeat the same request with its key."
                )
            }
        return Problem(kind, detail, headers: [("Retry-After", "1")])
    }

    /// The problem when PostgreSQL was needed and did not answer.
    static func records(_ error: PostgresError) -> Problem {
        Problem(
            .inventoryUnavailable, "The records cannot be reached at this moment; nothing was done.",
            headers: [("Retry-After", "1")])
    }

    static let bookingNotFound = Problem(.bookingNotFound, "You have no booking with this id.")
    static let eventNotFound = Problem(.eventNotFound, "There is no event with this id or number.")

    static let soldOut = Problem(.soldOut, "All tickets of this kind are sold or off sale.")

    static let keyReused = Problem(
        .idempotencyKeyReused, "This Idempotency-Key was used for a different request; use a new one.")
    static let keyLimit = Problem(
        .rateLimited, "You have used 1000 idempotency keys for this event within a day, which is the limit.",
        headers: [("Retry-After", "3600")])
    static let inProgress = Problem(
        .idempotencyInProgress, "The first request with this Idempotency-Key is still running.",
        headers: [("Retry-After", "1")])

    // MARK: - Claims

    /// The problem for a refused claim; `nil` for outcomes that are no refusals.
    ///
    /// - Parameters:
    ///   - now: Unix milliseconds, for `Retry-After`.
    ///   - items: the requested items.
    static func refusal(_ outcome: ClaimOutcome, of items: [ClaimItem], now: Int64) -> Problem? {
        switch outcome {
        case .soldOut: soldOut
        case .notEnoughLeft(let shortage): notEnoughLeft(shortage)
        case .heldByOthers(let retryAt): heldByOthers(retryAt == 0 ? now + 1000 : retryAt, now: now)
        case .notOpen(let opensAt): salesNotOpen(opensAt)
        case .closed: Problem(.salesClosed, "The sale of this event is over.")
        case .eventCancelled: eventCancelled
        case .ticketLimit(let limit):
            Problem(
                .ticketLimit,
                "A customer may have at most \(counted(limit, "ticket")) of this event, those on hold included.")
        case .bookingLimit(let limit):
            Problem(
                .alreadyBooked,
                "A customer may have at most \(counted(limit, "booking")) of this event, holds included.")
        case .noAdjacent: noAdjacentSeats(items)
        case .keyReused: keyReused
        case .keyLimit: keyLimit
        default: nil
        }
    }

    private static func counted(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    private static func notEnoughLeft(_ shortage: Shortage) -> Problem {
        let held =
            shortage.available < shortage.left
            ? " \(counted(shortage.left, "ticket")) would be available if all other customers' holds expired." : ""
        return Problem(
            .notEnoughLeft,
            "\(counted(shortage.wanted, "ticket")) of one kind \(shortage.wanted == 1 ? "was" : "were") asked for, but "
                + "only \(shortage.available) \(shortage.available == 1 ? "is" : "are") available.\(held)",
            members: [("available", Array(String(shortage.available).utf8))])
    }

    private static func salesNotOpen(_ opensAt: Int64) -> Problem {
        let time = Timestamp.format(opensAt)
        return Problem(.salesNotOpen, "The sale opens at \(time).", members: [("opensAt", text(time))])
    }

    private static func noAdjacentSeats(_ items: [ClaimItem]) -> Problem {
        let most = items.map { if case .best(_, let count) = $0 { count } else { 0 } }.max() ?? 0
        return Problem(.noAdjacentSeats, "No row has \(counted(most, "free seat")) next to each other.")
    }

    private static func heldByOthers(_ retryAt: Int64, now: Int64) -> Problem {
        let seconds = max(1, (retryAt - now + 999) / 1000)
        let time = Timestamp.format(retryAt)
        return Problem(
            .heldByOthers,
            "Not enough is free now. Other customers hold tickets that they have not paid for; the next hold may "
                + "expire at \(time).",
            headers: [("Retry-After", String(seconds))], members: [("retryAt", text(time))])
    }

    /// Named seats that are held, sold or blocked.
    static func seatsUnavailable(_ seats: [SeatPosition], _ event: EventID) -> Problem {
        var json = JSONWriter()
        json.beginArray()
        for seat in seats { json.string(SeatID(event: event, position: seat).description) }
        json.endArray()
        return Problem(
            .seatsUnavailable,
            seats.count == 1
                ? "1 of these seats is held, sold or off sale."
                : "\(seats.count) of these seats are held, sold or off sale.",
            members: [("unavailable", json.bytes)])
    }

    /// Named seats that the event does not have.
    static func unknownSeats(_ seats: [SeatPosition], _ event: EventID, _ pointer: String) -> Problem {
        .invalid(seats.map { (pointer, "The event has no seat \(SeatID(event: event, position: $0)).") })
    }

    // MARK: - Bookings

    static let eventCancelled = Problem(.eventCancelled, "This event was cancelled.")

    /// 409 for a booking whose state does not allow it.
    static func state(_ kind: ProblemKind, _ detail: String, _ image: Booking) -> Problem {
        Problem(kind, detail, members: [("currentStatus", text(image.status.rawValue))])
    }

    static func holdExpired(_ image: Booking) -> Problem {
        .state(.holdExpired, "The hold expired at \(Timestamp.format(image.expiresAt)).", image)
    }

    /// The owner tries to cancel a confirmed booking too late.
    ///
    /// - Parameter until: when cancellation closed, Unix milliseconds.
    static func cancellationClosed(_ image: Booking, until: Int64) -> Problem {
        .state(
            .cancellationClosed, "Bookings of this event could be cancelled until \(Timestamp.format(until)).", image)
    }

    /// PostgreSQL refused the booking.
    static let oversold = Problem(
        .oversold, "The tickets were sold to somebody else; what was paid is refunded.",
        members: [("currentStatus", text(BookingStatus.cancelled.rawValue))])

    static func invalidState(_ image: Booking) -> Problem {
        image.reason == "oversold"
            ? .oversold : .state(.invalidState, "The booking is \(image.status.rawValue), which rules this out.", image)
    }

    /// 402 for an attempt that the provider declined.
    ///
    /// - Parameters:
    ///   - code: the provider's code; `nil` if it is no longer known.
    ///   - image: the booking after the decline; `nil` if that is not known.
    static func declined(_ code: String?, _ image: Booking?) -> Problem {
        var members: [(name: String, json: [UInt8])] = []
        var detail = code.map { "The payment was declined (\($0))." } ?? "The payment was declined."
        if let code { members.append(("declineCode", text(code))) }
        if let image {
            let left = attemptsLeft(image)
            members.append(("attemptsLeft", Array(String(left).utf8)))
            members.append(("currentStatus", text(image.status.rawValue)))
            members.append(("expiresAt", text(Timestamp.format(image.expiresAt))))
            detail += " " + consequence(of: image, left)
        }
        return Problem(.paymentDeclined, detail, members: members)
    }

    /// How many more attempts are allowed.
    private static func attemptsLeft(_ image: Booking) -> Int {
        image.status.isHeld ? max(0, Booking.attemptLimit - image.attempts) : 0
    }

    private static func consequence(of image: Booking, _ left: Int) -> String {
        let time = Timestamp.format(image.expiresAt)
        return switch image.status {
        case .reserved, .pendingPayment:
            left == 1
                ? "The tickets are held until \(time). One attempt is left; if it is declined too, they are released."
                : "The tickets are held until \(time), and \(left) attempts are left."
        case .expired: "The hold expired at \(time), so the tickets were released."
        default: "No attempt is left; the tickets were released."
        }
    }

    private static func text(_ value: String) -> [UInt8] {
        var json = JSONWriter()
        json.string(value)
        return json.bytes
    }
}
