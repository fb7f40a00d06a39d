public import Booking

/// What is remembered of a request with an idempotency key, for 24 hours.
public enum IdempotencyRecord: Sendable {
    /// A plain claim: its answer is rebuilt, byte for byte, from these.
    case claim(fingerprint: String, booking: BookingID, availability: [TierAvailability], image: BookingImage)
    /// The request still runs, or whoever ran it died; it may take until the deadline (Unix milliseconds).
    case running(fingerprint: String, booking: BookingID, deadline: Int64)
    /// The answer.
    case done(fingerprint: String, booking: BookingID, status: Int, body: String)

    /// Reads the text form: `fingerprint|booking|claim…`, `…|run|deadline` or `…|done|status|body`.
    public init?(text: String) {
        let part = text.split(separator: "|", maxSplits: 3, omittingEmptySubsequences: false)
        guard part.count == 4, let uuid = UUIDBytes(part[1]) else { return nil }
        let fingerprint = String(part[0])
        let booking = BookingID(stored: uuid)
        switch part[2] {
        case "run":
            guard let deadline = Int64(part[3]) else { return nil }
            self = .running(fingerprint: fingerprint, booking: booking, deadline: deadline)
        case "claim":
            let rest = part[3].split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false)
            guard rest.count == 2, let availability = TierAvailability.list(rest[0]),
                let image = BookingImage(text: rest[1])
            else { return nil }
            self = .claim(fingerprint: fingerprint, booking: booking, availability: availability, image: image)
        case "done":
            let rest = part[3].split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false)
            guard rest.count == 2, let status = Int(rest[0]) else { return nil }
            self = .done(fingerprint: fingerprint, booking: booking, status: status, body: String(rest[1]))
        default:
            return nil
        }
    }

    /// The booking it led to.
    public var booking: BookingID {
        switch self {
        case .claim(_, let booking, _, _), .running(_, let booking, _), .done(_, let booking, _, _): booking
        }
    }
}

/// What a tier had left right after a claim.
public struct TierAvailability: Sendable, Hashable {
    /// The tier.
    public let tier: TierID
    /// Units left.
    public let available: Int

    /// Reads `tier=available,…`.
    static func list(_ text: Substring) -> [TierAvailability]? {
        var list: [TierAvailability] = []
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=")
            guard pair.count == 2, let tier = TierID(pair[0]), let available = Int(pair[1]) else { return nil }
            list.append(TierAvailability(tier: tier, available: available))
        }
        return list
    }
}
