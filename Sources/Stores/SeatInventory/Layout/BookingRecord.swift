package import BoxOffice

/// A booking as stored in Redis: its image, its epoch and outbox entry, and the answer to its claim.
///
/// One form for all states, in Redis and in the outbox; `docs/redis.md` documents every byte.
package struct BookingRecord: Sendable, Equatable {
    /// Exceptional properties of a booking's claim.
    package struct Flags: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Claimed and paid for by one request, whose answer is in its key's record.
        package static let oneShot = Flags(rawValue: 1)
        /// The answer to the claim is unknown: `left` is zeros.
        package static let answerUnknown = Flags(rawValue: 2)
    }

    /// The claim's answer, kept if the booking has since changed in more than its status: the hold's original expiry,
    /// and the original lines.
    package struct FirstAnswer: Sendable, Equatable {
        /// The hold's original expiry, Unix milliseconds.
        package let expiresAt: Int64
        /// The lines as claimed.
        package let items: [BookingItem]

        package init(expiresAt: Int64, items: [BookingItem]) {
            self.expiresAt = expiresAt
            self.items = items
        }
    }

    package var image: Booking
    /// The partition's epoch in which it was written.
    package var epoch: Int64
    /// The outbox entry that contains this version; `nil` in a record that was loaded from PostgreSQL.
    package var entry: StreamID?
    /// Exceptional properties of its claim.
    package var flags: Flags
    /// The units left in each line's tier, as claimed, right after the claim.
    package var left: [Int]
    /// The claim's answer; `nil` if it still follows from the image.
    package var firstAnswer: FirstAnswer?

    package init(
        image: Booking, epoch: Int64, entry: StreamID?, flags: Flags, left: [Int], firstAnswer: FirstAnswer?
    ) {
        self.image = image
        self.epoch = epoch
        self.entry = entry
        self.flags = flags
        self.left = left
        self.firstAnswer = firstAnswer
    }

    /// The answer to the claim, byte for byte as it was given: the original booking, and the units left in its tiers.
    ///
    /// - Returns: `nil` if it is unknown, or if the claim's own answer is elsewhere: then the booking's state is the
    ///   answer.
    package var claimAnswer: (image: Booking, availability: [TierAvailability])? {
        let items = firstAnswer?.items ?? image.items
        guard flags.isDisjoint(with: [.oneShot, .answerUnknown]), left.count == items.count else { return nil }
        let made = Booking(
            version: 1, status: .reserved, expiresAt: firstAnswer?.expiresAt ?? image.expiresAt, paymentDeadline: nil,
            attempts: 0, extensions: 0, createdAt: image.createdAt, updatedAt: image.createdAt, confirmedAt: nil,
            event: image.event, user: image.user, totalAmount: items.reduce(0) { $0 &+ $1.amount },
            currency: image.currency, key: image.key, items: items, payment: nil, reason: nil)
        return (made, availability)
    }

    /// The units left in the tiers right after the claim.
    package var availability: [TierAvailability] {
        zip(firstAnswer?.items ?? image.items, left).map { TierAvailability(tier: $0.tier, available: $1) }
    }
}

extension BookingItem {
    /// The line's price in minor units; wraps on overflow.
    var amount: Int64 { unitAmount &* Int64(quantity) }
}
