import Booking
import HTTPServer
import Inventory
import Metrics
import Records
import Settlement

/// What all actions on one booking have in common.
final class Transitions {
    private let context: APIContext
    private let confirmed = ServeMetrics.shared.confirmations["true"]
    private let unconfirmed = ServeMetrics.shared.confirmations["false"]

    init(_ context: APIContext) { self.context = context }

    /// Acts on a booking; one that left Redis is put back from PostgreSQL first.
    ///
    /// - Parameter user: its owner, when only the owner may.
    func whereverItIs(
        _ booking: BookingID, _ user: UserID?,
        _ act: nonisolated(nonsending) () async throws -> TransitionOutcome
    ) async throws -> TransitionOutcome {
        let outcome = try await context.locator.act(booking, user: user, act)
        if let image = outcome.image { context.recent.note(booking, of: image.user) }
        return outcome
    }

    /// The answer to a confirming call: waits until it is written down, as long as the client prefers; 202 when it is
    /// not by then.
    ///
    /// - Parameters:
    ///   - availability: what the tiers had left, when the call made the booking.
    ///   - isOld: whether the booking was so before this call.
    /// - Throws: 409 when PostgreSQL refused it, since others have what it took.
    func written(
        _ booking: BookingID, _ image: BookingImage, _ status: Int, _ preference: Preference,
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
    /// Why a transition was refused.
    static func refusal(_ outcome: TransitionOutcome) -> Problem {
        switch outcome {
        case .holdExpired(let image): .holdExpired(image)
        case .eventCancelled(let image): .state(.eventCancelled, "This event was cancelled.", image)
        case .cancellationClosed(let image, let until): .cancellationClosed(image, until: until)
        case .noSuchItems: .invalid([("", "The booking has no such line, or not so much of it.")])
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
