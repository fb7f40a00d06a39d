public import Booking

/// What Redis keeps of a booking: its image, when it was written, and what its claim was answered.
///
/// One form for every state, in Redis and in the outbox; `docs/redis.md` has every byte.
public struct BookingRecord: Sendable, Equatable {
    /// What is unusual about a booking's claim.
    public struct Flags: OptionSet, Sendable {
        /// The bits.
        public let rawValue: UInt8
        /// Flags of these bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// It was claimed and paid for by one request, whose answer is its key's record.
        public static let oneShot = Flags(rawValue: 1)
        /// What the claim was answered is not known: `left` is zeros.
        public static let answerUnknown = Flags(rawValue: 2)
    }

    /// What the claim was answered, where the booking has changed since in more than its status: when its hold was to
    /// end, and its lines.
    public struct FirstAnswer: Sendable, Equatable {
        /// When the hold was to end, Unix milliseconds.
        public let expiresAt: Int64
        /// The lines as claimed.
        public let items: [BookingItem]

        /// An answer.
        public init(expiresAt: Int64, items: [BookingItem]) {
            self.expiresAt = expiresAt
            self.items = items
        }
    }

    /// The booking.
    public var image: BookingImage
    /// The partition's epoch that it was written under.
    public var epoch: Int64
    /// The outbox entry that says so; `nil` in a record that was loaded from PostgreSQL.
    public var entry: StreamID?
    /// What is unusual about its claim.
    public var flags: Flags
    /// What each line's tier, as claimed, had left right after the claim.
    public var left: [Int]
    /// What the claim was answered; `nil` while the image still says it.
    public var firstAnswer: FirstAnswer?

    /// A record of these parts.
    public init(
        image: BookingImage, epoch: Int64, entry: StreamID?, flags: Flags, left: [Int], firstAnswer: FirstAnswer?
    ) {
        self.image = image
        self.epoch = epoch
        self.entry = entry
        self.flags = flags
        self.left = left
        self.firstAnswer = firstAnswer
    }

    /// The answer to the claim, byte for byte as it was given: the booking as it was made, and what its tiers had left.
    ///
    /// - Returns: `nil` when it is not known, or not the claim's own: then the booking's state is the answer.
    public var claimAnswer: (image: BookingImage, availability: [TierAvailability])? {
        let items = firstAnswer?.items ?? image.items
        guard flags.isDisjoint(with: [.oneShot, .answerUnknown]), left.count == items.count else { return nil }
        let made = BookingImage(
            version: 1, status: .reserved, expiresAt: firstAnswer?.expiresAt ?? image.expiresAt, paymentDeadline: nil,
            attempts: 0, extensions: 0, createdAt: image.createdAt, updatedAt: image.createdAt, confirmedAt: nil,
            event: image.event, user: image.user, totalAmount: items.reduce(0) { $0 &+ $1.amount },
            currency: image.currency, key: image.key, items: items, payment: nil, reason: nil)
        return (made, availability)
    }

    /// What the tiers had left right after the claim.
    public var availability: [TierAvailability] {
        zip(firstAnswer?.items ?? image.items, left).map { TierAvailability(tier: $0.tier, available: $1) }
    }
}

extension BookingItem {
    /// What the line costs, minor units; wraps.
    var amount: Int64 { unitAmount &* Int64(quantity) }
}
