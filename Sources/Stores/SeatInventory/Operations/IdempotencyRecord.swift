package import BoxOffice

/// The stored answer to a request with an idempotency key, for 24 hours.
package enum IdempotencyRecord: Sendable {
    /// A plain claim: its answer is rebuilt from these, byte for byte.
    case claim(booking: BookingID, availability: [TierAvailability], image: Booking)
    /// The request is still running, or its process died; it may run until the deadline (Unix milliseconds).
    case running(booking: BookingID, deadline: Int64)
    /// The answer.
    case done(booking: BookingID, status: Int, body: String)

    /// Parses the stored form: fingerprint and booking, 16 bytes each, then as text `run|deadline` or
    /// `done|status|body`; for claims answered in the first form of Redis's data, `claim|tier=available,…|image`.
    package init?(_ bytes: ArraySlice<UInt8>) {
        guard let stored = StoredAnswer(bytes) else { return nil }
        let booking = BookingID(stored: stored.made)
        var reader = FieldReader(stored.rest, separator: "|")
        switch reader.text() {
        case "run":
            guard let deadline = reader.integer(Int64.self), reader.isAtEnd else { return nil }
            self = .running(booking: booking, deadline: deadline)
        case "claim":
            guard let availability = reader.next().flatMap(TierAvailability.list),
                let image = Booking(utf8: reader.remainder)
            else { return nil }
            self = .claim(booking: booking, availability: availability, image: image)
        case "done":
            guard let status = reader.integer(Int.self), !reader.isAtEnd else { return nil }
            let body = String(decoding: reader.remainder, as: UTF8.self)
            self = .done(booking: booking, status: status, body: body)
        default:
            return nil
        }
    }

    /// Parses a booking's id and the record of the booking that a key made: the claim's answer; if that is unknown, the
    /// booking's state shows the outcome.
    init?(claim bytes: ArraySlice<UInt8>) {
        var reader = ByteReader(bytes)
        let booking = BookingID(stored: reader.uuid())
        guard reader.isSound, let record = BookingRecord(reader.remainder) else { return nil }
        self.init(booking, record)
    }

    /// The claim's answer from a booking's record.
    package init(_ booking: BookingID, _ record: BookingRecord) {
        if let (image, availability) = record.claimAnswer {
            self = .claim(booking: booking, availability: availability, image: image)
        } else {
            self = .running(booking: booking, deadline: 0)
        }
    }

    /// The booking of the request.
    package var booking: BookingID {
        switch self {
        case .claim(let booking, _, _), .running(let booking, _), .done(let booking, _, _): booking
        }
    }
}

/// The stored form of the answer to a request with a key.
package struct StoredAnswer {
    /// The request's fingerprint.
    package let fingerprint: Digest128
    /// The booking, or the block.
    let made: UUIDBytes
    /// The outcome, as text.
    let rest: ArraySlice<UInt8>

    /// Parses the record; `nil` if it is too short.
    package init?(_ bytes: ArraySlice<UInt8>) {
        var reader = ByteReader(bytes)
        fingerprint = reader.digest()
        made = reader.uuid()
        guard reader.isSound else { return nil }
        rest = reader.remainder
    }

    /// Encodes a record of a booking.
    static func bytes(_ fingerprint: Digest128, _ booking: BookingID, _ rest: String) -> [UInt8] {
        bytes(fingerprint, booking.uuid, Array(rest.utf8)[...])
    }

    /// Encodes an answer.
    static func bytes(_ fingerprint: Digest128, _ booking: BookingID, status: Int, _ body: [UInt8]) -> [UInt8] {
        bytes(fingerprint, booking.uuid, Array("done|\(status)|".utf8)[...]) + body
    }

    /// Converts a record of the first form of Redis's data: `fingerprint|booking|…`, all of it text; `nil` if it is not
    /// one.
    static func bytes(firstForm text: [UInt8]) -> [UInt8]? {
        var reader = FieldReader(text[...], separator: "|")
        guard let digits = reader.text(), let fingerprint = Digest128(hexadecimal: digits[...]),
            let made = reader.next().flatMap(UUIDBytes.init(utf8:))
        else { return nil }
        return bytes(fingerprint, made, reader.remainder)
    }

    private static func bytes(_ fingerprint: Digest128, _ made: UUIDBytes, _ rest: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32 + rest.count)
        bytes.append(fingerprint)
        bytes.append(made)
        bytes.append(contentsOf: rest)
        return bytes
    }
}

/// The units left in a tier right after a claim.
package struct TierAvailability: Sendable, Hashable {
    package let tier: TierID
    package let available: Int

    /// Parses `tier=available,…`.
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
