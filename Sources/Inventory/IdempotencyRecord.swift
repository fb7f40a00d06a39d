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
    public init?(text: String) { self.init(utf8: Array(text.utf8)[...]) }

    /// The same of text that is still bytes.
    init?(utf8 text: ArraySlice<UInt8>) {
        var reader = FieldReader(text, separator: "|")
        guard let fingerprint = reader.text(), let uuid = reader.next().flatMap(UUIDBytes.init(utf8:)),
            let kind = reader.text()
        else { return nil }
        let booking = BookingID(stored: uuid)
        switch kind {
        case "run":
            guard let deadline = reader.integer(Int64.self), reader.isAtEnd else { return nil }
            self = .running(fingerprint: fingerprint, booking: booking, deadline: deadline)
        case "claim":
            guard let availability = reader.next().flatMap(TierAvailability.list),
                let image = BookingImage(utf8: reader.remainder)
            else { return nil }
            self = .claim(fingerprint: fingerprint, booking: booking, availability: availability, image: image)
        case "done":
            guard let status = reader.integer(Int.self), !reader.isAtEnd else { return nil }
            let body = String(decoding: reader.remainder, as: UTF8.self)
            self = .done(fingerprint: fingerprint, booking: booking, status: status, body: body)
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
    static func list(_ text: ArraySlice<UInt8>) -> [TierAvailability]? {
        var list: [TierAvailability] = []
        var reader = FieldReader(text, separator: ",")
        while let part = reader.next() {
            var pair = FieldReader(part, separator: "=")
            guard let tier = pair.next().flatMap(UUIDBytes.init(utf8:)), let available = pair.integer(Int.self),
                pair.isAtEnd
            else { return nil }
            list.append(TierAvailability(tier: TierID(tier), available: available))
        }
        return list
    }
}
