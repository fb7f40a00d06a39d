import HTTP

/// Every kind of error that the API answers with; each has a page at `/problems/{code}`.
enum ProblemCatalogue {
    static let all: [ProblemKind] = [
        .invalidRequest, .idempotencyKeyInvalid, .idempotencyKeyMissing, .unauthorized, .invalidCredentials,
        .refreshReused, .badSignature, .paymentDeclined, .forbidden, .notFound, .eventNotFound, .venueNotFound,
        .bookingNotFound, .paymentNotFound, .methodNotAllowed, .requestTimeout, .emailTaken, .lastAdministrator,
        .soldOut, .notEnoughLeft, .heldByOthers, .seatsUnavailable, .noAdjacentSeats, .alreadyBooked, .ticketLimit,
        .salesNotOpen, .salesClosed, .eventCancelled, .capacityBelowCommitted, .holdExpired, .invalidState,
        .extendLimit, .cancellationClosed, .oversold, .idempotencyInProgress, .preconditionFailed, .bodyTooLarge,
        .unsupportedMediaType, .expectationFailed, .idempotencyKeyReused, .rateLimited, .headersTooLarge,
        .internalError, .inventoryUnavailable, .inventoryRecovering, .overloaded, .outcomeUnknown, .versionNotSupported,
    ]

    /// By code.
    static let kinds = Dictionary(uniqueKeysWithValues: all.map { ($0.code, $0) })
}
