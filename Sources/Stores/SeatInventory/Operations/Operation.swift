import BoxOffice

/// One change of one event, in the form of `lua/apply.lua`; any kinds of operations on one event can be sent in one
/// group.
enum Operation {
    /// Holds units.
    case claim(ClaimRequest)
    /// Changes a booking.
    case move(TransitionRequest, Move)
    /// Takes units or seats off sale.
    case block(BlockRequest)
    /// Returns a block's units to sale.
    case unblock(BlockID)
    /// Releases holds whose time has passed.
    case expire

    /// The change of a booking.
    enum Move {
        case beginPayment(PaymentID, provider: String)
        case confirm(Charge, mayBeUnpaid: Bool)
        case failPayment(PaymentID, isFinal: Bool, reason: String, transactionID: String)
        case refunded(PaymentID, amount: Int64)
        case cancel(reason: String)
        case cancelItems(TierID, quantity: Int?, seats: [SeatPosition], reason: String)
        case extend
        case overrule
    }

    /// Money that was taken.
    struct Charge {
        let payment: PaymentID
        let provider: String
        let transactionID: String
        /// Minor units.
        let amount: Int64
        /// ISO 4217; `nil` if nothing was paid.
        let currency: String?
    }

    /// Units or seats to take off sale.
    struct BlockRequest {
        let id: BlockID
        /// `nil` for the tier of the seats.
        let tier: TierID?
        let quantity: Int
        let seats: [SeatPosition]
        let idempotency: IdempotentRequest?
    }

    /// The operation's name in traces.
    var name: String {
        switch self {
        case .claim: "claim"
        case .move(_, let move): move.name
        case .block: "block"
        case .unblock: "unblock"
        case .expire: "expire"
        }
    }

    /// Approximate work for Redis; a claim of units is 1.
    var weight: Int {
        switch self {
        case .claim(let request): request.items.reduce(0) { $0 + $1.weight }
        case .move(_, .cancelItems(_, _, let seats, _)): 2 + seats.count
        case .move: 2
        case .block(let block): 1 + block.seats.count
        case .unblock: 8
        case .expire: 64
        }
    }

    /// Whether it takes units, so that a full Redis refuses it.
    var takesUnits: Bool {
        switch self {
        case .claim, .block: true
        case .move, .unblock, .expire: false
        }
    }
}

extension Operation.Move {
    fileprivate var name: String {
        switch self {
        case .beginPayment: "begin_payment"
        case .confirm: "confirm"
        case .failPayment: "fail_payment"
        case .refunded: "refunded"
        case .cancel: "cancel"
        case .cancelItems: "cancel_items"
        case .extend: "extend"
        case .overrule: "overrule"
        }
    }
}
