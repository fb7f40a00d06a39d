import BoxOffice
import HTTP
import Metrics
import Records
import SeatInventory
import Settlement

/// What all actions on one booking share.
final class Transitions {
    private let context: APIContext
    private let confirmed = ServeMetrics.shared.confirmations["true"]
    private let unconfirmed = ServeMetrics.shared.confirmations["false"]

    init(_ context: APIContext) { self.context = context }

    /// Acts on a booking; one that is no longer in Redis is loaded from PostgreSQL first.
    ///
    /// - Parameter user: the booking's owner, if only the owner may act.
    func loadingIfNeeded(
        _ booking: BookingID, _ user: UserID?,
        _ act: nonisolated(nonsending) () async throws -> TransitionOutcome
    ) async throws -> TransitionOutcome {
        let outcome = try await context.locator.act(booking, user: user, act)
        if let image = outcome.image { context.recent.note(booking, of: image.user) }
        return outcome
    }

    /// The answer to a confirming call: waits until its change is persisted, as long as the client prefers; 202 if it
    /// is not by then.
    ///
    /// - Parameters:
    ///   - availability: what the tiers had left, if the call made the booking.
    ///   - isOld: whether the booking was in this state before the call.
    /// - Throws: 409 if PostgreSQL refused the booking, because other bookings have its units.
    func written(
        _ booking: BookingID, _ image: Booking, _ status: Int, _ preference: Preference,
        _ availability: [TierAvailability]? = nil, isOld: Bool = false
    ) async throws(Problem) -> HTTPResponse {
        let outcome = await context.acks.wait(booking, image.made, for: preference, isOld: isOld)
        guard !context.acks.isOverruled(booking) else { throw Problem.oversold }
        let isWritten = outcome == .written
        (isWritten ? confirmed : unconfirmed).add()
        var headers = [(name: "Content-Type", value: "application/json")]
        if let applied = preference.applied, outcome != .refused { headers.append(("Preference-Applied", applied)) }
        if status == 201 { headers.append(("Location", "/v1/bookings/\(booking)")) }
        let body = await context.json(booking, image, persisted: isWritten, availability: availability)
        return HTTPResponse(status: isWritten ? status : 202, headers: headers, body: body)
    }
}

extension Problem {
    /// The problem for a refused transition.
    static func refusal(_ outcome: TransitionOutcome) -> Problem {
        switch outcome {
        case .holdExpired(let image): .holdExpired(image)
        case .eventCancelled(let image): .state(.eventCancelled, "This event was cancelled.", image)
        case .cancellationClosed(let image, let until): .cancellationClosed(image, until: until)
        case .noSuchItems: .invalid([("", "The booking has no such item, or fewer units of it.")])
        case .limit(let image):
            .state(
                .extendLimit,
                "A hold can be extended twice, and to at most three times its length; this one ends at "
                    + "\(Timestamp.format(image.expiresAt)).", image)
        case .invalidState(let image), .done(let image, _), .already(let image), .reclaimed(let image, _),
            .refundDue(let image, _), .secondCharge(let image), .mismatch(let image):
            .invalidState(image)
        case .replay: .inProgress
        case .keyReused: .keyReused
        case .keyLimit: .keyLimit
        case .notFound: .bookingNotFound
        }
    }
}
